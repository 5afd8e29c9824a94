// What is known of one world at one moment: live, or as a film has it. No page, no map.

import { apply } from "../api";
import type { Alert, Area, Line, Picture, Track, Weighed } from "./wire";

export const TRAIL_S = 5; // between two points of a trail
export const TRAIL_MAX = 36;
const CLEARED_S = 15; // a zone stays green so long after its all-clear
const LINES_MAX = 1000;

export type Point = [number, number]; // longitude, latitude

export interface Changed {
  reset: boolean;
  areas: { set: Area[]; gone: string[] };
}

export class Known {
  readonly told = new Map<string, Alert>();
  readonly weighed = new Map<string, Weighed>();
  readonly tracks = new Map<string, Track>();
  readonly areas = new Map<string, Area>();
  readonly trails = new Map<string, Point[]>();
  readonly cleared = new Map<string, number>();
  lines: Line[] = [];
  at_s = 0;
  pictures = 0;
  private trailed = new Map<string, number>();

  /** Take up a picture; what the map must hear of it. */
  hear(picture: Picture): Changed {
    const { reset } = picture;
    this.pictures += 1;
    this.at_s = picture.at_s;
    if (reset) this.forget();
    this.hearZones(picture);
    if (picture.weighed) apply(this.weighed, picture.weighed, (one) => one.zone_id);
    if (picture.areas) apply(this.areas, picture.areas, (one) => one.track_id);
    this.hearTracks(picture);
    const last = this.lines.at(-1)?.n ?? 0;
    const fresh = picture.log.filter((line) => line.n > last);
    if (fresh.length) this.lines = [...this.lines, ...fresh].slice(-LINES_MAX);
    return { reset, areas: picture.areas ?? { set: [], gone: [] } };
  }

  /** State of every zone that is told something, or was until a moment ago. */
  states(now_s: number): Map<string, string> {
    const states = new Map<string, string>();
    for (const [zone, since] of this.cleared) {
      if (now_s - since > CLEARED_S || now_s < since) this.cleared.delete(zone);
      else states.set(zone, "all_clear");
    }
    for (const [zone, alert] of this.told) states.set(zone, alert.state);
    return states;
  }

  private forget(): void {
    for (const known of [this.told, this.weighed, this.tracks, this.areas, this.trails, this.cleared])
      known.clear();
    this.trailed.clear();
    this.lines = [];
  }

  private hearZones(picture: Picture): void {
    if (!picture.zones) return;
    for (const id of picture.zones.gone) if (this.told.has(id)) this.cleared.set(id, picture.time_s);
    for (const alert of picture.zones.set) this.cleared.delete(alert.zone_id);
    apply(this.told, picture.zones, (alert) => alert.zone_id);
  }

  private hearTracks(picture: Picture): void {
    for (const [id, trail] of Object.entries(picture.trails ?? {})) {
      this.trails.set(id, trail.map(([lat, lon]) => [lon, lat]));
      this.trailed.set(id, picture.at_s);
    }
    if (!picture.tracks) return;
    apply(this.tracks, picture.tracks, (track) => track.id);
    for (const [id, ...place] of picture.tracks.moved) {
      const track = this.tracks.get(id);
      if (track) this.tracks.set(id, { ...track, place }); // a film needs the old one again
    }
    for (const id of picture.tracks.gone) {
      this.trails.delete(id);
      this.trailed.delete(id);
    }
    for (const [id] of picture.tracks.moved) this.trail(id);
    for (const { id } of picture.tracks.set) this.trail(id);
  }

  private trail(id: string): void {
    const track = this.tracks.get(id);
    if (!track || this.at_s - (this.trailed.get(id) ?? -Infinity) < TRAIL_S) return;
    this.trailed.set(id, this.at_s);
    const trail = this.trails.get(id) ?? [];
    trail.push([track.place[1], track.place[0]]);
    if (trail.length > TRAIL_MAX) trail.shift();
    this.trails.set(id, trail);
  }
}
