// Tables in Markdown, aligned so that they can be read on a terminal as well; and the place in a document where they go.
import { readFileSync, writeFileSync } from "node:fs";

const [START, END] = ["<!-- make bench: from here -->", "<!-- make bench: to here -->"];

/** A table. */
export function table(head, rows) {
  const all = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => [...row[column]].length)));
  const isNumber = (column) => column > 0 && rows.every((row) => /^[\d<–-]|^$/.test(row[column]));
  const line = (cells) => `| ${cells.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]))).join(" | ")} |`;
  const rule = `|${widths.map((width, column) => ` ${"-".repeat(width - 1)}${isNumber(column) ? ":" : "-"} `).join("|")}|`;
  return [line(all[0]), rule, ...all.slice(1).map(line)].join("\n");
}

/** Three digits that count. */
export const figure = (value) => (value === 0 ? "0" : value >= 100 ? value.toFixed(0) : value.toPrecision(value >= 1 ? 3 : 2));

/** A comparison as a row of a table. */
export function row(measure, against, { times, low, high, ours, peer }) {
  return [measure, against, figure(times), `${figure(low)}–${figure(high)}`, figure(ours), figure(peer)];
}

export const COMPARISON = ["Measure", "Against", "Times", "10 %–90 %", "Ours, µs", "Theirs, µs"];

/** Puts a text between the marks of a document. */
export function write(document, text) {
  const old = readFileSync(document, "utf8");
  const [from, to] = [old.indexOf(START), old.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`no place for the tables in ${document}`);
  writeFileSync(document, `${old.slice(0, from + START.length)}\n\n${text.trim()}\n\n${old.slice(to)}`);
}
