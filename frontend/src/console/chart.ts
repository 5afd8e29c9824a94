// The operators' map below what flies: zones by state, where nobody watches, sensors.

import * as maplibre from "maplibre-gl";
import type { Feature, FeatureCollection, Geometry, Position } from "geojson";
import { EMPTY, drawZones, makeMap, source, type ZoneInfo, type ZonePainter } from "../map";
import { Areas } from "./areas";
import { Anchor } from "./gl";
import { Sky } from "./sky";
import type { Mark, OperatorsStatus, SensorHealth } from "./wire";

export type Bounds = [number, number, number, number]; // west, south, east, north

const LOOKS = {
  dark: { sea: "#0d1a26", land: "#1b2a38", coast: "#3d5266", ink: "#e9f0f6", halo: "#0b1620", hatch: "#c7d3de" },
  light: { sea: "#dbe6ee", land: "#f7f5f0", coast: "#9aaab8", ink: "#18212c", halo: "#ffffff", hatch: "#4a5a69" },
};
const NONE: maplibre.FilterSpecification = ["in", ["get", "zone_id"], ["literal", []]];
// a hatch must not hide what people are told
const QUIET: maplibre.ExpressionSpecification = ["==", ["coalesce", ["feature-state", "state"], "clear"], "clear"];
const CLOSEST = 11;

export interface Tapped {
  track: string;
  zone: string;
  at: maplibre.LngLat;
}

export class Chart {
  zones = new Map<string, ZoneInfo>();
  readonly areas: Areas;
  sky: Sky | undefined;
  private boxes = new Map<string, Bounds>();
  private painter: ZonePainter | undefined;
  private version = "";
  private sensed = "";
  private watched = "";
  private light = false;
  private marked = false;

  private constructor(
    readonly map: maplibre.Map,
    private readonly now: () => number,
  ) {
    map.dragRotate.disable();
    map.touchZoomRotate.disableRotation();
    map.keyboard.disableRotation();
    map.touchPitch.disable();
    map.setMaxPitch(0);
    map.setRenderWorldCopies(false);
    map.addControl(new maplibre.ScaleControl({ maxWidth: 120 }), "bottom-right");
    map.addSource("sensors", { type: "geojson", data: EMPTY });
    this.addZoneLayers();
    this.areas = new Areas(map);
    this.addSensorLayers();
    this.addMarkLayers();
  }

  static async make(container: string, now: () => number): Promise<Chart> {
    return new Chart(await makeMap(container), now);
  }

  /** Zones and sensors, when they are others than before; zones nobody watches. */
  async watch(status: OperatorsStatus): Promise<boolean> {
    this.drawSensors(status.sensors);
    this.hatch(status);
    if (!status.zones_version || status.zones_version === this.version) return false;
    this.version = status.zones_version;
    const found = (await (await fetch("/api/public/v1/zones")).json()) as FeatureCollection;
    this.painter?.paint(new Map()); // numbers begin anew
    this.painter = drawZones(this.map, found);
    this.zones = new Map(found.features.map(({ properties }) => [properties!["zone_id"] as string, properties as ZoneInfo]));
    this.boxes = new Map(found.features.map(({ properties, geometry }) => [properties!["zone_id"] as string, box(geometry)]));
    this.fit([...this.boxes.values()], 0);
    const { lng, lat } = this.map.getCenter();
    this.sky ??= new Sky(this.map, Anchor.at(lng, lat), this.now);
    this.sky.light(this.light);
    return true;
  }

  paint(states: Map<string, string>): void {
    this.painter?.paint(states);
  }

  theme(light: boolean): void {
    this.light = light;
    const look = LOOKS[light ? "light" : "dark"];
    this.map.setPaintProperty("sea", "background-color", look.sea);
    this.map.setPaintProperty("land", "fill-color", look.land);
    this.map.setPaintProperty("coast", "line-color", look.coast);
    this.map.setPaintProperty("chosen", "line-color", look.ink);
    this.map.setPaintProperty("mark-labels", "text-color", look.ink);
    this.map.setPaintProperty("mark-labels", "text-halo-color", look.halo);
    for (const [name, cross] of [["coarse", false], ["blind", true]] as const) {
      const image = stripes(look.hatch, cross);
      if (this.map.hasImage(name)) this.map.updateImage(name, image);
      else this.map.addImage(name, image, { pixelRatio: 2 });
    }
    this.sky?.light(light);
    this.areas.light(light);
  }

