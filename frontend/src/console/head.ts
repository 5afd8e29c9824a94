// The top of the page: which world, whether the service can be believed, what time it is.

import type { ServerClock } from "../clock";
import { ask, type Session } from "../operators";
import { byId } from "../page";
import { say } from "./dom";
import { clockOf, setZone, zoneName } from "./time";
import type { OperatorsStatus } from "./wire";

const THEME = "forewarn.console.theme";
const SILENT_S = 20;
const opened = performance.now() / 1000;

export function showStatus(status: OperatorsStatus, clock: ServerClock): void {
  clock.hear(status.time_s, status.speed, status.expires_s);
  say(byId("site"), status.site);
  const service = byId("service");
  service.dataset["service"] = status.service;
  say(service, status.service === "live" ? "all parts run" : `${status.service}: ${status.detail}`);
  setZone(status.time_zone);
  document.body.dataset["world"] = status.world;
  say(byId("world"), status.world === "live" ? "LIVE" : "EXERCISE");
  const banner = byId("exercise");
  banner.hidden = status.world === "live";
  say(banner, Object.values(status.banner).map((word) => word.replace(/\.$/, "")).join(" · "));
}

export function showSession(session: Session): void {
  say(byId("me"), session.signed_in ? `${session.account_id}, ${session.role}` : "this machine");
  byId("signout").hidden = !session.signed_in;
  byId("signout").addEventListener("click", () => void ask("/signout", {}).then(() => (location.href = "/signin")));
}

export function showTime(clock: ServerClock): void {
  // silence is never taken for safety
  byId("silence").hidden = clock.known
    ? !clock.expired() && clock.silence() <= SILENT_S
    : performance.now() / 1000 - opened <= SILENT_S;
  if (!clock.known) return;
  const now_s = clock.now();
  const local = zoneName() !== "UTC";
  say(byId("clock"), clockOf(now_s));
  say(byId("utc"), local ? `${clockOf(now_s, "UTC")} UTC` : "UTC");
}

/** Dark or light, as this device wants it until somebody chooses. */
export function themes(changed: (light: boolean) => void): void {
  const wished = matchMedia("(prefers-color-scheme: light)");
  const set = (): void => {
    const kept = localStorage.getItem(THEME);
    const light = kept ? kept === "light" : wished.matches;
    document.documentElement.dataset["theme"] = light ? "light" : "dark";
    changed(light);
  };
  wished.addEventListener("change", set);
  byId("theme").addEventListener("click", () => {
    const light = document.documentElement.dataset["theme"] === "light";
    localStorage.setItem(THEME, light ? "dark" : "light");
    set();
  });
  set();
}
