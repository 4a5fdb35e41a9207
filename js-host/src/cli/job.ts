// A job of the command line: brings what is made of an input's events to Amazon, with a journal if there is one, and
// reports what became of each.
import { createHash } from "node:crypto";
import { closeSync, existsSync, fchmodSync, fstatSync, openSync, realpathSync, statSync, writeFileSync, type Stats } from "node:fs";
import { dirname, isAbsolute, relative, resolve, sep } from "node:path";

import { DEFAULT_BATCH } from "../delivery/batcher.js";
import type { Connection } from "../connection.js";
import { version, type DropReason } from "../core.js";
import { fileDeadLetters } from "../dead_letter_file.js";
import { Engine } from "../delivery/engine.js";
import { AmazonEventsError, CredentialsError } from "../errors.js";
import { deliveryLimits } from "../limits.js";
import type { DeadLetterSink } from "../outcome.js";
import { Parcel } from "../delivery/parcel.js";
import { RecordSplitter, type InputRecord } from "../records.js";
import { runtimeOf } from "../runtime.js";
import { deadLetter, type Settled } from "../delivery/settled.js";
import { CommandError, type ExitCode } from "./errors.js";
import { CONFIG_FILE, openInput, Output, reasonOf, say, writeReasonOf, type Input } from "./io.js";
import { Journal, type PastOutcome, type Totals } from "./journal.js";
import { connectionFrom } from "./parameters.js";
import { Progress } from "./progress.js";
import { emptyReport, tell, type Report } from "./report.js";

/** Options of every command that delivers; connection parameters may be among them. */
export interface JobOptions {
  readonly dryRun?: boolean;
  readonly report?: string;
  readonly state?: string;
  readonly deadLetters?: string;
  readonly json?: boolean;
  /** As {@link configFile} takes it. */
  readonly config?: string | false;
  readonly dotenv?: string;
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly timeout: number;
  readonly maxRequestsPerSecond?: number;
  readonly maxEventsPerSecond?: number;
}

/** What an event of the input comes to: bytes to send, or why not; undefined if it is no part of the job. */
export type Prepared =
  | { readonly wire: Uint8Array }
  | { readonly wire?: undefined; readonly dropped: { readonly reason: DropReason } }
  | undefined;

/**
 * One result for each event, in order; the same ones whenever it is given the same events at the same instant.
 *
 * @param now - epoch milliseconds
 */
export type Prepare = (records: readonly InputRecord[], now: number) => readonly Prepared[];

/** A job. */
export interface JobPlan {
  readonly file: string | undefined;
  readonly prepare: Prepare;
  /** What else makes it the same job. */
  readonly config: string;
  /** `--now`, if it was given. Epoch milliseconds. */
  readonly now?: number | undefined;
}

/** Runs a job, tells its report, and says how the command ends. */
export async function runJob(plan: JobPlan, options: JobOptions): Promise<ExitCode> {
  const connection = options.dryRun ? undefined : connectionFrom(options as unknown as Record<string, unknown>);
  const input = openInput(plan.file);
  checkFiles(plan.file, options);
  if (options.report !== undefined) checkReport(options.report);
  const { prepare, now } = plan;
  if (!connection) return await finish(await rehearse(input, prepare, now), options, 0);
  const journal =
    options.state === undefined
      ? undefined
      : Journal.open(options.state, { core: version(), config: plan.config, destination: destinationOf(connection), now: now ?? null });
  try {
    const job = new Job(connection, prepare, journal, options);
    const exitCode = await job.run(input, now);
    return await finish(job.report, options, exitCode);
  } finally {
    journal?.close();
  }
}

/** Prepares without sending. */
async function rehearse(input: Input, prepare: Prepare, now: number | undefined): Promise<Report> {
  const report = emptyReport();
  const began = Date.now();
  let bytes = 0;
  const progress = new Progress(() => ({ events: report.events, fraction: input.size ? Math.min(1, bytes / input.size) : undefined }));
  try {
    for await (const records of groups(input, [])) {
      for (const one of prepare(records, now ?? Date.now())) {
        if (one) count(report, one.wire ? undefined : one.dropped.reason);
      }
      for (const record of records) bytes += record.bytes.length + 1;
    }
  } finally {
    progress.end();
  }
  report.durationMs = Date.now() - began;
  report.undelivered = report.mapped;
  return report;
}

