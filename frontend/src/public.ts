// The public page: my place and its state first; the map and the rest when there is room.

import type { Status } from "./api";
import { ServerClock } from "./clock";
import { byId, make } from "./page";
import { Announcer } from "./public/announcer";
import { say, type Scene } from "./public/card";
import { Cards } from "./public/cards";
import { Known, look, silent } from "./public/known";
import { Picker, placeOf } from "./public/picker";
import { nameIn, type Zone } from "./public/places";
import { findAgain } from "./public/again";
import { PushButton } from "./public/push_button";
import { Sound } from "./public/sound";
import { PLACES_MAX, store, type Place } from "./public/store";
import { Stream } from "./public/stream";
import { Wider } from "./public/wider";
import { LANGUAGES, direction, filled, readable, wordsOf, type Stage } from "./words";
import "./public.css";

const TICK_MS = 250;
const OPENING_S = 15;

const clock = new ServerClock();
const known = new Known();
const sound = new Sound();
const announcer = new Announcer();
const cards = new Cards(byId("cards"));
const opened = performance.now() / 1000;
const formats = new Map<string, Intl.DateTimeFormat>(); // costly to make
let places = store.places;
let failed = false; // the first try to reach the service, or one since a sleep
let status: Status | undefined;
let language = "";

const stream = new Stream({
  opened: () => clock.renew(),
  status: hear,
  state: (state) => {
    clock.hear(state.time_s, status?.speed ?? 1, state.expires_s);
    known.takeState(state);
    draw();
    wider.settle();
  },
  news: (news) => {
    clock.hear(news.time_s, status?.speed ?? 1, news.expires_s);
    known.takeNews(news);
    draw();
  },
  lost: () => {
    failed = true;
    draw();
  },
});
const wider = new Wider({ known, clock, language: () => language, places: () => places, pick: choose, ask });
const picker = new Picker({ language: () => language, version: () => known.zones_version, chose: choose });
const push = new PushButton(() => ({ zone_ids: places.map((place) => place.zone_id), language }));

function ask(): void {
  stream.ask({ zones: places.map((place) => place.zone_id), language, others: wider.shown });
}

function hear(heard: Status): void {
  const first = !status;
  status = heard;
  failed = false;
  clock.hear(heard.time_s, heard.speed, heard.expires_s);
  known.service = heard.service;
  known.zones_version = heard.zones_version;
  say(byId("site"), heard.site);
  if (first) offerLanguages(heard.languages);
  void findAgain(places, heard.zones_version).then((found) => found && keep(found));
  draw();
}

/** Server's time as the site's people read it, whatever this device takes for its zone. */
const clockText: Scene["clock"] = (time_s, exactly = false) => {
  const timeZone = status?.time_zone ?? "UTC";
  const key = `${language} ${timeZone} ${exactly}`;
  let format = formats.get(key);
  if (!format) {
    const second = exactly ? { second: "2-digit" as const } : {};
    format = new Intl.DateTimeFormat(`${language}-u-nu-latn`, {
      timeZone, hourCycle: "h23", hour: "2-digit", minute: "2-digit", ...second,
    });
    formats.set(key, format);
  }
  return format.format(time_s * 1000);
};

// places

function choose(zones: Zone[]): void {
  const chosen = zones.map((zone) => placeOf(zone, known.zones_version));
  const others = places.filter((place) => !chosen.some((one) => one.zone_id === place.zone_id));
  keep([...others.filter((place) => !place.gone), ...chosen].slice(-PLACES_MAX));
  picker.close();
  pick(false);
  byId("change").focus();
}

function keep(chosen: Place[]): void {
  places = chosen;
  store.places = chosen;
  ask();
  void push.tell();
  drawKept();
  draw();
}

function pick(open: boolean): void {
  byId("picker").hidden = !open && places.length > 0;
  byId("done").hidden = places.length === 0;
  byId("change").hidden = places.length === 0;
  byId("change").setAttribute("aria-expanded", String(!byId("picker").hidden));
  if (open) byId("search").focus();
}

function drawKept(): void {
  const words = wordsOf(language);
  byId("kept").replaceChildren(
    ...places.map((place) => {
      const name = nameIn(place, language);
      const row = make("li");
      const button = make("button", filled(words.remove, { place: name }), { type: "button" });
      button.addEventListener("click", () => {
        keep(places.filter((one) => one !== place));
        pick(true);
      });
      row.append(make("bdi", name), button);
      return row;
    }),
  );
  pick(!byId("picker").hidden && places.length > 0);
}

// what is shown

