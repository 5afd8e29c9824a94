// The self-drill: every channel tested at once, and what came of each.

import { Refusal, ask } from "../operators";
import { byId } from "../page";
import { pushKey, subscribeHere } from "../push";
import { say } from "./dom";
import { clockOf, dayOf } from "./time";
import type { Drilled, OperatorsStatus } from "./wire";

export class Drill {
  private found = new Map<string, Drilled>();

  constructor(private readonly may: boolean) {
    byId("drill-now").addEventListener("click", () => void this.run());
    byId("drill-push").addEventListener("click", () => void this.push());
    if (may) void pushKey().then((key) => (byId("drill-push").hidden = !key));
  }

  show(status: OperatorsStatus): void {
    this.found = new Map(status.drills.map((one) => [one.channel, one]));
    byId("drill").hidden = !status.channels.length;
    byId("drill-now").hidden = !this.may;
    byId<HTMLButtonElement>("drill-now").disabled = status.drilling;
    say(byId("drill-now"), status.drilling ? "Drilling…" : "Drill now");
    say(byId("drill-words"), words(status));
  }

  /** Of one channel, "" = it was never drilled. */
  of(channel: string): string {
    const one = this.found.get(channel);
    if (!one) return "";
    const how = one.state === "failed" ? "failed" : one.state === "none" ? "not tested" : `${one.delay_s.toFixed(2)} s`;
    return `Drill at ${clockOf(one.time_s).slice(0, 5)}: ${how}, ${one.said}`;
  }

  failed(channel: string): boolean {
    return this.found.get(channel)?.state === "failed";
  }

  private async run(): Promise<void> {
    say(byId("drill-said"), "");
    await ask("/drills", {}).catch((error: unknown) => refused(error));
  }

  private async push(): Promise<void> {
    const key = await pushKey();
    await navigator.serviceWorker.register("/worker.js"); // which shows what is pushed
    const own = key && (await subscribeHere(key).catch(() => null));
    if (!own) return say(byId("drill-said"), "This device lets no page push to it.");
    const done = await ask("/drills/push", own.toJSON()).then(() => true, (error: unknown) => refused(error));
    if (done) say(byId("drill-push"), "Drills are pushed to this device");
  }
}

function refused(error: unknown): false {
  if (!(error instanceof Refusal)) throw error;
  say(byId("drill-said"), error.message);
  return false;
}

function words({ drills, drill_next_s: next_s }: OperatorsStatus): string {
  const last_s = Math.max(...drills.map((one) => one.time_s));
  const last = drills.length ? `Last drilled ${dayOf(last_s)}, ${clockOf(last_s).slice(0, 5)}` : "Never drilled since the start";
  const next = next_s === null ? "only by hand" : `next at ${clockOf(next_s).slice(0, 5)}`;
  return `${last}; ${next}. A drill is marked TEST and reaches no public.`;
}
