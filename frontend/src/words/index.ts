// The languages of the public page, and which of them a person reads.

import { ar } from "./ar";
import { en } from "./en";
import type { Words } from "./form";
import { he } from "./he";
import { ru } from "./ru";
import { uk } from "./uk";

export type { Stage, Words } from "./form";

const ALL: Record<string, Words> = { en, uk, he, ar, ru };
export const LANGUAGES = Object.keys(ALL);
const RIGHT_TO_LEFT = new Set(["he", "ar"]);

export function wordsOf(language: string): Words {
  return ALL[language] ?? en;
}

export function direction(language: string): "rtl" | "ltr" {
  return RIGHT_TO_LEFT.has(language) ? "rtl" : "ltr";
}

/** The first of what a person asked for that is offered, else the first that is. */
export function readable(asked: readonly string[], offered: readonly string[]): string {
  const wanted = asked.map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  return wanted.find((language) => offered.includes(language)) ?? offered[0] ?? "en";
}

/** A text with its values put in. */
export function filled(text: string, values: Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ""));
}

/** The word beside a number of seconds. */
export function secondWord(language: string, count: number): string {
  const forms = wordsOf(language).second;
  return forms[new Intl.PluralRules(language).select(count)] ?? forms.other;
}
