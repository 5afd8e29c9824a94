// node tests/signin.mjs URL TOKEN FOLDER [BROWSER]: takes up an invitation with a passkey of
// a virtual device, signs in, drafts, and signs the draft, on the pages as they are built.
// Fails on any error on a page or any report of its policy. Prints one line of JSON.

import { chromium } from "playwright-core";

const [address, token, folder, executablePath = "/usr/bin/chromium"] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync", "--no-first-run"],
});
const faults = [];
const context = await browser.newContext({ viewport: { width: 390, height: 700 } });
const page = await context.newPage();
page.on("console", (message) => {
  const asked = message.location().url; // a service without Web Push has no key
  if (message.type() === "error" && !message.text().includes("401") && !asked.endsWith("/push/key")) faults.push(`${message.text()} ${asked}`);
});
page.on("pageerror", (error) => faults.push(error.message));
const device = await context.newCDPSession(page);
await device.send("WebAuthn.enable");
await device.send("WebAuthn.addVirtualAuthenticator", {
  options: {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  },
});

await page.goto(`${address}/signin#${token}`);
await page.locator("#who").waitFor();
const invited = await page.locator("#who").textContent();
await page.screenshot({ path: `${folder}/invited.png` });
await page.click("#use-passkey");
await page.getByRole("button", { name: "Sign in with a passkey" }).waitFor();
await page.screenshot({ path: `${folder}/signin.png` });
await page.click("#use-passkey");
await page.waitForURL("**/console");

const cookieSeen = await page.evaluate(() => document.cookie);
const sent = await page.evaluate(async () => {
  const api = "/api/operators/v1";
  const { csrf } = await (await fetch(`${api}/session`)).json();
  const post = async (path, body) => {
    const headers = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
    const answer = await fetch(api + path, { method: "POST", headers, body: JSON.stringify(body) });
    return answer.json();
  };
  const echo = await post("/drafts", { action: "take_cover", threat: "drone", zone_ids: ["z1"] });
  const options = await post(`/drafts/${echo.draft_id}/challenge`, {});
  const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
  const credential = (await navigator.credentials.get({ publicKey })).toJSON();
  const { confirm, digest } = echo;
  return post(`/drafts/${echo.draft_id}/send`, { confirm, digest, proof: { credential } });
});
await page.goto(`${address}/api/operators/docs`);
const documented = await page.locator(".opblock").first().waitFor().then(() => page.locator(".opblock").count());
await browser.close();
console.log(JSON.stringify({ invited, cookieSeen, state: sent.state, documented, faults }));
process.exit(faults.length ? 1 : 0);