/** One run of a job. */
class Job {
  readonly report = emptyReport();
  readonly #prepare: Prepare;
  readonly #journal: Journal | undefined;
  readonly #engine: Engine;
  readonly #deadLetters: DeadLetterSink | undefined;
  readonly #began = Date.now();
  /** What earlier runs of the job came to. */
  readonly #past: Totals;
  #bytes = 0;
  #sent = false;
  /** Of the last event that was given up. */
  #lastFault: string | undefined;
  #interrupted: ExitCode | undefined;
  #stopReading: (() => void) | undefined;

  constructor(connection: Connection, prepare: Prepare, journal: Journal | undefined, options: JobOptions) {
    this.#deadLetters = options.deadLetters === undefined ? undefined : deadLettersOf(options.deadLetters);
    this.#prepare = prepare;
    this.#journal = journal;
    this.#past = journal?.totals ?? { requests: 0, retriedRequests: 0, tokenRefreshes: 0, durationMs: 0 };
    const { concurrency, maxAttempts, timeout, maxRequestsPerSecond, maxEventsPerSecond } = options;
    this.#engine = new Engine({
      connection,
      runtime: runtimeOf({}),
      limits: deliveryLimits({ concurrency, maxAttempts, timeoutMs: timeout * 1000 }),
      rate: { requestsPerSecond: maxRequestsPerSecond, eventsPerSecond: maxEventsPerSecond },
      // A person is there to mend it.
      haltMs: Number.POSITIVE_INFINITY,
      queue: {
        flushIntervalMs: 1000,
        // Enough that no request waits for the reader.
        maxEvents: DEFAULT_BATCH.events * (concurrency + 2),
        maxBytes: 64 * 2 ** 20,
      },
      settle: (settled) => this.#settle(settled),
    });
  }

  async run(input: Input, now: number | undefined): Promise<ExitCode> {
    const progress = new Progress(() => ({
      events: this.report.events,
      accepted: this.report.accepted,
      failed: this.report.rejected + this.report.deadLettered,
      fraction: input.size ? Math.min(1, this.#bytes / input.size) : undefined,
    }));
    const stop = this.#watchSignals((text) => progress.interject(text));
    try {
      await this.#read(input, now).catch((error: unknown) => {
        this.#engine.stop(new AmazonEventsError("ERR_INTERRUPTED", "stopped", { cause: error }));
        // Requests under way have answers that must be noted.
        return this.#engine.outbox.flush().then(() => Promise.reject(error as Error));
      });
      await this.#engine.outbox.flush();
    } finally {
      stop();
      progress.end();
    }
    const { report } = this;
    // The journal's figures, where there is one, so that a look at the finished job says the same.
    Object.assign(report, this.#journal?.totals ?? this.#totals());
    report.undelivered = report.mapped - report.accepted - report.rejected - report.deadLettered;
    return this.#exitCode();
  }

  async #read(input: Input, now: number | undefined): Promise<void> {
    const journal = this.#journal;
    const known = journal?.sections ?? [];
    let section = 0;
    let event = 0;
    const counted: Input = { ...input, chunks: this.#counting(input) };
    for await (const records of groups(counted, known.map(({ count }) => count))) {
      if (this.#interrupted !== undefined) return;
      const past = known[section++];
      const at = past?.now ?? now ?? Date.now();
      if (journal) {
        const sha256 = hash(...records.map(({ bytes }) => bytes));
        if (past ? past.sha256 !== sha256 || past.count !== records.length : journal.events !== undefined) throw this.#otherInput(input, records);
        if (!past) journal.addSection({ count: records.length, now: at, sha256 });
      }
      await this.#queue(records, at, event);
      event += records.length;
      // A stopped job has nothing to send. A file is counted to its end; a pipe may have none.
      if (this.#engine.delivery.fault && input.size === undefined) return;
    }
    if (!journal || this.#interrupted !== undefined) return;
    if (journal.events === undefined && section >= journal.sections.length) journal.addEnd(event);
    else if (journal.events !== event) throw this.#otherInput(input, []);
  }

  async #queue(records: readonly InputRecord[], now: number, first: number): Promise<void> {
    for (const [index, one] of this.#prepare(records, now).entries()) {
      if (!one) continue;
      count(this.report, one.wire ? undefined : one.dropped.reason);
      if (!one.wire) continue;
      const parcel = new Parcel(one.wire, first + index);
      const past = this.#journal?.outcome(parcel.key);
      if (past) {
        this.#countEnd(parcel, past);
        continue;
      }
      if (this.#engine.delivery.fault) continue;
      await this.#engine.outbox.room();
      this.#sent = true;
      this.#engine.outbox.add(parcel);
    }
  }

  async #settle(settled: readonly Settled[]): Promise<void> {
    await deadLetter(this.#deadLetters, settled);
    await this.#journal?.addAnswer(settled, this.#totals());
    for (const one of settled) {
      if (one.end === "undelivered") continue;
      if (one.end === "dead_lettered") this.#lastFault = one.parcel.lastError;
      this.#countEnd(one.parcel, one.end === "dead_lettered" ? { ...one, attempts: one.parcel.attempts } : one);
    }
  }

  #countEnd(parcel: Parcel, past: PastOutcome): void {
    const { report } = this;
    switch (past.end) {
      case "accepted":
        report.accepted++;
        return;
      case "rejected":
        report.rejected++;
        report.rejections.push({ eventId: parcel.eventId, code: past.code, message: past.message });
        return;
      case "dead_lettered":
        report.deadLettered++;
        report.deadLetters.push({ eventId: parcel.eventId, reason: past.reason, attempts: past.attempts });
    }
  }

  /** Of the whole job: what earlier runs noted, and this one. */
  #totals(): Totals {
    const past = this.#past;
    // A run that found nothing left to do adds nothing to the job.
    const own = this.#sent || !this.#journal ? Date.now() - this.#began : 0;
    const { requests, retriedRequests, tokenRefreshes } = this.#engine.work;
    return {
      requests: past.requests + requests,
      retriedRequests: past.retriedRequests + retriedRequests,
      tokenRefreshes: past.tokenRefreshes + tokenRefreshes,
      durationMs: past.durationMs + own,
    };
  }

  #exitCode(): ExitCode {
    const { report } = this;
    const fault = this.#interrupted === undefined ? this.#engine.delivery.fault : undefined;
    if (fault) {
      say(`error: ${fault.cause instanceof CommandError ? fault.cause.message : fault.message}`);
      return fault instanceof CredentialsError ? 2 : 1;
    }
    if (this.#interrupted !== undefined) {
      say(this.#journal ? "interrupted: the same command goes on from here" : "interrupted: the next run begins anew; with --state DIR it would go on from here");
      return this.#interrupted;
    }
    if (this.#journal && !this.#sent && report.undelivered === 0) {
      say("this job is finished: there is nothing left to send");
      return 0;
    }
    if (this.#lastFault !== undefined) {
      say(`error: events were given up, the last for: ${this.#lastFault}${this.#deadLetters ? "" : "; --dead-letters FILE keeps such events"}`);
    }
    return report.rejected + report.deadLettered + report.undelivered > 0 ? 1 : 0;
  }

  /** The first Ctrl-C lets the requests under way come back, for a moment; the second does not. */
  #watchSignals(tell: (text: string) => void): () => void {
    const handlers = ([["SIGINT", 130], ["SIGTERM", 143]] as const).map(([signal, exitCode]) => {
      const handler = (): void => {
        const error = new AmazonEventsError("ERR_INTERRUPTED", "interrupted");
        if (this.#interrupted !== undefined) {
          this.#engine.abort(error);
          return;
        }
        this.#interrupted = exitCode;
        tell("stopping: requests under way get up to 3 s for their answers; once more ends them now");
        this.#engine.stop(error);
        this.#stopReading?.();
        setTimeout(() => this.#engine.abort(error), 3000).unref();
      };
      process.on(signal, handler);
      return () => process.off(signal, handler);
    });
    return () => {
      for (const off of handlers) off();
    };
  }

  /** The input's chunks, counted, until an interruption. */
  async *#counting(input: Input): AsyncGenerator<Uint8Array> {
    this.#stopReading = input.stop;
    try {
      for await (const chunk of input.chunks) {
        this.#bytes += chunk.length;
        yield chunk;
      }
    } catch (error) {
      // A stream that is stopped says that it broke off.
      if (this.#interrupted === undefined) throw error;
    }
  }

  #otherInput(input: Input, records: readonly InputRecord[]): CommandError {
    const where = records[0] ? ` from line ${records[0].line} on` : ", it ends elsewhere";
    return new CommandError(
      2,
      `${input.name} is not what the job in the state folder was begun with${where}; the state was not changed. ` +
        "Give the same input, or name another folder for --state",
    );
  }
}

