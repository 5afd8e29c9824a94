// The operators' stream: heard as long as the session lasts, asked for again when it breaks.

import { Refusal, session } from "../operators";
import type { Echo, OperatorsStatus, Picture } from "./wire";

const AGAIN_MS = 2000;

export interface Hearing {
  status(status: OperatorsStatus): void;
  picture(picture: Picture): void;
  draft(draft: Echo): void;
}

export function listen(hearing: Hearing): void {
  const stream = new EventSource("/api/operators/v1/stream");
  stream.addEventListener("status", (event) => hearing.status(JSON.parse(event.data) as OperatorsStatus));
  stream.addEventListener("picture", (event) => hearing.picture(JSON.parse(event.data) as Picture));
  stream.addEventListener("draft", (event) => hearing.draft(JSON.parse(event.data) as Echo));
  stream.addEventListener("error", () => {
    if (stream.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    setTimeout(() => void again(hearing), AGAIN_MS);
  });
}

async function again(hearing: Hearing): Promise<void> {
  try {
    await session();
  } catch (error) {
    if (signedOut(error)) return;
  }
  listen(hearing);
}

/** Whether an error means that nobody is signed in; then this page is left. */
export function signedOut(error: unknown): boolean {
  const out = error instanceof Refusal && error.status === 401;
  if (out) location.href = "/signin";
  return out;
}
