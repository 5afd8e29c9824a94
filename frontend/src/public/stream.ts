// One stream from the service, kept up: resumed where it broke, opened anew when silent.

import type { News, State, Status } from "../api";

export interface Wish {
  zones: string[];
  language: string;
  others: boolean;
}

export interface Ears {
  opened(): void;
  status(status: Status): void;
  state(state: State): void;
  news(news: News): void;
  lost(): void;
}

const QUIET_S = 11; // two heartbeats missed: the line may be dead without knowing it
const AGAIN_S = 1.5;

export class Stream {
  private source: EventSource | undefined;
  private before: EventSource | undefined; // heard until the new one answers
  private wish: Wish = { zones: [], language: "", others: false };
  private lastId = "";
  private spoke = 0;
  private timer = 0;

  constructor(private readonly ears: Ears) {}

  /** Ask for something else; what was asked before is heard until this is answered. */
  ask(wish: Wish): void {
    if (this.source && JSON.stringify(wish) === JSON.stringify(this.wish)) return;
    this.wish = wish;
    this.anew();
  }

  /** Connect anew if nothing was heard for long, or at once. */
  check(atOnce = false): void {
    if (atOnce || performance.now() / 1000 - this.spoke > QUIET_S) this.open();
  }

  /** Connect and hear the whole state, as if nothing was heard before. */
  anew(): void {
    this.lastId = "";
    this.open();
  }

  private open(): void {
    clearTimeout(this.timer);
    this.before?.close();
    const before = (this.before = this.source);
    const source = new EventSource(this.address());
    this.source = source;
    this.spoke = performance.now() / 1000;
    source.addEventListener("open", () => source === this.source && this.ears.opened());
    this.on<Status>(source, "heartbeat", (status) => {
      before?.close();
      this.ears.status(status);
    });
    this.on<State>(source, "state", (state) => this.ears.state(state));
    this.on<News>(source, "alerts", (news) => this.ears.news(news));
    source.addEventListener("error", () => {
      before?.close();
      if (source !== this.source) return;
      this.ears.lost();
      // the browser tries again by itself, unless it was answered with an error
      if (source.readyState === EventSource.CLOSED) this.later();
    });
  }

  private on<T>(source: EventSource, name: string, hear: (body: T) => void): void {
    source.addEventListener(name, (event: MessageEvent<string>) => {
      if (source !== this.source && name !== "alerts") return;
      this.spoke = performance.now() / 1000;
      if (source === this.source && event.lastEventId) this.lastId = event.lastEventId;
      hear(JSON.parse(event.data) as T);
    });
  }

  private later(): void {
    clearTimeout(this.timer);
    // not all phones at the same moment
    this.timer = window.setTimeout(() => this.open(), (AGAIN_S + Math.random()) * 1000);
  }

  private address(): string {
    const query = new URLSearchParams();
    for (const zone of this.wish.zones.length ? this.wish.zones : [""]) query.append("zone", zone);
    query.set("language", this.wish.language);
    if (this.wish.others) query.set("others", "true");
    if (this.lastId) query.set("after", this.lastId);
    return `/api/public/v1/stream?${query}`;
  }
}
