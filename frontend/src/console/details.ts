// Why a zone is told something, or is not; what a track is. In numbers, and in words.

import { secondsLeft, spoken } from "../clock";
import type { ZoneInfo } from "../map";
import { byId } from "../page";
import { button, count, el, name, put } from "./dom";
import { nameOf, symbol } from "./kinds";
import type { Known } from "./known";
import { SIGNS, WORDS, percent } from "./now";
import { clockOf } from "./time";
import type { Track, Weighed } from "./wire";

export type Chosen = { zone: string } | { track: string };

interface Doing {
  choose(chosen: Chosen | undefined): void;
  fly(chosen: Chosen): void;
  act(action: string, zone_id: string): void;
  mayAct(): boolean;
}

export class Details {
  private chosen: Chosen | undefined;
  private drawn = "";

  constructor(
    private readonly zones: () => Map<string, ZoneInfo>,
    private readonly doing: Doing,
  ) {}

  choose(chosen: Chosen | undefined): void {
    this.chosen = chosen;
    this.drawn = "";
  }

  show(known: Known, now_s: number): void {
    const card = byId("details");
    card.hidden = !this.chosen;
    if (!this.chosen) return;
    const parts = "zone" in this.chosen ? this.zone(this.chosen.zone, known, now_s) : this.track(this.chosen.track, known, now_s);
    const told = parts.map((part) => part.outerHTML).join();
    if (told === this.drawn) return; // a button keeps its focus
    const focused = card.contains(document.activeElement) ? document.activeElement!.textContent : null;
    this.drawn = told;
    const shut = button("×", "shut", () => this.doing.choose(undefined));
    shut.ariaLabel = "Close";
    put(card, shut, ...parts);
    if (focused) [...card.querySelectorAll("button")].find((one) => one.textContent === focused)?.focus();
  }

  private zone(zone_id: string, known: Known, now_s: number): HTMLElement[] {
    const info = this.zones().get(zone_id);
    const alert = known.told.get(zone_id);
    const weighed = known.weighed.get(zone_id);
    const head = el("h3", "", name(info?.name ?? zone_id));
    const people = el("p", "quiet", `${(info?.population ?? 0).toLocaleString("en")} people, ${info?.shelter_s ?? "?"} s to shelter`);
    const parts = [head, people, verdict(known, zone_id, now_s)];
    if (weighed) parts.push(scale(weighed), this.threats(weighed, known));
    if (alert) {
      const seen = alert.sources.length ? `seen by ${alert.sources.join(" and ")}` : "seen by nobody";
      parts.push(el("p", "quiet", `Decided ${clockOf(alert.issued_s)} (${alert.reason}): ${percent(alert.probability)} against ${percent(alert.threshold)}, ${seen}.`));
    }
    if (this.doing.mayAct()) parts.push(this.acts(zone_id, Boolean(alert)));
    return parts;
  }

  private threats(weighed: Weighed, known: Known): HTMLElement {
    return el("ul", "threats", ...weighed.threats.map(([id, p]) => {
      const track = known.tracks.get(id);
      const row = button("", "threat", () => {
        this.doing.choose({ track: id });
        this.doing.fly({ track: id });
      });
      put(row, track && symbol(track.kind, track.confirmed), `${id} ${track ? nameOf(track.kind) : ""}`, el("b", "", percent(p)));
      return el("li", "", row);
    }));
  }

  private acts(zone_id: string, told: boolean): HTMLElement {
    const offer = told
      ? [["all_clear", "All clear…"], ["extend", "Extend…"], ["correct", "Sent in error…"]]
      : [["prepare", "Prepare…"], ["take_cover", "Take cover…"]];
    return el("p", "acts", ...offer.map(([action, text]) => button(text!, "", () => this.doing.act(action!, zone_id))));
  }

