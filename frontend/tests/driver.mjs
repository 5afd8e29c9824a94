// node tests/driver.mjs BROWSER: a headless browser that does as it is told, one
// line of JSON in, one out. For tests and benches written in Python.

import { createInterface } from "node:readline";
import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const executablePath = process.argv[2];
const AXE = new URL("../node_modules/axe-core/axe.min.js", import.meta.url);
const browser = await chromium.launch({
  executablePath,
  args: [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--autoplay-policy=user-gesture-required",
  ],
});
const pages = new Map();

const doings = {
  /** `context`: options of a browser context; `before`: scripts run before the page's own. */
  async open({ page: name, url, context, permissions = [], before = [], slow }) {
    const own = await browser.newContext(context);
    const { origin } = new URL(url);
    await own.grantPermissions(permissions, { origin });
    for (const content of before) await own.addInitScript({ content });
    const page = await own.newPage();
    const opened = { page, own, origin, faults: [], requests: [], cdp: await own.newCDPSession(page) };
    pages.set(name, opened);
    watch(opened);
    if (slow) await slower(opened.cdp, slow);
    await page.goto(url);
  },
  async evaluate({ page, script }) {
    return pages.get(page).page.evaluate(script);
  },
  async click({ page, selector }) {
    await pages.get(page).page.click(selector, { timeout: 5000 });
  },
  async fill({ page, selector, text }) {
    await pages.get(page).page.fill(selector, text, { timeout: 5000 });
  },
  async type({ page, text }) {
    await pages.get(page).page.keyboard.type(text);
  },
  async press({ page, key }) {
    await pages.get(page).page.keyboard.press(key);
  },
  async tap({ page, x, y }) {
    await pages.get(page).page.mouse.click(x, y);
  },
  async select({ page, selector, value }) {
    await pages.get(page).page.selectOption(selector, value, { timeout: 5000 });
  },
  async shot({ page, path, whole = true }) {
    await pages.get(page).page.screenshot({ path, fullPage: whole });
  },
  async offline({ page, on }) {
    await pages.get(page).own.setOffline(on);
  },
  async reload({ page }) {
    await pages.get(page).page.reload();
  },
  async cdp({ page, method, params }) {
    return pages.get(page).cdp.send(method, params);
  },
  /** A push message to the page's service worker, as the browser's push service brings it. */
  async deliver({ page, text }) {
    const { cdp, origin } = pages.get(page);
    const found = new Promise((resolve) => {
      cdp.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
        if (registrations.length) resolve(registrations[0].registrationId);
      });
    });
    await cdp.send("ServiceWorker.disable");
    await cdp.send("ServiceWorker.enable");
    const registrationId = await found;
    await cdp.send("ServiceWorker.deliverPushMessage", { origin, registrationId, data: text });
  },
  /** What axe-core finds that is serious or critical. */
  async axe({ page }) {
    await pages.get(page).page.evaluate(readFileSync(AXE, "utf8") + ";0");
    const found = await pages.get(page).page.evaluate("axe.run(document)");
    return found.violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
  },
  async seen({ page }) {
    const { faults, requests } = pages.get(page);
    return { faults, requests };
  },
  async close({ page }) {
    await pages.get(page).own.close();
    pages.delete(page);
  },
};

// asked of every service, and answered 404 where it does not push
const PUSH = "/api/public/v1/push/key";

function watch({ page, own, origin, faults, requests }) {
  page.on("console", (message) => {
    if (message.type() === "error" && !message.location().url.endsWith(PUSH)) faults.push(message.text());
  });
  page.on("pageerror", (error) => faults.push(error.message));
  own.on("request", (request) => {
    const url = new URL(request.url());
    requests.push({ url: request.url(), method: request.method(), body: request.postData() });
    if (url.protocol.startsWith("http") && url.origin !== origin) faults.push(`request to ${url.origin}`);
  });
}

async function slower(cdp, { cpu, latency_ms, down_kbps, up_kbps }) {
  await cdp.send("Emulation.setCPUThrottlingRate", { rate: cpu });
  await cdp.send("Network.enable");
  await cdp.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: latency_ms,
    downloadThroughput: (down_kbps * 1000) / 8,
    uploadThroughput: (up_kbps * 1000) / 8,
  });
}

for await (const line of createInterface({ input: process.stdin })) {
  const { do: what, ...with_ } = JSON.parse(line);
  try {
    const value = await doings[what](with_);
    console.log(JSON.stringify({ value: value ?? null }));
  } catch (error) {
    console.log(JSON.stringify({ error: error.message }));
  }
}
await browser.close();
