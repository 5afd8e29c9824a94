// What is to be seen of what flies; kept on this device. And the key to all of it.

import { byId } from "../page";
import { el } from "./dom";
import { ORDER, THREATS, nameOf, symbol } from "./kinds";
import type { Track } from "./wire";

const KEPT = "forewarn.console.layers";

interface Layers {
  others: boolean;
  unconfirmed: boolean;
  trails: boolean;
}

export class LayerChoice {
  private layers: Layers = { others: true, unconfirmed: true, trails: true };

  constructor(changed: () => void) {
    Object.assign(this.layers, JSON.parse(localStorage.getItem(KEPT) ?? "{}"));
    for (const layer of ["others", "unconfirmed", "trails"] as const) {
      const box = byId<HTMLInputElement>(`show-${layer}`);
      box.checked = this.layers[layer];
      box.addEventListener("change", () => {
        this.layers[layer] = box.checked;
        localStorage.setItem(KEPT, JSON.stringify(this.layers));
        changed();
      });
    }
    byId("kinds").append(...ORDER.map((kind) => el("li", "", symbol(kind), nameOf(kind))),
      el("li", "", symbol("drone", false), "not confirmed"));
  }

  shows(track: Track): boolean {
    const threat = THREATS.includes(track.kind);
    return (threat || this.layers.others) && (track.confirmed || this.layers.unconfirmed);
  }

  get trails(): boolean {
    return this.layers.trails;
  }
}
