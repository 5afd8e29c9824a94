// Classes of what flies: a shape, a colour and a name each; colour alone says nothing.

export interface Kind {
  name: string;
  colour: string; // apart also for who sees no red or no green
  dark: string; // of its trail and area on a light map
  shape: [number, number][]; // corners in a square from -1 to 1, nose up
  turns: boolean; // whether its nose shows its course
}

export const KINDS: Record<string, Kind> = {
  rocket: {
    name: "rocket", dark: "#7d6f00", colour: "#f0e442", turns: false,
    shape: [[0, -0.95], [0.9, 0.75], [-0.9, 0.75]],
  },
  ballistic_missile: {
    name: "ballistic missile", dark: "#a8307a", colour: "#ff9ad5", turns: false,
    shape: [[0, -1], [0.8, 0], [0, 1], [-0.8, 0]],
  },
  cruise_missile: {
    name: "cruise missile", dark: "#a05800", colour: "#ffb454", turns: true,
    shape: [[0, -1], [0.75, 0.9], [0, 0.45], [-0.75, 0.9]],
  },
  drone: {
    name: "drone", dark: "#00638f", colour: "#6fd3ff", turns: true,
    shape: [[0, -0.9], [0.3, -0.2], [1, 0.35], [0.3, 0.3], [0.45, 0.9], [-0.45, 0.9], [-0.3, 0.3], [-1, 0.35], [-0.3, -0.2]],
  },
  aircraft: {
    name: "aircraft", dark: "#5d6a76", colour: "#b9c4cf", turns: true,
    shape: [[0, -0.9], [0.18, -0.2], [0.85, 0.2], [0.18, 0.15], [0.35, 0.75], [-0.35, 0.75], [-0.18, 0.15], [-0.85, 0.2], [-0.18, -0.2]],
  },
  clutter: {
    name: "clutter", dark: "#7d868f", colour: "#8c98a4", turns: false,
    shape: [[-0.4, -0.4], [0.4, -0.4], [0.4, 0.4], [-0.4, 0.4]],
  },
};

const SYMBOL = 36; // pixels of a symbol, shown half as wide

export const ORDER = Object.keys(KINDS);
export const THREATS = ["rocket", "ballistic_missile", "cruise_missile", "drone"];

export function nameOf(kind: string): string {
  return KINDS[kind]?.name ?? kind.replaceAll("_", " ");
}

/** One cell of the sheet that symbols are cut from: filled, or only its outline. */
export function drawShape(pen: CanvasRenderingContext2D, kind: Kind, filled: boolean, size: number): void {
  pen.beginPath();
  for (const [x, y] of kind.shape) pen.lineTo(size * (0.5 + 0.34 * x), size * (0.5 + 0.34 * y));
  pen.closePath();
  pen.lineJoin = "round";
  // black becomes the outline, white whatever colour the class has
  pen.strokeStyle = "#000";
  pen.lineWidth = size * 0.13;
  pen.stroke();
  pen.strokeStyle = pen.fillStyle = "#fff";
  pen.lineWidth = size * 0.07;
  if (filled) pen.fill();
  else pen.stroke();
}

/** The symbol for lists and the key. */
export function symbol(kind: string, filled = true): HTMLCanvasElement {
  const found = KINDS[kind] ?? KINDS["clutter"]!;
  const [canvas, shape] = [blank(), blank()];
  canvas.className = "symbol";
  drawShape(shape.getContext("2d")!, found, filled, SYMBOL);
  const pen = canvas.getContext("2d")!;
  pen.drawImage(shape, 0, 0);
  pen.globalCompositeOperation = "multiply"; // which paints what was clear, too
  pen.fillStyle = found.colour;
  pen.fillRect(0, 0, SYMBOL, SYMBOL);
  pen.globalCompositeOperation = "destination-in";
  pen.drawImage(shape, 0, 0);
  return canvas;
}

function blank(): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SYMBOL;
  return canvas;
}
