// The service's time on this device: phone clocks lie, so ours runs on the monotonic
// clock from what the server last said.

const KEPT = 24; // messages: two minutes of heartbeats

export class ServerClock {
  private starts: number[] = []; // server's time at our zero, as each message has it
  private said = 0;
  private heard = 0;
  private speed = 1;
  private expires = 0;
  private renewed = false;

  constructor(private readonly monotonic: () => number = () => performance.now() / 1000) {}

  hear(time_s: number, speed: number, expires_s: number): void {
    if (speed !== this.speed || this.renewed) this.starts = [];
    this.renewed = false;
    this.said = time_s;
    this.speed = speed;
    this.heard = this.monotonic();
    this.expires = expires_s;
    this.starts = [...this.starts.slice(1 - KEPT), time_s - this.heard * speed];
  }

  /** Another server may answer from here on: its time is another. */
  renew(): void {
    this.renewed = true;
  }

  /** The device slept, and our clock with it: know nothing. */
  forget(): void {
    this.starts = [];
    this.said = 0;
  }

  get known(): boolean {
    return this.said > 0;
  }

  /** The message that was least held up tells the time best: late ones would add seconds. */
  now(): number {
    return Math.max(...this.starts) + this.monotonic() * this.speed;
  }

  /** Server's time of what was last heard. */
  get heard_s(): number {
    return this.said;
  }

  /** Seconds of this device by which what was last heard is old. */
  age(): number {
    return (this.now() - this.said) / this.speed;
  }

  get expires_s(): number {
    return this.expires;
  }

  /** Seconds since the server last spoke, by this device. */
  silence(): number {
    return this.monotonic() - this.heard;
  }

  /** Past its expiry, what was last heard must not be believed. */
  expired(): boolean {
    return this.known && this.now() >= this.expires;
  }
}

/** Seconds left until an onset, never below zero; null when none is stated. */
export function secondsLeft(onset_s: number | null, now_s: number): number | null {
  return onset_s === null ? null : Math.max(0, Math.floor(onset_s - now_s));
}

/** 43 s, 4 min, 2 h: as people say it. */
export function spoken(seconds: number | null): string {
  if (seconds === null) return "";
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

export function clockText(time_s: number): string {
  return new Date(time_s * 1000).toISOString().slice(11, 19) + " UTC";
}
