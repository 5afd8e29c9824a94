// Sending by hand: from zones and a stage to a draft; drafts that wait; what was sent.

import { Refusal, ask } from "../operators";
import { byId } from "../page";
import type { Chart } from "./chart";
import { button, count, el, name, put, say } from "./dom";
import { EchoCard, correction, type Person } from "./echo";
import { Picker } from "./pick";
import type { DraftLine, Echo } from "./wire";

const KEPT = 6; // drafts shown of a kind
const FOUND = 8;

export class Send {
  readonly picker: Picker;
  private readonly cards = new Map<string, EchoCard>();
  private readonly drafts = new Map<string, Echo>();

  constructor(
    private readonly chart: Chart,
    private readonly person: Person,
    private readonly now: () => number,
    private readonly open: () => void,
  ) {
    this.picker = new Picker(chart, () => this.showPicked());
    const may = person.rights.includes("act");
    byId("order").hidden = !may;
    byId("may-not").hidden = may;
    byId("tap").addEventListener("click", () => this.picker.enter(this.picker.mode === "tap" ? "" : "tap"));
    byId("draw").addEventListener("click", () => this.picker.enter(this.picker.mode === "draw" ? "" : "draw"));
    byId("none").addEventListener("click", () => this.picker.take([]));
    byId("find").addEventListener("input", () => this.find());
    byId<HTMLFormElement>("order").addEventListener("submit", (event) => {
      event.preventDefault();
      void this.draft();
    });
    addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.picker.mode) this.picker.enter("");
    });
    void this.load();
  }

  /** A draft that somebody made, signed, sent or withdrew. */
  hear(draft: Echo): void {
    this.drafts.delete(draft.draft_id);
    this.drafts.set(draft.draft_id, draft);
    const card = this.cards.get(draft.draft_id);
    if (card) card.show(draft);
    else this.cards.set(draft.draft_id, new EchoCard(draft, this.person, this.now, (ids) => this.chart.flyToZones(ids)));
    this.list();
  }

  tick(): void {
    for (const card of this.cards.values()) card.tick();
    const waiting = [...this.drafts.values()].filter((draft) => draft.state === "waiting" && draft.expires_s > this.now());
    say(byId("n-waiting"), waiting.length ? String(waiting.length) : "");
    const [first] = waiting;
    byId("waiting").hidden = !first;
    if (first) say(byId("waiting-words"), `${first.confirm} waits for a second person`);
  }

  /** Begin an order for one zone, from wherever it is looked at. */
  begin(action: string, zone_id: string): void {
    this.open();
    if (action === "correct") return this.offerCorrection(zone_id);
    this.picker.take([zone_id]);
    const radio = document.querySelector<HTMLInputElement>(`#order input[value="${action}"]`);
    if (radio) radio.checked = true;
    byId("make-draft").focus();
  }

  private async load(): Promise<void> {
    const lines = await ask<DraftLine[]>("/drafts");
    for (const line of lines.slice(0, KEPT).reverse()) this.hear(await ask<Echo>(`/drafts/${line.draft_id}`));
  }

  private list(): void {
    const newest = [...this.drafts.values()].reverse();
    const show = (id: string, found: Echo[]): void =>
      put(byId(id), ...found.slice(0, KEPT).map((draft) => this.cards.get(draft.draft_id)!.element));
    const mine = (draft: Echo): boolean => draft.state === "drafted" && draft.made_by === this.person.account_id;
    const sent = newest.filter((draft) => draft.state === "sent");
    show("open", [...newest.filter((draft) => draft.state === "waiting"), ...newest.filter(mine)]);
    show("sent", sent);
    byId("sent-head").hidden = !sent.length;
    this.tick();
  }

  private showPicked(): void {
    const { zone_ids, area, mode } = this.picker;
    byId("tap").ariaPressed = String(mode === "tap");
    byId("draw").ariaPressed = String(mode === "draw");
    const people = [...zone_ids].reduce((sum, id) => sum + (this.chart.zones.get(id)?.population ?? 0), 0);
    const told = mode === "draw" ? "Tap corners on the map; double-tap, or Draw again, to close."
      : area ? "The area drawn: every zone that it touches."
      : mode === "tap" && !zone_ids.size ? "Tap zones on the map."
      : zone_ids.size ? `${count(zone_ids.size, "zone")}, ${people.toLocaleString("en")} people` : "No zone chosen.";
    say(byId("picked-words"), told);
    byId<HTMLButtonElement>("make-draft").disabled = !zone_ids.size && !area;
  }

  private find(): void {
    const wanted = byId<HTMLInputElement>("find").value.trim().toLocaleLowerCase();
    const found = wanted.length < 2 ? [] : [...this.chart.zones.values()]
      .filter((zone) => [zone.name, ...Object.values(zone.names)].some((one) => one.toLocaleLowerCase().includes(wanted)))
      .slice(0, FOUND);
    put(byId("found"), ...found.map((zone) => {
      const row = button("", "chip", () => {
        this.picker.toggle(zone.zone_id);
        this.chart.flyToZones([zone.zone_id]);
      });
      put(row, name(zone.name));
      return el("li", "", row);
    }));
  }

  private async draft(): Promise<void> {
    const form = new FormData(byId<HTMLFormElement>("order"));
    const { zone_ids, area } = this.picker;
    const where = area ? { area } : { zone_ids: [...zone_ids] };
    try {
      const draft = await ask<Echo>("/drafts", { action: form.get("action"), threat: form.get("threat"), ...where });
      this.picker.take(draft.zones.map((zone) => zone.zone_id));
      this.hear(draft);
      this.cards.get(draft.draft_id)?.element.scrollIntoView({ block: "start" });
      put(byId("order-said"));
    } catch (error) {
      put(byId("order-said"), error instanceof Refusal ? error.message : `No draft: ${String(error)}`);
    }
  }

  private offerCorrection(zone_id: string): void {
    const world = document.body.dataset["world"] ?? "live";
    const confirm = correction(world, 1);
    const told = el("p", { class: "said", role: "status" });
    const zone = this.chart.zones.get(zone_id)?.name ?? zone_id;
    const card = el("article", "echo",
      el("h3", "word correct", "Sent in error"),
      el("p", "", "Takes back the alert of ", name(zone), ", whatever raised it. What is seen there by now counts no more."),
      button(confirm, "go correct", () => void (async () => {
        try {
          await ask("/corrections", { zone_ids: [zone_id], confirm });
          card.remove();
        } catch (error) {
          put(told, error instanceof Error ? error.message : String(error));
        }
      })()),
      button("Keep it", "", () => card.remove()), told);
    put(byId("correcting"), card);
  }
}
