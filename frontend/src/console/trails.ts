// Where tracks came from. Drawn again only with a picture, or when the map moves.

import type * as maplibre from "maplibre-gl";
import { Sheet, type Anchor, type View } from "./gl";
import { ORDER } from "./kinds";
import { TRAIL_MAX, type Known } from "./known";
import type { Track } from "./wire";

const POINTS = TRAIL_MAX + 2; // the place itself, and an end to the line
const BREAK = 0xffffffff;

const VERTEX = `
in vec3 place; uniform vec2 centre; uniform vec2 scale; flat out float shade; out float faint;
void main() {
  gl_Position = vec4((place.xy - centre) * scale, 0.0, 1.0);
  shade = floor(place.z); faint = fract(place.z);
}`;
const FRAGMENT = `
flat in float shade; in float faint; uniform vec3 palette[${ORDER.length}]; out vec4 colour;
void main() {
  float alpha = 0.15 + 0.6 * faint;
  colour = vec4(palette[int(shade + 0.001)] * alpha, alpha);
}`;

export class Trails {
  private readonly sheet: Sheet;
  private length = 0;

  constructor(
    private readonly map: maplibre.Map,
    private readonly anchor: Anchor,
  ) {
    this.sheet = new Sheet(map, "trails", VERTEX, FRAGMENT, [["place", 3]]);
    const { gl } = this.sheet;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  }

  show(tracks: Track[], known: Known): void {
    const places = new Float32Array(tracks.length * POINTS * 3);
    const order = new Uint32Array(tracks.length * POINTS);
    let point = 0;
    this.length = 0;
    for (const track of tracks) {
      const trail = known.trails.get(track.id) ?? [];
      const shade = Math.max(ORDER.indexOf(track.kind), 0);
      const here: [number, number] = [track.place[1], track.place[0]];
      [...trail, here].forEach(([lon, lat], i) => {
        places[point * 3] = this.anchor.xOf(lon);
        places[point * 3 + 1] = this.anchor.yOf(lat);
        places[point * 3 + 2] = shade + (0.98 * i) / (trail.length || 1);
        order[this.length++] = point++;
      });
      order[this.length++] = BREAK;
    }
    const { gl } = this.sheet;
    this.sheet.fill(places);
    gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, order, gl.DYNAMIC_DRAW);
  }

  tone(colours: number[]): void {
    this.sheet.gl.uniform3fv(this.sheet.uniform("palette"), colours);
  }

  slide(view: View): void {
    this.sheet.slide(view);
  }

  draw(view: View): void {
    this.sheet.begin(this.map, view);
    this.sheet.gl.drawElements(this.sheet.gl.LINE_STRIP, this.length, this.sheet.gl.UNSIGNED_INT, 0);
  }
}
