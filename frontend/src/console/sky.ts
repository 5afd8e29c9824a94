// What flies, over the map: drawn when something would be seen to move, not before.

import type * as maplibre from "maplibre-gl";
import { palette, type Anchor, type View } from "./gl";
import type { Known } from "./known";
import { Symbols } from "./symbols";
import { Trails } from "./trails";
import type { Track } from "./wire";

const SEEN_PX = 0.3; // a move that can be seen

export class Sky {
  private readonly symbols: Symbols;
  private readonly trails: Trails;
  private last: View | undefined;
  private last_s = 0;
  private stale = true;

  constructor(
    private readonly map: maplibre.Map,
    private readonly anchor: Anchor,
    private readonly now: () => number,
  ) {
    this.trails = new Trails(map, anchor);
    this.symbols = new Symbols(map, anchor);
    map.on("render", () => this.draw());
    map.on("moveend", () => (this.stale = true));
    const frame = (): void => {
      if (!map.isMoving()) this.draw(); // else with the map, in its own frame
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** The tracks to be seen of what is known. `jump`: nothing of it was there before. */
  show(known: Known, tracks: Track[], trails: boolean, jump: boolean): void {
    this.symbols.show(tracks, known.at_s, this.now(), jump);
    this.trails.show(trails ? tracks : [], known);
    this.stale = true;
  }

  choose(track_id: string): void {
    this.symbols.choose(track_id);
    this.stale = true;
  }

  light(light: boolean): void {
    this.trails.tone(palette(light ? "dark" : "colour"));
    this.stale = true;
  }

  nearest(point: { x: number; y: number }): string | undefined {
    return this.symbols.nearest(point, this.anchor.view(this.map), this.now());
  }

  private draw(): void {
    const view = this.anchor.view(this.map);
    const now_s = this.now();
    const moved = !this.last || view.pixels !== this.last.pixels || view.centre.some((at, i) => at !== this.last!.centre[i])
      || view.scale.some((at, i) => at !== this.last!.scale[i]);
    if (this.stale || (moved && !this.map.isMoving())) this.trails.draw(view);
    else if (moved) this.trails.slide(view);
    const wandered = (Math.abs(now_s - this.last_s) * this.symbols.fastest) / view.pixels;
    if (!moved && !this.stale && wandered < SEEN_PX) return;
    this.symbols.draw(view, now_s);
    this.stale = false;
    [this.last, this.last_s] = [view, now_s];
  }
}
