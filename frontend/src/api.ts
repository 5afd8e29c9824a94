// What the two APIs say, as far as the pages use it.

export type ZoneState = "prepare" | "take_cover" | "stay" | "all_clear";

export interface Status {
  service: string;
  detail: string;
  site: string;
  languages: string[];
  time_zone: string;
  simulated: boolean;
  time_s: number;
  speed: number;
  world: "live" | "exercise";
  banner: Record<string, string>;
  expires_s: number;
  zones_version: string;
  reduced: string[]; // regions of which parts are not watched just now
}

export interface PublicAlert {
  alert_id: string;
  step: number;
  zone_id: string;
  state: ZoneState;
  issued_s: number;
  onset_s: number | null;
  kind: string;
  text: Record<string, string>;
}

/** A zone that is not asked for by name: id, state, onset. */
export type Brief = [string, ZoneState, number | null];

export interface News {
  time_s: number;
  expires_s: number;
  alerts: PublicAlert[];
  since_s: Record<string, number>; // by zone: when it came into its state
  others?: Brief[];
}

export interface State extends News {
  ended: PublicAlert[];
}

export interface Changes<T> {
  set: T[];
  gone: string[];
}

export interface Track {
  id: string;
  lat_deg: number;
  lon_deg: number;
  height_m: number;
  speed_mps: number;
  course_deg: number;
  kind: string;
  kind_probability: number;
  confirmed: boolean;
  named: boolean;
  identity: string;
  groups: string[];
  threat_probability: number;
}

export interface Area {
  track_id: string;
  kind: string;
  lat_deg: number;
  lon_deg: number;
  onset_p05_s: number;
  onset_p50_s: number;
  ring: [number, number][];
}

export interface ZoneWhy {
  zone_id: string;
  state: ZoneState;
  probability: number;
  threshold: number;
  onset_p05_s: number | null;
  onset_p50_s: number | null;
  people: number;
  threats: string[];
  sources: string[];
  reason: string;
}

/** Something to be drawn as it is told: a simulation says by it what it does. */
export interface Mark {
  id: string;
  lat_deg: number;
  lon_deg: number;
  text: string;
  colour: string;
}

export interface Picture {
  time_s: number;
  reset: boolean;
  zones: Changes<ZoneWhy>;
  tracks: Changes<Track>;
  areas: Changes<Area>;
  marks: Mark[];
  log: { time_s: number; text: string }[];
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
}

export interface ChannelHealth {
  channel: string;
  delivered: number;
  failures: number;
  waiting: number;
  dropped: number;
  last_error: string;
}

export interface OperatorsStatus extends Status {
  sensors: SensorHealth[];
  channels: ChannelHealth[];
  refused: { source: string; reason: string; count: number }[];
  faults: string[];
}

/** Apply a difference to what is known; a reset forgets all before it. */
export function apply<T>(
  known: Map<string, T>,
  changes: Changes<T>,
  key: (item: T) => string,
  reset = false,
): void {
  if (reset) known.clear();
  for (const id of changes.gone) known.delete(id);
  for (const item of changes.set) known.set(key(item), item);
}
