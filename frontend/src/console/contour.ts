// Where a threat may come down: the smallest areas that hold given shares of it.
//
// The area that holds a share is where the density of the futures is above one level. It is
// worked out here, on a grid, so that neither the core nor a film pays for it.

import type { Future } from "./wire";

export type Ring = [number, number][]; // longitude, latitude; closed

const EVEN = 40; // lines of the grid each way, and more where futures are dense
const DENSE = 44;
const REACH = 3.6; // sigmas to which a future is followed
const CORNERS = 48;
const POINTS = 2048; // to find a level by; at least so many of each future:
const FEWEST = 6;
const GOLDEN = Math.PI * (3 - Math.sqrt(5));
const METRES_PER_DEG = 111_195;

interface Spot {
  share: number;
  east: number;
  north: number;
  ee: number;
  en: number;
  nn: number;
}

/** For each share its rings, outer ones counter-clockwise, holes clockwise. */
export function outlines(futures: Future[], shares: number[]): Ring[][] {
  const sum = futures.reduce((total, one) => total + one[0], 0);
  const lat0 = futures.reduce((total, one) => total + (one[0] / sum) * one[1], 0);
  const lon0 = futures.reduce((total, one) => total + (one[0] / sum) * one[2], 0);
  const across = METRES_PER_DEG * Math.cos((lat0 * Math.PI) / 180);
  const spots = futures.map(([share, lat, lon, ee, en, nn]) => ({
    share: share / sum, east: (lon - lon0) * across, north: (lat - lat0) * METRES_PER_DEG, ee, en, nn,
  }));
  const found = spots.length === 1 ? shares.map((share) => [ellipse(spots[0]!, share)]) : mixture(spots, shares);
  return found.map((rings) =>
    rings.map((ring) => {
      const placed = ring.map(([east, north]): [number, number] => [
        round(lon0 + east / across), round(lat0 + north / METRES_PER_DEG),
      ]);
      return [...placed, placed[0]!];
    }),
  );
}

function round(degrees: number): number {
  return Math.round(degrees * 1e6) / 1e6;
}

/** One Gaussian is known exactly; corners lie outside, since chords must not cut it. */
function ellipse({ ee, en, nn }: Spot, share: number): Ring {
  const reach = Math.sqrt(-2 * Math.log(1 - share)) / Math.cos(Math.PI / CORNERS);
  const rest = Math.sqrt(Math.max(nn - (en * en) / ee, 0));
  return Array.from({ length: CORNERS }, (_, i) => {
    const turn = (2 * Math.PI * i) / CORNERS;
    const [x, y] = [reach * Math.cos(turn), reach * Math.sin(turn)];
    return [Math.sqrt(ee) * x, (en / Math.sqrt(ee)) * x + rest * y];
  });
}

function mixture(spots: Spot[], shares: number[]): Ring[][] {
  const angle = lie(spots);
  const along = spots.map((spot) => turned(spot, angle));
  const xs = lines(along.map((s) => [s.east, Math.sqrt(s.ee)]));
  const ys = lines(along.map((s) => [s.north, Math.sqrt(s.nn)]));
  const high = field(along, xs, ys);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return levels(along, shares).map((level) =>
    rings(high, xs, ys, level).map((ring) => ring.map(([x, y]) => [cos * x - sin * y, sin * x + cos * y])),
  );
}

/** The way in which futures lie, counter-clockwise from east: a grid along it wastes least. */
function lie(spots: Spot[]): number {
  let [ee, en, nn] = [0, 0, 0];
  for (const spot of spots) {
    ee += spot.share * (spot.ee + spot.east * spot.east);
    en += spot.share * (spot.en + spot.east * spot.north);
    nn += spot.share * (spot.nn + spot.north * spot.north);
  }
  return 0.5 * Math.atan2(2 * en, ee - nn);
}

function turned({ share, east, north, ee, en, nn }: Spot, angle: number): Spot {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return {
    share,
    east: cos * east + sin * north,
    north: cos * north - sin * east,
    ee: cos * cos * ee + 2 * cos * sin * en + sin * sin * nn,
    en: cos * sin * (nn - ee) + (cos * cos - sin * sin) * en,
    nn: sin * sin * ee - 2 * cos * sin * en + cos * cos * nn,
  };
}

/** Lines of the grid along one axis: even ones, and more where futures are dense. */
function lines(spots: [number, number][]): Float64Array {
  const low = Math.min(...spots.map(([at, sigma]) => at - REACH * sigma));
  const top = Math.max(...spots.map(([at, sigma]) => at + REACH * sigma));
  const found: number[] = [];
  for (let i = 0; i < EVEN; i++) found.push(low + ((top - low) * i) / (EVEN - 1));
  const marks = spots
    .flatMap(([at, sigma]) => [-3.2, -2.6, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.6, 3.2].map((k) => at + k * sigma))
    .sort((a, b) => a - b);
  for (let i = 0; i < DENSE; i++) found.push(marks[Math.floor(((i + 0.5) / DENSE) * marks.length)]!);
  const least = (top - low) * 1e-4;
  const sorted = found.sort((a, b) => a - b).filter((at, i, all) => i === 0 || at - all[i - 1]! > least);
  return Float64Array.from([sorted[0]! - (top - low) * 0.01, ...sorted, sorted.at(-1)! + (top - low) * 0.01]);
}

