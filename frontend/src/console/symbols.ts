// Every track as a symbol that moves on between two pictures, worked out by the GPU.

import type * as maplibre from "maplibre-gl";
import { Sheet, type Anchor, type View } from "./gl";
import { KINDS, ORDER, drawShape } from "./kinds";
import type { Track } from "./wire";

const FLOATS = 10;
const CELL = 64;
const SETTLES_S = 0.8; // in which a symbol glides from where it was drawn to where it is
const AHEAD_S = 12; // and no longer without news
const EARTH_M = 40_075_017;
const NEAR_PX = 14;
const SMALL = new Set(["aircraft", "clutter"]);
const SYMBOL_PX = 23;
const CROWDED_PX = 15; // of more than MANY: no clutter, and a third of the work
const MANY = 1000;
const RING_PX = 34;
const COLUMNS = ORDER.length + 1; // of the sheet: each class, and the ring

const VERTEX = `
in vec2 place; in vec2 velocity; in vec2 gap; in vec4 look;
uniform vec2 centre; uniform vec2 scale; uniform float ratio; uniform float age; uniform float glide;
out vec2 turned; flat out vec2 cell; flat out float shade;
void main() {
  vec2 at = place + velocity * age + gap * glide - centre;
  gl_Position = vec4(at * scale, 0.0, 1.0);
  gl_PointSize = look.y * ratio;
  turned = vec2(cos(look.z), sin(look.z));
  cell = vec2(look.x, look.w);
  shade = look.x;
}`;
const FRAGMENT = `
in vec2 turned; flat in vec2 cell; flat in float shade;
uniform sampler2D sheet; uniform vec3 palette[${ORDER.length}];
out vec4 colour;
void main() {
  int column = int(shade + 0.5);
  vec2 p = gl_PointCoord - 0.5;
  p = vec2(p.x * turned.x + p.y * turned.y, p.y * turned.x - p.x * turned.y);
  if (abs(p.x) > 0.5 || abs(p.y) > 0.5) discard;
  vec4 ink = texture(sheet, (p + 0.5 + cell) / vec2(${COLUMNS}.0, 2.0));
  colour = vec4(column < ${ORDER.length} ? ink.rgb * palette[column] : ink.rgb, ink.a);
}`;

export class Symbols {
  private readonly sheet: Sheet;
  private numbers = new Float32Array(0);
  private ids: string[] = [];
  private chosen = "";
  private size = SYMBOL_PX;
  private drawn = 0;
  private row = new Map<string, number>();
  private at_s = 0;
  private shown_s = 0;
  /** Of all symbols, gliding included; in widths of the web map a second. */
  fastest = 0;

