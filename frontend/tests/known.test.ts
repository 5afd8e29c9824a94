import { describe, expect, it } from "vitest";
import type { PublicAlert, State } from "../src/api";
import { ServerClock } from "../src/clock";
import { Known, look, rank } from "../src/public/known";

const MINE = { zone_id: "z", version: "v" };
let monotonic = 100;

function alert(state: PublicAlert["state"], onset_s: number | null = null): PublicAlert {
  return {
    alert_id: "a", step: 0, zone_id: "z", state, issued_s: 5000, onset_s, kind: "rocket", text: { en: "Go." },
  };
}

function told(alerts: PublicAlert[], ended: PublicAlert[] = []): State {
  return { time_s: 5000, expires_s: 5020, alerts, ended, since_s: {} };
}

function heard(state: State, service = "live"): [Known, ServerClock] {
  monotonic = 100;
  const [known, clock] = [new Known(), new ServerClock(() => monotonic)];
  clock.hear(5000, 1, 5020);
  known.service = service;
  known.zones_version = "v";
  known.takeState(state);
  return [known, clock];
}

describe("a place", () => {
  it("is not known before anything was heard", () => {
    const [known, clock] = [new Known(), new ServerClock(() => 0)];
    expect(look(known, clock, MINE)).toMatchObject({ stage: "unknown", sure: false });
  });
  it("is clear only while the service speaks", () => {
    const [known, clock] = heard(told([]));
    expect(look(known, clock, MINE).stage).toBe("clear");
    monotonic += 16;
    expect(look(known, clock, MINE)).toMatchObject({ stage: "unknown", sure: false });
  });
  it("is not clear if its zone may be another, or is gone", () => {
    const [known, clock] = heard(told([]));
    expect(look(known, clock, { ...MINE, version: "older" }).stage).toBe("unknown");
    expect(look(known, clock, { ...MINE, gone: true }).stage).toBe("unknown");
  });
  it("keeps its alert through silence, counting on", () => {
    const [known, clock] = heard(told([alert("take_cover", 5060)]));
    expect(look(known, clock, MINE)).toMatchObject({ stage: "take_cover", left: 60, sure: true });
    monotonic += 25;
    expect(look(known, clock, MINE)).toMatchObject({ stage: "take_cover", left: 35, sure: false });
  });
  it("is not clear while the service starts, or stops", () => {
    for (const service of ["starting", "stopped"]) {
      const [known, clock] = heard(told([]), service);
      expect(look(known, clock, MINE).stage).toBe("unknown");
    }
  });
  it("is told of its all-clear for ten minutes", () => {
    const [known, clock] = heard(told([alert("stay")]));
    known.takeNews({ time_s: 5000, expires_s: 5020, alerts: [alert("all_clear")], since_s: {} });
    expect(look(known, clock, MINE).stage).toBe("all_clear");
    monotonic += 599;
    clock.hear(5599, 1, 5619);
    expect(look(known, clock, MINE).stage).toBe("all_clear");
    monotonic += 2;
    clock.hear(5601, 1, 5621);
    expect(look(known, clock, MINE).stage).toBe("clear");
  });
  it("forgets what it knew after a sleep, until told anew", () => {
    const [known, clock] = heard(told([]));
    known.forget();
    expect(look(known, clock, MINE).stage).toBe("unknown");
    known.takeState(told([]));
    expect(look(known, clock, MINE).stage).toBe("clear");
  });
});

describe("other zones", () => {
  it("come, change and go", () => {
    const [known] = heard({ ...told([]), others: [["x", "prepare", null], ["y", "stay", null]] });
    known.takeNews({ time_s: 1, expires_s: 2, alerts: [], since_s: {}, others: [["x", "take_cover", 9], ["y", "all_clear", null]] });
    expect([...known.others.values()]).toEqual([["x", "take_cover", 9]]);
  });
});

describe("a sound", () => {
  it("is for a graver stage alone", () => {
    expect(rank("take_cover")).toBeGreaterThan(rank("stay"));
    expect(rank("stay")).toBeGreaterThan(rank("prepare"));
    expect(rank("prepare")).toBeGreaterThan(rank("clear"));
    expect(rank("all_clear")).toBe(rank("clear"));
  });
});