/** Log density at each crossing of the grid, row by row; the rim lies below any level. */
function field(spots: Spot[], xs: Float64Array, ys: Float64Array): Float64Array {
  const out = new Float64Array(xs.length * ys.length).fill(-Infinity);
  for (let j = 1; j < ys.length - 1; j++)
    for (let i = 1; i < xs.length - 1; i++) out[j * xs.length + i] = Math.log(density(spots, xs[i]!, ys[j]!));
  return out;
}

function density(spots: Spot[], x: number, y: number): number {
  let sum = 0;
  for (const { share, east, north, ee, en, nn } of spots) {
    const [dx, dy, det] = [x - east, y - north, ee * nn - en * en];
    const far = (nn * dx * dx - 2 * en * dx * dy + ee * dy * dy) / det;
    if (far < 50) sum += (share / (2 * Math.PI * Math.sqrt(det))) * Math.exp(-0.5 * far);
  }
  return sum;
}

/** Log densities above which each share lies: told by points spread over the futures. */
function levels(spots: Spot[], shares: number[]): number[] {
  const points: [number, number][] = []; // log density, and the share it stands for
  for (const [owner, { share, east, north, ee, en, nn }] of spots.entries()) {
    const many = Math.max(FEWEST, Math.round(share * POINTS));
    const rest = Math.sqrt(Math.max(nn - (en * en) / ee, 0));
    for (let i = 0; i < many; i++) {
      // as seeds over a sunflower
      const reach = Math.sqrt(-2 * Math.log(1 - (i + 0.5) / many));
      const angle = i * GOLDEN + owner; // those of like futures must not coincide
      const [x, y] = [reach * Math.cos(angle), reach * Math.sin(angle)];
      const at = density(spots, east + Math.sqrt(ee) * x, north + (en / Math.sqrt(ee)) * x + rest * y);
      points.push([Math.log(at), share / many]);
    }
  }
  points.sort(([a], [b]) => b - a);
  let held = 0;
  let at = 0;
  return shares.map((share) => {
    while (held < share && at < points.length - 1) held += points[at++]![1];
    return points[at]![0];
  });
}

/** Rings around what is above a level: marching squares, as Lorensen and Cline in the plane. */
function rings(high: Float64Array, xs: Float64Array, ys: Float64Array, level: number): Ring[] {
  const wide = xs.length;
  const follows = new Map<number, number>(); // from edge to edge; what is high lies to the left
  for (let j = 0; j < ys.length - 1; j++)
    for (let i = 0; i < wide - 1; i++) {
      const k = j * wide + i;
      const up = [k, k + 1, k + wide + 1, k + wide].map((corner) => high[corner]! > level);
      // of a square: edge n leads from corner n to the next, counter-clockwise
      const edges = [2 * k, 2 * (k + 1) + 1, 2 * (k + wide), 2 * k + 1];
      for (let n = 0; n < 4; n++) {
        if (!up[n] || up[(n + 1) % 4]) continue; // enters where high gives way to low
        let back = (n + 3) % 4;
        while (!(up[(back + 1) % 4] && !up[back])) back = (back + 3) % 4;
        follows.set(edges[n]!, edges[back]!);
      }
    }
  const crossing = (edge: number): [number, number] => {
    const k = edge >> 1;
    const [i, j] = [k % wide, Math.floor(k / wide)];
    const other = edge & 1 ? k + wide : k + 1;
    const part = share(high[k]!, high[other]!, level);
    return edge & 1
      ? [xs[i]!, ys[j]! + part * (ys[j + 1]! - ys[j]!)]
      : [xs[i]! + part * (xs[i + 1]! - xs[i]!), ys[j]!];
  };
  const found: Ring[] = [];
  for (const first of follows.keys()) {
    const ring: Ring = [];
    let edge: number | undefined = first;
    while (edge !== undefined && follows.has(edge)) {
      ring.push(crossing(edge));
      const next: number | undefined = follows.get(edge);
      follows.delete(edge);
      edge = next;
    }
    if (ring.length > 2) found.push(ring);
  }
  return found;
}

/** GeoJSON polygons of rings: each outer one with the holes in it. */
export function polygons(found: Ring[]): Ring[][] {
  const outer = found.filter((ring) => turn(ring) > 0).map((ring) => [ring]);
  for (const hole of found.filter((ring) => turn(ring) <= 0))
    outer.find(([ring]) => holds(ring!, hole[0]!))?.push(hole);
  return outer;
}

/** Above zero for a ring that runs counter-clockwise. */
function turn(ring: Ring): number {
  let twice = 0;
  for (let i = 1; i < ring.length; i++)
    twice += ring[i - 1]![0] * ring[i]![1] - ring[i]![0] * ring[i - 1]![1];
  return twice;
}

function holds(ring: Ring, [x, y]: [number, number]): boolean {
  let inside = false;
  for (let i = 1; i < ring.length; i++) {
    const [[x0, y0], [x1, y1]] = [ring[i - 1]!, ring[i]!];
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside;
  }
  return inside;
}

/** How far along an edge the level is passed. */
function share(from: number, to: number, level: number): number {
  if (!Number.isFinite(from)) return 0.999;
  if (!Number.isFinite(to)) return 0.001;
  return Math.min(Math.max((level - from) / (to - from), 0.001), 0.999);
}