  private track(id: string, known: Known, now_s: number): HTMLElement[] {
    const track = known.tracks.get(id);
    if (!track) return [el("h3", "", id), el("p", "quiet", "This track is gone.")];
    const head = el("h3", "", symbol(track.kind, track.confirmed), nameOf(track.kind), el("small", "", id));
    const facts = el("dl", "facts", ...factsOf(track).flatMap(([what, value]) => [el("dt", "", what), el("dd", "", value)]));
    const parts = [head, facts];
    const area = known.areas.get(id);
    if (area) {
      const [early, median] = [area.onset_p05_s, area.onset_p50_s].map((at) => spoken(secondsLeft(at, now_s)));
      parts.push(el("p", "", `Comes down in ${median}, in ${early} at the earliest (5 %).`),
        el("p", "quiet", "Areas on the map: 50 %, 90 % (thick), 99 % of where it may come down."));
    }
    const near = [...known.weighed.values()].filter((one) => one.threats.some(([threat]) => threat === id));
    parts.push(el("p", "quiet", near.length ? `Weighs on ${count(near.length, "zone")} near the threshold or above.` : "Weighs on no zone."));
    return parts;
  }
}

function factsOf(track: Track): [string, string][] {
  const [, , height, east, north, up] = track.place;
  const course = Math.round(((Math.atan2(east, north) * 180) / Math.PI + 360) % 360);
  const climb = Math.abs(up) < 3 ? "level" : up > 0 ? `up ${Math.round(up)} m/s` : `down ${Math.round(-up)} m/s`;
  return [
    ["class", `${percent(track.kind_probability)} sure${track.named ? "" : ", may change"}`],
    ["threat", percent(track.threat_probability)],
    ["speed", `${Math.round(Math.hypot(east, north, up))} m/s, ${climb}`],
    ["course", `${String(course).padStart(3, "0")}°`],
    ["height", `${Math.round(height).toLocaleString("en")} m`],
    ["seen by", `${track.groups.join(", ") || "nobody now"}, since ${clockOf(track.first_s)}`],
    ...(track.identity ? [["identity", track.identity] as [string, string]] : []),
    ...(track.confirmed ? [] : [["state", "not confirmed yet"] as [string, string]]),
  ];
}

/** One sentence that answers why. */
function verdict(known: Known, zone_id: string, now_s: number): HTMLElement {
  const alert = known.told.get(zone_id);
  const weighed = known.weighed.get(zone_id);
  if (alert) {
    const left = secondsLeft(alert.onset_p05_s, now_s);
    const ahead = left === null || alert.state === "stay" ? "" : `, ${spoken(left)} left`;
    return el("p", `verdict ${alert.state}`, `${SIGNS[alert.state]} ${WORDS[alert.state]}${ahead}`);
  }
  return el("p", "verdict", `Not alerted: ${whyNot(weighed, now_s)}`);
}

export function whyNot(weighed: Weighed | undefined, now_s: number): string {
  if (!weighed) return "no threat comes near. The probability is below a fiftieth of the threshold.";
  const { due, soon, threshold, prepare_at } = weighed;
  if (soon <= threshold)
    return `the probability of all threats, ${percent(soon)}, is ${Math.round((100 * soon) / threshold)} % of the threshold.`;
  if (due > threshold || soon > prepare_at) return "what speaks for an alert came just now and is looked at again, or an operator ended it.";
  const first = spoken(secondsLeft(weighed.onset_p05_s, now_s));
  const early = first ? ` The first may come in ${first}.` : "";
  return `what threatens it is not due yet, or seen by one source alone that may not raise take cover.${early}`;
}

const LEAST = 1e-6;

/** Where a probability lies between one in a million and certain, on a log scale. */
function along(p: number): number {
  return Math.min(Math.max(Math.log10(Math.max(p, LEAST) / LEAST) / 6, 0), 1) * 100;
}

function scale({ due, soon, threshold, prepare_at }: Weighed): HTMLElement {
  const row = (what: string, p: number, told: string, needed: number): HTMLElement => {
    const bar = el("span", { class: "bar", role: "img", "aria-label": `${percent(p)} against ${percent(needed)}` });
    const [fill, mark] = [el("i", p > needed ? "over" : ""), el("u")];
    fill.style.inlineSize = `${along(p)}%`;
    mark.style.insetInlineStart = `${along(needed)}%`;
    bar.append(fill, mark);
    const numbers = el("span", "", el("b", "", percent(p)), el("span", "quiet", ` ${told} at ${percent(needed)}`));
    return el("div", "", el("span", "", what), numbers, bar);
  };
  return el("div", "scale", row("Due", due, "take cover", threshold), row("Soon", soon, "prepare", prepare_at));
}
