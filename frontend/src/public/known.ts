// What this device was told, and what that says of a place. No page, no clock of its own.

import type { Brief, News, PublicAlert, State } from "../api";
import { secondsLeft, type ServerClock } from "../clock";
import type { Stage } from "../words";

const SILENT_S = 15; // three heartbeats missed

export class Known {
  alerts = new Map<string, PublicAlert>();
  ended = new Map<string, PublicAlert>();
  others = new Map<string, Brief>();
  private since = new Map<string, number>();
  service = "";
  zones_version = "";
  private told = false;

  takeState(state: State): void {
    this.alerts = new Map(state.alerts.map((alert) => [alert.zone_id, alert]));
    this.ended = new Map(state.ended.map((alert) => [alert.zone_id, alert]));
    this.since = new Map(Object.entries(state.since_s));
    this.others = new Map((state.others ?? []).map((brief) => [brief[0], brief]));
    this.told = true;
  }

  takeNews(news: News): void {
    for (const alert of news.alerts) {
      const over = alert.state === "all_clear";
      (over ? this.alerts : this.ended).delete(alert.zone_id);
      (over ? this.ended : this.alerts).set(alert.zone_id, alert);
    }
    for (const [zone_id, since_s] of Object.entries(news.since_s)) this.since.set(zone_id, since_s);
    for (const brief of news.others ?? []) {
      if (brief[1] === "all_clear") this.others.delete(brief[0]);
      else this.others.set(brief[0], brief);
    }
  }

  /** When a zone came into the state of its alert. */
  since_s(alert: PublicAlert): number {
    return this.since.get(alert.zone_id) ?? alert.issued_s;
  }

  /** After a sleep, or without an answer, nothing heard before is a state. */
  forget(): void {
    this.told = false;
  }

  /** Whether what is known may be believed now. */
  believed(clock: ServerClock): boolean {
    const speaks = this.service === "live" || this.service === "degraded";
    return this.told && speaks && !silent(clock);
  }
}

export function silent(clock: ServerClock): boolean {
  return clock.known && (clock.expired() || clock.silence() > SILENT_S);
}

export interface Watched {
  zone_id: string;
  version: string; // of the zones it was found in
  gone?: boolean; // it is none of them now
}

export interface View {
  stage: Stage;
  alert: PublicAlert | undefined;
  since_s: number | null;
  left: number | null; // seconds
  sure: boolean; // heard just now; else it is only what was last known
}

const ENDED_S = 600;

/**
 * What a place is to be shown. Silence never reads as safety, nor ends an alert; and of a
 * zone that the service may not have any more, nothing is known.
 */
export function look(known: Known, clock: ServerClock, place: Watched): View {
  const { zone_id } = place;
  const there = !place.gone && place.version === known.zones_version;
  const sure = there && known.believed(clock);
  const alert = known.alerts.get(zone_id);
  if (alert) {
    const counts = alert.state === "take_cover" && clock.known;
    const left = counts ? secondsLeft(alert.onset_s, clock.now()) : null;
    return { stage: alert.state, alert, since_s: known.since_s(alert), left, sure };
  }
  const nothing = { alert: undefined, since_s: null, left: null, sure };
  if (!sure) return { stage: "unknown", ...nothing };
  const end = known.ended.get(zone_id);
  if (end && clock.now() - end.issued_s < ENDED_S)
    return { ...nothing, stage: "all_clear", alert: end, since_s: end.issued_s };
  return { stage: "clear", ...nothing };
}

const RANK: Record<Stage, number> = {
  unknown: 0, clear: 0, all_clear: 0, prepare: 1, stay: 2, take_cover: 3,
};

/** How grave a stage is; only when it rises is there a sound. */
export function rank(stage: Stage): number {
  return RANK[stage];
}
