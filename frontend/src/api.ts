// What the public API says, as far as the pages use it; the operators': console/wire.ts.

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
