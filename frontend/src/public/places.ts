// All zones of the site: names to search, outlines to find where one stands. Fetched only
// when somebody looks for a place; nothing of what is looked for leaves the device.

export type Ring = [number, number][];

export interface Zone {
  zone_id: string;
  name: string;
  names: Record<string, string>;
  shape: Ring[][]; // polygons of rings: outline, then holes
}

interface Packed {
  scale: number;
  zones: { zone_id: string; name: string; names: Record<string, string>; shape: number[][][] }[];
}

const FOUND_MAX = 8;
const EARTH_M_PER_DEG = 111_320;

let kept: { version: string; zones: Promise<Map<string, Zone>> } | undefined;

/** The zones of a version, fetched once. */
export function zonesOf(version: string): Promise<Map<string, Zone>> {
  if (kept?.version !== version) {
    const zones = load(version);
    zones.catch(() => (kept = undefined));
    kept = { version, zones };
  }
  return kept.zones;
}

async function load(version: string): Promise<Map<string, Zone>> {
  const answer = await fetch(`/api/public/v1/places?version=${encodeURIComponent(version)}`);
  if (!answer.ok) throw new Error(`places: ${answer.status}`);
  return unpack((await answer.json()) as Packed);
}

export function unpack(packed: Packed): Map<string, Zone> {
  const ring = (steps: number[]): Ring => {
    let [x, y] = [0, 0];
    const points: Ring = [];
    for (let i = 0; i < steps.length; i += 2) {
      x += steps[i]!;
      y += steps[i + 1]!;
      points.push([x / packed.scale, y / packed.scale]);
    }
    return points;
  };
  return new Map(
    packed.zones.map((zone) => {
      const shape = zone.shape.map((polygon) => polygon.map(ring));
      return [zone.zone_id, { ...zone, shape }];
    }),
  );
}

export function nameIn(place: { name: string; names: Record<string, string> }, language: string): string {
  return place.names[language] ?? place.name;
}

/** Letters as they are compared: no case, accents, points or apostrophes. */
export function plain(text: string): string {
  return text
    .normalize("NFKD")
    .replace(/[\p{M}'’ʼ`"״׳]/gu, "")
    .toLowerCase()
    .replace(/[\s\-–־]+/g, " ")
    .trim();
}

/** Zones whose name, in any language, begins so; then those with such a word; then the rest. */
export function search(zones: Iterable<Zone>, typed: string, language: string): Zone[] {
  const wanted = plain(typed);
  if (!wanted) return [];
  const found: { zone: Zone; worth: number; name: string }[] = [];
  for (const zone of zones) {
    const worth = Math.min(...[zone.name, ...Object.values(zone.names)].map((n) => match(plain(n), wanted)));
    if (worth < Infinity) found.push({ zone, worth, name: nameIn(zone, language) });
  }
  const order = new Intl.Collator(language, { numeric: true });
  found.sort((a, b) => a.worth - b.worth || order.compare(a.name, b.name));
  return found.slice(0, FOUND_MAX).map((one) => one.zone);
}

function match(name: string, wanted: string): number {
  if (name === wanted) return 0;
  if (name.startsWith(wanted)) return 1;
  if (name.includes(` ${wanted}`)) return 2;
  return name.includes(wanted) ? 3 : Infinity;
}

/** Zones that hold a point, or come within so many metres of it: unsure means wider. */
export function around(zones: Iterable<Zone>, lon: number, lat: number, metres: number): Zone[] {
  const perLon = EARTH_M_PER_DEG * Math.cos((lat * Math.PI) / 180);
  const local = ([x, y]: [number, number]): [number, number] => [
    (x - lon) * perLon,
    (y - lat) * EARTH_M_PER_DEG,
  ];
  const near: { zone: Zone; away: number }[] = [];
  for (const zone of zones) {
    const rings = zone.shape.flat().map((ring) => ring.map(local));
    const away = holds(rings) ? 0 : Math.min(...rings.map(distance));
    if (away <= metres) near.push({ zone, away });
  }
  return near.sort((a, b) => a.away - b.away).map((one) => one.zone);
}

/** Whether rings around the origin hold it: a ray to the east crosses them an odd number of times. */
function holds(rings: Ring[]): boolean {
  let inside = false;
  for (const ring of rings)
    ring.forEach(([x, y], i) => {
      const [u, v] = ring[(i || ring.length) - 1]!;
      if (y > 0 !== v > 0 && x - (y * (u - x)) / (v - y) > 0) inside = !inside;
    });
  return inside;
}

/** Metres from the origin to a ring. */
function distance(ring: Ring): number {
  let least = Infinity;
  ring.forEach(([x, y], i) => {
    const [u, v] = ring[(i || ring.length) - 1]!;
    const [dx, dy] = [x - u, y - v];
    const share = -(u * dx + v * dy) / (dx * dx + dy * dy || 1);
    const at = Math.min(1, Math.max(0, share));
    least = Math.min(least, Math.hypot(u + at * dx, v + at * dy));
  });
  return least;
}

/** A point of a zone by which to find it again: the middle of its first outline. */
export function middle(zone: Zone): [number, number] {
  const ring = zone.shape[0]?.[0] ?? [[0, 0]];
  const sum = ring.reduce(([x, y], [lon, lat]) => [x + lon, y + lat], [0, 0]);
  return [sum[0] / ring.length, sum[1] / ring.length];
}
