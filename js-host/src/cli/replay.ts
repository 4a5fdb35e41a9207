// `replay`: sends dead letters again, each event with the bytes it had, or lists them.
import { createHash } from "node:crypto";

import { readDeadLetter, type DeadLetterLine } from "../dead_letter_line.js";
import { messageOf } from "../errors.js";
import type { DeadLetterReason } from "../outcome.js";
import { MAX_EVENT_BYTES, type InputRecord } from "../records.js";
import { redact, said } from "../redact.js";
import type { ExitCode } from "./errors.js";
import { openInput, Output, say } from "./io.js";
import { groups, hash, runJob, type JobOptions, type Prepared } from "./job.js";

/** Options of `replay`. */
export interface ReplayOptions extends JobOptions {
  readonly list?: boolean;
  /** Only dead letters with this reason. */
  readonly reason?: DeadLetterReason;
  /** Only the event with this id. */
  readonly eventId?: string;
}

/** Runs `replay`. */
export async function replay(file: string | undefined, options: ReplayOptions): Promise<ExitCode> {
  const letters = new Letters(options);
  let exitCode: ExitCode;
  try {
    exitCode = options.list
      ? await list(file, letters, options)
      : await runJob(
          { file, prepare: (records) => letters.prepare(records), config: hash("replay", options.reason ?? "", options.eventId ?? "") },
          options,
        );
  } finally {
    letters.tell();
  }
  return exitCode === 0 && letters.unreadable.length > 0 ? 1 : exitCode;
}

const DAY_MS = 86_400_000;
/** Amazon takes no older events. */
const MAX_AGE_DAYS = 21;

interface Letter extends DeadLetterLine {
  readonly line: number;
  /** Of the event. Epoch milliseconds. */
  readonly time: number | undefined;
}

/** Reads dead letters, and remembers what there is to say of them. */
class Letters {
  readonly unreadable: { line: number; problem: string }[] = [];
  readonly #options: ReplayOptions;
  readonly #now = Date.now();
  readonly #seen = new Set<string>();
  #read = 0;
  #chosen = 0;
  #repeated = 0;
  #old = 0;
  #oldLine = 0;

  constructor(options: ReplayOptions) {
    this.#options = options;
  }

  /** The dead letter of a line, if it is one that was asked for. */
  take({ line, bytes }: InputRecord): Letter | "unreadable" | undefined {
    let letter: DeadLetterLine;
    try {
      if (bytes.length > MAX_EVENT_BYTES) throw new Error("it has more than 1 MiB");
      letter = readDeadLetter(bytes);
    } catch (error) {
      this.unreadable.push({ line, problem: messageOf(error) });
      return "unreadable";
    }
    this.#read++;
    const { reason, eventId } = this.#options;
    if ((reason !== undefined && letter.reason !== reason) || (eventId !== undefined && letter.eventId !== eventId)) return undefined;
    this.#chosen++;
    const time = timeOf(letter.event["eventTime"]);
    if (time !== undefined && this.#now - time > MAX_AGE_DAYS * DAY_MS && this.#old++ === 0) this.#oldLine = line;
    return { ...letter, line, time };
  }

  /** What there is to send. An event that was given up twice is one event. */
  prepare(records: readonly InputRecord[]): Prepared[] {
    return records.map((record) => {
      const letter = this.take(record);
      if (letter === "unreadable") return { dropped: { reason: "invalid_event" } };
      if (!letter) return undefined;
      const key = createHash("sha256").update(letter.wire).digest("base64");
      if (this.#seen.has(key)) {
        this.#repeated++;
        return undefined;
      }
      this.#seen.add(key);
      return { wire: letter.wire };
    });
  }

  /** Says what the report or the list does not. */
  tell(): void {
    const { unreadable } = this;
    if (this.#chosen === 0 && this.#read > 0) {
      say(`none of the ${count(this.#read, "dead letter")} is what was asked for (--reason, --event-id)`);
    }
    if (this.#repeated > 0) {
      say(`${count(this.#repeated, "dead letter")} repeated an event of an earlier line: each event is sent once`);
    }
    if (this.#old > 0) {
      const events = `${count(this.#old, "event")} of more than ${MAX_AGE_DAYS} days ago`;
      say(`warning: ${events}, which Amazon refuses; the first is on line ${this.#oldLine}`);
    }
    if (unreadable.length === 0) return;
    say(`error: ${count(unreadable.length, "line")} could not be read; nothing in there was sent:`);
    for (const { line, problem } of unreadable) say(`  line ${line}: ${problem}`);
  }
}

async function list(file: string | undefined, letters: Letters, options: ReplayOptions): Promise<0> {
  const rows: { line: number; eventId: string; reason: string; attempts: number; lastError: string; eventTime: unknown }[] = [];
  const reasons = Object.create(null) as Record<string, number>;
  let oldest: Letter | undefined;
  for await (const records of groups(openInput(file), [])) {
    for (const record of records) {
      const letter = letters.take(record);
      if (!letter || letter === "unreadable") continue;
      const { line, eventId, reason, attempts, lastError, event, time } = letter;
      rows.push({ line, eventId, reason, attempts, lastError, eventTime: event["eventTime"] ?? null });
      reasons[reason] = (reasons[reason] ?? 0) + 1;
      if (time !== undefined && (oldest?.time === undefined || time < oldest.time)) oldest = letter;
    }
  }
  const output = new Output();
  const first = oldest && { line: oldest.line, eventId: oldest.eventId, eventTime: oldest.event["eventTime"] };
  if (options.json) {
    const data = { letters: rows.length, reasons, oldest: first ?? null, deadLetters: rows, unreadable: letters.unreadable };
    await output.write(`${JSON.stringify(data)}\n`);
    return 0;
  }
  const since = first ? `, the oldest of ${redact(String(first.eventTime))} (${redact(first.eventId)})` : "";
  await output.write(`${count(rows.length, "dead letter")}${since}\n`);
  if (rows.length === 0) return 0;
  const byCount = Object.entries(reasons).sort(([, a], [, b]) => b - a);
  await output.write(`\n${byCount.map(([reason, total]) => `${String(total).padStart(8)}  ${reason}\n`).join("")}\n`);
  const table = [
    ["line", "reason", "attempts", "event id", "last error"],
    // A table is for people: no identifiers in it, and nothing that moves their cursor.
    ...rows.map(({ line, eventId, reason, attempts, lastError }) =>
      [String(line), reason, String(attempts), eventId, lastError].map((cell) => redact(said(cell))),
    ),
  ];
  const widths = [0, 1, 2, 3].map((column) => table.reduce((width, row) => Math.max(width, row[column]?.length ?? 0), 0));
  for (const row of table) {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    if (!(await output.write(`${cells.join("  ").trimEnd()}\n`))) break;
  }
  return 0;
}

/** The instant of an event, in whichever format it was written. */
function timeOf(value: unknown): number | undefined {
  const time = typeof value === "number" ? (value < 1e11 ? value * 1000 : value) : Date.parse(String(value));
  return Number.isNaN(time) ? undefined : time;
}

function count(value: number, what: string): string {
  return `${value.toLocaleString("en-US")} ${what}${value === 1 ? "" : "s"}`;
}