  constructor(
    private readonly map: maplibre.Map,
    private readonly anchor: Anchor,
  ) {
    this.sheet = new Sheet(map, "symbols", VERTEX, FRAGMENT, [["place", 2], ["velocity", 2], ["gap", 2], ["look", 4]]);
    const { gl } = this.sheet;
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.pixelStorei(gl.UNPACK_PREMULTIPLY_ALPHA_WEBGL, true);
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, atlas());
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_NEAREST);
  }

  /** Tracks as they are at a time; those of another world do not glide over. */
  show(tracks: Track[], at_s: number, now_s: number, jump: boolean): void {
    const before = { numbers: this.numbers, row: this.row, age: this.age(now_s), glide: this.glide(now_s) };
    this.numbers = new Float32Array((tracks.length + 1) * FLOATS); // the last is a ring
    this.ids = tracks.map((track) => track.id);
    this.row = new Map(this.ids.map((id, row) => [id, row]));
    this.at_s = at_s;
    this.shown_s = now_s;
    const age = this.age(now_s);
    this.fastest = 0;
    this.size = tracks.length > MANY ? CROWDED_PX : SYMBOL_PX;
    tracks.forEach((track, row) => {
      const at = row * FLOATS;
      this.write(track, at);
      const old = jump ? undefined : before.row.get(track.id);
      let speed = 0;
      for (const axis of [at, at + 1]) {
        if (old !== undefined) {
          const drawn = spot(before.numbers, old * FLOATS + axis - at, before.age, before.glide);
          this.numbers[axis + 4] = drawn - spot(this.numbers, axis, age, 0);
        }
        speed += Math.abs(this.numbers[axis + 2]!) + Math.abs(this.numbers[axis + 4]!) / SETTLES_S;
      }
      this.fastest = Math.max(this.fastest, speed);
    });
    this.choose(this.chosen);
  }

  /** Put a ring around a track. */
  choose(id: string): void {
    this.chosen = id;
    const row = this.row.get(id);
    const last = this.ids.length * FLOATS;
    this.drawn = this.ids.length + Number(row !== undefined);
    if (row !== undefined) {
      this.numbers.copyWithin(last, row * FLOATS, (row + 1) * FLOATS);
      this.numbers.set([ORDER.length, RING_PX, 0, 0], last + 6);
    }
    this.sheet.fill(this.numbers);
  }

  draw(view: View, now_s: number): void {
    const { gl } = this.sheet;
    this.sheet.begin(this.map, view);
    gl.uniform1f(this.sheet.uniform("age"), this.age(now_s));
    gl.uniform1f(this.sheet.uniform("glide"), this.glide(now_s));
    gl.drawArrays(gl.POINTS, 0, this.drawn);
  }

  /** The track that is drawn nearest to a point of the map, if it is near. */
  nearest(point: { x: number; y: number }, view: View, now_s: number): string | undefined {
    const { clientWidth, clientHeight } = this.map.getCanvas();
    const x = view.centre[0] + (point.x - clientWidth / 2) * view.pixels;
    const y = view.centre[1] + (point.y - clientHeight / 2) * view.pixels;
    let found: string | undefined;
    let least = NEAR_PX * view.pixels;
    const [age, glide] = [this.age(now_s), this.glide(now_s)];
    this.ids.forEach((id, row) => {
      const away = Math.hypot(
        spot(this.numbers, row * FLOATS, age, glide) - x,
        spot(this.numbers, row * FLOATS + 1, age, glide) - y,
      );
      if (away < least) [found, least] = [id, away];
    });
    return found;
  }

  private age(now_s: number): number {
    return Math.min(Math.max(now_s - this.at_s, -2), AHEAD_S);
  }

  private glide(now_s: number): number {
    return Math.max(0, 1 - Math.abs(now_s - this.shown_s) / SETTLES_S);
  }

  private write(track: Track, at: number): void {
    const [lat, lon, , east, north] = track.place;
    const perMetre = 1 / (EARTH_M * Math.cos((lat * Math.PI) / 180));
    const kind = KINDS[track.kind];
    this.numbers[at] = this.anchor.xOf(lon);
    this.numbers[at + 1] = this.anchor.yOf(lat);
    this.numbers[at + 2] = east * perMetre;
    this.numbers[at + 3] = -north * perMetre;
    this.numbers[at + 6] = Math.max(ORDER.indexOf(track.kind), 0);
    this.numbers[at + 7] = (SMALL.has(track.kind) ? 0.7 : 1) * this.size;
    this.numbers[at + 8] = kind?.turns ? Math.atan2(east, north) : 0;
    this.numbers[at + 9] = track.confirmed ? 0 : 1;
  }
}

function spot(numbers: Float32Array, at: number, age: number, glide: number): number {
  return numbers[at]! + numbers[at + 2]! * age + numbers[at + 4]! * glide;
}

function atlas(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [CELL * COLUMNS, CELL * 2];
  const pen = canvas.getContext("2d")!;
  ORDER.forEach((kind, column) =>
    [true, false].forEach((filled, row) => {
      pen.setTransform(1, 0, 0, 1, column * CELL, row * CELL);
      drawShape(pen, KINDS[kind]!, filled, CELL);
    }),
  );
  pen.setTransform(1, 0, 0, 1, ORDER.length * CELL, 0);
  for (const [colour, width] of [["#000", 9], ["#fff", 4]] as const) {
    Object.assign(pen, { strokeStyle: colour, lineWidth: width });
    pen.beginPath();
    pen.arc(CELL / 2, CELL / 2, CELL * 0.4, 0, 2 * Math.PI);
    pen.stroke();
  }
  return canvas;
}
