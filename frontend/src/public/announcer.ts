// What is read out: each stage once, at once; what changes within it, politely.

import { byId } from "../page";
import { filled, secondWord, wordsOf } from "../words";
import { say, textOf } from "./card";
import type { View } from "./known";
import { nameIn } from "./places";
import type { Place } from "./store";

const APART_S = 5; // between two corrections that are read out

export class Announcer {
  private stages = new Map<string, string>();
  private onsets = new Map<string, number | null>();
  private corrected = -Infinity;

  tell(place: Place, view: View, language: string): void {
    const now = performance.now() / 1000;
    const { stage, alert, left } = view;
    const before = this.stages.get(place.zone_id);
    if (stage !== before && (view.sure || alert)) {
      this.stages.set(place.zone_id, stage);
      // that nothing is known is no news unless something was
      if (stage !== "clear" || before) this.stage(place, view, language);
    } else if (left !== null && this.onsets.get(place.zone_id) !== alert?.onset_s && now - this.corrected > APART_S) {
      this.corrected = now;
      const words = wordsOf(language);
      const text = filled(words.corrected, { left: `${left} ${secondWord(language, left)}` });
      say(byId("update"), `${nameIn(place, language)}: ${text}`);
    } else return;
    this.onsets.set(place.zone_id, alert?.onset_s ?? null);
  }

  private stage(place: Place, { stage, alert, left }: View, language: string): void {
    const words = wordsOf(language);
    const parts = [`${nameIn(place, language)}: ${words.stage[stage]}`];
    if (left !== null) parts.push(left > 0 ? `${left} ${secondWord(language, left)}` : words.now);
    if (alert) parts.push(textOf(alert.text, language)[1]);
    const urgent = stage === "prepare" || stage === "take_cover" || stage === "stay";
    say(byId(urgent ? "alarm" : "update"), parts.join(". "));
  }
}