/** Events in groups: of the sizes given, as far as they go; then as they come. */
export async function* groups(input: Input, sizes: readonly number[]): AsyncGenerator<InputRecord[]> {
  const splitter = new RecordSplitter();
  let waiting: InputRecord[] = [];
  let index = 0;
  function* take(isEnd: boolean): Generator<InputRecord[]> {
    while (waiting.length > 0) {
      const size = sizes[index];
      if (size !== undefined && waiting.length < size && !isEnd) return;
      const group = waiting.slice(0, size ?? DEFAULT_BATCH.events);
      waiting = waiting.slice(group.length);
      index++;
      yield group;
    }
  }
  try {
    for await (const chunk of input.chunks) {
      for (const record of splitter.push(chunk)) waiting.push(record);
      yield* take(false);
    }
  } catch (error) {
    throw error instanceof CommandError ? error : new CommandError(2, `cannot read ${input.name}: ${reasonOf(error)}`, { cause: error });
  }
  waiting.push(...splitter.end());
  yield* take(true);
}

/** The sink that `--dead-letters` names. */
function deadLettersOf(path: string): DeadLetterSink {
  try {
    return fileDeadLetters(path);
  } catch (error) {
    throw new CommandError(2, `cannot write --dead-letters ${path}: ${writeReasonOf((error as Error).cause)}`);
  }
}

