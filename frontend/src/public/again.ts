// Zones are drawn anew now and then. A place whose zone is gone must not fall silent: it is
// found again by where it lies, or its people are told.

import { around, middle, zonesOf } from "./places";
import type { Place } from "./store";

const AGAIN_S = 10;

let busy = false;
let tried = -Infinity;

/** The places as the new zones have them; undefined if nothing changed, or nobody answers. */
export async function findAgain(places: Place[], version: string): Promise<Place[] | undefined> {
  const now = performance.now() / 1000;
  if (!version || busy || now - tried < AGAIN_S) return undefined;
  if (places.every((place) => place.version === version)) return undefined;
  busy = true;
  try {
    const zones = await zonesOf(version);
    return places.map((place) => {
      const [lon, lat] = place.point;
      const zone = zones.get(place.zone_id) ?? around(zones.values(), lon, lat, 0)[0];
      if (!zone) return { ...place, version, gone: true };
      const { zone_id, name, names } = zone;
      return { zone_id, name, names, point: place.point[0] ? place.point : middle(zone), version };
    });
  } catch {
    tried = now;
    return undefined;
  } finally {
    busy = false;
  }
}
