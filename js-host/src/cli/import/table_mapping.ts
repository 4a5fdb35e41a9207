// Tables as MetaRouter's documents have them (events and their conversion types, Amazon's fields and their inputs), read
// into the model.
import { PARAMETERS } from "../../connection.js";
import { NAMELESS_TYPES } from "./built_in.js";
import {
  fieldOf,
  noFields,
  pathOf,
  plain,
  remedyFor,
  type Export,
  type Field,
  type Fields,
  type Ledger,
  type Mapping,
  type Origin,
} from "./model.js";
import type { Table } from "./tables.js";

type Column = "event" | "conversionType" | "field" | "input" | "transform" | "dataSetName" | "name" | "value";

// Tried in this order; a column is what the first that fits says.
const COLUMNS: readonly (readonly [Column, RegExp])[] = [
  [
    "conversionType",
    /^((amazon|output|dsp|target|destination)(dsp)?event(type|name)?|(amazon|eventdescription)*(conversion|event)type|conversion)$/,
  ],
  ["event", /^(segment|source|input|analytics|metarouter|track|site|your)?(event|call)(name)?s?$/],
  [
    "field",
    /^(amazon|dsp|output|destination|target|vendor)*(fields?|parameters?|keys?|property|properties|attributes?|output|target|destination)(name)?$/,
  ],
  [
    "input",
    /^(segment|source|input|event|metarouter)*(inputs?|sources?|paths?|expression|keys?|fields?|property|from)(path|key|expression|s?firstusablewins)?$/,
  ],
  ["dataSetName", /^(amazon|eventdescription)*(dataset)(name)?$/],
  ["name", /^(amazon|eventdescription)*name$/],
  ["value", /^(value|amount)(path|input)?$/],
  ["transform", /^(mapping|mappingtype|transform|transformation|function)$/],
];

/** The export that the tables say; undefined if none of them is known by its header. */
export function readTables(tables: readonly Table[], ledger: Ledger): Export | undefined {
  const reader = new Reader(ledger);
  let known = 0;
  for (const table of tables) {
    if (reader.read(table)) known++;
    else {
      ledger.leave(`the table in line ${table.line}`, `its columns (${table.header.join(", ")}) are neither events nor fields`);
    }
  }
  return known > 0 ? { mappings: [...reader.mappings.values()], shared: reader.shared } : undefined;
}

/** Whether a header names events or fields. */
export function isKnown(table: Table): boolean {
  const columns = columnsOf(table);
  return (columns.has("event") && columns.has("conversionType")) || (columns.has("field") && columns.has("input"));
}

function columnsOf({ header }: Table): Map<Column, number> {
  const columns = new Map<Column, number>();
  header.forEach((title, index) => {
    const words = plain(clean(title).replace(/\(.*?\)/g, ""));
    const column = COLUMNS.find(([name, pattern]) => pattern.test(words) && !columns.has(name))?.[0];
    if (column) columns.set(column, index);
  });
  // Beside a field and without an input, `Mapping` or `Value` is the input.
  for (const other of ["transform", "value"] as const) {
    const index = columns.get(other);
    if (index === undefined || !columns.has("field") || columns.has("input")) continue;
    columns.delete(other);
    columns.set("input", index);
  }
  return columns;
}

class Reader {
  readonly shared: Fields = noFields();
  /** By the event's name in lower case. */
  readonly mappings = new Map<string, Mapping>();
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  read(table: Table): boolean {
    if (!isKnown(table)) return false;
    const columns = columnsOf(table);
    table.rows.forEach((row) => {
      const cell = (column: Column): string => clean(row[columns.get(column) ?? -1] ?? "");
      const events = eventsIn(cell("event"));
      if (columns.has("conversionType") && columns.has("event")) for (const event of events) this.#event(event, cell);
      if (columns.has("field") && columns.has("input")) {
        const places = events.map((event) => this.#mapping(event));
        for (const fields of places.length > 0 ? places : [this.shared]) this.#field(fields, cell);
      }
    });
    return true;
  }

  #mapping(event: string): Mapping {
    const key = event.toLowerCase();
    const isType = NAMELESS_TYPES.includes(key);
    const made: Mapping = this.mappings.get(key) ?? {
      label: event,
      enabled: true,
      selection: { events: isType ? [] : [event], types: isType ? [key] : [], everyTrack: false },
      ...noFields(),
    };
    this.mappings.set(key, made);
    return made;
  }

