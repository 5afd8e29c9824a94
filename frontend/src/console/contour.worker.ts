// Works out areas beside the page, so that nothing on it waits.

import { outlines, type Ring } from "./contour";
import type { Future } from "./wire";

export interface Question {
  id: string;
  futures: Future[];
}

export interface Answer {
  id: string;
  rings: Ring[][];
}

export const SHARES = [0.5, 0.9, 0.99];

addEventListener("message", ({ data }: MessageEvent<Question[]>) => {
  const answers: Answer[] = data.map(({ id, futures }) => ({ id, rings: outlines(futures, SHARES) }));
  postMessage(answers);
});
