// `send`: brings the events of a file to Amazon, and says of each what became of it.
import { createHash } from "node:crypto";
import { chmodSync, closeSync, fstatSync, openSync, writeFileSync, writeSync } from "node:fs";

import { DEFAULT_BATCH } from "../batcher.js";
import type { Connection } from "../connection.js";
import { version } from "../core.js";
import { Delivery, type Settled } from "../delivery.js";
import { AmazonEventsError, CredentialsError } from "../errors.js";
import { Mapper } from "../mapper.js";
import { Outbox } from "../outbox.js";
import type { DeadLetter, DeadLetterSink } from "../outcome.js";
import { Parcel } from "../parcel.js";
import { RecordSplitter, type InputRecord } from "../records.js";
import { DEFAULT_RETRY } from "../retry.js";
import { runtimeOf } from "../runtime.js";
import { memoryTokenStore, Tokens } from "../tokens.js";
import { CommandError, type ExitCode } from "./errors.js";
import { loadConfig, openInput, parseNow, reasonOf, say, type Input } from "./io.js";
import { Journal, type PastOutcome, type Totals } from "./journal.js";
import { connectionFrom } from "./parameters.js";
import { Progress } from "./progress.js";
import { emptyReport, tell, type Report } from "./report.js";

/** Options of `send`; connection parameters may be among them. */
export interface SendOptions {
  readonly config?: string;
  readonly now?: string;
  readonly dryRun?: boolean;
  readonly report?: string;
  readonly state?: string;
  readonly deadLetters?: string;
  readonly json?: boolean;
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly timeout: number;
}

/** Runs `send`. */
export async function send(file: string | undefined, options: SendOptions): Promise<ExitCode> {
  const connection = options.dryRun ? undefined : connectionFrom(options as unknown as Record<string, unknown>);
  const now = parseNow(options.now);
  const config = await loadConfig(options.config);
  const input = openInput(file);
  if (options.report !== undefined) checkReport(options.report);
  if (!connection) {
    const report = await rehearse(input, new Mapper(config.transformer), now);
    return finish(report, options, 0);
  }
  const journal =
    options.state === undefined
      ? undefined
      : Journal.open(options.state, {
          core: version(),
          config: hash(config.text),
          destination: destinationOf(connection),
          now: now ?? null,
        });
  try {
    const job = new Job(connection, new Mapper(config.transformer), journal, options);
    const exitCode = await job.run(input, now);
    return await finish(job.report, options, exitCode);
  } finally {
    journal?.close();
  }
}

/** Maps without sending. */
async function rehearse(input: Input, mapper: Mapper, now: number | undefined): Promise<Report> {
  const report = emptyReport();
  const began = Date.now();
  for await (const records of groups(input, [])) {
    const mapped = mapper.map(
      records.map(({ bytes }) => bytes),
      now ?? Date.now(),
    );
    for (const one of mapped) count(report, one.wire ? undefined : one.dropped.reason);
  }
  report.durationMs = Date.now() - began;
  report.undelivered = report.mapped;
  return report;
}

/** One run of a job. */
class Job {
  readonly report = emptyReport();
  readonly #mapper: Mapper;
  readonly #journal: Journal | undefined;
  readonly #delivery: Delivery;
  readonly #outbox: Outbox;
  readonly #tokens: Tokens;
  readonly #keepsDeadLetters: boolean;
  readonly #began = Date.now();
  /** What earlier runs of the job came to. */
  readonly #past: Totals;
  #bytes = 0;
  #sent = false;
  /** Of the last event that was given up. */
  #lastFault: string | undefined;
  #interrupted: ExitCode | undefined;
  #stopReading: (() => void) | undefined;
  readonly #noTokens = new AbortController();

