// The map of warned zones: loaded after the state, and on a bad line only when asked for.

import type { FeatureCollection } from "geojson";
import type * as maplibre from "maplibre-gl";
import { drawZones, makeMap, source, type ZonePainter } from "../map";
import { middle, type Zone } from "./places";

const SIGNS: Record<string, string> = { prepare: "▲", take_cover: "■", stay: "◆", all_clear: "✓" };
const CLOSE = 10; // zoom at which a town fills a phone

export class PlaceMap {
  private readonly painter: ZonePainter;
  private signed = "";

  private constructor(
    private readonly map: maplibre.Map,
    private zones: Map<string, Zone>,
  ) {
    this.painter = drawZones(map, collection(zones));
    map.addSource("signs", { type: "geojson", data: { type: "FeatureCollection", features: [] } });
    map.addLayer({
      id: "signs", type: "symbol", source: "signs",
      layout: { "text-field": ["get", "sign"], "text-size": 15, "symbol-sort-key": ["get", "order"] },
      paint: { "text-color": "#fff", "text-halo-color": "#0b1620", "text-halo-width": 1.6 },
    });
    map.addLayer({
      id: "mine", type: "line", source: "zones", filter: ["in", ["get", "zone_id"], ["literal", []]],
      paint: { "line-color": "#fff", "line-width": 3 },
    });
  }

  static async make(container: string, zones: Map<string, Zone>, tapped: (zone_id: string) => void): Promise<PlaceMap> {
    const map = await makeMap(container);
    map.on("click", "zones", (event) => {
      const zone_id = event.features?.[0]?.properties["zone_id"] as string | undefined;
      if (zone_id) tapped(zone_id);
    });
    return new PlaceMap(map, zones);
  }

  /** Colour and sign of every warned zone: neither alone. */
  paint(states: Map<string, string>): void {
    this.painter.paint(states);
    const signed = JSON.stringify([...states]);
    if (signed === this.signed) return;
    this.signed = signed;
    const order = Object.keys(SIGNS);
    source(this.map, "signs").setData({
      type: "FeatureCollection",
      features: [...states].flatMap(([zone_id, state]) => {
        const zone = this.zones.get(zone_id);
        if (!zone) return [];
        const properties = { sign: SIGNS[state] ?? "", order: -order.indexOf(state) };
        return { type: "Feature" as const, properties, geometry: { type: "Point" as const, coordinates: middle(zone) } };
      }),
    });
  }

  /** Frame the places chosen, and go there. */
  mark(zone_ids: string[]): void {
    this.map.setFilter("mine", ["in", ["get", "zone_id"], ["literal", zone_ids]]);
    const first = zone_ids.map((id) => this.zones.get(id)).find((zone) => zone);
    if (first) this.map.jumpTo({ center: middle(first), zoom: CLOSE });
  }
}

function collection(zones: Map<string, Zone>): FeatureCollection {
  const features = [...zones.values()].map(({ zone_id, shape }) => ({
    type: "Feature" as const,
    properties: { zone_id },
    geometry: {
      type: "MultiPolygon" as const,
      coordinates: shape.map((polygon) => polygon.map((ring) => [...ring, ring[0]!])),
    },
  }));
  return { type: "FeatureCollection", features };
}
