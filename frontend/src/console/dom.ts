// Making elements and keeping lists: text is always text, never markup.

type Child = Node | string | false | undefined;

/** An element; `look`: its classes, or its attributes. */
export function el<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  look: string | Record<string, string> = "",
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const made = document.createElement(tag);
  if (typeof look === "string") made.className = look;
  else for (const [name, value] of Object.entries(look)) made.setAttribute(name, value);
  put(made, ...children);
  return made;
}

export function put(parent: Element, ...children: Child[]): void {
  parent.replaceChildren(...children.filter((child) => child !== false && child !== undefined));
}

export function button(text: string, look: string, doing: () => void): HTMLButtonElement {
  const made = el("button", { type: "button", class: look }, text);
  made.addEventListener("click", doing);
  return made;
}

/** A name in whatever language and direction it has. */
export function name(text: string, look = ""): HTMLElement {
  return el("bdi", look, text);
}

/** 1 zone, 12 zones. */
export function count(number: number, what: string): string {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}

/** Set a text only if it is another: what stands there can be selected and is not read again. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A list whose rows stay who they are: a focus or a click on its way is not lost. */
export class Rows<T> {
  private rows = new Map<string, HTMLElement>();

  constructor(
    private readonly parent: Element,
    private readonly key: (item: T) => string,
    private readonly make: (item: T) => HTMLElement,
    private readonly update: (row: HTMLElement, item: T) => void = () => {},
  ) {}

  show(items: T[]): void {
    const rows = new Map<string, HTMLElement>();
    let before: Element | null = null;
    for (const item of items) {
      const key = this.key(item);
      const row = this.rows.get(key) ?? this.make(item);
      this.update(row, item);
      rows.set(key, row);
      const place: Element | null = before ? before.nextElementSibling : this.parent.firstElementChild;
      if (row !== place) this.parent.insertBefore(row, place);
      before = row;
    }
    for (const [key, row] of this.rows) if (!rows.has(key)) row.remove();
    this.rows = rows;
  }
}
