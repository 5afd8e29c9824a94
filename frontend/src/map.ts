// The map both pages share: coast and land only, zones over it. No outside tile or font.

import * as maplibre from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import landUrl from "world-atlas/land-10m.json?url";
import { feature } from "topojson-client";
import type { Topology } from "topojson-specification";
import type { Feature, FeatureCollection } from "geojson";

maplibre.setWorkerUrl(workerUrl);

export const COLOURS = {
  prepare: "#f2b134",
  take_cover: "#e0342f",
  stay: "#8a4fd0",
  all_clear: "#3aa76d",
} as const;

export const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };

const colour: maplibre.ExpressionSpecification = [
  "match",
  ["coalesce", ["feature-state", "state"], "clear"],
  "prepare", COLOURS.prepare,
  "take_cover", COLOURS.take_cover,
  "stay", COLOURS.stay,
  "all_clear", COLOURS.all_clear,
  "#7c8aa0",
];

export async function makeMap(container: string): Promise<maplibre.Map> {
  const map = new maplibre.Map({
    container,
    center: [9.4, 56.2],
    zoom: 6.5,
    attributionControl: { compact: true, customAttribution: "Natural Earth, GeoNames" },
    style: {
      version: 8,
      sources: {
        land: { type: "geojson", data: EMPTY },
        zones: { type: "geojson", data: EMPTY, generateId: true },
      },
      layers: [
        { id: "sea", type: "background", paint: { "background-color": "#10202f" } },
        { id: "land", type: "fill", source: "land", paint: { "fill-color": "#1d2f40" } },
        {
          id: "coast",
          type: "line",
          source: "land",
          paint: { "line-color": "#47607a", "line-width": 1 },
        },
        {
          id: "zones",
          type: "fill",
          source: "zones",
          paint: {
            "fill-color": colour,
            "fill-opacity": [
              "match",
              ["coalesce", ["feature-state", "state"], "clear"],
              "clear", 0.10,
              "prepare", 0.5,
              0.75,
            ],
          },
        },
        {
          id: "zone-lines",
          type: "line",
          source: "zones",
          minzoom: 9,
          paint: { "line-color": colour, "line-width": 0.6, "line-opacity": 0.6 },
        },
      ],
    },
  });
  map.addControl(new maplibre.NavigationControl({ showCompass: false }), "top-left");
  await new Promise<void>((resolve) => map.once("load", () => resolve()));
  const topology = (await (await fetch(landUrl)).json()) as Topology;
  const land = feature(topology, topology.objects["land"]!) as Feature | FeatureCollection;
  source(map, "land").setData(land);
  return map;
}

export function source(map: maplibre.Map, id: string): maplibre.GeoJSONSource {
  return map.getSource(id) as maplibre.GeoJSONSource;
}

export interface ZoneInfo {
  zone_id: string;
  name: string;
  names: Record<string, string>;
  shelter_s: number;
  population: number;
}

/** Show these zones, and frame them; what paints their states. */
export function drawZones(map: maplibre.Map, zones: FeatureCollection): ZonePainter {
  const taken = source(map, "zones").setData(zones);
  const bounds = new maplibre.LngLatBounds();
  for (const { geometry } of zones.features) {
    if (geometry.type === "Polygon") bounds.extend(geometry.coordinates[0]![0] as [number, number]);
    if (geometry.type === "MultiPolygon" && geometry.coordinates.length)
      bounds.extend(geometry.coordinates[0]![0]![0] as [number, number]);
  }
  if (!bounds.isEmpty()) map.fitBounds(bounds, { padding: 30, duration: 0 });
  void taken.then(() => sayDrawn(map));
  return new ZonePainter(map, zones.features.map(({ properties }) => properties!["zone_id"] as string));
}

/** Mark the map as drawn with the first picture of its zones: in a raid it is never at rest. */
function sayDrawn(map: maplibre.Map): void {
  const drawn = () => {
    if (!map.isSourceLoaded("zones")) return;
    map.off("render", drawn);
    map.getContainer().dataset["drawn"] = "zones";
  };
  map.on("render", drawn);
  map.triggerRepaint();
}

/** Paint the states of zones; those no longer named go quiet. */
export class ZonePainter {
  private painted = new Map<string, string>();
  // to the map a zone is its number: a name like __proto__ would be more than a name there
  private readonly ids: Map<string, number>;

  constructor(
    private readonly map: maplibre.Map,
    zone_ids: string[],
  ) {
    this.ids = new Map(zone_ids.map((zone_id, id) => [zone_id, id]));
  }

  paint(states: Map<string, string>): void {
    for (const [zone_id, state] of states) {
      const id = this.ids.get(zone_id);
      if (id !== undefined && this.painted.get(zone_id) !== state) this.map.setFeatureState({ source: "zones", id }, { state });
    }
    for (const zone_id of this.painted.keys()) {
      const id = this.ids.get(zone_id);
      if (id !== undefined && !states.has(zone_id)) this.map.removeFeatureState({ source: "zones", id });
    }
    this.painted = new Map(states);
  }
}
