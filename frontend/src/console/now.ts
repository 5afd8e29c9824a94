// What is going on: four numbers, and every zone that is told something, the next first.

import { secondsLeft, spoken } from "../clock";
import { byId } from "../page";
import { Rows, button, el, name, put, say } from "./dom";
import { THREATS } from "./kinds";
import type { Known } from "./known";
import type { Alert } from "./wire";

const LISTED = 80;
const SHORT: Record<string, string> = { take_cover: "take cover", stay: "stay", prepare: "prepare" };
export const STATES = ["take_cover", "stay", "prepare"] as const;
export const WORDS: Record<string, string> = {
  take_cover: "take cover", stay: "stay in shelter", prepare: "prepare", all_clear: "all clear",
};
export const SIGNS: Record<string, string> = { take_cover: "■", stay: "◆", prepare: "▲", all_clear: "✓" };

export class Now {
  private readonly rows: Rows<Alert>;
  private wanted = new Set<string>(STATES);
  private drawn: Known | undefined;
  private now_s = 0;

  constructor(
    private readonly nameOf: (zone_id: string) => string,
    choose: (zone_id: string) => void,
  ) {
    const make = (alert: Alert): HTMLElement => {
      const row = button("", "zone", () => choose(alert.zone_id));
      put(row, el("i", { "aria-hidden": "true" }), name(""), el("span", "odds"), el("b"), el("span", "heard"));
      return el("li", { "data-zone-id": alert.zone_id }, row);
    };
    this.rows = new Rows(byId("zones"), (alert) => alert.zone_id, make, (row, alert) => this.update(row, alert));
    for (const state of STATES) this.addFilter(state);
  }

  show(known: Known, now_s: number): void {
    [this.drawn, this.now_s] = [known, now_s];
    const told = [...known.told.values()];
    const people = (...states: string[]): string =>
      Math.round(told.filter((one) => states.includes(one.state)).reduce((sum, one) => sum + one.people, 0)).toLocaleString("en");
    say(byId("n-cover"), people("take_cover", "stay"));
    say(byId("n-prepare"), people("prepare"));
    const sure = [...known.tracks.values()].filter((track) => track.confirmed);
    say(byId("n-threats"), String(sure.filter((one) => THREATS.includes(one.kind) && one.threat_probability > 0.5).length));
    say(byId("n-first"), spoken(first(told, now_s)) || "–");
    this.list(told);
  }

  private list(told: Alert[]): void {
    for (const state of STATES) say(byId(`zones-${state}`), String(told.filter((one) => one.state === state).length));
    const found = told.filter((one) => this.wanted.has(one.state)).sort(
      (a, b) => STATES.indexOf(a.state as "stay") - STATES.indexOf(b.state as "stay")
        || (a.onset_p05_s ?? Infinity) - (b.onset_p05_s ?? Infinity) || b.people - a.people,
    );
    this.rows.show(found.slice(0, LISTED));
    byId("quiet").hidden = told.length > 0 || !this.drawn?.pictures; // not heard is not calm
    const more = found.length - LISTED;
    byId("more-zones").hidden = more <= 0;
    say(byId("more-zones"), `and ${more} more on the map`);
  }

  private update(row: HTMLElement, alert: Alert): void {
    row.dataset["zoneState"] = alert.state;
    const [sign, called, odds, left, heard] = row.firstElementChild!.children as unknown as [Element, Element, Element, Element, Element];
    say(called, this.nameOf(alert.zone_id));
    say(sign, SIGNS[alert.state] ?? "");
    const weighed = this.drawn?.weighed.get(alert.zone_id);
    const p = weighed ? Math.max(weighed.due, weighed.soon) : alert.probability;
    say(odds, p > 0 ? percent(p) : "");
    say(left, alert.state === "stay" ? "stay" : spoken(secondsLeft(alert.onset_p05_s, this.now_s)));
    say(heard, WORDS[alert.state] ?? "");
  }

  private addFilter(state: string): void {
    const chip = button("", `chip ${state}`, () => {
      if (!this.wanted.delete(state)) this.wanted.add(state);
      chip.ariaPressed = String(this.wanted.has(state));
      if (this.drawn) this.list([...this.drawn.told.values()]);
    });
    chip.ariaPressed = "true";
    put(chip, el("i", { "aria-hidden": "true" }, SIGNS[state]!), ` ${SHORT[state]} `, el("b", { id: `zones-${state}` }, "0"));
    byId("zone-filter").append(chip);
  }
}

/** Seconds to the first impact that anybody was told of. */
function first(told: Alert[], now_s: number): number | null {
  const ahead = told.filter((one) => one.state === "take_cover" && one.onset_p05_s !== null).map((one) => one.onset_p05_s!);
  return ahead.length ? secondsLeft(Math.min(...ahead), now_s) : null;
}

/** 12 %, 0.31 %, 1 in 20,000: as small as it comes. */
export function percent(p: number): string {
  if (p >= 0.1) return `${Math.round(100 * p)} %`;
  if (p >= 0.001) return `${(100 * p).toPrecision(2)} %`;
  return p > 0 ? `1 in ${Math.round(Number((1 / p).toPrecision(2))).toLocaleString("en")}` : "0";
}
