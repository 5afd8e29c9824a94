// What the public page says in each language. Alerts bring their own texts; these are
// the words around them. {name} stands for a value.

export type Stage = "unknown" | "clear" | "prepare" | "take_cover" | "stay" | "all_clear";

export interface Words {
  own_name: string; // of the language, as its speakers write it
  stage: Record<Stage, string>;
  second: Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };
  now: string;
  any_moment: string;
  expected_from: string; // {clock}
  since: string; // {clock}
  clear_advice: string;
  unknown_advice: string;
  connecting: string;
  unreachable: string;
  last_known: string; // {clock}
  partly: string;
  unwatched: string;
  starting: string;
  exercise: string;
  freshness: string; // {clock} {age} {until}
  my_place: string;
  choose: string;
  choose_hint: string;
  search: string;
  search_hint: string;
  matches: string; // {count}
  no_match: string;
  use_position: string;
  position_stays: string;
  position_failed: string;
  position_outside: string;
  remove: string; // {place}
  done: string;
  place_gone: string; // {place}
  sound: string;
  sound_tap: string;
  on: string;
  off: string;
  push: string;
  push_denied: string;
  show_map: string;
  map: string;
  map_pick: string; // {place}
  others: string;
  none: string;
  more: string; // {count}
  language: string;
  corrected: string; // {left}
}
