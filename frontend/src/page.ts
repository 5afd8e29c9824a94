// What both pages do: find elements, say whether the service can be believed.

import type { Status } from "./api";
import { ServerClock } from "./clock";

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element #${id}`);
  return found as T;
}

const SILENT_S = 20;

export function hearStatus(status: Status, clock: ServerClock): void {
  clock.hear(status.time_s, status.speed, status.expires_s);
  byId("site").textContent = status.site;
  const service = byId("service");
  service.dataset["service"] = status.service;
  service.textContent =
    status.service === "live" ? "live" : `${status.service}: ${status.detail}`;
  byId("simulated").hidden = !status.simulated;
}

/** Silence is never taken for safety. */
export function watchSilence(clock: ServerClock, opened: number): void {
  const silent = clock.known
    ? clock.expired() || clock.silence() > SILENT_S
    : performance.now() / 1000 - opened > SILENT_S;
  byId("silence").hidden = !silent;
}

export function make(tag: string, text = "", attributes: Record<string, string> = {}): HTMLElement {
  const element = document.createElement(tag);
  element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const WORDS: Record<string, string> = {
  prepare: "prepare",
  take_cover: "TAKE COVER",
  stay: "stay in shelter",
  all_clear: "all clear",
};

export function stateWords(state: string): string {
  return WORDS[state] ?? "no alert";
}