/** What is written must be a file of its own: it would take the place of what stands in another. */
function checkFiles(input: string | undefined, options: JobOptions): void {
  const { report, deadLetters, config, dotenv, state } = options;
  for (const [name, path] of [["--report", report], ["--dead-letters", deadLetters]] as const) {
    if (path === undefined) continue;
    if (state !== undefined && isWithin(state, path)) throw new CommandError(2, `${name} ${path} is in the folder of --state: name a file elsewhere`);
    if (isInput(input, path)) throw new CommandError(2, `${name} ${path} is the input: name another file`);
    for (const [other, file] of [["the config", config === undefined ? CONFIG_FILE : config], ["--dotenv", dotenv]] as const) {
      if (file && isSame(file, path)) throw new CommandError(2, `${name} ${path} is ${other}: name another file`);
    }
  }
  if (report !== undefined && deadLetters !== undefined && isSame(report, deadLetters)) {
    throw new CommandError(2, `--report and --dead-letters are both ${report}: name two files`);
  }
}

/** Whether two paths name one file, which need not be there yet. */
function isSame(one: string, other: string): boolean {
  return resolve(one) === resolve(other) || isOne(() => [statSync(one), statSync(other)]);
}

/** Whether a path leads into a folder, by whatever links. Neither need be there yet. */
function isWithin(folder: string, path: string): boolean {
  const [outer = "", inner = ""] = [folder, dirname(path)].map((one) => (existsSync(one) ? realpathSync(one) : resolve(one)));
  const way = relative(outer, inner);
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
}

/** Whether a path names the input: it would be written while it is read. */
function isInput(file: string | undefined, path: string): boolean {
  return isOne(() => [file === undefined || file === "-" ? fstatSync(0) : statSync(file), statSync(path)]);
}

/** Whether both are there, and are the same file. */
function isOne(look: () => readonly [Stats, Stats]): boolean {
  try {
    const [one, other] = look();
    return one.isFile() && one.dev === other.dev && one.ino === other.ino;
  } catch {
    // What is not there yet is no other file.
    return false;
  }
}

/** Found out before anything is sent: a report that cannot be written afterwards invites sending it all again. */
function checkReport(file: string): void {
  try {
    const report = openSync(file, "a", 0o600);
    const stat = fstatSync(report);
    // Whatever the umask was when somebody made it empty.
    if (stat.isFile() && stat.size === 0) fchmodSync(report, 0o600);
    closeSync(report);
  } catch (error) {
    throw new CommandError(2, `cannot write --report ${file}: ${writeReasonOf(error)}`);
  }
}

/** Tells, writes and prints the report. */
async function finish(report: Report, options: JobOptions, exitCode: ExitCode): Promise<ExitCode> {
  say(`\n${tell(report, { dryRun: options.dryRun === true })}\n`);
  if (options.report !== undefined) {
    try {
      writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
    } catch (error) {
      throw new CommandError(2, `cannot write --report ${options.report}: ${writeReasonOf(error)}`);
    }
  }
  if (options.json) await new Output().write(`${JSON.stringify(report)}\n`);
  return exitCode;
}

/** What events are sent to: the host and the account, whatever port a stand-in happens to have. */
function destinationOf({ eventsUrl, advertiserId, profileId }: Connection): string {
  const { hostname, pathname } = new URL(eventsUrl);
  return hash(hostname, pathname, advertiserId, profileId ?? "");
}

function count(report: Report, reason: keyof Report["dropped"] | undefined): void {
  report.events++;
  if (reason === undefined) report.mapped++;
  else report.dropped[reason] = (report.dropped[reason] ?? 0) + 1;
}

/** A hash over all parts, each with its length. */
export function hash(...parts: readonly (string | Uint8Array)[]): string {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(`${part.length}:`).update(part);
  return sum.digest("hex");
}
