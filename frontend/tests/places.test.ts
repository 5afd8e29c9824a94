import { describe, expect, it } from "vitest";
import { around, middle, plain, search, unpack, type Zone } from "../src/public/places";

// two squares of 0.1 degrees side by side, the second with a hole; and a third far away
const zones = unpack({
  scale: 100,
  zones: [
    { zone_id: "a", name: "Кам'янка", names: { en: "Kamianka" }, shape: [[[3000, 5000, 10, 0, 0, 10, -10, 0]]] },
    {
      zone_id: "b", name: "Київ, Поділ", names: { en: "Kyiv, Podil", he: "קייב" },
      shape: [[[3010, 5000, 10, 0, 0, 10, -10, 0], [3014, 5004, 2, 0, 0, 2, -2, 0]]],
    },
    { zone_id: "c", name: "Київ 10", names: {}, shape: [[[3100, 5000, 10, 0, 0, 10, -10, 0]]] },
    { zone_id: "d", name: "Київ 9", names: {}, shape: [[[3200, 5000, 10, 0, 0, 10, -10, 0]]] },
  ],
});
const ids = (found: Zone[]) => found.map((zone) => zone.zone_id);

describe("outlines", () => {
  it("are unpacked from steps", () => {
    expect(zones.get("a")!.shape).toEqual([[[[30, 50], [30.1, 50], [30.1, 50.1], [30, 50.1]]]]);
    const [lon, lat] = middle(zones.get("a")!);
    expect([lon, lat]).toEqual([expect.closeTo(30.05), expect.closeTo(50.05)]);
  });
});

describe("a position", () => {
  it("is in the zone that holds it", () => {
    expect(ids(around(zones.values(), 30.05, 50.05, 50))).toEqual(["a"]);
    expect(ids(around(zones.values(), 30.19, 50.05, 50))).toEqual(["b"]);
  });
  it("is in none out at sea, nor in a hole", () => {
    expect(around(zones.values(), 29, 50, 50)).toEqual([]);
    expect(around(zones.values(), 30.15, 50.05, 50)).toEqual([]);
  });
  it("near a border is in both, the one that holds it first", () => {
    // 0.0005 degrees are 36 m here
    expect(ids(around(zones.values(), 30.0995, 50.05, 50))).toEqual(["a", "b"]);
    expect(ids(around(zones.values(), 30.1005, 50.05, 50))).toEqual(["b", "a"]);
    expect(ids(around(zones.values(), 30.0995, 50.05, 20))).toEqual(["a"]);
  });
});

describe("a name", () => {
  const found = (typed: string, language = "uk") => ids(search(zones.values(), typed, language));
  it("is found in any language, whole or begun", () => {
    expect(found("kam")).toEqual(["a"]);
    expect(found("קייב")).toEqual(["b"]);
    expect(found("поділ")).toEqual(["b"]);
  });
  it("is found whatever its apostrophe, case or accents", () => {
    expect(found("КАМ’ЯНКА")).toEqual(["a"]);
    expect(found("камянка")).toEqual(["a"]);
    expect(plain("Përmet-İzmir")).toBe("permet izmir");
  });
  it("lists numbered zones in the order of their numbers", () => {
    expect(found("київ ")).toEqual(["d", "c", "b"]);
  });
  it("is not found where there is none", () => {
    expect(found("")).toEqual([]);
    expect(found("zzz")).toEqual([]);
  });
});