function draw(): void {
  const unreachable = lost();
  drawTrouble(unreachable);
  const exercise = status?.simulated ?? false;
  byId("exercise").hidden = !exercise;
  const asking = !clock.known && !unreachable;
  const scene: Scene = { language, clock: clockText, heard_s: clock.heard_s, asking, exercise };
  const seen = places.map((place) => ({ place, view: look(known, clock, place) }));
  for (const { place, view } of seen) announcer.tell(place, view, language);
  const { risen, gravest } = cards.draw(seen, scene);
  if (risen && store.sound) sound.give(risen);
  drawHead(gravest);
  wider.draw();
}

function drawHead(gravest: Stage): void {
  const words = wordsOf(language);
  const site = status?.site ?? "Forewarn";
  document.title = gravest === "unknown" ? site : `${words.stage[gravest]} · ${site}`;
  say(byId("fresh"), clock.known ? filled(words.freshness, freshness()) : "");
  say(byId("hint"), store.sound && !sound.ready ? words.sound_tap : "");
}

function freshness(): Record<string, string | number> {
  const age = Math.max(0, Math.floor(clock.age()));
  return { clock: clockText(clock.heard_s, true), age, until: clockText(clock.expires_s, true) };
}

/** Whether the service must be taken for dead. */
function lost(): boolean {
  if (clock.known) return silent(clock);
  return failed || performance.now() / 1000 - opened > OPENING_S;
}

/** Which parts are not watched, as far as the site names them. */
function reduced(regions: string[]): string {
  const named = regions.filter((region) => region).join(", ");
  return `${wordsOf(language).unwatched}${named && ` (${named})`}`;
}

function drawTrouble(unreachable: boolean): void {
  const words = wordsOf(language);
  let text = "";
  if (unreachable) text = words.unreachable;
  else if (clock.known && known.service === "degraded") text = words.partly;
  else if (clock.known && known.service !== "live") text = words.starting;
  else if (clock.known && status?.reduced.length) text = reduced(status.reduced);
  say(byId("trouble"), text);
}

// language, sound

function offerLanguages(offered: string[]): void {
  const worded = offered.filter((one) => LANGUAGES.includes(one));
  const list = worded.length ? worded : LANGUAGES;
  byId<HTMLSelectElement>("language").replaceChildren(
    ...list.map((one) => make("option", wordsOf(one).own_name, { value: one, lang: one })),
  );
  speak(readable([store.language, ...navigator.languages], list));
}

function speak(chosen: string): void {
  language = chosen;
  const words = wordsOf(language);
  document.documentElement.lang = language;
  document.documentElement.dir = direction(language);
  byId<HTMLSelectElement>("language").value = language;
  for (const element of document.querySelectorAll<HTMLElement>("[data-say]"))
    say(element, words[element.dataset["say"] as "search"]);
  byId<HTMLInputElement>("search").placeholder = words.search_hint;
  byId("map").setAttribute("aria-label", words.map);
  say(byId("exercise"), words.exercise);
  drawSound();
  push.draw();
  drawKept();
  ask();
  draw();
}

function drawSound(): void {
  const words = wordsOf(language);
  say(byId("sound"), `${words.sound}: ${store.sound ? words.on : words.off}`);
  byId("sound").setAttribute("aria-pressed", String(store.sound));
}

byId("language").addEventListener("change", (event) => {
  store.language = (event.target as HTMLSelectElement).value;
  speak(store.language);
  void push.tell();
});
byId("sound").addEventListener("click", () => {
  store.sound = !store.sound;
  if (store.sound) {
    sound.unlock();
    sound.give("prepare");
  }
  drawSound();
  draw();
});
document.addEventListener("pointerdown", () => store.sound && sound.unlock());
document.addEventListener("keydown", () => store.sound && sound.unlock());
byId("change").addEventListener("click", () => pick(byId("picker").hidden));
byId("done").addEventListener("click", () => {
  picker.close();
  pick(false);
});

// time

let wall = Date.now();
let ticked = performance.now();

/** Our clock stands still while a device sleeps; its wall clock does not. */
function slept(): boolean {
  const gap = Date.now() - wall - (performance.now() - ticked);
  [wall, ticked] = [Date.now(), performance.now()];
  return Math.abs(gap) > 3000;
}

function tick(): void {
  if (slept()) {
    clock.forget();
    known.forget();
    stream.anew();
  }
  stream.check();
  draw();
}

offerLanguages(LANGUAGES);
setInterval(tick, TICK_MS);
addEventListener("online", () => stream.check(true));
addEventListener("offline", draw);
document.addEventListener("visibilitychange", () => document.hidden || tick());
if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/worker.js");
