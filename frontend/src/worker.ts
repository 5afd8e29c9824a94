// The service worker: an offline shell, never a state; and notifications, one per alert.

import { LANGUAGES, direction, wordsOf, type Stage } from "./words";

declare const self: ServiceWorkerGlobalScope;

const SHELL = "shell";
const SEEN = "seen";
const SEEN_MAX = 100; // alerts
const RANK: Partial<Record<Stage, number>> = { prepare: 1, stay: 2, take_cover: 3 };
const SHAKE = [600, 200, 600, 200, 1200];

interface Seen {
  step: number;
  rank: number;
}

/** What the service sends: `text` says place, clock time and what to do. */
interface Pushed {
  alert_id: string;
  step: number;
  state: Stage;
  issued_s: number;
  useless_s: number; // after which it does more harm than good
  exercise: boolean;
  language: string;
  text: string;
}

/** A self-drill of the service. */
interface Test {
  state: "test";
  issued_s: number;
  language: string;
  text: string;
}

self.addEventListener("install", (event) => {
  event.waitUntil(refresh().then(() => self.skipWaiting()));
});
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

/** The page and all it names, kept together: half of a new page is worse than an old one. */
async function refresh(): Promise<void> {
  const page = await fetch("/", { cache: "no-cache" });
  if (!page.ok) throw new Error(`the page: ${page.status}`);
  const text = await page.clone().text();
  const named = [...text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1]!);
  const shell = await caches.open(SHELL);
  const kept = new Set((await shell.keys()).map((request) => new URL(request.url).pathname));
  await shell.addAll(named.filter((path) => !kept.has(path)));
  await shell.put("/", page);
  for (const path of kept) if (path !== "/" && !named.includes(path)) await shell.delete(path);
}

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  // what the service says always comes from the service: old news is no news
  if (event.request.method !== "GET" || origin !== self.location.origin) return;
  if (pathname.startsWith("/api/") || (event.request.mode === "navigate" && pathname !== "/")) return;
  event.respondWith(answer(event, pathname));
});

async function answer(event: FetchEvent, pathname: string): Promise<Response> {
  const kept = await (await caches.open(SHELL)).match(pathname);
  if (!kept) return fetch(event.request);
  if (pathname === "/") event.waitUntil(refresh().catch(() => undefined));
  return kept;
}

self.addEventListener("push", (event) => {
  if (!event.data) return;
  const pushed = event.data.json() as Pushed | Test;
  event.waitUntil(pushed.state === "test" ? showTest(pushed) : show(pushed));
});

/** A self-drill, for operators who asked for it: without a sound, the newest only. */
async function showTest({ text, language, issued_s }: Test): Promise<void> {
  const dir = direction(language);
  const timestamp = issued_s * 1000;
  const options = { body: text, lang: language, dir, tag: "drill", silent: true, timestamp, icon: "/icon-192.png" };
  await self.registration.showNotification("TEST", options as NotificationOptions);
}

async function show(pushed: Pushed): Promise<void> {
  const language = LANGUAGES.includes(pushed.language) ? pushed.language : "en";
  const words = wordsOf(language);
  const seen = await remember(pushed);
  if (pushed.step < seen.step) return; // overtaken on its way
  const late = Date.now() / 1000 > pushed.useless_s;
  const sounds = !late && (RANK[pushed.state] ?? 0) > seen.rank;
  const exercise = pushed.exercise ? `${words.exercise} ` : "";
  const options: NotificationOptions & { renotify: boolean; timestamp: number; vibrate?: number[] } = {
    body: pushed.text,
    lang: language,
    dir: direction(language),
    tag: pushed.alert_id,
    timestamp: pushed.issued_s * 1000,
    renotify: sounds,
    silent: !sounds,
    icon: "/icon-192.png",
    badge: "/icon-192.png",
    requireInteraction: pushed.state === "take_cover" || pushed.state === "stay",
    data: { alert_id: pushed.alert_id, step: pushed.step },
  };
  if (sounds && pushed.state === "take_cover") options.vibrate = SHAKE;
  await self.registration.showNotification(`${exercise}${words.stage[pushed.state]}`, options);
}

/** The latest step and the gravest stage of its alert before this one. */
async function remember({ alert_id, step, state }: Pushed): Promise<Seen> {
  const seen = await caches.open(SEEN);
  const at = `/seen/${encodeURIComponent(alert_id)}`;
  const before = ((await (await seen.match(at))?.json()) as Seen | undefined) ?? { step: -1, rank: 0 };
  const rank = Math.max(before.rank, RANK[state] ?? 0);
  await seen.put(at, new Response(JSON.stringify({ step: Math.max(step, before.step), rank })));
  for (const old of (await seen.keys()).slice(0, -SEEN_MAX)) await seen.delete(old);
  return before;
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(
    self.clients.matchAll({ type: "window" }).then((open) => {
      const page = open.find((client) => new URL(client.url).pathname === "/");
      return page ? page.focus() : self.clients.openWindow("/");
    }),
  );
});
