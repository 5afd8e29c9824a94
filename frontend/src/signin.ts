// Signing in, and taking up an invitation: its token stands behind the # of the link, so
// that no server on the way ever sees it.

import "./style.css";
import type { Status } from "./api";
import { ask, invitation, makePasskey, signIn } from "./operators";
import { byId } from "./page";

const token = location.hash.slice(1);

function say(text: string): void {
  byId("said").textContent = text;
}

async function attempt(what: () => Promise<void>): Promise<void> {
  say("…");
  try {
    await what();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

function onSubmit(id: string, what: (form: FormData) => Promise<void>): void {
  byId<HTMLFormElement>(id).addEventListener("submit", (event) => {
    event.preventDefault();
    void attempt(() => what(new FormData(event.target as HTMLFormElement)));
  });
}

async function greet(): Promise<void> {
  const status = (await (await fetch("/api/public/v1/status")).json()) as Status;
  byId("site").textContent = status.site;
  document.body.dataset["world"] = status.world;
  byId("exercise").hidden = status.world !== "exercise";
  byId("exercise").textContent = Object.values(status.banner).join(" ");
}

async function invited(): Promise<void> {
  byId("what").textContent = "Make your key";
  byId("account").remove();
  byId("use-passkey").textContent = "Make a passkey on this device";
  byId<HTMLInputElement>("password").querySelector("input")?.setAttribute("autocomplete", "new-password");
  const { account_id } = await invitation(token);
  byId("who").textContent = `For ${account_id} alone. This link works once.`;
  byId("who").hidden = false;
}

/** From here on the page is one to sign in with; the token is used up. */
function begin(): void {
  history.replaceState(null, "", "/signin");
  location.reload();
}

onSubmit("passkey", async () => {
  if (token) {
    const credential = await makePasskey(await invitation(token));
    await ask("/invitation/passkey", { token, credential });
    begin();
  } else {
    await signIn();
    location.href = "/console";
  }
});
onSubmit("password", async (form) => {
  const password = form.get("password");
  if (token) {
    await ask("/invitation/password", { token, password });
    begin();
  } else {
    await ask("/signin/password", { account_id: form.get("account_id"), password });
    location.href = "/console";
  }
});
void attempt(async () => {
  await greet();
  if (token) await invited();
  say("");
});
