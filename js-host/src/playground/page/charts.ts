// Charts that are tables: a bar is the picture of the number beside it, so who cannot see the one hears the other.
import { make, number } from "./dom.js";

/** A count as a share, in words: never 0 % of what is there, nor 100 % of what is not all. */
export function share(count: number, all: number): string {
  if (count === 0 || all === 0) return "·";
  const percent = Math.round((100 * count) / all);
  if (percent === 0) return "<1%";
  return percent === 100 && count < all ? ">99%" : `${percent}%`;
}

/** One bar. */
export interface BarRow {
  readonly code: string;
  readonly words: string;
  readonly count: number;
  readonly action: HTMLElement | undefined;
}

/** Bars, longest where the count is all. */
export function barTable(chart: {
  readonly caption: string;
  readonly what: string;
  readonly of: string;
  readonly look: string;
  readonly all: number;
  readonly rows: readonly BarRow[];
}): HTMLElement {
  const { caption, what, of, look, all, rows } = chart;
  // The roles are said again: a table that is laid out as a grid is one to the eye alone in some browsers.
  return make(
    "table",
    { class: "bars", role: "table" },
    make("caption", { class: "unseen" }, caption),
    make("thead", { class: "unseen", role: "rowgroup" }, make("tr", { role: "row" }, ...[what, "Events", `Share ${of}`, "First one"].map((head) => make("th", { scope: "col", role: "columnheader" }, head)))),
    make(
      "tbody",
      { role: "rowgroup" },
      ...rows.map(({ code, words, count, action }) => {
        const bar = make("span", { class: `bar ${look}` });
        bar.style.width = `${(100 * count) / Math.max(all, 1)}%`;
        return make(
          "tr",
          { role: "row" },
          make("th", { scope: "row", role: "rowheader" }, make("code", {}, code), words !== "" && make("span", { class: "muted" }, words.replaceAll("`", ""))),
          make("td", { class: "track", "aria-hidden": "true" }, bar),
          make("td", { role: "cell", class: "count" }, number(count)),
          make("td", { role: "cell", class: "percent" }, share(count, all)),
          make("td", { role: "cell", class: "first" }, action),
        );
      }),
    ),
  );
}

/** A row of {@link grid}. */
export interface GridRow {
  readonly name: string;
  readonly remark: string;
  readonly cells: readonly { readonly text: string; readonly part?: number }[];
}

/** A table whose cells are the darker the larger their part is. */
export function grid(caption: string, what: string, columns: readonly string[], rows: readonly GridRow[]): HTMLElement {
  const table = make(
    "table",
    { class: "grid" },
    make("caption", { class: "unseen" }, caption),
    make("thead", {}, make("tr", {}, make("th", { scope: "col" }, what), ...columns.map((column) => make("th", { scope: "col", class: "number" }, column)))),
    make(
      "tbody",
      {},
      ...rows.map(({ name, remark, cells }) =>
        make(
          "tr",
          {},
          make("th", { scope: "row" }, name, remark !== "" && make("span", { class: "muted" }, remark)),
          ...cells.map(({ text, part }) => {
            const cell = make("td", { class: part === undefined ? "number" : "number shade" }, text);
            if (part !== undefined) cell.style.setProperty("--part", `${Math.round(part * 100)}%`);
            return cell;
          }),
        ),
      ),
    ),
  );
  return make("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": caption }, table);
}
