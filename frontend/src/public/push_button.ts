// The button for notifications: hidden where the service does not push.

import { byId } from "../page";
import { wordsOf } from "../words";
import { say } from "./card";
import { pushKey, subscribe, subscribed, tell, unsubscribe } from "../push";

export interface Wanted {
  zone_ids: string[];
  language: string;
}

export class PushButton {
  private readonly button = byId("push");
  private key: string | undefined;
  private on = false;

  constructor(private readonly wanted: () => Wanted) {
    this.button.addEventListener("click", () => void this.toggle());
    void this.offer();
  }

  draw(): void {
    const words = wordsOf(this.wanted().language);
    this.button.hidden = !this.key;
    say(this.button, `${words.push}: ${this.on ? words.on : words.off}`);
    this.button.setAttribute("aria-pressed", String(this.on));
  }

  /** The places or the language changed. */
  async tell(): Promise<void> {
    if (!this.key || !this.on) return;
    const { zone_ids, language } = this.wanted();
    await tell(zone_ids, language).catch(() => false);
  }

  private async offer(): Promise<void> {
    this.key = await pushKey();
    if (!this.key) return;
    this.draw();
    this.on = await subscribed();
    this.draw();
    await this.tell(); // what changed while nobody answered
  }

  private async toggle(): Promise<void> {
    const { zone_ids, language } = this.wanted();
    if (this.on) {
      await unsubscribe().catch(() => undefined);
      this.on = false;
    } else {
      this.on = await subscribe(this.key!, zone_ids, language).catch(() => false);
      if (!this.on) say(byId("update"), wordsOf(language).push_denied);
    }
    this.draw();
  }
}
