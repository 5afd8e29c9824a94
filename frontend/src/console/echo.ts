// A draft as it would go out: whom it tells what, word for word; and what may be done to it.

import { spoken } from "../clock";
import { Refusal, ask, signDraft } from "../operators";
import { button, el, name, put } from "./dom";
import { WORDS } from "./now";
import { clockOf } from "./time";
import type { Echo } from "./wire";

const NAMED = 12;
const RIGHT_TO_LEFT = new Set(["he", "ar", "fa", "ur"]);

export interface Person {
  account_id: string;
  rights: string[];
}

interface Proof {
  credential?: object;
  password?: string;
}

export class EchoCard {
  readonly element = el("article", "echo");
  private password = el("input", { type: "password", autocomplete: "current-password", "aria-label": "Password" });
  private typed = el("input", { inputmode: "numeric", autocomplete: "off", "aria-label": "Number of people" });
  private said = el("p", { class: "said", role: "status" });
  private sure = false;
  private byPassword = false;

  constructor(
    private draft: Echo,
    private readonly person: Person,
    private readonly now: () => number,
    private readonly fly: (zone_ids: string[]) => void,
  ) {
    this.show(draft);
  }

  show(draft: Echo): void {
    this.draft = draft;
    this.element.dataset["state"] = draft.state;
    this.element.dataset["draftId"] = draft.draft_id;
    const zones = draft.zones.map((zone) => zone.zone_id);
    const share = `${(100 * draft.share).toPrecision(2)} % of the site`;
    put(this.element,
      el("h3", `word ${draft.action}`, draft.confirm),
      el("p", "", el("b", "people", draft.people.toLocaleString("en")), ` people, ${Math.round(draft.area_km2).toLocaleString("en")} km², ${share} `,
        button("Show on map", "link", () => this.fly(zones))),
      el("p", "names", ...draft.zones.slice(0, NAMED).flatMap((zone) => [name(zone.name), " "]),
        draft.zones.length > NAMED && `and ${draft.zones.length - NAMED} more`),
      ...draft.notes.map((note) => el("p", "note", note)),
      ...this.texts(),
      el("div", "doing", ...this.doing()),
      this.said,
    );
  }

  /** What is left of the time to approve it. */
  tick(): void {
    const left = this.element.querySelector(".left");
    if (left) left.textContent = spoken(Math.max(0, Math.floor(this.draft.expires_s - this.now())));
  }

  private texts(): HTMLElement[] {
    const { texts, text_zone_id, zones, state } = this.draft;
    if (!texts.length) return [el("p", "quiet", "People are told nothing new.")];
    const own = zones.find((zone) => zone.zone_id === text_zone_id)?.name ?? "";
    const part = (form: string): HTMLElement[] => texts.filter((text) => text.form === form).map((text) =>
      el("blockquote", { lang: text.language, dir: RIGHT_TO_LEFT.has(text.language) ? "rtl" : "ltr" }, text.text));
    const forms = [...new Set(texts.map((text) => text.form))];
    const [full, ...others] = forms;
    const closed = state === "sent" || state === "withdrawn" || state === "expired";
    const shown = [el("p", "quiet", "As told in ", name(own), ":"), ...part(full!),
      ...others.map((form) => el("details", "", el("summary", "", `${form} form`), ...part(form)))];
    return closed ? [el("details", "", el("summary", "", "Texts"), ...shown)] : shown;
  }

  private doing(): HTMLElement[] {
    const { state, signed, expires_s } = this.draft;
    const may = (right: string): boolean => this.person.rights.includes(right);
    const by = signed.map((one) => one.account_id).join(" and ");
    if (state === "sent") return [el("p", "quiet", `Sent${by && ` by ${by}`}.`), ...(may("act") ? this.takingBack() : [])];
    if (state === "withdrawn" || state === "expired") return [el("p", "quiet", `This draft is ${state}: nothing was sent.`)];
    const withdraw = button(state === "drafted" ? "Discard" : "Withdraw", "", () => void this.post("withdraw", {}));
    if (state === "drafted") return may("act") ? [...this.confirming("send"), withdraw] : [];
    const left = spoken(Math.max(0, Math.floor(expires_s - this.now())));
    const waits = el("p", "note", `${by} signed. Waits for a second person: `, el("span", "left", left), " left.");
    if (!may("approve") || signed[0]?.account_id === this.person.account_id) return [waits, ...(may("act") ? [withdraw] : [])];
    return [waits, ...this.confirming("approve"), withdraw];
  }

  private confirming(what: "send" | "approve"): HTMLElement[] {
    const { confirm, people, needs_two, needs_typing, action } = this.draft;
    const parts: HTMLElement[] = [];
    if (needs_typing)
      parts.push(el("label", "", `So many are told that their number is typed: ${people}`, this.typed));
    if (this.byPassword) parts.push(el("label", "", "Your password", this.password));
    const words = needs_two ? `${what === "send" ? "Sign" : "Approve"}: ${confirm}` : confirm;
    parts.push(button(words, `go ${action}`, () => void this.sign(what)));
    if (needs_two && !this.byPassword)
      parts.push(button("with my password instead", "link", () => {
        this.byPassword = true;
        this.show(this.draft);
        this.password.focus();
      }));
    return parts;
  }

  /** Two clicks by one person, and no more: a mistake must not wait for a second one. */
  private takingBack(): HTMLElement[] {
    if (this.draft.action !== "prepare" && this.draft.action !== "take_cover") return [];
    if (!this.sure)
      return [button("Sent in error…", "", () => {
        this.sure = true;
        this.show(this.draft);
      })];
    const confirm = correction(this.draft.world, this.draft.zones.length);
    return [button(confirm, "go correct", () => void this.attempt(() => ask("/corrections", { draft_id: this.draft.draft_id, confirm })))];
  }

  private async sign(what: "send" | "approve"): Promise<void> {
    const { draft_id, confirm, digest, needs_two } = this.draft;
    await this.attempt(async () => {
      const proof: Proof | undefined = !needs_two ? undefined
        : this.byPassword ? { password: this.password.value } : await signDraft(draft_id);
      const typed = this.typed.value.replaceAll(/\D/g, "");
      return ask(`/drafts/${draft_id}/${what}`, { confirm, digest, typed, ...(proof ? { proof } : {}) });
    });
  }

  private async post(what: string, body: object): Promise<void> {
    await this.attempt(() => ask(`/drafts/${this.draft.draft_id}/${what}`, body));
  }

  private async attempt(doing: () => Promise<unknown>): Promise<void> {
    put(this.said, "…");
    this.element.classList.add("busy"); // a second click does nothing
    try {
      const answer = await doing();
      put(this.said);
      if (answer && (answer as Echo).draft_id === this.draft.draft_id) this.show(answer as Echo);
      else if (answer) put(this.said, `Taken back at ${clockOf(this.now())}: people are told it was sent in error.`);
    } catch (error) {
      put(this.said, error instanceof Refusal ? error.message : `Not sent: ${String(error)}`);
    } finally {
      this.element.classList.remove("busy");
    }
  }
}

/** The words that a correction is confirmed with. */
export function correction(world: string, zones: number): string {
  return `${world.toUpperCase()}: sent in error in ${zones} zones`;
}

export function actionWords(action: string): string {
  return WORDS[action] ?? action.replaceAll("_", " ");
}
