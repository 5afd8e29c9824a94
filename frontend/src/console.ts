// The operators' map: tracks, areas, zones, sensors, and why a zone is warned.

import type * as maplibre from "maplibre-gl";
import type { Feature } from "geojson";
import { apply, type Area, type Mark, type OperatorsStatus, type Picture, type Track, type ZoneWhy } from "./api";
import { ServerClock, clockText, secondsLeft, spoken } from "./clock";
import { COLOURS, EMPTY, ZonePainter, loadZones, makeMap, source, type ZoneInfo } from "./map";
import { byId, hearStatus, make, stateWords, watchSilence } from "./page";
import "./style.css";

const LISTED = 40;
const TRAIL = 40;
const GREEN_S = 15;
const KINDS: Record<string, string> = {
  rocket: "#ff6b5e",
  ballistic_missile: "#ff3df0",
  cruise_missile: "#ff9c3a",
  drone: "#ffd84a",
  aircraft: "#7fb4e6",
  clutter: "#76828f",
};

const clock = new ServerClock();
const opened = performance.now() / 1000;
const tracks = new Map<string, Track>();
const trails = new Map<string, [number, number][]>();
const areas = new Map<string, Area>();
const told = new Map<string, ZoneWhy>();
const cleared = new Map<string, number>();
let marks: Mark[] = [];
let zones = new Map<string, ZoneInfo>();
let zonesVersion = "";
let chosen = "";
let painter: ZonePainter | undefined;

const map = makeMap("map").then((drawn) => {
  addLayers(drawn);
  drawn.on("click", "zones", (e) => {
    chosen = (e.features?.[0]?.properties["zone_id"] as string | undefined) ?? "";
    drawWhy();
  });
  return drawn;
});

const kindColour: maplibre.ExpressionSpecification = [
  "match", ["get", "kind"], ...Object.entries(KINDS).flat(), "#c8d2dc",
] as unknown as maplibre.ExpressionSpecification;

function addLayers(drawn: maplibre.Map): void {
  for (const id of ["sensors", "areas", "trails", "tracks", "marks"])
    drawn.addSource(id, { type: "geojson", data: EMPTY });
  drawn.addLayer({
    id: "sensor-rings", type: "line", source: "sensors", filter: ["==", ["geometry-type"], "Polygon"],
    paint: { "line-color": "#5f7f9e", "line-width": 1, "line-dasharray": [2, 4], "line-opacity": 0.5 },
  });
  drawn.addLayer({
    id: "sensors", type: "circle", source: "sensors", filter: ["==", ["geometry-type"], "Point"],
    paint: { "circle-radius": 5, "circle-color": "#10202f", "circle-stroke-color": "#9fc3e4", "circle-stroke-width": 2 },
  });
  drawn.addLayer({
    id: "areas", type: "fill", source: "areas",
    paint: { "fill-color": kindColour, "fill-opacity": 0.06 },
  });
  drawn.addLayer({
    id: "area-lines", type: "line", source: "areas",
    paint: { "line-color": kindColour, "line-width": 1.5 },
  });
  drawn.addLayer({
    id: "trails", type: "line", source: "trails",
    paint: { "line-color": kindColour, "line-width": 1.5, "line-opacity": 0.7 },
  });
  drawn.addLayer({
    id: "tracks", type: "circle", source: "tracks",
    paint: {
      "circle-radius": ["case", ["==", ["get", "kind"], "aircraft"], 3.5, 5.5],
      "circle-color": ["case", ["get", "confirmed"], kindColour, "rgba(0,0,0,0)"],
      "circle-stroke-color": ["case", ["get", "confirmed"], "#0b1620", "#c8d2dc"],
      "circle-stroke-width": 1.5,
    },
  });
  drawn.addLayer({
    id: "track-labels", type: "symbol", source: "tracks", minzoom: 7.5,
    layout: {
      "text-field": ["get", "label"], "text-size": 11, "text-offset": [0, 1.1], "text-anchor": "top",
      "text-optional": true,
    },
    paint: { "text-color": "#e9f0f6", "text-halo-color": "#0b1620", "text-halo-width": 1.2 },
  });
  drawn.addLayer({
    id: "marks", type: "circle", source: "marks",
    paint: { "circle-radius": 7, "circle-opacity": 0, "circle-stroke-color": ["get", "colour"], "circle-stroke-width": 2 },
  });
  drawn.addLayer({
    id: "mark-labels", type: "symbol", source: "marks",
    layout: { "text-field": ["get", "text"], "text-size": 10, "text-offset": [0, -1.2], "text-anchor": "bottom" },
    paint: { "text-color": ["get", "colour"], "text-halo-color": "#0b1620", "text-halo-width": 1.2 },
  });
}

