import { describe, expect, it } from "vitest";
import { outlines, polygons, type Ring } from "../src/console/contour";
import type { Future } from "../src/console/wire";

const SHARES = [0.5, 0.9, 0.99];

/** Square kilometres within rings near 50.1 N, 30 E; holes count against. */
function size(rings: Ring[]): number {
  const perDegrees = 111.195 ** 2 * Math.cos((50.1 * Math.PI) / 180);
  let twice = 0;
  for (const ring of rings)
    for (let i = 1; i < ring.length; i++) {
      const [x0, y0, x1, y1] = [ring[i - 1]![0] - 30, ring[i - 1]![1] - 50, ring[i]![0] - 30, ring[i]![1] - 50];
      twice += x0 * y1 - x1 * y0;
    }
  return 0.5 * twice * perDegrees;
}

function strip(count: number): Future[] {
  return Array.from({ length: count }, (_, i): Future => {
    const t = i / (count - 1);
    return [1 / count, 50 + 0.2 * t, 30 + 0.3 * t, 2.5e5, 0, 2.5e5];
  });
}

// square kilometres by src/forewarn/forecast/areas.py: levels, area_m2
const CASES: [string, Future[], number[]][] = [
  ["one future", [[1, 50, 30, 4e6, 1e6, 1e6]], [7.543, 25.059, 50.117]],
  ["two apart", [[0.7, 50, 30, 1e6, 0, 1e6], [0.3, 50.2, 30, 4e6, 0, 2e6]], [7.87, 45.552, 101.09]],
  ["a strip across the grid", strip(40), [21.504, 53.711, 85.145]],
];

describe("areas", () => {
  it.each(CASES)("hold what those of the chain hold: %s", (_, futures, sizes) => {
    outlines(futures, SHARES).forEach((rings, i) => {
      expect(Math.abs(size(rings) / sizes[i]! - 1)).toBeLessThan(0.04);
    });
  });

  it("of one strip are one piece, however it lies", () => {
    for (const rings of outlines(strip(40), [0.9, 0.99])) expect(polygons(rings)).toHaveLength(1);
  });

  it("of two places are two pieces, each closed", () => {
    const [, wide] = outlines(CASES[1]![1], SHARES);
    expect(polygons(wide!)).toHaveLength(2);
    for (const ring of wide!) expect(ring.at(-1)).toEqual(ring[0]);
  });

  it("around a place that is spared have a hole", () => {
    const around = Array.from({ length: 24 }, (_, i): Future => {
      const turn = (i * Math.PI) / 12;
      return [1, 50 + 0.1 * Math.sin(turn), 30 + 0.155 * Math.cos(turn), 4e6, 0, 4e6];
    });
    const [rings] = outlines(around, [0.9]);
    expect(polygons(rings!).map((part) => part.length)).toEqual([2]);
  });
});

describe("an area too small to have an outline", () => {
  it("has none, and none that is broken", () => {
    for (const futures of [[[1, 50, 30, 1e-4, 0, 1e-4]], [[0.5, 50, 30, 1e-6, 0, 1e-6], [0.5, 50, 30, 1e-6, 0, 1e-6]]] as Future[][])
      for (const rings of outlines(futures, SHARES)) expect(polygons(rings)).toEqual([]);
  });
});
