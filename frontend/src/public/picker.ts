// Choosing a place: by name, or by the device's position, which is looked up here.

import { byId, make } from "../page";
import { filled, wordsOf } from "../words";
import { say } from "./card";
import { around, middle, nameIn, search, zonesOf, type Zone } from "./places";
import type { Place } from "./store";

const BORDER_M = 50; // outlines and positions are off by as much
const VAGUE_M = 1000; // a position less sure than this may be of another town

export interface Choosing {
  language(): string;
  version(): string;
  chose(zones: Zone[]): void;
}

export class Picker {
  private readonly input = byId<HTMLInputElement>("search");
  private readonly list = byId("found");
  private readonly told = byId("picker-told");
  private found: Zone[] = [];
  private active = -1;

  constructor(private readonly choosing: Choosing) {
    this.input.addEventListener("input", () => void this.search());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("click", (event) => {
      const row = (event.target as HTMLElement).closest("li");
      if (row) this.choose(Number(row.dataset["row"]));
    });
    byId("position").hidden = !("geolocation" in navigator) || !isSecureContext;
    byId("position").addEventListener("click", () => this.locate());
  }

  close(): void {
    this.input.value = "";
    this.show([]);
    say(this.told, "");
  }

  private async search(): Promise<void> {
    const typed = this.input.value;
    const zones = await this.zones();
    if (!zones || typed !== this.input.value) return;
    const language = this.choosing.language();
    this.show(search(zones.values(), typed, language));
    const words = wordsOf(language);
    const count = this.found.length;
    const told = count ? filled(words.matches, { count }) : words.no_match;
    say(this.told, typed.trim() ? told : "");
  }

  private async zones(): Promise<Map<string, Zone> | undefined> {
    try {
      return await zonesOf(this.choosing.version());
    } catch {
      say(this.told, wordsOf(this.choosing.language()).unreachable);
      return undefined;
    }
  }

  private show(found: Zone[]): void {
    this.found = found;
    this.active = -1;
    const language = this.choosing.language();
    this.list.replaceChildren(
      ...found.map((zone, row) => {
        const option = make("li", "", {
          id: `found-${row}`, role: "option", "aria-selected": "false", "data-row": String(row),
        });
        option.append(make("bdi", nameIn(zone, language)));
        return option;
      }),
    );
    this.list.hidden = found.length === 0;
    this.input.setAttribute("aria-expanded", String(found.length > 0));
    this.input.removeAttribute("aria-activedescendant");
  }

  private key(event: KeyboardEvent): void {
    const moves: Record<string, number> = { ArrowDown: 1, ArrowUp: -1 };
    const move = moves[event.key];
    if (move && this.found.length) {
      event.preventDefault();
      this.mark((this.active + move + this.found.length) % this.found.length);
    } else if (event.key === "Enter" && this.found.length) {
      event.preventDefault();
      this.choose(Math.max(0, this.active));
    } else if (event.key === "Escape") this.show([]);
  }

  private mark(row: number): void {
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = row;
    this.list.children[row]?.setAttribute("aria-selected", "true");
    this.input.setAttribute("aria-activedescendant", `found-${row}`);
  }

  private choose(row: number): void {
    const zone = this.found[row];
    if (zone) this.choosing.chose([zone]);
  }

  private locate(): void {
    const words = wordsOf(this.choosing.language());
    navigator.geolocation.getCurrentPosition(
      (position) => void this.place(position.coords),
      () => say(this.told, words.position_failed),
      { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
    );
  }

  /** Near a border nobody knows on which side: both are watched. */
  private async place({ longitude, latitude, accuracy }: GeolocationCoordinates): Promise<void> {
    const zones = await this.zones();
    if (!zones) return;
    const words = wordsOf(this.choosing.language());
    const near = around(zones.values(), longitude, latitude, Math.max(accuracy, BORDER_M));
    if (accuracy > VAGUE_M) say(this.told, words.position_failed);
    else if (near.length) this.choosing.chose(near);
    else say(this.told, words.position_outside);
  }
}

export function placeOf(zone: Zone, version: string): Place {
  const { zone_id, name, names } = zone;
  return { zone_id, name, names, point: middle(zone), version };
}