function ring(lat: number, lon: number, metres: number): [number, number][] {
  const across = metres / (111320 * Math.cos((lat * Math.PI) / 180));
  return Array.from({ length: 73 }, (_, i) => {
    const turn = (i * Math.PI) / 36;
    return [lon + across * Math.sin(turn), lat + (metres / 111320) * Math.cos(turn)];
  });
}

function hearPicture(picture: Picture): void {
  if (picture.reset) trails.clear();
  apply(tracks, picture.tracks, (t) => t.id, picture.reset);
  apply(areas, picture.areas, (a) => a.track_id, picture.reset);
  for (const id of picture.zones.gone) cleared.set(id, clock.now());
  for (const zone of picture.zones.set) cleared.delete(zone.zone_id);
  apply(told, picture.zones, (z) => z.zone_id, picture.reset);
  for (const track of picture.tracks.set) {
    const trail = trails.get(track.id) ?? [];
    trail.push([track.lon_deg, track.lat_deg]);
    trails.set(track.id, trail.slice(-TRAIL));
  }
  for (const id of trails.keys()) if (!tracks.has(id)) trails.delete(id);
  if (picture.reset) log.length = 0;
  for (const line of picture.log)
    if (!log.some((old) => old.time_s === line.time_s && old.text === line.text)) log.push(line);
  marks = picture.marks;
  void drawMap();
  drawPanel();
}

const log: { time_s: number; text: string }[] = [];

async function drawMap(): Promise<void> {
  const drawn = await map;
  const points: Feature[] = [...tracks.values()].map((t) => ({
    type: "Feature",
    properties: {
      kind: t.kind,
      confirmed: t.confirmed,
      label: t.identity || (t.confirmed ? t.kind.replace("_", " ") : ""),
    },
    geometry: { type: "Point", coordinates: [t.lon_deg, t.lat_deg] },
  }));
  const lines: Feature[] = [...trails].map(([id, trail]) => ({
    type: "Feature",
    properties: { kind: tracks.get(id)?.kind ?? "" },
    geometry: { type: "LineString", coordinates: trail },
  }));
  const shapes: Feature[] = [...areas.values()].map((a) => ({
    type: "Feature",
    properties: { kind: a.kind },
    geometry: { type: "Polygon", coordinates: [a.ring] },
  }));
  const marked: Feature[] = marks.map((m) => ({
    type: "Feature",
    properties: { text: m.text, colour: m.colour },
    geometry: { type: "Point", coordinates: [m.lon_deg, m.lat_deg] },
  }));
  source(drawn, "marks").setData({ type: "FeatureCollection", features: marked });
  source(drawn, "tracks").setData({ type: "FeatureCollection", features: points });
  source(drawn, "trails").setData({ type: "FeatureCollection", features: lines });
  source(drawn, "areas").setData({ type: "FeatureCollection", features: shapes });
}

function drawPanel(): void {
  const now = clock.now();
  const states = new Map<string, string>();
  for (const [zone, since] of cleared) {
    if (now - since > GREEN_S) cleared.delete(zone);
    else states.set(zone, "all_clear");
  }
  for (const [zone, why] of told) states.set(zone, why.state);
  painter?.paint(states);
  const cover = [...told.values()].filter((z) => z.state === "take_cover");
  const sure = [...tracks.values()].filter((t) => t.confirmed);
  byId("n-tracks").textContent = String(sure.length);
  byId("n-threats").textContent = String(sure.filter((t) => t.threat_probability > 0.5).length);
  byId("n-cover").textContent = String(cover.length);
  byId("n-people").textContent = Math.round(
    [...told.values()].filter((z) => z.state !== "prepare").reduce((sum, z) => sum + z.people, 0),
  ).toLocaleString("en");
  const order = ["take_cover", "stay", "prepare"];
  const rows = [...told.values()].sort(
    (a, b) =>
      order.indexOf(a.state) - order.indexOf(b.state) ||
      (a.onset_p05_s ?? Infinity) - (b.onset_p05_s ?? Infinity) ||
      b.people - a.people,
  );
  byId("zones").replaceChildren(
    ...rows.slice(0, LISTED).map((why) => {
      const row = make("li", "", { "data-zone-id": why.zone_id, "data-zone-state": why.state });
      const left = why.state === "take_cover" ? spoken(secondsLeft(why.onset_p05_s, now)) : "";
      row.append(
        make("b", zones.get(why.zone_id)?.name ?? why.zone_id),
        make("span", stateWords(why.state), { class: `pill ${why.state}` }),
        make("em", left),
      );
      return row;
    }),
  );
  byId("log").replaceChildren(
    ...log.slice(-30).reverse().map((line) => {
      const row = make("li");
      row.append(make("time", clockText(line.time_s).slice(0, 8)), make("span", line.text));
      return row;
    }),
  );
  drawWhy();
}

