// What the operators' API says, as far as the console uses it.

import type { Changes, Status, ZoneState } from "../api";

/** Latitude, longitude (deg), height m, velocity east, north, up m/s. */
export type Place = [number, number, number, number, number, number];

export interface Track {
  id: string;
  kind: string;
  kind_probability: number;
  confirmed: boolean;
  named: boolean;
  identity: string;
  groups: string[];
  first_s: number;
  threat_probability: number;
  place: Place;
}

/** Share, latitude, longitude (deg), covariance east-east, east-north, north-north m2. */
export type Future = [number, number, number, number, number, number];

export interface Area {
  track_id: string;
  kind: string;
  probability: number;
  onset_p05_s: number;
  onset_p50_s: number;
  futures: Future[];
}

/** What people of a zone are told, and why. */
export interface Alert {
  zone_id: string;
  state: ZoneState;
  issued_s: number;
  probability: number;
  threshold: number;
  onset_p05_s: number | null;
  onset_p50_s: number | null;
  people: number;
  kind: string;
  threats: string[];
  sources: string[];
  reason: string;
}

/** What a zone near its threshold, or above it, is held against now. */
export interface Weighed {
  zone_id: string;
  due: number;
  soon: number;
  threshold: number;
  prepare_at: number;
  onset_p05_s: number | null;
  onset_p50_s: number | null;
  threats: [string, number][];
}

export interface Line {
  n: number;
  time_s: number;
  kind: "alert" | "sensor" | "channel" | "operator" | "fault" | "service";
  text: string;
  state?: ZoneState;
  zone_ids?: string[];
  sensor_id?: string;
}

/** Something to be drawn as it is told: a simulation says by it what it does. */
export interface Mark {
  lat_deg: number;
  lon_deg: number;
  text: string;
  colour: string;
}

/** The machine's clock: whether the kernel steers it, its greatest error, how far it is off. */
export interface MachineClock {
  synchronised: boolean;
  error_s: number | null;
  offset_s: number;
}

export interface Picture {
  time_s: number;
  at_s: number;
  reset: boolean;
  people_at_risk: number;
  log: Line[];
  marks?: Mark[]; // all there are
  zones?: Changes<Alert>;
  weighed?: Changes<Weighed>;
  tracks?: Changes<Track> & { moved: [string, ...Place][] };
  areas?: Changes<Area>;
  trails?: Record<string, [number, number][]>;
}

export interface SensorHealth {
  sensor_id: string;
  kind: string;
  lat_deg: number | null;
  lon_deg: number | null;
  range_max_m: number | null;
  scans: number;
  plots: number;
  last_s: number | null;
  fresh: boolean;
  trouble: string;
  error_ratio: number; // of its errors to those that it states
}

export interface ChannelHealth {
  channel: string;
  delivered: number;
  failures: number;
  waiting: number;
  dropped: number;
  last_error: string;
  delay_s: number;
}

/** What came of a channel's newest self-drill; `none`: it was not tested, `said` why. */
export interface Drilled {
  channel: string;
  time_s: number;
  state: "well" | "failed" | "none";
  said: string;
  delay_s: number;
}

/** When the last key of a kind ends; days: within so many, of 30, 7, 1, 0; null = later. */
export interface KeyEnd {
  kind: string;
  ends_s: number;
  days: number | null;
}

export interface OperatorsStatus extends Status {
  sensors: SensorHealth[];
  channels: ChannelHealth[];
  refused: { source: string; reason: string; count: number }[];
  faults: string[];
  blind: string[];
  coarse: string[];
  keys: KeyEnd[];
  drills: Drilled[];
  drilling: boolean;
  drill_next_s: number | null;
  machine_clock: MachineClock | null;
  record_s: [number, number] | null; // of a recording, where there is nothing but that
}

export interface Echo {
  draft_id: string;
  state: "drafted" | "waiting" | "sent" | "withdrawn" | "expired";
  world: "live" | "exercise";
  action: string;
  threat: string;
  zones: { zone_id: string; name: string; people: number; state: string }[];
  people: number;
  area_km2: number;
  share: number;
  text_zone_id: string;
  texts: { language: string; form: string; text: string }[];
  needs_two: boolean;
  needs_typing: boolean;
  confirm: string;
  digest: string;
  signed: { account_id: string; how: string }[];
  made_by: string;
  made_s: number;
  expires_s: number;
  notes: string[];
}

export interface DraftLine {
  draft_id: string;
  state: Echo["state"];
  made_by: string;
}

export interface Period {
  from_s: number;
  to_s: number;
  steps: number;
  by_hand: number;
  in_error: number;
  population: number;
  stages: { state: ZoneState; zones: number; people: number; person_minutes: number; longest_min: number }[];
  channels: { channel: string; steps: number; waiting: number; delay_p50_s: number | null; delay_p95_s: number | null; delay_max_s: number | null }[];
}
