// The public page: my place, the warned zones, and nothing an attacker could use.

import type { PublicAlert, Status } from "./api";
import { ServerClock, clockText, secondsLeft, spoken } from "./clock";
import { ZonePainter, loadZones, makeMap, type ZoneInfo } from "./map";
import { byId, hearStatus, make, stateWords, watchSilence } from "./page";
import "./style.css";

const RTL = new Set(["he", "ar"]);
const LISTED = 60;
const GREEN_S = 20;

const clock = new ServerClock();
const opened = performance.now() / 1000;
const alerts = new Map<string, PublicAlert>();
const cleared = new Map<string, number>();
let zones = new Map<string, ZoneInfo>();
let zonesVersion = "";
let language = localStorage.getItem("language") ?? "";
let myZone = localStorage.getItem("zone") ?? "";

const map = makeMap("map");
let painter: ZonePainter | undefined;

function name(zone: string): string {
  const info = zones.get(zone);
  return info ? (info.names[language] ?? info.name) : zone;
}

function text(alert: PublicAlert): string {
  return alert.text[language] ?? Object.values(alert.text)[0] ?? "";
}

function take(list: PublicAlert[]): void {
  for (const alert of list) {
    if (alert.state === "all_clear") {
      alerts.delete(alert.zone_id);
      cleared.set(alert.zone_id, clock.now());
    } else {
      alerts.set(alert.zone_id, alert);
      cleared.delete(alert.zone_id);
    }
  }
  draw();
}

function draw(): void {
  const now = clock.now();
  const states = new Map<string, string>();
  for (const [zone, since] of cleared) {
    if (now - since > GREEN_S) cleared.delete(zone);
    else states.set(zone, "all_clear");
  }
  for (const [zone, alert] of alerts) states.set(zone, alert.state);
  painter?.paint(states);
  const order = ["take_cover", "stay", "prepare"];
  const live = [...alerts.values()].sort(
    (a, b) =>
      order.indexOf(a.state) - order.indexOf(b.state) ||
      (a.onset_s ?? Infinity) - (b.onset_s ?? Infinity),
  );
  byId("count").textContent = String(live.length);
  byId("zones").replaceChildren(
    ...live.slice(0, LISTED).map((alert) => {
      const row = make("li", "", {
        "data-zone-id": alert.zone_id,
        "data-zone-state": alert.state,
      });
      const left = alert.state === "take_cover" ? spoken(secondsLeft(alert.onset_s, now)) : "";
      row.append(
        make("b", name(alert.zone_id)),
        make("span", stateWords(alert.state), { class: `pill ${alert.state}` }),
        make("em", left),
      );
      return row;
    }),
  );
  drawMine(now);
}

function drawMine(now: number): void {
  const card = byId("place-state");
  if (!myZone || !zones.has(myZone)) return;
  const alert = alerts.get(myZone);
  const state = alert?.state ?? (cleared.has(myZone) ? "all_clear" : "clear");
  const left = alert?.state === "take_cover" ? secondsLeft(alert.onset_s, now) : null;
  card.dataset["state"] = state;
  card.replaceChildren(
    make("strong", state === "clear" ? "No alert known" : stateWords(state)),
    make("span", left === null ? "" : `${left} s`, { class: "left", "aria-hidden": "true" }),
    make("p", alert ? text(alert) : `${name(myZone)}`),
  );
}

async function refreshZones(status: Status): Promise<void> {
  if (!status.zones_version || status.zones_version === zonesVersion) return;
  zonesVersion = status.zones_version;
  const drawn = await map;
  zones = await loadZones(drawn);
  painter = new ZonePainter(drawn);
  const names = [...zones.values()].map((zone) => make("option", "", { value: zone.name }));
  byId("places").replaceChildren(...names.slice(0, 5000));
  draw();
}

function hear(status: Status): void {
  hearStatus(status, clock);
  const picker = byId<HTMLSelectElement>("language");
  if (picker.options.length !== status.languages.length) {
    picker.replaceChildren(...status.languages.map((l) => make("option", l, { value: l })));
    if (!status.languages.includes(language)) language = status.languages[0] ?? "en";
    picker.value = language;
    picker.hidden = status.languages.length < 2;
  }
  void refreshZones(status);
}

function connect(): void {
  const stream = new EventSource("/api/public/v1/stream");
  stream.addEventListener("heartbeat", (e) => hear(JSON.parse(e.data) as Status));
  stream.addEventListener("alerts", (e) => take((JSON.parse(e.data) as { alerts: PublicAlert[] }).alerts));
  stream.addEventListener("state", (e) => {
    alerts.clear();
    take((JSON.parse(e.data) as { alerts: PublicAlert[] }).alerts);
  });
  stream.addEventListener("error", () => {
    if (stream.readyState === EventSource.CLOSED) setTimeout(connect, 2000);
  });
}

byId<HTMLSelectElement>("language").addEventListener("change", (e) => {
  language = (e.target as HTMLSelectElement).value;
  localStorage.setItem("language", language);
  document.documentElement.lang = language;
  document.documentElement.dir = RTL.has(language) ? "rtl" : "ltr";
  draw();
});

byId<HTMLInputElement>("place").addEventListener("change", (e) => {
  const typed = (e.target as HTMLInputElement).value.trim().toLowerCase();
  for (const zone of zones.values())
    if (zone.name.toLowerCase() === typed) choose(zone.zone_id);
});

function choose(zone: string): void {
  myZone = zone;
  localStorage.setItem("zone", zone);
  byId<HTMLInputElement>("place").value = name(zone);
  draw();
}

void map.then((drawn) =>
  drawn.on("click", "zones", (e) => {
    const zone = e.features?.[0]?.properties["zone_id"] as string | undefined;
    if (zone) choose(zone);
  }),
);
setInterval(() => {
  watchSilence(clock, opened);
  if (clock.known) byId("age").textContent = `as of ${clockText(clock.now() - clock.silence())}`;
  draw();
}, 1000);
connect();
