// Looking back: a stretch played again in the same view, counted, reported, taken away.

import { Refusal, ask } from "../operators";
import { byId } from "../page";
import { el, put, say } from "./dom";
import { Film } from "./film";
import type { Changed } from "./known";
import { WORDS } from "./now";
import { clockOf, dayOf, fromTyped, typedOf } from "./time";
import type { Period } from "./wire";

const AFTER_S = 1; // times are typed in whole seconds
const MOST_S = 6 * 3600; // of a film
const API = "/api/operators/v1/past";

export class Past {
  film: Film | undefined;
  private stop: AbortController | undefined;
  private last_ms = 0;

  constructor(
    private readonly liveNow: () => number,
    mayTake: boolean,
    private readonly changed: (changes: Changed[], jump: boolean) => void,
  ) {
    byId("take").hidden = !mayTake;
    byId("preset").addEventListener("change", () => this.preset());
    for (const id of ["from", "to"]) byId(id).addEventListener("change", () => this.links());
    byId<HTMLFormElement>("stretch").addEventListener("submit", (event) => {
      event.preventDefault();
      this.play();
    });
    byId("count").addEventListener("click", () => void this.count());
    byId("live").addEventListener("click", () => this.leave());
    byId("pause").addEventListener("click", () => this.toggle());
    byId<HTMLInputElement>("slider").addEventListener("input", (event) => this.seek(Number((event.target as HTMLInputElement).value)));
    byId<HTMLSelectElement>("speed").addEventListener("change", (event) => {
      if (this.film) this.film.speed = Number((event.target as HTMLSelectElement).value);
    });
  }

  /** Set the stretch to end now, or to a recording, unless somebody chose one already. */
  open(record_s: [number, number] | null): void {
    if (byId<HTMLInputElement>("from").value) return;
    if (!record_s) return this.preset();
    byId<HTMLSelectElement>("preset").value = "0";
    this.set(record_s[0], Math.min(record_s[1] + AFTER_S, record_s[0] + MOST_S));
  }

  /** Called for every frame. */
  tick(ms: number): void {
    const wall_s = Math.min((ms - this.last_ms) / 1000, 1);
    this.last_ms = ms;
    if (!this.film) return;
    const changes = this.film.run(wall_s);
    if (changes.length) this.changed(changes, false);
    this.showBar(this.film);
  }

  private get span(): [number, number] {
    return [fromTyped(byId<HTMLInputElement>("from").value), fromTyped(byId<HTMLInputElement>("to").value)];
  }

  private preset(): void {
    const minutes = Number(byId<HTMLSelectElement>("preset").value);
    if (!minutes) return;
    this.set(this.liveNow() - 60 * minutes, this.liveNow());
  }

  private set(from_s: number, to_s: number): void {
    byId<HTMLInputElement>("from").value = typedOf(from_s);
    byId<HTMLInputElement>("to").value = typedOf(to_s);
    this.links();
  }

  private get query(): string {
    const [from_s, to_s] = this.span;
    return `?from_s=${from_s}&to_s=${to_s}`;
  }

  private links(): void {
    byId<HTMLAnchorElement>("report").href = `${API}/report.html${this.query}`;
    byId<HTMLAnchorElement>("take").href = `${API}/recording.zip${this.query}`;
  }

  private play(): void {
    this.leave();
    const [from_s, to_s] = this.span;
    const film = new Film(from_s, to_s);
    film.speed = Number(byId<HTMLSelectElement>("speed").value);
    this.film = film;
    this.stop = new AbortController();
    document.body.dataset["replay"] = "";
    byId("player").hidden = false;
    byId("replaying").hidden = false;
    void film.load(`${API}/film${this.query}`, this.stop.signal);
    this.changed([], true);
  }

  private leave(): void {
    this.stop?.abort();
    this.film = undefined;
    delete document.body.dataset["replay"];
    byId("player").hidden = true;
    byId("replaying").hidden = true;
    this.changed([], true);
  }

  private toggle(): void {
    if (!this.film) return;
    const over = this.film.now() >= this.film.to_s;
    this.film.playing = !this.film.playing || over;
    if (over) this.seek(this.film.from_s);
  }

  private seek(time_s: number): void {
    if (this.film) this.changed(this.film.seek(time_s), true);
  }

  private showBar(film: Film): void {
    const slider = byId<HTMLInputElement>("slider");
    Object.assign(slider, { min: film.from_s, max: film.to_s });
    if (document.activeElement !== slider || film.playing) slider.value = String(film.now());
    const part = (time_s: number): string => `${(100 * (time_s - film.from_s)) / (film.to_s - film.from_s)}%`;
    slider.style.setProperty("--ready", part(film.ready_s));
    byId("pause").ariaPressed = String(!film.playing);
    say(byId("pause"), film.playing ? "❚❚" : "▶");
    byId("pause").ariaLabel = film.playing ? "Pause" : "Play";
    const waits = !film.pictures.length ? "making the film…" : film.now() >= film.ready_s && !film.ended ? "waiting…" : "";
    say(byId("film-time"), film.failure || waits || `${dayOf(film.now())} ${clockOf(film.now())}`);
  }

  private async count(): Promise<void> {
    put(byId("counted"), el("p", "quiet", "Counting…"));
    try {
      put(byId("counted"), ...summary(await ask<Period>(`/past/period${this.query}`)));
    } catch (error) {
      put(byId("counted"), el("p", "said", error instanceof Refusal ? error.message : String(error)));
    }
  }
}

function summary(told: Period): HTMLElement[] {
  const whole = (value: number): string => Math.round(value).toLocaleString("en");
  const row = (tag: "td" | "th", ...cells: string[]): HTMLElement => el("tr", "", ...cells.map((cell) => el(tag, "", cell)));
  const seconds = (value: number | null): string => (value === null ? "–" : value.toFixed(1));
  const parts = [
    el("table", "", el("thead", "", row("th", "stage", "zones", "people", "person-minutes")),
      el("tbody", "", ...told.stages.map((one) => row("td", WORDS[one.state] ?? one.state, whole(one.zones), whole(one.people), whole(one.person_minutes))))),
    el("p", "quiet", `${whole(told.steps)} steps, ${whole(told.by_hand)} by hand, ${whole(told.in_error)} taken back as errors; ${whole(told.population)} people in the site.`),
  ];
  if (told.channels.length)
    parts.splice(1, 0, el("table", "", el("thead", "", row("th", "channel", "steps", "half in, s", "95 % in, s")),
      el("tbody", "", ...told.channels.map((one) => row("td", one.channel, whole(one.steps), seconds(one.delay_p50_s), seconds(one.delay_p95_s))))));
  return parts;
}
