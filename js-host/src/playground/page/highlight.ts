// A text of JSON in colours: one block a line, so that lines can be numbered and wrapped, with ranges marked.
import { make } from "./dom.js";
import type { Json, Range } from "./json.js";

/** A range to point out. */
export interface Mark extends Range {
  /** A class of the style sheet. */
  readonly look: "won" | "area" | "refused" | "wrong";
  /** What it belongs to: all of one group light up together. */
  readonly group?: string;
}

/** A longer text is shown without colours: the page must answer each key. */
const MOST_COLOURED = 200_000;

/** The lines of a text. */
export function coloured({ text, tokens }: Json, marks: readonly Mark[] = []): HTMLElement[] {
  if (text.length > MOST_COLOURED) return text.split("\n").map((line) => lineOf([line || make("br")], false));
  const cuts = new Set<number>([0, text.length]);
  for (const { start, end } of [...tokens, ...marks]) cuts.add(start).add(end);
  const places = [...cuts].sort((a, b) => a - b);
  const lines: HTMLElement[] = [];
  let parts: (HTMLElement | string)[] = [];
  let isWrong = false;
  const endLine = (): void => {
    lines.push(lineOf(parts.length > 0 ? parts : [make("br")], isWrong));
    parts = [];
    isWrong = false;
  };
  let token = 0;
  for (let index = 0; index + 1 < places.length; index++) {
    const [start, end] = [places[index] as number, places[index + 1] as number];
    while (token < tokens.length && (tokens[token]?.end ?? 0) <= start) token++;
    const here = marks.filter((mark) => mark.start <= start && mark.end >= end);
    const kind = tokens[token]?.kind ?? "wrong";
    const pieces = text.slice(start, end).split("\n");
    for (const [at, piece] of pieces.entries()) {
      if (at > 0) endLine();
      if (here.some(({ look }) => look === "wrong")) isWrong = true;
      if (piece === "") continue;
      // Indentation is no part of what is marked.
      const isBlank = kind === "blank" && (at > 0 || piece.trim() === "" && pieces.length > 1);
      const looks = isBlank ? [] : here.map(({ look }) => look);
      const groups = isBlank ? [] : here.flatMap(({ group }) => (group === undefined ? [] : [group]));
      if (looks.length === 0 && kind === "blank") parts.push(piece);
      else parts.push(make("span", { class: [`t-${kind}`, ...looks].join(" "), ...(groups.length > 0 && { "data-group": groups.join(" ") }) }, piece));
    }
  }
  // An end without a width of its own.
  if (marks.some(({ look, start, end }) => look === "wrong" && start === end && start === text.length)) isWrong = true;
  endLine();
  return lines;
}

function lineOf(parts: readonly (HTMLElement | string)[], isWrong: boolean): HTMLElement {
  const line = make("div", { class: isWrong ? "line bad" : "line" }, ...parts);
  // What is too long goes on below its own beginning, where the style sheet wants that.
  line.style.setProperty("--indent", `${(/^ */u.exec(line.textContent ?? "")?.[0].length ?? 0) + 2}ch`);
  return line;
}

/** Lights up what belongs to a group, within an element, and scrolls that alone to it; nothing for undefined. */
export function lightUp(within: HTMLElement, group: string | undefined): void {
  for (const lit of within.querySelectorAll(".lit")) lit.classList.remove("lit");
  if (group === undefined) return;
  for (const span of within.querySelectorAll<HTMLElement>("[data-group]")) {
    if (span.dataset["group"]?.split(" ").includes(group)) span.classList.add("lit");
  }
  const lit = within.querySelector(".lit");
  const scroller = within.closest(".editor, .code-view");
  if (lit === null || scroller === null) return;
  const [place, view] = [lit.getBoundingClientRect(), scroller.getBoundingClientRect()];
  if (place.top < view.top || place.bottom > view.bottom) scroller.scrollTop += place.top - view.top - scroller.clientHeight / 3;
}