  /** What a simulation says by marks. */
  mark(marks: Mark[]): void {
    if (!marks.length && !this.marked) return;
    this.marked = marks.length > 0;
    source(this.map, "marks").setData({
      type: "FeatureCollection",
      features: marks.map(({ text, colour, lat_deg, lon_deg }) => ({
        type: "Feature", properties: { text, colour }, geometry: { type: "Point", coordinates: [lon_deg, lat_deg] },
      })),
    });
  }

  /** Outline a zone as the one that is asked about. */
  choose(zone_id: string): void {
    this.map.setFilter("chosen", ["==", ["get", "zone_id"], zone_id]);
  }

  /** Outline the zones that are meant by a draft. */
  pick(zone_ids: string[]): void {
    for (const layer of ["picked", "picked-lines"])
      this.map.setFilter(layer, ["in", ["get", "zone_id"], ["literal", zone_ids]]);
  }

  onTap(heard: (tapped: Tapped) => void): void {
    this.map.on("click", (event) => {
      const found = this.map.queryRenderedFeatures(event.point, { layers: ["zones"] });
      const zone = (found[0]?.properties["zone_id"] as string | undefined) ?? "";
      heard({ track: this.sky?.nearest(event.point) ?? "", zone, at: event.lngLat });
    });
  }

  flyToZones(zone_ids: string[]): void {
    this.fit(zone_ids.map((id) => this.boxes.get(id)).filter((box) => box !== undefined), this.pace());
  }

  private fit(boxes: Bounds[], duration: number): void {
    const bounds = new maplibre.LngLatBounds();
    for (const [west, south, east, north] of boxes) bounds.extend([west, south]).extend([east, north]);
    const { clientWidth, clientHeight } = this.map.getCanvas();
    const padding = Math.min(clientWidth, clientHeight) / 8;
    if (!bounds.isEmpty()) this.map.fitBounds(bounds, { padding, maxZoom: CLOSEST, duration });
  }

  flyTo(lon: number, lat: number): void {
    const zoom = Math.max(this.map.getZoom(), 8.5);
    this.map.easeTo({ center: [lon, lat], zoom, duration: this.pace() });
  }

  private pace(): number {
    return matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 600;
  }

  private addZoneLayers(): void {
    const { map } = this;
    // soft edges of thousands of zones take half of a frame's time, and are not seen from afar
    map.setPaintProperty("zones", "fill-antialias", ["step", ["zoom"], false, 9, true]);
    for (const name of ["coarse", "blind"]) {
      map.addImage(name, stripes(LOOKS.dark.hatch, name === "blind"), { pixelRatio: 2 });
      map.addLayer({
        id: name, type: "fill", source: "zones", filter: NONE,
        paint: { "fill-pattern": name, "fill-opacity": ["case", QUIET, name === "blind" ? 0.6 : 0.35, 0.2] },
      });
    }
    map.addLayer({
      id: "picked", type: "fill", source: "zones", filter: NONE,
      paint: { "fill-color": "#36d6e7", "fill-opacity": 0.12 },
    });
    map.addLayer({
      id: "picked-lines", type: "line", source: "zones", filter: NONE,
      paint: { "line-color": "#36d6e7", "line-width": 3 },
    });
    map.addLayer({
      id: "chosen", type: "line", source: "zones", filter: NONE,
      paint: { "line-color": LOOKS.dark.ink, "line-width": 2.5 },
    });
  }

