// The cards of my places, the gravest first.

import type { Stage } from "../words";
import { Card, type Scene } from "./card";
import { rank, type View } from "./known";
import type { Place } from "./store";

export interface Seen {
  place: Place;
  view: View;
}

export class Cards {
  private cards = new Map<string, Card>();
  private stages = new Map<string, Stage>();

  constructor(private readonly box: HTMLElement) {}

  /** Draw them; which stage rose, if any, and the gravest of all. */
  draw(places: Seen[], scene: Scene): { risen: Stage | undefined; gravest: Stage } {
    const seen = [...places].sort((a, b) => rank(b.view.stage) - rank(a.view.stage));
    let risen: Stage | undefined;
    for (const { place, view } of seen) {
      this.card(place.zone_id).draw(place, view, scene);
      const before = this.stages.get(place.zone_id) ?? "clear";
      const rises = rank(view.stage) > rank(before);
      if (rises) risen ??= view.stage;
      // a gap in the line ends no alert, so it begins none anew either
      if (rises || view.sure) this.stages.set(place.zone_id, view.stage);
    }
    this.arrange(seen.map(({ place }) => place.zone_id));
    return { risen, gravest: seen[0]?.view.stage ?? "unknown" };
  }

  private card(zone_id: string): Card {
    const drawn = this.cards.get(zone_id) ?? new Card();
    this.cards.set(zone_id, drawn);
    return drawn;
  }

  /** In this order; those of places no longer watched go. */
  private arrange(zone_ids: string[]): void {
    for (const [zone_id, drawn] of this.cards)
      if (!zone_ids.includes(zone_id)) {
        drawn.element.remove();
        this.cards.delete(zone_id);
        this.stages.delete(zone_id);
      }
    zone_ids.forEach((zone_id, i) => {
      const { element } = this.cards.get(zone_id)!;
      const there = this.box.querySelectorAll(".card")[i];
      if (there !== element) this.box.insertBefore(element, there ?? null);
    });
  }
}
