// `init`: a config to start from.
//
// It is plain JSON without comments: a bundler, a Worker's import, `jq` and the core read it as it is, and a second form with
// comments would need a step between. What each key does is said by `$schema` in any editor, and in the documents.
import { existsSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline/promises";

import { isConfigError, Transformer, type Config } from "../core.js";
import { CommandError } from "./errors.js";
import { CONFIG_FILE, Output, say, writeReasonOf } from "./io.js";

/** Options of `init`. */
export interface InitOptions {
  readonly out: string;
  readonly force?: true;
  readonly yes?: true;
  readonly dataSet?: string;
  readonly country?: string;
  readonly currency?: string;
  readonly preset?: "metarouter" | "segment";
  readonly json?: true;
}

const SCHEMA = "./node_modules/amazon-dsp-events/dist/config.schema.json";
const DATA_SET = "web_events";
/** The built-in ones: a config to start from changes nothing but what was asked. */
const CATEGORIES = ["C0004", "targeting", "advertising", "marketing"];

interface Answers {
  readonly dataSet: string;
  readonly country: string;
  readonly currency: string;
}

/** Runs `init`. */
export async function init(options: InitOptions): Promise<0> {
  const { out } = options;
  // Before anything is asked: answers that lead nowhere are a nuisance.
  if (!options.force && existsSync(out)) throw exists(out);
  const given: Answers = { dataSet: options.dataSet ?? DATA_SET, country: options.country ?? "", currency: options.currency ?? "" };
  const config = configOf(options.yes || !process.stdin.isTTY ? given : await questions(options, given), options.preset ?? "metarouter");
  try {
    writeFileSync(out, `${inLines(config)}\n`, { flag: options.force ? "w" : "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") throw exists(out);
    throw new CommandError(2, `cannot write ${out}: ${writeReasonOf(error)}`);
  }
  if (options.json) await new Output().write(`${JSON.stringify({ file: out, config })}\n`);
  say(`${out} is written. Editors explain each key by its $schema (once the package is installed).`);
  const named = out === CONFIG_FILE ? "" : ` --config ${out}`;
  say(`Next: amazon-dsp-events coverage events.ndjson${named}`);
  return 0;
}

function exists(file: string): CommandError {
  return new CommandError(2, `${file} exists already; --force overwrites it, --out names another file`);
}

/** Asks what no default can know. An empty answer takes what stands in brackets. */
async function questions(options: InitOptions, given: Answers): Promise<Answers> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  lines.on("SIGINT", () => {
    process.stderr.write("\n");
    process.exit(130);
  });
  const ask = async (option: string | undefined, question: string, usual: string): Promise<string> =>
    option ?? ((await lines.question(`${question} [${usual || "none"}]: `)).trim() || usual);
  try {
    const dataSet = await ask(options.dataSet, "Data set in Amazon's Events Manager; it is made with the first event", given.dataSet);
    const country = await ask(options.country, "Country of events that name none, such as US or DE", given.country);
    const currency = await ask(options.currency, "Currency of orders that name none, such as USD or EUR", given.currency);
    return { dataSet, country, currency };
  } catch (error) {
    // Ctrl-D, or the terminal has gone.
    process.stderr.write("\n");
    throw new CommandError(2, "no answer: nothing was written. --yes asks nothing, and --data-set, --country and --currency answer", { cause: error });
  } finally {
    lines.close();
  }
}

function configOf({ dataSet, country, currency }: Answers, preset: "metarouter" | "segment"): Config & { readonly $schema: string } {
  const defaults = {
    ...(country !== "" && { countryCode: country.toUpperCase() }),
    ...(currency !== "" && { currencyCode: currency.toUpperCase() }),
    eventSource: "WEBSITE",
  };
  const config = {
    $schema: SCHEMA,
    preset,
    dataSetName: dataSet,
    events: {},
    unmapped: "drop",
    identity: { userIdAs: "email" },
    consent: { categories: { amznUserData: CATEGORIES, amznAdStorage: CATEGORIES } },
    defaults,
  } as Config & { readonly $schema: string };
  try {
    // The core's word that it is one.
    new Transformer(config);
  } catch (error) {
    if (isConfigError(error)) throw new CommandError(2, error.message, { cause: error });
    throw error;
  }
  return config;
}

/** A line for each key, so that a change shows as one. */
function inLines(config: object): string {
  const lines = Object.entries(config).map(([key, value]) => `  ${JSON.stringify(key)}: ${spaced(value)}`);
  return `{\n${lines.join(",\n")}\n}`;
}

function spaced(value: unknown): string {
  return JSON.stringify(value, null, 1)
    .replace(/\n\s*/g, " ")
    .replace(/\[ | \]/g, (bracket) => bracket.trim());
}
