// `explain`: for each event, where every field comes from, and for a drop what would have to change.
import type { Outcome, Trace, Transformer, Tried } from "../core.js";
import { redact } from "../redact.js";
import { DETAILS, NOTES, REASONS, UNUSABLES } from "../words.js";
import { CommandError, type ExitCode } from "./errors.js";
import { loadConfig, openInput, Output, parseNow, recordsOf } from "./io.js";
import { table } from "./table.js";

/** Options of `explain`. */
export interface ExplainOptions {
  /** False: none, whatever the folder has. */
  readonly config?: string | false;
  readonly now?: string;
  readonly eventId?: string;
  readonly line?: number;
  readonly reason?: string;
  readonly json?: boolean;
}

/** Runs `explain`. */
export async function explain(file: string | undefined, options: ExplainOptions): Promise<ExitCode> {
  const now = parseNow(options.now);
  if (options.reason !== undefined && !Object.hasOwn(REASONS, options.reason)) {
    throw new CommandError(2, `--reason must be one of ${Object.keys(REASONS).join(", ")}, got \`${options.reason}\``);
  }
  const { transformer } = await loadConfig(options.config);
  const input = openInput(file);
  const output = new Output();
  let told = 0;
  for await (const records of recordsOf(input)) {
    for (const { line, bytes } of records) {
      if (options.line !== undefined && options.line !== line) continue;
      if (options.eventId !== undefined && idOf(transformer, bytes, now) !== options.eventId) continue;
      const json = transformer.explainJson(bytes, now);
      const trace = JSON.parse(json) as Trace;
      if (options.reason !== undefined && options.reason !== trace.reason) continue;
      const text = options.json ? `{"line":${line},${json.slice(1)}` : `${told > 0 ? "\n" : ""}${inWords(line, trace)}`;
      told++;
      if (!(await output.write(`${text}\n`))) return 0;
    }
  }
  if (told > 0) return 0;
  const wanted = [
    options.eventId !== undefined && `with the id \`${redact(options.eventId)}\``,
    options.line !== undefined && `at line ${options.line}`,
    options.reason !== undefined && `dropped for ${options.reason}`,
  ].filter((part) => part !== false);
  throw new CommandError(1, `${input.name} has no event${wanted.length > 0 ? ` ${wanted.join(", ")}` : ""}`);
}

/** What an event is known by: the id it has at Amazon, or would have. */
function idOf(transformer: Transformer, bytes: Uint8Array, now: number | undefined): string | undefined {
  const outcome = JSON.parse(transformer.evaluateJson(bytes, now)) as Outcome;
  if (outcome.outcome === "mapped") return outcome.event.eventId;
  try {
    const { messageId } = JSON.parse(new TextDecoder().decode(bytes)) as { messageId?: unknown };
    return messageId === undefined ? undefined : String(messageId).trim();
  } catch {
    return undefined;
  }
}

/** A trace for a person. */
export function inWords(line: number, trace: Trace): string {
  const { reason, detail, notes, remedy, tried } = trace;
  const lines: string[] = [];
  if (reason === undefined) {
    const type = tried.find(({ field }) => field === "eventDescription.conversionType")?.value;
    lines.push(`line ${line}: mapped${type === undefined ? "" : ` to ${type}`}`);
  } else {
    lines.push(`line ${line}: dropped, ${reason}: ${detail === undefined ? REASONS[reason] : DETAILS[detail]}`);
  }
  if (remedy) lines.push(`  to change this: ${remedy}`);
  lines.push(...table(tried.map((one) => [one.field, one.value, one.path, remarkOn(one)])).map((row) => `  ${row}`));
  // The others stand beside the input that they are of.
  const others = notes.filter((note) => !tried.some((one) => one.note === note));
  lines.push(...others.map((note) => `  note: ${NOTES[note]} (${note})`));
  return lines.join("\n");
}

function remarkOn({ unusable, note, says }: Tried): string {
  const remarks: string[] = [];
  if (unusable !== undefined) remarks.push(`not used: ${UNUSABLES[unusable]}`);
  // What was left out is said already.
  if (note !== undefined && unusable === undefined) remarks.push(NOTES[note]);
  if (says && unusable === undefined) {
    const flags = Object.entries(says).filter(([, signal]) => signal !== "unknown");
    remarks.push(`says ${flags.map(([flag, signal]) => `${flag} ${signal}`).join(", ")}`);
  }
  return remarks.join("; ");
}
