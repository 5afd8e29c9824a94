// Web Push: the browser's own subscription, handed to the service with the places it is for.

const KEY = "/api/public/v1/push/key";
const PUSH = "/api/public/v1/push";

/** The service's public key, or undefined where it does not push or the browser cannot. */
export async function pushKey(): Promise<string | undefined> {
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) return undefined;
  const answer = await fetch(KEY).catch(() => undefined);
  if (!answer?.ok) return undefined;
  return ((await answer.json()) as { key: string }).key;
}

async function subscription(): Promise<PushSubscription | null> {
  return (await navigator.serviceWorker.ready).pushManager.getSubscription();
}

export async function subscribed(): Promise<boolean> {
  return (await subscription()) !== null;
}

/** Subscribe this browser; null if the person or the browser says no. */
export async function subscribeHere(key: string): Promise<PushSubscription | null> {
  if ((await Notification.requestPermission()) !== "granted") return null;
  const { pushManager } = await navigator.serviceWorker.ready;
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/** Subscribe for some zones; false if the person or the browser says no. */
export async function subscribe(key: string, zone_ids: string[], language: string): Promise<boolean> {
  return (await subscribeHere(key)) !== null && tell(zone_ids, language);
}

/** Tell the service for which places, in which language; nothing without a subscription. */
export async function tell(zone_ids: string[], language: string): Promise<boolean> {
  const own = await subscription();
  if (!own) return false;
  if (!zone_ids.length) return send("DELETE", { endpoint: own.endpoint });
  return send("POST", { subscription: own.toJSON(), zone_ids, language });
}

export async function unsubscribe(): Promise<void> {
  const own = await subscription();
  if (!own) return;
  await send("DELETE", { endpoint: own.endpoint });
  await own.unsubscribe();
}

async function send(method: string, body: object): Promise<boolean> {
  const answer = await fetch(PUSH, {
    method,
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return answer.ok;
}
