// A stretch of the past, played: pictures as the stream had them, at any speed, either way.

import { Known, type Changed } from "./known";
import type { Picture } from "./wire";

export class Film {
  readonly known = new Known();
  readonly pictures: Picture[] = [];
  playing = true;
  speed = 1;
  ended = false; // all of it is here
  failure = "";
  private keys: number[] = [];
  private next = 0;
  private at_s: number;

  constructor(
    public from_s: number,
    public to_s: number,
  ) {
    this.at_s = from_s;
  }

  now(): number {
    return this.at_s;
  }

  /** Up to where it can be played by now. */
  get ready_s(): number {
    return this.ended ? this.to_s : (this.pictures.at(-1)?.time_s ?? this.from_s);
  }

  add(picture: Picture): void {
    if (!this.pictures.length) this.from_s = this.at_s = picture.time_s; // nothing is on record before
    if (picture.reset) this.keys.push(this.pictures.length);
    this.pictures.push(picture);
  }

  /** Read it as it is made, a line a picture. */
  async load(url: string, stop: AbortSignal): Promise<void> {
    try {
      const answer = await fetch(url, { signal: stop });
      if (!answer.ok || !answer.body) throw new Error(((await answer.json()) as { detail: string }).detail);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const lines = (rest + part.value).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.add(JSON.parse(line) as Picture);
      }
    } catch (error) {
      if (!stop.aborted) this.failure = error instanceof Error ? error.message : String(error);
    }
    this.ended = true;
    this.to_s = this.pictures.at(-1)?.time_s ?? this.to_s;
  }

  /** Go on by so many seconds of the wall's clock; what changed meanwhile. */
  run(wall_s: number): Changed[] {
    if (!this.playing) return [];
    this.at_s = Math.min(this.at_s + wall_s * this.speed, this.ready_s);
    if (this.ended && this.at_s >= this.to_s) this.playing = false;
    return this.catchUp();
  }

  /** Jump; the one change is that everything is another. */
  seek(time_s: number): Changed[] {
    this.at_s = Math.min(Math.max(time_s, this.from_s), this.ready_s);
    const key = this.keys.filter((at) => this.pictures[at]!.time_s <= this.at_s).at(-1) ?? this.keys[0];
    if (key === undefined) return [];
    this.next = key;
    this.catchUp();
    if (this.next === key) this.known.hear(this.pictures[this.next++]!); // it begins a moment later
    return [{ reset: true, areas: { set: [...this.known.areas.values()], gone: [] } }];
  }

  private catchUp(): Changed[] {
    const changes: Changed[] = [];
    while (this.next < this.pictures.length && this.pictures[this.next]!.time_s <= this.at_s) {
      changes.push(this.known.hear(this.pictures[this.next]!));
      this.next += 1;
    }
    return changes;
  }
}
