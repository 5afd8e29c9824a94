import { describe, expect, it } from "vitest";
import { Film } from "../src/console/film";
import { Known } from "../src/console/known";
import type { Alert, Picture, Place, Track } from "../src/console/wire";

const HERE: Place = [50, 30, 1000, 100, 0, 0];

function track(id: string): Track {
  return {
    id, kind: "drone", kind_probability: 1, confirmed: true, named: true, identity: "", groups: [], first_s: 0,
    threat_probability: 1, place: HERE,
  };
}

function picture(time_s: number, more: Partial<Picture> = {}): Picture {
  return { time_s, at_s: time_s, reset: false, people_at_risk: 0, log: [], ...more };
}

function moved(id: string, lon: number): Pick<Picture, "tracks"> {
  return { tracks: { set: [], moved: [[id, 50, lon, 1000, 100, 0, 0]], gone: [] } };
}

/** Twenty seconds of a track that moves a degree a second; whole pictures at 0 and 10. */
function film(): Film {
  const made = new Film(-100, 20);
  for (let s = 0; s <= 20; s++) {
    const whole = { reset: true, tracks: { set: [{ ...track("T1"), place: [50, s, 1000, 100, 0, 0] as Place }], moved: [], gone: [] } };
    made.add(picture(s, s % 10 ? moved("T1", s) : whole));
  }
  made.ended = true;
  return made;
}

const lon = (of: Film): number => of.known.tracks.get("T1")!.place[1];

describe("a film", () => {
  it("begins where the record does", () => {
    expect(film().now()).toBe(0);
  });

  it("runs at any speed, and stops at its end", () => {
    const one = film();
    one.speed = 4;
    one.run(1);
    expect([one.now(), lon(one)]).toEqual([4, 4]);
    one.run(100);
    expect([one.now(), lon(one), one.playing]).toEqual([20, 20, false]);
  });

  it("stands still while paused", () => {
    const one = film();
    one.playing = false;
    expect(one.run(5)).toEqual([]);
    expect(one.now()).toBe(0);
  });

  it.each([3.5, 9.99, 10, 17.2, 20])("shows the same at %d s however it got there", (time_s) => {
    const [forth, back] = [film(), film()];
    forth.run(time_s);
    back.run(20);
    back.seek(time_s);
    expect(lon(back)).toBe(Math.floor(time_s));
    expect([...back.known.tracks]).toEqual([...forth.known.tracks]);
  });

  it("waits for what is not made yet", () => {
    const one = new Film(0, 100);
    one.add(picture(0, { reset: true }));
    one.add(picture(1));
    one.run(50);
    expect(one.now()).toBe(1);
    one.add(picture(2));
    one.run(50);
    expect(one.now()).toBe(2);
  });
});

describe("what is known", () => {
  it("grows a trail, and loses it with its track", () => {
    const known = new Known();
    known.hear(picture(0, { reset: true, tracks: { set: [track("T1")], moved: [], gone: [] } }));
    for (let s = 1; s <= 12; s++) known.hear(picture(s, moved("T1", 30 + s)));
    expect(known.trails.get("T1")).toEqual([[30, 50], [35, 50], [40, 50]]);
    known.hear(picture(13, { tracks: { set: [], moved: [], gone: ["T1"] } }));
    expect(known.trails.size).toBe(0);
  });

  it("keeps a zone green for a moment after its all-clear", () => {
    const known = new Known();
    const alert = { zone_id: "z1", state: "stay" } as Alert;
    known.hear(picture(0, { zones: { set: [alert], gone: [] } }));
    known.hear(picture(5, { zones: { set: [], gone: ["z1"] } }));
    expect(known.states(6).get("z1")).toBe("all_clear");
    expect(known.states(21).has("z1")).toBe(false);
  });

  it("takes up each line once, and forgets all before a whole picture", () => {
    const known = new Known();
    const line = (n: number) => ({ n, time_s: n, kind: "service" as const, text: `${n}` });
    known.hear(picture(0, { log: [line(1), line(2)] }));
    known.hear(picture(1, { log: [line(2), line(3)] }));
    expect(known.lines.map(({ n }) => n)).toEqual([1, 2, 3]);
    known.hear(picture(2, { reset: true, log: [line(3)] }));
    expect(known.lines.map(({ n }) => n)).toEqual([3]);
  });
});
