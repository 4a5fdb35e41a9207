// `import-config`: another system's mapping in, a config of ours out, and a list of what could not be carried over.
import { writeFileSync } from "node:fs";

import { Transformer, type Config } from "../core.js";
import { messageOf } from "../errors.js";
import { CommandError } from "./errors.js";
import { buildConfig } from "./import/build.js";
import { readMappingKit } from "./import/mapping_kit.js";
import { Ledger, type Carried, type Export, type NotCarried } from "./import/model.js";
import { isKnown, readTables } from "./import/table_mapping.js";
import { markdownTables, separatedTables } from "./import/tables.js";
import { openInput, Output, reasonOf, say, writeReasonOf } from "./io.js";

/** Options of `import-config`. */
export interface ImportConfigOptions {
  readonly out?: string;
  readonly force?: true;
  readonly json?: true;
}

/** A config, and how it differs from what it was made from. */
export interface Imported {
  readonly config: Config;
  readonly carried: readonly Carried[];
  readonly notCarried: readonly NotCarried[];
}

// A mapping is written by hand; a file of events given by mistake is not read to its end.
const MAX_BYTES = 16 * 2 ** 20;

/** Runs `import-config`. */
export async function importConfig(file: string | undefined, options: ImportConfigOptions): Promise<0> {
  if (options.force && options.out === undefined) {
    throw new CommandError(2, "--force goes with --out: nothing else is overwritten");
  }
  const { name, text } = await read(file);
  const imported = importText(text, name);
  const config = `${pretty(imported.config)}\n`;
  if (options.out !== undefined) write(options.out, config, options.force === true);
  if (options.json) await new Output().write(`${JSON.stringify(imported, null, 2)}\n`);
  else {
    if (options.out === undefined) await new Output().write(config);
    tell(imported, options.out);
  }
  return 0;
}

/**
 * The config for a text: a Segment export in JSON, or a table in Markdown or CSV.
 *
 * @param name - what messages call the text
 * @throws {@link CommandError} if the text is none of these
 */
export function importText(text: string, name: string): Imported {
  const ledger = new Ledger();
  let config: Config;
  try {
    const exported = /^\s*[[{]/.test(text) ? fromJson(text, name, ledger) : fromTables(text, name, ledger);
    config = buildConfig(exported, ledger);
  } catch (error) {
    if (error instanceof RangeError) throw new CommandError(2, `${name} is nested too deeply`, { cause: error });
    throw error;
  }
  // The core's word that it is one.
  new Transformer(config);
  return { config, carried: ledger.carried, notCarried: ledger.notCarried };
}

function fromJson(text: string, name: string, ledger: Ledger): Export {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CommandError(2, `${name} begins like JSON and is not: ${messageOf(error)}`);
  }
  const exported = readMappingKit(json, ledger);
  if (exported) return exported;
  const [why] = ledger.notCarried;
  throw new CommandError(
    2,
    `${name} has no mapping of Segment's Amazon destination: expected fields such as \`eventType\` and \`matchKeys\`, alone or as the ` +
      `\`mapping\` (or \`settings\`) of subscriptions${why ? `; ${why.item}: ${why.reason}` : ""}`,
  );
}

function fromTables(text: string, name: string, ledger: Ledger): Export {
  const markdown = markdownTables(text);
  const separated = ([",", ";", "\t"] as const).map((separator) => separatedTables(text, separator).filter(isKnown));
  const tables = markdown.length > 0 ? markdown : (separated.find(({ length }) => length > 0) ?? []);
  const exported = readTables(tables, ledger);
  if (exported) return exported;
  throw new CommandError(
    2,
    `cannot tell what ${name} is: expected a Segment mapping in JSON, or a table (Markdown, or CSV with a header) with the columns ` +
      "Event and Conversion type, or Amazon field and Input",
  );
}

async function read(file: string | undefined): Promise<{ name: string; text: string }> {
  const input = openInput(file);
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of input.chunks) {
      size += chunk.length;
      if (size > MAX_BYTES) throw new CommandError(2, `${input.name} is larger than 16 MiB: no mapping is`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(2, `cannot read ${input.name}: ${reasonOf(error)}`);
  }
  try {
    return { name: input.name, text: new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)) };
  } catch {
    throw new CommandError(2, `${input.name} is not UTF-8 text`);
  }
}

// JSON for people: what fits in a line stays in one.
function pretty(value: unknown, indent = "", room = 120): string {
  const flat = JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/\[ | \]/g, (bracket) => bracket.trim());
  if (flat.length <= room - indent.length || typeof value !== "object" || value === null) return flat;
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((one: unknown) => deeper + pretty(one, deeper))
    : Object.entries(value).map(([key, one]) => `${deeper}${JSON.stringify(key)}: ${pretty(one, deeper, room - key.length - 4)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  return `${open}\n${parts.join(",\n")}\n${indent}${close}`;
}

function write(file: string, config: string, force: boolean): void {
  try {
    writeFileSync(file, config, { flag: force ? "w" : "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      throw new CommandError(2, `${file} exists already; --force overwrites it`);
    }
    throw new CommandError(2, `cannot write ${file}: ${writeReasonOf(error)}`);
  }
}

function tell({ carried, notCarried }: Imported, out: string | undefined): void {
  const lines = [out === undefined ? "The config is valid." : `The config is valid and stands in ${out}.`];
  const differing = carried.filter(({ note }) => note !== undefined);
  if (differing.length > 0) {
    lines.push("", "Carried over with a difference:", ...differing.map(({ item, note }) => `- ${item}: ${note}`));
  }
  if (notCarried.length === 0) lines.push("", "Nothing was left out.");
  else lines.push("", `Not carried over (${notCarried.length}):`);
  for (const { item, reason, remedy } of notCarried) {
    lines.push(`- ${item}: ${reason}`);
    if (remedy !== undefined) lines.push(`  Instead: ${remedy}`);
  }
  say(lines.join("\n"));
}