  #event(event: string, cell: (column: Column) => string): void {
    const text = cell("conversionType");
    const mapping = this.#mapping(event);
    if (mapping.origins.has("conversionType") || !mapping.enabled) {
      return this.#ledger.leave(`event ${event} as \`${text}\``, "it stands in the tables twice, and the first row is taken");
    }
    if (isNothing(text)) {
      this.mappings.set(event.toLowerCase(), { ...mapping, enabled: false });
      return;
    }
    mapping.origins.set("conversionType", { paths: [], literal: text });
    for (const column of ["dataSetName", "name"] as const) {
      if (!isNothing(cell(column))) mapping.origins.set(column, { paths: [], literal: cell(column) });
    }
    if (!isNothing(cell("value"))) this.#put(mapping, "value", "value", cell("value"));
  }

  #field(fields: Fields, cell: (column: Column) => string): void {
    const name = cell("field");
    const input = cell("input");
    if (name === "" || isNothing(input)) return;
    const place = "label" in fields ? (fields as Mapping).label : undefined;
    const parameter = PARAMETERS.find((one) => plain(one.name) === plain(name));
    if (parameter) {
      return this.#ledger.leave(
        name,
        "it is a connection parameter, not part of the config",
        `set ${parameter.name} in the environment`,
      );
    }
    if (/eventIngestionMethod$/i.test(name) || /matchKeys\W*(\d+\W*)?\btypes?$/i.test(name)) {
      return this.#ledger.carry(name, "built in");
    }
    const attribute = /^(?:events?\[\d*\]\.)?custom(?:Data|Attributes?)\W+(?:name\W+)?(\w+)/i.exec(name)?.[1];
    if (attribute !== undefined) {
      const origin = read(input, cell("transform"));
      if ("problem" in origin) this.#ledger.leave(name, origin.problem, remedyFor(undefined), place);
      else fields.customData.set(attribute, origin);
      return;
    }
    // `matchKeys.values` alone: the path tells whose it is.
    const field = fieldOf(name) ?? (/^matchKeys/i.test(name) ? fieldOf(lastKey(input)) : undefined);
    if (field === undefined) return this.#ledger.leave(name, "no setting here is like it", undefined, place);
    this.#put(fields, field, name, input, cell("transform"));
  }

  #put(fields: Fields, field: Field, item: string, text: string, transform = ""): void {
    const place = "label" in fields ? (fields as Mapping).label : undefined;
    // No path leads to these, so a word alone is what it says.
    const isWord = LITERAL_FIELDS.has(field) && /^[\w -]+$/.test(text) && !TOP_LEVEL.has(text);
    const origin = isWord ? { paths: [], literal: text } : read(text, transform);
    if ("problem" in origin) {
      fields.unread.add(field);
      return this.#ledger.leave(item, origin.problem, remedyFor(field), place);
    }
    const before = fields.origins.get(field);
    // A field in several rows: the rows in order, as alternatives.
    fields.origins.set(
      field,
      before ? { ...before, ...origin, paths: [...new Set([...before.paths, ...origin.paths])] } : origin,
    );
  }
}

function read(input: string, transform: string): ReturnType<typeof cellOrigin> {
  if (isNothing(transform) || HARMLESS.has(plain(transform))) return cellOrigin(input);
  return { problem: `\`${transform}\` computes a value` };
}

// What the core does by itself, or what makes no difference to it.
const HARMLESS: ReadonlySet<string> = new Set(
  (
    "directassign direct assign none tofloat tointeger toint tonumber tostring float integer number string " +
    "lower lowercase tolower tolowercase trim hash hashed sha256 sha256hash sha256hashed const constant static sum"
  ).split(" "),
);

function isNothing(text: string): boolean {
  return /^(|-+|–|—|n\/a|none|null|off|false|not sent|not mapped|disabled)$/i.test(text);
}

