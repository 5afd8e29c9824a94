// A place and its state, big: shape, word, seconds, what to do. Kept in the page and
// changed in place, so that screen readers and eyes do not lose it.

import { make } from "../page";
import { direction, filled, secondWord, wordsOf } from "../words";
import type { View } from "./known";
import { nameIn } from "./places";
import type { Place } from "./store";

const SVG = "http://www.w3.org/2000/svg";

/** What all cards are drawn with. */
export interface Scene {
  language: string;
  /** Server's time as people of the site read it, to the minute or exactly. */
  clock(time_s: number, exactly?: boolean): string;
  heard_s: number; // when the service last spoke
  asking: boolean; // it was asked, and has not answered yet
  exercise: boolean;
}

export class Card {
  readonly element = make("article", "", { class: "card" });
  private readonly shape = document.createElementNS(SVG, "use");
  private readonly place = make("bdi");
  private readonly stage = make("p", "", { class: "stage" });
  private readonly count = make("b", "", { class: "count" });
  private readonly unit = make("span", "", { class: "unit" });
  private readonly left = make("p", "", { class: "left", "aria-hidden": "true" });
  private readonly advice = make("p", "", { class: "advice" });
  private readonly times = make("p", "", { class: "times" });
  private readonly exercise = make("p", "", { class: "exercise" });

  constructor() {
    const icon = document.createElementNS(SVG, "svg");
    icon.setAttribute("class", "shape");
    icon.setAttribute("aria-hidden", "true");
    icon.append(this.shape);
    const name = make("h2");
    name.append(this.place);
    const words = make("div", "", { class: "words" });
    words.append(name, this.stage);
    this.left.append(this.count, " ", this.unit);
    this.element.append(this.exercise, icon, words, this.left, this.advice, this.times);
  }

  draw(place: Place, view: View, scene: Scene): void {
    const { language } = scene;
    const words = wordsOf(language);
    const { stage, left } = view;
    this.element.dataset["stage"] = stage;
    this.element.dataset["zoneId"] = place.zone_id;
    this.element.dataset["sure"] = String(view.sure);
    const shape = `#shape-${stage}`;
    if (this.shape.getAttribute("href") !== shape) this.shape.setAttribute("href", shape);
    say(this.place, nameIn(place, language));
    say(this.stage, words.stage[stage]);
    this.left.hidden = stage !== "take_cover";
    const counts = left !== null && left > 0;
    say(this.count, counts ? String(left) : words.now);
    say(this.unit, counts ? secondWord(language, left) : "");
    this.exercise.hidden = !scene.exercise;
    say(this.exercise, words.exercise);
    this.drawAdvice(place, view, scene);
    say(this.times, this.timesOf(view, scene).join(" · "));
  }

  private timesOf({ alert, since_s, stage, left, sure }: View, { language, clock, heard_s }: Scene): string[] {
    if (!alert || since_s === null) return [];
    const words = wordsOf(language);
    const times = [filled(words.since, { clock: clock(since_s) })];
    if (stage === "prepare" && alert.onset_s)
      times.push(filled(words.expected_from, { clock: clock(alert.onset_s) }));
    if (stage === "take_cover" && !left) times.push(words.any_moment);
    if (!sure) times.push(filled(words.last_known, { clock: clock(heard_s, true) }));
    return times;
  }

  private drawAdvice(place: Place, { alert, stage }: View, { language, asking }: Scene): void {
    const words = wordsOf(language);
    let [spoken, text] = [language, asking ? words.connecting : words.unknown_advice];
    if (stage === "clear") text = words.clear_advice;
    if (place.gone) text = filled(words.place_gone, { place: nameIn(place, language) });
    if (alert) [spoken, text] = textOf(alert.text, language);
    say(this.advice, text);
    this.advice.lang = spoken;
    this.advice.dir = direction(spoken);
  }
}

/** The text in a language, or else in one there is, and in which. */
export function textOf(text: Record<string, string>, language: string): [string, string] {
  if (text[language]) return [language, text[language]];
  return Object.entries(text)[0] ?? [language, ""];
}

/** Change a text only if it is another: nothing is drawn or read out without need. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}
