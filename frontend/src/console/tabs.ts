// The panel's tabs: by click, by arrow keys, by whoever needs one open.

import { byId } from "../page";

let heard: (tab: string) => void = () => {};

function all(): HTMLElement[] {
  return [...document.querySelectorAll<HTMLElement>('[role="tab"]')];
}

export function openTab(name: string): void {
  for (const tab of all()) {
    const open = tab.id === `tab-${name}`;
    tab.ariaSelected = String(open);
    tab.tabIndex = open ? 0 : -1;
    byId(tab.getAttribute("aria-controls")!).hidden = !open;
  }
  heard(name);
}

export function tabs(opened: (tab: string) => void): void {
  heard = opened;
  for (const tab of all()) {
    const name = tab.id.slice("tab-".length);
    tab.addEventListener("click", () => openTab(name));
    tab.addEventListener("keydown", ({ key }) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[key];
      if (!step) return;
      const row = all();
      const next = row[(row.indexOf(tab) + step + row.length) % row.length]!;
      next.focus();
      next.click();
    });
  }
}
