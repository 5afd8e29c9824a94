import { describe, expect, it } from "vitest";
import { apply } from "../src/api";
import { ServerClock, secondsLeft, spoken } from "../src/clock";

describe("the server's time on a device", () => {
  it("runs on the monotonic clock, at the server's speed", () => {
    let monotonic = 100;
    const clock = new ServerClock(() => monotonic);
    clock.hear(5000, 2, 5040);
    monotonic += 10;
    expect(clock.now()).toBe(5020);
    expect(clock.silence()).toBe(10);
    expect(clock.expired()).toBe(false);
    monotonic += 11;
    expect(clock.expired()).toBe(true);
  });

  it("goes by the message that was least held up: late ones would add seconds", () => {
    let monotonic = 100;
    const clock = new ServerClock(() => monotonic);
    clock.hear(5000, 1, 5020);
    monotonic += 9;
    clock.hear(5005, 1, 5025); // four seconds on its way
    expect(clock.now()).toBe(5009);
    expect(clock.age()).toBe(4);
  });

  it("takes another server's time from where that answers", () => {
    const clock = new ServerClock(() => 100);
    clock.hear(5000, 1, 5020);
    clock.renew();
    clock.hear(4000, 1, 4020);
    expect(clock.now()).toBe(4000);
  });
});

describe("seconds left", () => {
  it("count down to zero and stop there", () => {
    expect(secondsLeft(143.9, 100)).toBe(43);
    expect(secondsLeft(90, 100)).toBe(0);
    expect(secondsLeft(null, 100)).toBeNull();
  });
  it("are said as people say them", () => {
    expect([spoken(43), spoken(300), spoken(7300), spoken(null)]).toEqual(["43 s", "5 min", "2 h", ""]);
  });
});

describe("differences", () => {
  it("add, replace and remove; a reset forgets", () => {
    const known = new Map([["a", { id: "a", v: 1 }], ["b", { id: "b", v: 1 }]]);
    apply(known, { set: [{ id: "a", v: 2 }], gone: ["b"] }, (x) => x.id);
    expect([...known.values()]).toEqual([{ id: "a", v: 2 }]);
    apply(known, { set: [{ id: "c", v: 3 }], gone: [] }, (x) => x.id, true);
    expect([...known.keys()]).toEqual(["c"]);
  });
});
