// What happened: by kind, newest first; a click leads to where it was.

import { byId } from "../page";
import { Rows, button, el, put } from "./dom";
import type { Known } from "./known";
import { SIGNS } from "./now";
import { clockOf, dayOf } from "./time";
import type { Line } from "./wire";

const KINDS = ["alert", "operator", "sensor", "channel", "service"] as const; // faults with the last
const LABELS = { alert: "alerts", operator: "people", sensor: "sensors", channel: "channels", service: "service" };
const SHOWN = 120;

export class Timeline {
  private readonly rows: Rows<Line>;
  private wanted = new Set<string>(KINDS);
  private lines: Line[] = [];

  constructor(private readonly go: (line: Line) => void) {
    this.rows = new Rows(byId("log"), (line) => `${line.n}/${line.time_s}`, (line) => this.make(line));
    for (const kind of KINDS) {
      const chip = button(LABELS[kind], "chip", () => {
        if (!this.wanted.delete(kind)) this.wanted.add(kind);
        chip.ariaPressed = String(this.wanted.has(kind));
        this.draw();
      });
      chip.ariaPressed = "true";
      byId("log-filter").append(chip);
    }
  }

  show(known: Known): void {
    if (known.lines === this.lines) return;
    this.lines = known.lines;
    this.draw();
  }

  private draw(): void {
    const found = this.lines.filter((line) => this.wanted.has(line.kind === "fault" ? "service" : line.kind)).slice(-SHOWN).reverse();
    this.rows.show(found);
  }

  private make(line: Line): HTMLElement {
    const where = Boolean(line.zone_ids?.length || line.sensor_id);
    const told = el("span", "", line.text);
    const parts = [
      el("time", { title: dayOf(line.time_s) }, clockOf(line.time_s)),
      el("i", { class: line.state ?? "", "aria-hidden": "true" }, SIGNS[line.state ?? ""] ?? ""),
      told,
    ];
    if (!where) return el("li", line.kind, ...parts);
    const row = button("", "", () => this.go(line));
    put(row, ...parts);
    return el("li", line.kind, row);
  }
}
