// A text area with colours: the text is typed into a transparent one, above the same text in colours.
import { byId, make } from "./dom.js";
import { coloured, type Mark } from "./highlight.js";
import { readJson, type Json } from "./json.js";

/** An editor for JSON, around the text area with an id. */
export class Editor {
  readonly area: HTMLTextAreaElement;
  /** The text in colours. */
  readonly lines = make("div", { class: "lines", "aria-hidden": "true" });
  #json = readJson("");

  /**
   * @param id - of the text area
   * @param changed - called for each change by the person, not for `text = …`
   */
  constructor(id: string, changed: () => void) {
    this.area = byId<HTMLTextAreaElement>(id);
    this.area.before(this.lines);
    this.area.addEventListener("input", () => {
      this.#read();
      changed();
    });
  }

  get json(): Json {
    return this.#json;
  }

  get text(): string {
    return this.#json.text;
  }

  set text(text: string) {
    this.area.value = text;
    this.#read();
  }

  /** Points ranges out, instead of those before. */
  mark(marks: readonly Mark[]): void {
    this.lines.replaceChildren(...coloured(this.#json, marks));
  }

  /** Selects a range, and brings it into view. */
  select({ start, end }: { readonly start: number; readonly end: number }): void {
    this.area.focus({ preventScroll: true });
    this.area.setSelectionRange(start, end);
    const line = this.lines.children[this.#json.text.slice(0, start).split("\n").length - 1];
    line?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #read(): void {
    this.#json = readJson(this.area.value);
    this.mark([]);
  }
}

/** `line 3, column 7` of a place. */
export function placeOf(text: string, at: number): string {
  const before = text.slice(0, at).split("\n");
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}
