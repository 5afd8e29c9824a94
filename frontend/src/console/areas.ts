// Areas on the map: worked out beside the page when their futures changed, else left alone.

import type * as maplibre from "maplibre-gl";
import type { Feature } from "geojson";
import { EMPTY, source } from "../map";
import { polygons } from "./contour";
import { SHARES, type Answer, type Question } from "./contour.worker";
import { KINDS, ORDER } from "./kinds";
import type { Changed } from "./known";
import type { Area } from "./wire";

const AT_ONCE = 8;
const PAUSE_MS = 200; // between two lots, so that thousands of futures leave room for the rest
const FLUSH_MS = 900; // each change of the map costs a whole frame
const FEW = 8; // so many threats show all three areas; of more, only the chosen one does

export class Areas {
  private readonly worker = new Worker(new URL("./contour.worker.ts", import.meta.url), { type: "module" });
  private waiting = new Map<string, Area>();
  private shown = new Map<string, string>(); // kinds, by track
  private add = new Map<string, Feature[]>();
  private busy = false;
  private flushed_ms = 0;
  private chosen = "";
  private filtered = "";

  constructor(private readonly map: maplibre.Map) {
    map.addSource("areas", { type: "geojson", data: EMPTY, promoteId: "id" });
    map.addLayer({ id: "areas", type: "fill", source: "areas", paint: { "fill-opacity": 0.09 } });
    map.addLayer({
      id: "area-lines", type: "line", source: "areas",
      paint: { "line-opacity": ["match", ["get", "share"], 99, 0.65, 0.95] },
    });
    this.light(false);
    this.worker.addEventListener("message", ({ data }: MessageEvent<Answer[]>) => this.draw(data));
  }

  /** Take up what changed; the newest futures of a track replace those that still wait. */
  hear({ reset, areas }: Changed): void {
    if (reset) {
      this.add.clear();
      this.waiting.clear();
      this.shown.clear();
      source(this.map, "areas").setData(EMPTY);
    }
    for (const id of areas.gone) {
      this.waiting.delete(id);
      this.add.delete(id);
    }
    for (const area of areas.set) this.waiting.set(area.track_id, area);
    this.remove(areas.gone);
    this.ask();
  }

  light(light: boolean): void {
    const pairs = ORDER.flatMap((kind) => [kind, KINDS[kind]![light ? "dark" : "colour"]]);
    const colour = ["match", ["get", "kind"], ...pairs, "#7d868f"] as unknown as maplibre.ExpressionSpecification;
    this.map.setPaintProperty("areas", "fill-color", colour);
    this.map.setPaintProperty("area-lines", "line-color", colour);
  }

  choose(track_id: string): void {
    this.chosen = track_id;
    this.filter();
  }

  private remove(gone: string[]): void {
    const known = gone.filter((id) => this.shown.delete(id));
    if (known.length) void source(this.map, "areas").updateData({ remove: known.flatMap(names) });
  }

  private ask(): void {
    if (this.busy || !this.waiting.size) return;
    const questions: Question[] = [];
    for (const [id, area] of this.waiting) {
      if (questions.length === AT_ONCE) break;
      questions.push({ id, futures: area.futures });
      this.shown.set(id, area.kind);
      this.waiting.delete(id);
    }
    this.busy = true;
    this.worker.postMessage(questions);
  }

  private draw(answers: Answer[]): void {
    for (const { id, rings } of answers) {
      if (!this.shown.has(id)) continue; // gone meanwhile, or forgotten with another world
      const kind = this.shown.get(id);
      // one too small to have an outline has no place on the map: that takes no empty shapes
      const drawn = rings.map(polygons).map((coordinates, i): Feature => ({
        type: "Feature",
        properties: { id: names(id)[i], track_id: id, kind, share: 100 * SHARES[i]! },
        geometry: { type: "MultiPolygon", coordinates },
      }));
      this.add.set(id, drawn.filter(({ geometry }) => geometry.type === "MultiPolygon" && geometry.coordinates.length));
    }
    if (!this.waiting.size || performance.now() - this.flushed_ms > FLUSH_MS) this.flush();
    setTimeout(() => {
      this.busy = false;
      this.ask();
    }, this.waiting.size ? PAUSE_MS : 0);
  }

  private flush(): void {
    const add = [...this.add.values()].flat();
    const there = new Set(add.map(({ properties }) => properties!["id"] as string));
    const remove = [...this.add.keys()].flatMap(names).filter((id) => !there.has(id));
    if (add.length || remove.length) void source(this.map, "areas").updateData({ add, remove });
    this.add.clear();
    this.flushed_ms = performance.now();
    this.filter();
  }

  private filter(): void {
    const all = this.shown.size <= FEW;
    const key = all ? "all" : this.chosen;
    if (key === this.filtered) return;
    this.filtered = key;
    const some: maplibre.FilterSpecification = ["any", ["==", ["get", "share"], 90], ["==", ["get", "track_id"], this.chosen]];
    this.map.setFilter("area-lines", all ? null : some);
    this.map.setFilter("areas", all ? null : ["==", ["get", "track_id"], this.chosen]);
    const wide: maplibre.ExpressionSpecification = ["case", ["==", ["get", "track_id"], this.chosen], 2, all ? 2 : 1.2];
    this.map.setPaintProperty("area-lines", "line-width", ["match", ["get", "share"], 90, wide, 1]);
  }
}

function names(track_id: string): string[] {
  return SHARES.map((share) => `${track_id}/${share}`);
}
