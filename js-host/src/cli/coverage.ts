// `coverage`: what a file of events is worth at Amazon, and what would help most.
import { CoverageCounter, nameOf, type Coverage } from "../coverage.js";
import type { Config, MatchKeyType, Trace } from "../core.js";
import { NOTES, REASONS } from "../words.js";
import type { ExitCode } from "./errors.js";
import { CommandError } from "./errors.js";
import { loadConfig, openInput, Output, parseNow, recordsOf } from "./io.js";
import { Progress } from "./progress.js";
import { table } from "./table.js";

/** Options of `coverage`. */
export interface CoverageOptions {
  /** False: none, whatever the folder has. */
  readonly config?: string | false;
  readonly now?: string;
  readonly json?: boolean;
}

/** Runs `coverage`. */
export async function coverage(file: string | undefined, options: CoverageOptions): Promise<ExitCode> {
  const now = parseNow(options.now);
  const { transformer, text } = await loadConfig(options.config);
  const input = openInput(file);
  const counter = new CoverageCounter(JSON.parse(text) as Config);
  let events = 0;
  let bytesRead = 0;
  const progress = new Progress(() => ({ events, fraction: input.size ? Math.min(1, bytesRead / input.size) : undefined }));
  try {
    for await (const records of recordsOf(input)) {
      for (const { bytes } of records) {
        events++;
        bytesRead += bytes.length + 1;
        counter.add(JSON.parse(transformer.explainJson(bytes, now)) as Trace, nameOf(bytes));
      }
    }
  } finally {
    progress.end();
  }
  const result = counter.result();
  if (result.events === 0) throw new CommandError(1, `${input.name} has no event`);
  await new Output().write(`${options.json ? JSON.stringify(result) : inWords(result)}\n`);
  return 0;
}

const MOST_ROWS = 20;
const number = (value: number): string => value.toLocaleString("en-US");
const share = (count: number | undefined, all: number): string => {
  if (all === 0 || !count) return "·";
  return count * 200 < all ? "<1%" : `${Math.round((100 * count) / all)}%`;
};

/** The coverage for a person. */
export function inWords(result: Coverage): string {
  const { events, mapped, dropped, notes, matchKeys, byEvent, fixes } = result;
  const counted = (counts: Readonly<Record<string, number>>, words: Readonly<Record<string, string>>): string[] =>
    table(
      Object.entries(counts).map(([code, count]) => [`  ${number(count)}`, share(count, events), code, words[code] ?? ""]),
      [0, 1],
    );
  const keys = Object.keys(matchKeys) as MatchKeyType[];
  const hasValues = byEvent.some(({ withValue }) => withValue > 0);
  const head = ["  event", "conversion type", "mapped", "dropped", ...keys, ...(hasValues ? ["value"] : [])];
  const rows = byEvent.slice(0, MOST_ROWS).map((one) => [
    `  ${one.event}`,
    one.conversionType ?? "·",
    number(one.mapped),
    number(one.dropped),
    ...keys.map((key) => share(one.matchKeys[key], one.mapped)),
    ...(hasValues ? [share(one.withValue, one.mapped)] : []),
  ]);
  const total = ["  all", "", number(mapped), number(events - mapped), ...keys.map((key) => share(matchKeys[key], mapped)), ...(hasValues ? [""] : [])];
  const lines = [
    `${number(events)} events: ${number(mapped)} mapped, ${number(events - mapped)} dropped`,
    "",
    ...table([head, ...rows, total], head.map((_, column) => column).slice(2)),
  ];
  if (byEvent.length > MOST_ROWS) lines.push(`  and ${number(byEvent.length - MOST_ROWS)} more; \`--json\` has all`);
  if (Object.keys(dropped).length > 0) lines.push("", "Dropped, by reason", ...counted(dropped, REASONS));
  if (Object.keys(notes).length > 0) lines.push("", "Notes", ...counted(notes, NOTES));
  lines.push("", fixes.length > 0 ? "What would help most" : "Nothing to mend");
  for (const [index, { events: count, fix }] of fixes.entries()) lines.push(`  ${index + 1}. ${number(count)} ${count === 1 ? "event" : "events"}: ${fix}`);
  return lines.join("\n");
}
