// Sound and vibration, once a person asked for them: browsers want a gesture first.

import type { Stage } from "../words";

const TONES: Partial<Record<Stage, { hertz: number[]; each_s: number; times: number }>> = {
  prepare: { hertz: [660, 880], each_s: 0.25, times: 1 },
  take_cover: { hertz: [740, 990], each_s: 0.4, times: 6 },
};
const SHAKES: Partial<Record<Stage, number[]>> = {
  prepare: [200, 100, 200],
  take_cover: [600, 200, 600, 200, 600, 200, 1200],
};
const LOUD = 0.35;

export class Sound {
  private audio: AudioContext | undefined;
  played = 0; // how often an alarm was given

  /** To be called from a gesture. */
  unlock(): void {
    this.audio ??= new AudioContext();
    void this.audio.resume();
  }

  /** Whether the browser lets us be heard by now. */
  get ready(): boolean {
    return this.audio?.state === "running";
  }

  /** The sound of a stage, and its vibration where there is any. */
  give(stage: Stage): void {
    const shake = SHAKES[stage];
    if (shake) navigator.vibrate?.(shake);
    const tone = TONES[stage];
    if (!tone || !this.audio) return;
    this.played++;
    let at = this.audio.currentTime;
    for (let i = 0; i < tone.times; i++)
      for (const hertz of tone.hertz) {
        this.beep(hertz, at, tone.each_s);
        at += tone.each_s;
      }
  }

  private beep(hertz: number, at: number, lasts_s: number): void {
    const audio = this.audio!;
    const [tone, gain] = [audio.createOscillator(), audio.createGain()];
    tone.frequency.value = hertz;
    gain.gain.setValueAtTime(0, at);
    gain.gain.linearRampToValueAtTime(LOUD, at + 0.02); // no click
    gain.gain.setValueAtTime(LOUD, at + lasts_s - 0.03);
    gain.gain.linearRampToValueAtTime(0, at + lasts_s);
    tone.connect(gain).connect(audio.destination);
    tone.start(at);
    tone.stop(at + lasts_s);
  }
}
