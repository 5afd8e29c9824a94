// The zones that an order is for: tapped one by one, found by name, or touched by an area.

import type * as maplibre from "maplibre-gl";
import type { Position } from "geojson";
import { EMPTY, source } from "../map";
import type { Chart } from "./chart";

export type Mode = "" | "tap" | "draw";

export class Picker {
  readonly zone_ids = new Set<string>();
  mode: Mode = "";
  private corners: Position[] = [];
  private readonly map: maplibre.Map;

  constructor(
    private readonly chart: Chart,
    private readonly changed: () => void,
  ) {
    this.map = chart.map;
    this.map.addSource("drawn", { type: "geojson", data: EMPTY });
    this.map.addLayer({ id: "drawn", type: "line", source: "drawn", paint: { "line-color": "#36d6e7", "line-width": 2, "line-dasharray": [2, 1] } });
    this.map.addLayer({
      id: "corners", type: "circle", source: "drawn", filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": 5, "circle-color": "#36d6e7", "circle-stroke-color": "#06222a", "circle-stroke-width": 1.5 },
    });
    this.map.on("dblclick", (event) => {
      if (this.mode !== "draw") return;
      event.preventDefault();
      this.enter("");
    });
  }

  /** The area drawn, once it is one; longitude before latitude. */
  get area(): { type: "Polygon"; coordinates: Position[][] } | undefined {
    if (this.corners.length < 3) return undefined;
    return { type: "Polygon", coordinates: [[...this.corners, this.corners[0]!]] };
  }

  enter(mode: Mode): void {
    this.mode = mode;
    if (mode === "draw") this.drop();
    if (mode === "tap") this.corners = [];
    this.map.getCanvas().style.cursor = mode ? "crosshair" : "";
    this.map.doubleClickZoom[mode === "draw" ? "disable" : "enable"]();
    this.draw();
  }

  /** Whether a tap on the map was meant for here. */
  tap(zone_id: string, at: maplibre.LngLat): boolean {
    if (!this.mode) return false;
    if (this.mode === "tap" && zone_id) this.toggle(zone_id);
    if (this.mode === "draw") {
      this.corners.push([at.lng, at.lat]);
      this.draw();
    }
    return true;
  }

  toggle(zone_id: string): void {
    if (!this.zone_ids.delete(zone_id)) this.zone_ids.add(zone_id);
    this.draw();
  }

  /** These zones, and no others. */
  take(zone_ids: string[]): void {
    this.drop();
    zone_ids.forEach((id) => this.zone_ids.add(id));
    this.mode = "";
    this.draw();
  }

  private drop(): void {
    this.corners = [];
    this.zone_ids.clear();
  }

  private draw(): void {
    this.chart.pick([...this.zone_ids]);
    const line = this.area && !this.mode ? [...this.corners, this.corners[0]!] : this.corners;
    source(this.map, "drawn").setData({
      type: "FeatureCollection",
      features: [
        { type: "Feature", properties: {}, geometry: { type: "LineString", coordinates: line.length > 1 ? line : [] } },
        ...this.corners.map((at) => ({ type: "Feature" as const, properties: {}, geometry: { type: "Point" as const, coordinates: at } })),
      ],
    });
    this.changed();
  }
}
