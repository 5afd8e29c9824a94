// node icons.mjs [BROWSER]: draws public/icon.svg as PNG, for devices that take no SVG.

import { readFileSync } from "node:fs";
import { chromium } from "playwright-core";

const executablePath = process.argv[2] ?? "/usr/bin/chromium";
const svg = readFileSync("public/icon.svg", "utf8");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
for (const size of [192, 512]) {
  const page = await browser.newPage({ viewport: { width: size, height: size } });
  await page.setContent(`<style>body{margin:0}svg{display:block;width:100vw}</style>${svg}`);
  await page.screenshot({ path: `public/icon-${size}.png` });
}
await browser.close();