  constructor(connection: Connection, mapper: Mapper, journal: Journal | undefined, options: SendOptions) {
    this.#keepsDeadLetters = options.deadLetters !== undefined;
    this.#mapper = mapper;
    this.#journal = journal;
    this.#past = journal?.totals ?? { requests: 0, retriedRequests: 0, tokenRefreshes: 0, durationMs: 0 };
    const runtime = runtimeOf({});
    const retry = { ...DEFAULT_RETRY, maxAttempts: options.maxAttempts };
    const timeoutMs = options.timeout * 1000;
    this.#tokens = new Tokens({
      connection,
      runtime,
      retry,
      timeoutMs,
      store: memoryTokenStore(),
      signal: this.#noTokens.signal,
    });
    this.#delivery = new Delivery({
      connection,
      runtime,
      tokens: this.#tokens,
      retry,
      timeoutMs,
      concurrency: options.concurrency,
      deadLetters: options.deadLetters === undefined ? undefined : deadLetterFile(options.deadLetters),
      haltMs: Number.POSITIVE_INFINITY,
      settle: (settled) => this.#settle(settled),
    });
    this.#outbox = new Outbox({
      runtime,
      delivery: this.#delivery,
      batch: DEFAULT_BATCH,
      concurrency: options.concurrency,
      flushIntervalMs: 1000,
      // Enough that no request waits for the reader.
      maxEvents: DEFAULT_BATCH.events * (options.concurrency + 2),
      maxBytes: 64 * 2 ** 20,
    });
  }

  async run(input: Input, now: number | undefined): Promise<ExitCode> {
    const progress = new Progress(() => ({
      events: this.report.events,
      accepted: this.report.accepted,
      failed: this.report.rejected + this.report.deadLettered,
      fraction: input.size ? Math.min(1, this.#bytes / input.size) : undefined,
    }));
    const stop = this.#watchSignals();
    try {
      await this.#read(input, now).catch((error: unknown) => {
        this.#delivery.halt(new AmazonEventsError("ERR_INTERRUPTED", "stopped", { cause: error }));
        // Requests under way have answers that must be noted.
        return this.#outbox.flush().then(() => Promise.reject(error as Error));
      });
      await this.#outbox.flush();
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
      if (this.#delivery.fault && input.size === undefined) return;
    }
    if (!journal || this.#interrupted !== undefined) return;
    if (journal.events === undefined && section >= journal.sections.length) journal.addEnd(event);
    else if (journal.events !== event) throw this.#otherInput(input, []);
  }

  async #queue(records: readonly InputRecord[], now: number, first: number): Promise<void> {
    const mapped = this.#mapper.map(
      records.map(({ bytes }) => bytes),
      now,
    );
    for (const [index, one] of mapped.entries()) {
      count(this.report, one.wire ? undefined : one.dropped.reason);
      if (!one.wire) continue;
      const parcel = new Parcel(one.wire, first + index);
      const past = this.#journal?.outcome(parcel.key);
      if (past) {
        this.#countEnd(parcel, past);
        continue;
      }
      if (this.#delivery.fault) continue;
      await this.#outbox.room();
      this.#sent = true;
      this.#outbox.add(parcel);
    }
  }

  async #settle(settled: readonly Settled[]): Promise<void> {
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
    return {
      requests: past.requests + this.#delivery.requests,
      retriedRequests: past.retriedRequests + this.#delivery.retriedRequests,
      tokenRefreshes: past.tokenRefreshes + this.#tokens.refreshes,
      durationMs: past.durationMs + own,
    };
  }
  #exitCode(): ExitCode {
    const { report } = this;
    const fault = this.#interrupted === undefined ? this.#delivery.fault : undefined;
    if (fault) {
      say(`error: ${fault.cause instanceof CommandError ? fault.cause.message : fault.message}`);
      return fault instanceof CredentialsError ? 2 : 1;
    }
    if (this.#interrupted !== undefined) {
      say(this.#journal ? "interrupted: the same command goes on from here" : "interrupted: without --state the next run begins anew");
      return this.#interrupted;
    }
    if (this.#journal && !this.#sent && report.undelivered === 0) {
      say("this job is finished: there is nothing left to send");
      return 0;
    }
    if (this.#lastFault !== undefined) {
      say(`error: events were given up, the last for: ${this.#lastFault}${this.#keepsDeadLetters ? "" : "; --dead-letters FILE keeps such events"}`);
    }
    return report.rejected + report.deadLettered + report.undelivered > 0 ? 1 : 0;
  }

  /** The first Ctrl-C lets the requests under way come back, for a moment; the second does not. */
  #watchSignals(): () => void {
    const handlers = ([["SIGINT", 130], ["SIGTERM", 143]] as const).map(([signal, exitCode]) => {
      const handler = (): void => {
        const error = new AmazonEventsError("ERR_INTERRUPTED", "interrupted");
        if (this.#interrupted !== undefined) {
          this.#delivery.abort(error);
          return;
        }
        this.#interrupted = exitCode;
        this.#delivery.halt(error);
        this.#noTokens.abort();
        this.#stopReading?.();
        setTimeout(() => this.#delivery.abort(error), 3000).unref();
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
async function* groups(input: Input, sizes: readonly number[]): AsyncGenerator<InputRecord[]> {
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

/** Appends dead letters to a file, readable for the owner alone. What an earlier run wrote stays. */
function deadLetterFile(path: string): DeadLetterSink {
  let file: number;
  try {
    file = openSync(path, "a", 0o600);
    if (fstatSync(file).size === 0) chmodSync(path, 0o600);
    closeSync(file);
  } catch (error) {
    throw new CommandError(2, `cannot write --dead-letters ${path}: ${reasonOf(error)}`);
  }
  const decoder = new TextDecoder();
  const line = ({ eventId, reason, attempts, lastError, wire }: DeadLetter): string => {
    const head = JSON.stringify({ eventId, reason, attempts, lastError });
    // The event's own bytes, so that a replay sends the same.
    return `${head.slice(0, -1)},"event":${decoder.decode(wire)}}\n`;
  };
  return {
    put: (letters) => {
      const bytes = Buffer.from(letters.map(line).join(""));
      const append = openSync(path, "a", 0o600);
      try {
        for (let at = 0; at < bytes.length; ) at += writeSync(append, bytes, at);
      } finally {
        closeSync(append);
      }
    },
  };
}

/** Found out before anything is sent: a report that cannot be written afterwards invites sending it all again. */
function checkReport(file: string): void {
  try {
    closeSync(openSync(file, "a", 0o600));
  } catch (error) {
    throw new CommandError(2, `cannot write --report ${file}: ${reasonOf(error)}`);
  }
}

async function finish(report: Report, options: SendOptions, exitCode: ExitCode): Promise<ExitCode> {
  say(`\n${tell(report, { dryRun: options.dryRun === true })}\n`);
  if (options.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  if (options.report !== undefined) {
    try {
      writeFileSync(options.report, `${JSON.stringify(report, null, 2)}\n`, { mode: 0o600 });
    } catch (error) {
      throw new CommandError(2, `cannot write --report ${options.report}: ${reasonOf(error)}`);
    }
  }
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

function hash(...parts: readonly (string | Uint8Array)[]): string {
  const sum = createHash("sha256");
  for (const part of parts) sum.update(`${part.length}:`).update(part);
  return sum.digest("hex");
}
