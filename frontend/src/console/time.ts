// Times as operators read them: the clock of the site, and UTC beside it.

let zone = "UTC";

export function setZone(name: string): void {
  try {
    new Intl.DateTimeFormat("en-GB", { timeZone: name });
    zone = name;
  } catch {
    zone = "UTC"; // a name this browser does not know
  }
}

export function zoneName(): string {
  return zone;
}

export function clockOf(time_s: number, timeZone = zone): string {
  return new Date(time_s * 1000).toLocaleTimeString("en-GB", { timeZone });
}

export function dayOf(time_s: number, timeZone = zone): string {
  return new Date(time_s * 1000).toLocaleDateString("en-GB", { timeZone, day: "numeric", month: "short" });
}

/** As people type it, in UTC: 2026-11-26 02:14:05. A browser's own field may say 2 PM. */
export function typedOf(time_s: number): string {
  return new Date(time_s * 1000).toISOString().slice(0, 19).replace("T", " ");
}

export function fromTyped(text: string): number {
  return Date.parse(`${text.trim().replace(" ", "T")}Z`) / 1000;
}
