// What a person chose, on this device alone.

import type { Watched } from "./known";

export interface Place extends Watched {
  name: string;
  names: Record<string, string>;
  point: [number, number]; // a point in it, degrees: finds it again if zones change
}

export const PLACES_MAX = 4;

function read(key: string): string {
  try {
    return localStorage.getItem(`forewarn.${key}`) ?? "";
  } catch {
    return ""; // storage may be forbidden: the page works until it is closed
  }
}

function write(key: string, text: string): void {
  try {
    localStorage.setItem(`forewarn.${key}`, text);
  } catch {
    return;
  }
}

export const store = {
  get language(): string {
    return read("language");
  },
  set language(language: string) {
    write("language", language);
  },
  get sound(): boolean {
    return read("sound") === "on";
  },
  set sound(on: boolean) {
    write("sound", on ? "on" : "off");
  },
  get places(): Place[] {
    try {
      const kept = JSON.parse(read("places") || "[]") as Place[];
      return kept.filter((place) => typeof place.zone_id === "string");
    } catch {
      return [];
    }
  },
  set places(places: Place[]) {
    write("places", JSON.stringify(places));
  },
};
