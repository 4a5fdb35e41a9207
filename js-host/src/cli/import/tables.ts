// Tables in a text: Markdown with anything around them, or values separated by comma, semicolon or tab (RFC 4180).

/** A table; cells are trimmed. */
export interface Table {
  /** Where its header stands, from 1. */
  readonly line: number;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The Markdown tables of a text. */
export function markdownTables(text: string): Table[] {
  const lines = text.split(/\r\n|\n|\r/);
  const tables: Table[] = [];
  for (let at = 0; at + 1 < lines.length; at++) {
    const header = cells(lines[at] ?? "");
    const ruler = cells(lines[at + 1] ?? "");
    if (
      header === undefined ||
      ruler === undefined ||
      header.length !== ruler.length ||
      !ruler.every((cell) => /^:?-+:?$/.test(cell))
    )
      continue;
    const rows: string[][] = [];
    const line = at + 1;
    for (at += 2; at < lines.length; at++) {
      const row = cells(lines[at] ?? "");
      if (row === undefined) break;
      rows.push(row);
    }
    tables.push({ line, header, rows });
  }
  return tables;
}

/** The cells of a line; undefined if it has no bar. */
function cells(line: string): string[] | undefined {
  const trimmed = line.trim();
  if (!/(^|[^\\])\|/.test(trimmed)) return undefined;
  const parts = trimmed
    .replace(/^\|/, "")
    .replace(/(^|[^\\])\|$/, "$1")
    .split(/(?<!\\)\|/);
  return parts.map((part) => part.replaceAll("\\|", "|").trim());
}

/** The tables of separated values: a blank line ends one. */
export function separatedTables(text: string, separator: "," | ";" | "\t"): Table[] {
  const tables: Table[] = [];
  let open: { line: number; header: string[]; rows: string[][] } | undefined;
  for (const { line, row } of records(text, separator)) {
    if (row.every((cell) => cell === "")) open = undefined;
    else if (open) open.rows.push(row);
    else tables.push((open = { line, header: row, rows: [] }));
  }
  return tables;
}

function* records(text: string, separator: string): Generator<{ line: number; row: string[] }> {
  let line = 1;
  let start = 1;
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? "";
    const ends = char === "\n" || (char === "\r" && text[at + 1] !== "\n");
    if (ends) line++;
    if (quoted) {
      if (char !== '"') cell += char;
      else if (text[at + 1] === '"') cell += text[at++];
      else quoted = false;
    } else if (char === '"' && cell.trim() === "") {
      cell = "";
      quoted = true;
    } else if (char === separator) {
      row.push(cell.trim());
      cell = "";
    } else if (ends) {
      yield { line: start, row: [...row, cell.trim()] };
      [row, cell, start] = [[], "", line];
    } else if (char !== "\r") {
      cell += char;
    }
  }
  if (cell.trim() !== "" || row.length > 0) yield { line: start, row: [...row, cell.trim()] };
}