  private addSensorLayers(): void {
    const bad: maplibre.ExpressionSpecification = ["case", ["get", "well"], "#7fa6c9", "#ff6b5e"];
    this.map.addLayer({
      id: "sensor-rings", type: "line", source: "sensors", filter: ["==", ["geometry-type"], "Polygon"],
      paint: { "line-color": bad, "line-width": 1, "line-dasharray": [2, 4], "line-opacity": 0.55 },
    });
    this.map.addLayer({
      id: "sensors", type: "circle", source: "sensors", filter: ["==", ["geometry-type"], "Point"],
      paint: { "circle-radius": 4, "circle-color": "#10202f", "circle-stroke-color": bad, "circle-stroke-width": 2 },
    });
  }

  private addMarkLayers(): void {
    this.map.addSource("marks", { type: "geojson", data: EMPTY });
    this.map.addLayer({
      id: "marks", type: "circle", source: "marks",
      paint: { "circle-radius": 8, "circle-opacity": 0, "circle-stroke-color": ["get", "colour"], "circle-stroke-width": 2 },
    });
    this.map.addLayer({
      id: "mark-labels", type: "symbol", source: "marks",
      layout: { "text-field": ["get", "text"], "text-size": 12, "text-offset": [0, -1.1], "text-anchor": "bottom" },
      paint: { "text-color": LOOKS.dark.ink, "text-halo-color": LOOKS.dark.halo, "text-halo-width": 1.4 },
    });
  }

  private drawSensors(sensors: SensorHealth[]): void {
    const placed = sensors.filter((one) => one.lat_deg !== null && one.lon_deg !== null);
    const told = placed.map((one) => [one.sensor_id, one.lat_deg, one.lon_deg, one.range_max_m, well(one)]);
    const key = JSON.stringify(told);
    if (key === this.sensed) return;
    this.sensed = key;
    source(this.map, "sensors").setData({
      type: "FeatureCollection",
      features: placed.flatMap((one): Feature[] => {
        const properties = { sensor_id: one.sensor_id, well: well(one) };
        const [lat, lon] = [one.lat_deg!, one.lon_deg!];
        const point: Feature = { type: "Feature", properties, geometry: { type: "Point", coordinates: [lon, lat] } };
        if (one.range_max_m === null) return [point];
        return [point, { type: "Feature", properties, geometry: { type: "Polygon", coordinates: [circle(lat, lon, one.range_max_m)] } }];
      }),
    });
  }

  private hatch({ blind, coarse }: OperatorsStatus): void {
    const key = JSON.stringify([blind, coarse]);
    if (key === this.watched) return;
    this.watched = key;
    this.map.setFilter("blind", ["in", ["get", "zone_id"], ["literal", blind]]);
    this.map.setFilter("coarse", ["in", ["get", "zone_id"], ["literal", coarse]]);
  }
}

export function well(sensor: SensorHealth): boolean {
  return sensor.fresh && !sensor.trouble;
}

function circle(lat: number, lon: number, metres: number): Position[] {
  const across = metres / (111320 * Math.cos((lat * Math.PI) / 180));
  return Array.from({ length: 73 }, (_, i) => {
    const turn = (i * Math.PI) / 36;
    return [lon + across * Math.sin(turn), lat + (metres / 111320) * Math.cos(turn)];
  });
}

function box(geometry: Geometry): Bounds {
  const found: Bounds = [Infinity, Infinity, -Infinity, -Infinity];
  const outer = geometry.type === "Polygon" ? [geometry.coordinates[0]!]
    : geometry.type === "MultiPolygon" ? geometry.coordinates.map((part) => part[0]!) : [];
  for (const ring of outer)
    for (const [lon, lat] of ring as [number, number][]) {
      found[0] = Math.min(found[0], lon);
      found[1] = Math.min(found[1], lat);
      found[2] = Math.max(found[2], lon);
      found[3] = Math.max(found[3], lat);
    }
  return found;
}

/** One tile of a hatch. */
function stripes(colour: string, cross: boolean): ImageData {
  const size = 16;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const pen = canvas.getContext("2d")!;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.6;
  pen.beginPath();
  for (const at of [-size, 0, size]) {
    pen.moveTo(at, size);
    pen.lineTo(at + size, 0);
    if (!cross) continue;
    pen.moveTo(at, 0);
    pen.lineTo(at + size, size);
  }
  pen.stroke();
  return pen.getImageData(0, 0, size, size);
}