// Markdown's marks, and the character for a blank that is none.
function clean(cell: string): string {
  return cell
    .replace(/\u00a0|&nbsp;/g, " ")
    .replace(/[`]|\*\*|\\(?=[_*[\]])/g, "")
    .trim();
}

function eventsIn(cell: string): string[] {
  const listed = cell.replace(/\((?:and|or)\s+([^)]*)\)/gi, ", $1").replace(/\([^)]*\)/g, "");
  const events = listed.split(/,|;|<br\s*\/?>/i).map((event) => event.trim().replace(/^["']|["']$/g, ""));
  return events.filter((event) => event !== "" && !/^(all|all events|any|every event|global|default|\*)$/i.test(event));
}

function lastKey(input: string): string {
  return /([\w-]+)\W*$/.exec(input)?.[1] ?? "";
}

const LITERAL_FIELDS: ReadonlySet<Field> = new Set(["name", "dataSetName", "eventSource", "conversionType"]);
const TOP_LEVEL: ReadonlySet<string> = new Set(
  (
    "type event name category messageId userId anonymousId groupId previousId timestamp originalTimestamp sentAt receivedAt " +
    "channel version"
  ).split(" "),
);
// Wrappers that the core needs not be told of.
const WRAPPER =
  /^(?:sha-?256|hash|lower|lowercase|toLowerCase|trim|normali[sz]e|to_?string|to_?number|to_?float)\w*\s*\((.*)\)$/is;
const LINES = /([\p{L}\w$-]+(?:\.[\p{L}\w$-]+)*)\[(?:\*|i|n)?\]\.(price|quantity)\b/giu;

/** Where the value of a cell comes from, or why that cannot be said in a config. */
export function cellOrigin(cell: string): Origin | { readonly problem: string } {
  const paths: string[] = [];
  let literal: string | number | undefined;
  let lines: string | undefined;
  for (const alternative of alternatives(cell)) {
    const text = unwrap(
      alternative.replace(/\s*\((?:hashed|sha-?256|if present|optional|required|lower-?case[d]?|default|fallback)\)$/i, ""),
    );
    if (literal !== undefined) return { problem: `\`${cell}\` has something after a literal` };
    const list = linesIn(text);
    const number = /^-?\d+(\.\d+)?$/.test(text);
    const quoted = /^(["'])(.*)\1$/s.exec(text)?.[2];
    if (list !== undefined) {
      if (paths.length > 0 || (lines !== undefined && lines !== list)) {
        return { problem: `a sum of lines comes first here, and in \`${cell}\` it does not` };
      }
      lines = list;
    } else if (number || quoted !== undefined || (/^[A-Z][A-Z0-9_]*$/.test(text) && !TOP_LEVEL.has(text))) {
      literal = number ? Number(text) : (quoted ?? text);
    } else {
      const plainPath = text.replace(/^\{\{\s*(.*?)\s*\}\}$/, "$1");
      const read = pathOf(plainPath);
      if ("problem" in read) return read;
      const isPath = /^[\p{L}_$][\p{L}\w$-]*(\.[\p{L}\w$ -]+)+$/u.test(read.path) || TOP_LEVEL.has(read.path);
      if (!isPath) return { problem: `\`${text}\` is neither a path nor a literal` };
      paths.push(read.path);
    }
  }
  if (paths.length === 0 && literal === undefined && lines === undefined) return { problem: `\`${cell}\` names nothing` };
  return { paths, ...(literal !== undefined && { literal }), ...(lines !== undefined && { lines }) };
}

function unwrap(text: string): string {
  const inner = WRAPPER.exec(text.trim())?.[1];
  return inner === undefined ? text.trim() : unwrap(inner);
}

// `sum(properties.products[].price * quantity)` and the like: nothing is left when paths and signs are taken away.
function linesIn(text: string): string | undefined {
  const lists = new Set([...text.matchAll(LINES)].map(([, list]) => list));
  const rest = text.replace(LINES, " ").replace(/\b(sum|total|of|and|over|all|price|quantity|quantities|x)\b|[×x*()+,.\s]/gi, "");
  const [list] = lists;
  return lists.size === 1 && rest === "" ? list : undefined;
}

// Splits `a, else b` and `a || b`, but not within parentheses.
function alternatives(cell: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (const found of cell.matchAll(
    /\(|\)|\s*(?:\|\||\?\?|;|,|<br\s*\/?>|→|->)\s*|\s+(?:or else|else|otherwise|or|then|fallback)\s+/gi,
  )) {
    if (found[0] === "(") depth++;
    else if (found[0] === ")") depth--;
    else if (depth === 0) {
      parts.push(cell.slice(from, found.index));
      from = found.index + found[0].length;
    }
  }
  parts.push(cell.slice(from));
  return parts.map((part) => part.trim().replace(/^(?:or else|else|otherwise|or|then)\s+/i, "")).filter((part) => part !== "");
}
