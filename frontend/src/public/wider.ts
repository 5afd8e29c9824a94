// The map and the list of other warned places: after the state, and on a bad line only
// when asked for.

import type { ServerClock } from "../clock";
import { byId, make } from "../page";
import { filled, wordsOf } from "../words";
import { say } from "./card";
import { look, type Known } from "./known";
import type { PlaceMap } from "./map";
import { nameIn, zonesOf, type Zone } from "./places";
import type { Place } from "./store";

const LISTED = 40;
const GOOD_S = 3; // a line that brought the state within so long bears the map
const ORDER = ["take_cover", "stay", "prepare"];

export interface Around {
  known: Known;
  clock: ServerClock;
  language(): string;
  places(): Place[];
  pick(zones: Zone[]): void;
  ask(): void;
}

interface Connection {
  saveData?: boolean;
  effectiveType?: string;
}

export class Wider {
  shown = false;
  private zones: Map<string, Zone> | undefined;
  private drawn: PlaceMap | undefined;
  private settled = false;
  private tapped = "";
  private marked = "";
  private listed = "";

  constructor(private readonly around: Around) {
    byId("show-map").addEventListener("click", () => this.show());
    byId("pick").addEventListener("click", () => {
      const zone = this.zones?.get(this.tapped);
      this.tapped = "";
      if (zone) this.around.pick([zone]);
    });
  }

  /** The state stands on the page: a good line goes on to the map. */
  settle(): void {
    if (this.settled) return;
    this.settled = true;
    const line = (navigator as { connection?: Connection }).connection;
    const slow = line?.saveData || (line?.effectiveType ?? "4g") !== "4g";
    if (!slow && performance.now() / 1000 < GOOD_S) setTimeout(() => this.show(), 0);
  }

  draw(): void {
    if (!this.shown || !this.zones) return;
    const states = this.states();
    this.drawn?.paint(states);
    const mine = this.around.places().map((place) => place.zone_id);
    if (this.drawn && this.marked !== mine.join()) {
      this.marked = mine.join();
      this.drawn.mark(mine);
    }
    const zone = this.zones.get(this.tapped);
    byId("pick").hidden = !zone || mine.includes(this.tapped);
    const words = wordsOf(this.around.language());
    if (zone) say(byId("pick"), filled(words.map_pick, { place: nameIn(zone, this.around.language()) }));
    this.list();
  }

  private show(): void {
    if (this.shown) return;
    this.shown = true;
    byId("show-map").hidden = true;
    byId("others").hidden = false;
    this.around.ask();
    this.load().catch(() => {
      this.shown = Boolean(this.zones); // the list stands without a map
      byId("show-map").hidden = this.shown;
      byId("map-box").hidden = true;
      this.around.ask();
    });
  }

  private async load(): Promise<void> {
    this.zones = await zonesOf(this.around.known.zones_version);
    this.draw();
    const { PlaceMap } = await import("./map");
    byId("map-box").hidden = false;
    this.drawn = await PlaceMap.make("map", this.zones, (zone_id) => {
      this.tapped = zone_id;
      this.draw();
    });
    this.draw();
  }

  /** Of every warned zone on record, and of mine as they are shown. */
  private states(): Map<string, string> {
    const { known, clock } = this.around;
    const states = new Map([...known.others.values()].map(([zone_id, state]): [string, string] => [zone_id, state]));
    for (const place of this.around.places()) {
      const { stage } = look(known, clock, place);
      if (stage !== "clear" && stage !== "unknown") states.set(place.zone_id, stage);
    }
    return states;
  }

  private list(): void {
    const language = this.around.language();
    const words = wordsOf(language);
    const rows = [...this.around.known.others.values()].sort(
      ([, a, x], [, b, y]) => ORDER.indexOf(a) - ORDER.indexOf(b) || (x ?? Infinity) - (y ?? Infinity),
    );
    const believed = this.around.known.believed(this.around.clock);
    const listed = JSON.stringify([language, rows, believed]);
    if (listed === this.listed) return;
    this.listed = listed;
    say(byId("count"), rows.length ? String(rows.length) : "");
    byId("list").replaceChildren(
      ...rows.slice(0, LISTED).map(([zone_id, state]) => {
        const zone = this.zones?.get(zone_id);
        const row = make("li", "", { "data-zone-id": zone_id, "data-stage": state });
        row.append(make("bdi", zone ? nameIn(zone, language) : zone_id), make("span", words.stage[state], { class: "pill" }));
        return row;
      }),
    );
    const rest = rows.length - LISTED;
    const none = believed ? words.none : words.stage.unknown;
    say(byId("more"), rest > 0 ? filled(words.more, { count: rest }) : rows.length ? "" : none);
    byId("wider").dataset["sure"] = String(believed);
  }
}
