// The operators' console: what is known, live or played again, shown in one view.

import { ServerClock } from "./clock";
import { Chart, type Tapped } from "./console/chart";
import { Details, type Chosen } from "./console/details";
import { count, say } from "./console/dom";
import { showSession, showStatus, showTime, themes } from "./console/head";
import { Health } from "./console/health";
import { Known, type Changed } from "./console/known";
import { LayerChoice } from "./console/layers";
import { Now } from "./console/now";
import { Past } from "./console/past";
import { Send } from "./console/send";
import { listen, signedOut } from "./console/stream";
import { openTab, tabs } from "./console/tabs";
import { Timeline } from "./console/timeline";
import type { Echo, Line, Mark, OperatorsStatus, Picture } from "./console/wire";
import { session, type Session } from "./operators";
import { byId } from "./page";
import "./style.css";
import "./console/console.css";

const PANEL_MS = 250;

class Console {
  private readonly clock = new ServerClock();
  private readonly live = new Known();
  private readonly layers = new LayerChoice(() => this.drawSky(false));
  private readonly now: Now;
  private readonly details: Details;
  private readonly timeline = new Timeline((line) => this.go(line));
  private readonly health: Health;
  private readonly past: Past;
  private readonly send: Send;
  private status: OperatorsStatus | undefined;
  private marks: Mark[] = [];

  constructor(
    private readonly chart: Chart,
    who: Session,
  ) {
    const may = (right: string): boolean => who.rights.includes(right);
    this.now = new Now((id) => chart.zones.get(id)?.name ?? id, (zone) => this.choose({ zone }));
    this.details = new Details(() => chart.zones, {
      choose: (chosen) => this.choose(chosen),
      fly: (chosen) => this.fly(chosen),
      act: (action, zone) => this.send.begin(action, zone),
      mayAct: () => may("act") && !this.past.film,
    });
    this.health = new Health(may("act"), (lon, lat) => chart.flyTo(lon, lat), (zones) => chart.flyToZones(zones));
    this.past = new Past(() => this.clock.now(), may("act"), (changes, jump) => this.changed(changes, jump));
    this.send = new Send(chart, who, () => this.clock.now(), () => openTab("send"));
    chart.onTap((tapped) => this.tapped(tapped));
    byId("waiting").addEventListener("click", () => openTab("send"));
    tabs((tab) => tab === "past" && this.past.open(this.status?.record_s ?? null));
    themes((light) => chart.theme(light));
    showSession(who);
  }

  start(): void {
    listen({
      status: (status) => void this.hearStatus(status),
      picture: (picture) => this.hearPicture(picture),
      draft: (draft: Echo) => this.send.hear(draft),
    });
    setInterval(() => this.drawPanel(), PANEL_MS);
    const frame = (ms: number): void => {
      this.past.tick(ms);
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  /** What is shown: now, or the past. */
  seconds(): number {
    return this.past.film?.now() ?? this.clock.now();
  }

  private get known(): Known {
    return this.past.film?.known ?? this.live;
  }

  private async hearStatus(status: OperatorsStatus): Promise<void> {
    const first = !this.status;
    this.status = status;
    showStatus(status, this.clock);
    this.health.show(status);
    if (await this.chart.watch(status)) this.changed([], true);
    if (first && status.record_s) openTab("past"); // there is nothing else to see
  }

  private hearPicture(picture: Picture): void {
    const change = this.live.hear(picture);
    byId("map").dataset["pictures"] = String(this.live.pictures);
    this.marks = picture.marks ?? [];
    if (!this.past.film) this.changed([change], change.reset);
  }

  /** Something is other than it was shown; `jump`: all of it. */
  private changed(changes: Changed[], jump: boolean): void {
    if (jump) {
      const set = [...this.known.areas.values()];
      this.chart.areas.hear({ reset: true, areas: { set, gone: [] } });
    } else for (const change of changes) this.chart.areas.hear(change);
    this.drawSky(jump);
    this.chart.paint(this.known.states(this.seconds()));
    this.chart.mark(this.past.film ? [] : this.marks);
  }

  private drawSky(jump: boolean): void {
    const tracks = [...this.known.tracks.values()].filter((track) => this.layers.shows(track));
    this.chart.sky?.show(this.known, tracks, this.layers.trails, jump);
  }

  private drawPanel(): void {
    const now_s = this.seconds();
    showTime(this.clock);
    this.chart.paint(this.known.states(now_s));
    this.now.show(this.known, now_s);
    this.details.show(this.known, now_s);
    this.timeline.show(this.known);
    this.send.tick();
    this.warnElsewhere();
  }

  /** Who looks at the past must not miss what happens meanwhile. */
  private warnElsewhere(): void {
    const covered = [...this.live.told.values()].filter((alert) => alert.state === "take_cover").length;
    byId("elsewhere").hidden = !this.past.film || !covered;
    say(byId("elsewhere"), `NOW, not in the replay: take cover in ${count(covered, "zone")}`);
  }

  private tapped({ track, zone, at }: Tapped): void {
    if (this.send.picker.tap(zone, at)) return;
    this.choose(track ? { track } : zone ? { zone } : undefined);
  }

  private choose(chosen: Chosen | undefined): void {
    const [zone, track] = [chosen && "zone" in chosen ? chosen.zone : "", chosen && "track" in chosen ? chosen.track : ""];
    this.chart.choose(zone);
    this.chart.areas.choose(track);
    this.chart.sky?.choose(track);
    this.details.choose(chosen);
    if (chosen) openTab("now");
    this.details.show(this.known, this.seconds());
    if (chosen) byId("details").scrollIntoView({ block: "nearest" });
  }

  private fly(chosen: Chosen): void {
    if ("zone" in chosen) return this.chart.flyToZones([chosen.zone]);
    const place = this.known.tracks.get(chosen.track)?.place;
    if (place) this.chart.flyTo(place[1], place[0]);
  }

  private go(line: Line): void {
    if (line.zone_ids?.length) this.chart.flyToZones(line.zone_ids);
    const sensor = this.status?.sensors.find((one) => one.sensor_id === line.sensor_id);
    if (sensor?.lat_deg != null && sensor.lon_deg !== null) this.chart.flyTo(sensor.lon_deg, sensor.lat_deg);
  }
}

async function start(): Promise<void> {
  try {
    const who = await session();
    let seconds = (): number => 0;
    const chart = await Chart.make("map", () => seconds());
    const page = new Console(chart, who);
    seconds = () => page.seconds();
    page.start();
  } catch (error) {
    if (!signedOut(error)) throw error;
  }
}

void start();