function drawWhy(): void {
  const panel = byId("why");
  const info = zones.get(chosen);
  panel.hidden = !info;
  if (!info) return;
  const why = told.get(chosen);
  const lines = why
    ? [
        `${stateWords(why.state)}: p ${why.probability.toPrecision(2)}, threshold ${why.threshold.toPrecision(2)}`,
        why.onset_p05_s === null
          ? "no threat ahead"
          : `5 % quantile in ${spoken(secondsLeft(why.onset_p05_s, clock.now()))}, median in ${spoken(secondsLeft(why.onset_p50_s, clock.now()))}`,
        `${why.threats.length} threats, seen by ${why.sources.join(" and ") || "nobody now"} (${why.reason})`,
      ]
    : ["no alert: below the threshold, or no threat in reach"];
  panel.replaceChildren(
    make("h3", info.name),
    make("p", `${info.population.toLocaleString("en")} people, ${info.shelter_s} s to shelter`),
    ...lines.map((line) => make("p", line)),
  );
}

function hear(status: OperatorsStatus): void {
  hearStatus(status, clock);
  const refused = status.refused.map((r) =>
    make("li", `refused ${r.count} of ${r.source}: ${r.reason}`, { class: "fault" }),
  );
  const faults = status.faults.map((fault) => make("li", fault, { class: "fault" }));
  byId("sensors").replaceChildren(
    ...status.sensors.map((s) => {
      const age = s.last_s === null ? Infinity : clock.now() - s.last_s;
      const row = make("li", "", { class: age < 15 ? "good" : "blind" });
      row.append(make("b", s.sensor_id), make("span", `${s.scans} scans, ${s.plots} plots`));
      return row;
    }),
    ...status.channels.map((c) => {
      const row = make("li", "", { class: c.last_error ? "blind" : "good" });
      const waiting = c.waiting ? `, ${c.waiting} waiting` : "";
      row.append(make("b", c.channel), make("span", `${c.delivered} delivered${waiting}`));
      if (c.last_error) row.append(make("em", c.last_error));
      return row;
    }),
    ...refused,
    ...faults,
  );
  void drawSensors(status);
}

let sensorsDrawn = "";

async function drawSensors(status: OperatorsStatus): Promise<void> {
  const drawn = await map;
  if (status.zones_version && status.zones_version !== zonesVersion) {
    zonesVersion = status.zones_version;
    zones = await loadZones(drawn);
    painter = new ZonePainter(drawn);
    drawPanel();
  }
  const placed = status.sensors.filter((s) => s.lat_deg !== null && s.lon_deg !== null);
  const key = placed.map((s) => s.sensor_id).join();
  if (key === sensorsDrawn) return;
  sensorsDrawn = key;
  source(drawn, "sensors").setData({
    type: "FeatureCollection",
    features: placed.flatMap((s): Feature[] => {
      const [lat, lon] = [s.lat_deg!, s.lon_deg!];
      const point: Feature = {
        type: "Feature", properties: { name: s.sensor_id }, geometry: { type: "Point", coordinates: [lon, lat] },
      };
      if (s.range_max_m === null) return [point];
      const circle = ring(lat, lon, s.range_max_m);
      return [point, { type: "Feature", properties: {}, geometry: { type: "Polygon", coordinates: [circle] } }];
    }),
  });
}

function connect(): void {
  const stream = new EventSource("/api/operators/v1/stream");
  stream.addEventListener("status", (e) => hear(JSON.parse(e.data) as OperatorsStatus));
  stream.addEventListener("picture", (e) => hearPicture(JSON.parse(e.data) as Picture));
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}

// on the list, not its rows: those are drawn anew while a finger is still down
byId("zones").addEventListener("click", (e) => {
  const row = (e.target as HTMLElement).closest<HTMLElement>("li");
  chosen = row?.dataset["zoneId"] ?? chosen;
  drawWhy();
});
setInterval(() => {
  watchSilence(clock, opened);
  if (clock.known) byId("clock").textContent = clockText(clock.now());
  drawPanel();
}, 1000);
document.documentElement.style.setProperty("--cover", COLOURS.take_cover);
connect();
