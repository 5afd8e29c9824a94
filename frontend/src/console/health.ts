// Whether what warns is well: sensors, channels, keys, zones nobody watches, input not used.

import { byId } from "../page";
import { well } from "./chart";
import { Rows, button, count, el, put, say } from "./dom";
import { Drill } from "./drill";
import type { ChannelHealth, KeyEnd, MachineClock, OperatorsStatus, SensorHealth } from "./wire";

const LATE_S = 10; // a channel's delay that somebody should look into

export class Health {
  private readonly sensors: Rows<SensorHealth>;
  private readonly channels: Rows<ChannelHealth>;
  private readonly keys: Rows<KeyEnd>;
  private readonly drill: Drill;

  constructor(
    mayAct: boolean,
    private readonly fly: (lon: number, lat: number) => void,
    private readonly flyToZones: (zone_ids: string[]) => void,
  ) {
    this.sensors = new Rows(byId("sensors"), (one) => one.sensor_id, (one) => this.sensorRow(one), updateSensor);
    this.channels = new Rows(byId("channels"), (one) => one.channel, channelRow, (row, one) => this.updateChannel(row, one));
    this.keys = new Rows(byId("keys"), (one) => one.kind, keyRow, updateKey);
    this.drill = new Drill(mayAct);
  }

  show(status: OperatorsStatus): void {
    this.sensors.show([...status.sensors].sort((a, b) => Number(well(a)) - Number(well(b))));
    this.drill.show(status);
    this.channels.show(status.channels);
    this.keys.show(status.keys);
    byId("keys-held").hidden = !status.keys.length;
    byId("no-channels").hidden = status.channels.length > 0;
    this.cover(status);
    put(byId("refused"), ...status.refused.map((one) => el("li", "", el("b", "", one.source), `${one.count.toLocaleString("en")} times: ${one.reason}`)));
    put(byId("faults"), ...status.faults.map((fault) => el("li", "", fault)));
    say(byId("machine-clock"), clockWords(status.machine_clock));
    byId("trouble").hidden = !status.refused.length && !status.faults.length;
    const troubles = status.sensors.filter((one) => !well(one)).length + status.channels.filter((one) => !this.carries(one)).length
      + status.keys.filter((one) => one.days !== null).length + Number(status.blind.length > 0);
    say(byId("n-trouble"), troubles ? String(troubles) : "");
  }

  private cover({ blind, coarse, reduced }: OperatorsStatus): void {
    const row = (what: string, zones: string[], look: string): HTMLElement | false => {
      if (!zones.length) return false;
      const shown = button(`${what}: ${count(zones.length, "zone")}`, look, () => this.flyToZones(zones));
      return el("li", "", shown);
    };
    const where = reduced.filter(Boolean).join(", ");
    put(byId("cover"),
      row("Nobody watches (cross-hatched)", blind, "bad"),
      row("Fewer watch than should (hatched)", coarse, ""),
      where !== "" && el("li", "quiet", `The public is told “reduced” for ${where}.`),
      !blind.length && !coarse.length && el("li", "quiet", "Every zone that sensors should watch is watched."));
  }

  private updateChannel(row: HTMLElement, channel: ChannelHealth): void {
    const good = this.carries(channel);
    row.className = good ? "" : "bad";
    const late = channel.delivered ? `${channel.delay_s.toFixed(1)} s for 95 of 100` : "nothing sent yet";
    const waits = [
      channel.waiting && `${channel.waiting.toLocaleString("en")} wait`,
      channel.failures && `${channel.failures.toLocaleString("en")} tries failed`,
      channel.dropped && `${channel.dropped.toLocaleString("en")} left in the outbox`,
    ].filter(Boolean).join(", ");
    const [sign, , what, counts, drilled] = row.children as unknown as [Element, Element, Element, Element, HTMLElement];
    say(sign, good ? "●" : "▲");
    say(what, channel.last_error || late);
    say(counts, [`${channel.delivered.toLocaleString("en")} delivered`, waits].filter(Boolean).join(", "));
    drilled.className = this.drill.failed(channel.channel) ? "quiet failed" : "quiet";
    say(drilled, this.drill.of(channel.channel));
  }

  private carries(channel: ChannelHealth): boolean {
    return !channel.last_error && channel.delay_s < LATE_S && !this.drill.failed(channel.channel);
  }

  private sensorRow(sensor: SensorHealth): HTMLElement {
    const { lat_deg: lat, lon_deg: lon } = sensor;
    const row = button("", "", () => lat !== null && lon !== null && this.fly(lon, lat));
    put(row, el("i", { "aria-hidden": "true" }), el("b", "", sensor.sensor_id), el("span", "what"), el("span", "quiet"));
    return el("li", "", row);
  }
}

function updateSensor(row: HTMLElement, sensor: SensorHealth): void {
  const good = well(sensor);
  const errs = good && sensor.error_ratio > 1 ? `errs ${sensor.error_ratio.toFixed(1)} times what it states` : "";
  row.className = errs ? "soon" : good ? "" : "bad";
  const [sign, , what, counts] = row.firstElementChild!.children as unknown as [Element, Element, Element, Element];
  say(sign, good && !errs ? "●" : "▲");
  say(what, sensor.trouble || errs || (sensor.fresh ? "heard" : "silent"));
  say(counts, `${sensor.scans.toLocaleString("en")} scans, ${sensor.plots.toLocaleString("en")} plots`);
}

function channelRow({ channel }: ChannelHealth): HTMLElement {
  return el("li", "", el("i", { "aria-hidden": "true" }), el("b", "", channel), el("span", "what"), el("span", "quiet"), el("span", "quiet"));
}

function keyRow({ kind }: KeyEnd): HTMLElement {
  return el("li", "", el("i", { "aria-hidden": "true" }), el("b", "", kind), el("span", "what"));
}

function updateKey(row: HTMLElement, { days, ends_s }: KeyEnd): void {
  row.className = days === null ? "" : days > 1 ? "soon" : "bad";
  row.dataset["days"] = String(days);
  const [sign, , what] = row.children as unknown as [Element, Element, Element];
  say(sign, days === null ? "●" : "▲");
  const left = days === null ? "" : days ? `, within ${days === 1 ? "a day" : `${days} days`}: forewarn keys rotate` : ": no signature is taken any more";
  say(what, `${days === 0 ? "ended" : "until"} ${new Date(ends_s * 1000).toISOString().slice(0, 10)}${left}`);
}

function clockWords(clock: MachineClock | null): string {
  if (!clock) return "";
  const error = clock.error_s === null ? "how far it may err is not known" : `errs by ${clock.error_s.toPrecision(2)} s at most`;
  return `The machine's clock is ${clock.synchronised ? "" : "not "}kept by others; it ${error}; ${clock.offset_s.toFixed(3)} s off the service's time.`;
}
