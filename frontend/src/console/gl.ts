// The little of WebGL that drawing thousands of moving symbols takes.

import type * as maplibre from "maplibre-gl";
import { KINDS, ORDER } from "./kinds";

/** Colours of the classes, as shaders take them. */
export function palette(tone: "colour" | "dark"): number[] {
  return ORDER.flatMap((kind) => [1, 3, 5].map((at) => parseInt(KINDS[kind]![tone].slice(at, at + 2), 16) / 255));
}

/** Where the camera looks: metres of the web map, from an anchor near by. */
export interface View {
  centre: [number, number];
  scale: [number, number]; // from those metres to the sides of the canvas
  pixels: number; // of those metres, in one CSS pixel
}

/** Places on the unit square of the web map, told from an anchor: 32 bits are too few without. */
export class Anchor {
  constructor(
    readonly x = 0.5,
    readonly y = 0.5,
  ) {}

  static at(lon: number, lat: number): Anchor {
    const here = new Anchor(0, 0);
    return new Anchor(here.xOf(lon), here.yOf(lat));
  }

  xOf(lon: number): number {
    return lon / 360 + 0.5 - this.x;
  }

  yOf(lat: number): number {
    const sin = Math.sin((lat * Math.PI) / 180);
    return 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI) - this.y;
  }

  view(map: maplibre.Map): View {
    const { lng, lat } = map.getCenter();
    const world = 512 * 2 ** map.getZoom();
    const { clientWidth, clientHeight } = map.getCanvas();
    return {
      centre: [this.xOf(lng), this.yOf(lat)],
      scale: [(2 * world) / clientWidth, (-2 * world) / clientHeight],
      pixels: 1 / world,
    };
  }
}

/** A canvas over the map, with one program and one buffer of numbers. */
export class Sheet {
  readonly gl: WebGL2RenderingContext;
  private readonly canvas: HTMLCanvasElement;
  private drawn: View | undefined;
  private readonly program: WebGLProgram;
  private readonly uniforms = new Map<string, WebGLUniformLocation | null>();

  constructor(map: maplibre.Map, name: string, vertex: string, fragment: string, attributes: [string, number][]) {
    this.canvas = document.createElement("canvas");
    this.canvas.className = `sky ${name}`;
    map.getCanvas().after(this.canvas);
    const gl = this.canvas.getContext("webgl2", { antialias: false, alpha: true });
    if (!gl) throw new Error("this browser has no WebGL 2: tracks cannot be drawn");
    this.gl = gl;
    this.program = link(gl, vertex, fragment);
    gl.useProgram(this.program);
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
    const stride = 4 * attributes.reduce((sum, [, size]) => sum + size, 0);
    let offset = 0;
    for (const [attribute, size] of attributes) {
      const at = gl.getAttribLocation(this.program, attribute);
      gl.enableVertexAttribArray(at);
      gl.vertexAttribPointer(at, size, gl.FLOAT, false, stride, offset);
      offset += 4 * size;
    }
    gl.uniform3fv(this.uniform("palette"), palette("colour"));
  }

  uniform(name: string): WebGLUniformLocation | null {
    if (!this.uniforms.has(name)) this.uniforms.set(name, this.gl.getUniformLocation(this.program, name));
    return this.uniforms.get(name)!;
  }

  fill(numbers: Float32Array): void {
    this.gl.bufferData(this.gl.ARRAY_BUFFER, numbers, this.gl.DYNAMIC_DRAW);
  }

  /** What was drawn, moved to where the map looks now: as good while it moves, and free. */
  slide(view: View): void {
    if (!this.drawn) return;
    const grown = this.drawn.pixels / view.pixels;
    const [x, y] = [0, 1].map((axis) => (this.drawn!.centre[axis]! - view.centre[axis]!) / view.pixels);
    this.canvas.style.transform = `translate(${x}px, ${y}px) scale(${grown})`;
  }

  /** An empty canvas as large as the map's, which looks where the map does. */
  begin(map: maplibre.Map, view: View): void {
    const { width, height, clientWidth } = map.getCanvas();
    if (this.canvas.width !== width || this.canvas.height !== height)
      Object.assign(this.canvas, { width, height });
    this.canvas.style.transform = "";
    this.drawn = view;
    this.gl.viewport(0, 0, width, height);
    this.gl.clear(this.gl.COLOR_BUFFER_BIT);
    this.gl.uniform2fv(this.uniform("centre"), view.centre);
    this.gl.uniform2fv(this.uniform("scale"), view.scale);
    this.gl.uniform1f(this.uniform("ratio"), width / Math.max(clientWidth, 1));
  }
}

function link(gl: WebGL2RenderingContext, vertex: string, fragment: string): WebGLProgram {
  const program = gl.createProgram();
  for (const [kind, text] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]] as const) {
    const shader = gl.createShader(kind)!;
    gl.shaderSource(shader, `#version 300 es\nprecision highp float;\n${text}`);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program) ?? "");
  return program;
}
