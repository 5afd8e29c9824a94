// node tests/browser.mjs URL FOLDER [SECONDS] [BROWSER]: opens the console and the public
// page in a headless browser, sees a zone turn red and later clear, takes pictures, and
// fails on any error on the page or any request to another host. Prints one line of JSON.

import { chromium } from "playwright-core";

const [address, folder, seconds = "120", executablePath = "/usr/bin/chromium"] = process.argv.slice(2);
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
  ],
});
const faults = [];
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
context.on("request", (request) => {
  const url = new URL(request.url());
  if (url.protocol.startsWith("http") && url.origin !== new URL(address).origin)
    faults.push(`request to ${url.origin}`);
});

async function open(path) {
  const page = await context.newPage();
  page.on("console", (message) => {
    const push = message.location().url.endsWith("/push/key"); // 404 where there is none
    if (message.type() === "error" && !push) faults.push(`${path}: ${message.text()}`);
  });
  page.on("pageerror", (error) => faults.push(`${path}: ${error.message}`));
  await page.goto(address + path);
  return page;
}

const timeout = Number(seconds) * 1000;
const started = Date.now();
// the service may still be coming up: the page must answer within seconds
for (let tries = 0; tries < 100; tries++) {
  const up = await fetch(address).catch(() => null);
  if (up) break;
  await new Promise((resolve) => setTimeout(resolve, 100));
}
const page_s = (Date.now() - started) / 1000;
const page = await open("/console");
const service = page.locator("#service");
const first = await service.textContent();
await page.locator('#service[data-service="live"]').waitFor({ timeout });
const live_s = (Date.now() - started) / 1000;
const red = page.locator('#zones li[data-zone-state="take_cover"]').first();
await red.waitFor({ timeout });
// rows are drawn anew every second: take the one that stands there now, at once
const zone = await page.evaluate(() => {
  const row = document.querySelector('#zones li[data-zone-state="take_cover"]');
  row?.click();
  return row?.dataset.zoneId ?? "";
});
await page.waitForTimeout(4000);
await page.screenshot({ path: `${folder}/map.png` });
const everyone = await open("/");
await everyone.locator("#list li").first().waitFor({ timeout: 30000 });
await everyone.locator('#map[data-drawn="zones"]').waitFor({ timeout: 30000 });
await everyone.screenshot({ path: `${folder}/public.png` });
await everyone.setViewportSize({ width: 390, height: 844 });
await everyone.waitForTimeout(4000);
await everyone.screenshot({ path: `${folder}/phone.png` });
await page.bringToFront();
await page.locator(`#zones li[data-zone-id="${zone}"]`).waitFor({ state: "detached", timeout });
await page.waitForTimeout(500);
await page.screenshot({ path: `${folder}/cleared.png` });
await browser.close();
console.log(JSON.stringify({ first, page_s, live_s, zone, faults }));
process.exit(faults.length ? 1 : 0);
