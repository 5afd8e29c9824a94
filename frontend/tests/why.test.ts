import { describe, expect, it } from "vitest";
import { percent } from "../src/console/now";
import { whyNot } from "../src/console/details";
import type { Weighed } from "../src/console/wire";

const NEAR: Weighed = {
  zone_id: "z1", due: 0, soon: 0.0001, threshold: 0.0002, prepare_at: 0.002, onset_p05_s: 1100, onset_p50_s: 1120, threats: [],
};

describe("why a zone is not alerted", () => {
  it("says how far from its threshold it is", () => {
    expect(whyNot(undefined, 1000)).toContain("no threat comes near");
    expect(whyNot(NEAR, 1000)).toContain("50 % of the threshold");
  });

  it("says that what threatens it is not due, and when it may come", () => {
    expect(whyNot({ ...NEAR, soon: 0.001 }, 1000)).toMatch(/not due yet.*100 s/);
  });
});

describe("a probability", () => {
  it.each([[0.87, "87 %"], [0.0123, "1.2 %"], [0.00021, "1 in 4,800"], [0, "0"]])("%d is told as %s", (p, told) => {
    expect(percent(p)).toBe(told);
  });
});
