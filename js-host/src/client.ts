// The client: maps events, queues them, brings them to Amazon, and says what became of each.
import { DEFAULT_BATCH } from "./batcher.js";
import { connectionOf, type ConnectionParameters } from "./connection.js";
import { outcomeCodes, Transformer, type AnalyticsEvent, type Batch, type Config, type DropReason, type OutcomeCode } from "./core.js";
import { deadLetter, Delivery, type Settled } from "./delivery.js";
import { AmazonEventsError, invalidOption } from "./errors.js";
import { Outbox } from "./outbox.js";
import type { DeadLettered, DeadLetterReason, DeadLetterSink, Dropped, EventOutcome, Stats } from "./outcome.js";
import { Parcel } from "./parcel.js";
import { DEFAULT_RETRY } from "./retry.js";
import { runtimeOf, type Clock, type Fetch, type Logger, type Runtime, type Sleep } from "./runtime.js";
import type { EventStore } from "./stores/store.js";
import { memoryTokenStore, Tokens, type TokenStore } from "./tokens.js";

/** What {@link createAmazonEvents} takes. */
export interface AmazonEventsOptions extends ConnectionParameters {
  /** The mapping's settings, or a {@link Transformer} that has them compiled already. */
  config?: Config | Transformer;
  /** Told the outcome of every event, once. What it throws is logged. */
  onOutcome?: (outcome: EventOutcome) => void;
  /** Where events go that were given up. */
  deadLetters?: DeadLetterSink;
  /** Keeps the queue over restarts. Without one it is in memory. */
  store?: EventStore;
  /** Shares access tokens. By default each client has its own. */
  tokenStore?: TokenStore;

  /** Events in one request, 1 to 500. Default 500. */
  maxBatchEvents?: number;
  /** Bytes in one request's body. Default 1,048,576. */
  maxBatchBytes?: number;
  /** The longest that an event waits for its batch to fill. Milliseconds, default 1,000. */
  flushIntervalMs?: number;
  /** Requests at once. Default 4. */
  concurrency?: number;
  /** Events that may be queued or on their way. Default 10,000. */
  maxQueueEvents?: number;
  /** Bytes that may be queued or on their way. Default 33,554,432. */
  maxQueueBytes?: number;
  /** What `send` does when the queue is full. Default `wait`. */
  whenFull?: "wait" | "refuse";
  /** Requests that may carry an event before it is given up, at least 4. Default 9. */
  maxAttempts?: number;
  /** No wait between attempts is longer, whatever Amazon asks. Milliseconds, default 60,000. */
  maxWaitMs?: number;
  /** How long after its first request an event may still be tried. Milliseconds, default 900,000. */
  maxElapsedMs?: number;
  /** How long one request may take. Milliseconds, default 30,000. */
  timeoutMs?: number;

  fetch?: Fetch;
  clock?: Clock;
  sleep?: Sleep;
  random?: () => number;
  logger?: Logger;
}

/** What `send` says of an event that it took: dropped already, or queued. */
export type Receipt = Dropped | { readonly outcome: "queued" };

/** How many events `sendBatch` took. */
export interface BatchReceipt {
  readonly events: number;
  readonly queued: number;
  readonly dropped: number;
}

/** A client; see {@link createAmazonEvents}. */
export interface AmazonEvents {
  /**
   * Maps an event and queues it. Resolves when it is queued (kept by the store, if there is one) or dropped.
   *
   * With a store, the first call waits until what an earlier process left is queued, which comes first: that takes as
   * long as `maxQueueEvents` of it are on their way. {@link AmazonEvents.flush} takes it up earlier.
   *
   * An event that was refused was not taken, and counts nowhere.
   *
   * @throws {@link AmazonEventsError} `ERR_CLOSED`; `ERR_QUEUE_FULL` if `whenFull` is `refuse`; `ERR_STORE` when the store
   * or the sink for dead letters has failed, after which nothing more is taken or sent; whatever the store's `add` rejects
   * with, such as `ERR_STORE_FULL`
   */
  send(event: AnalyticsEvent, options?: { readonly wait?: false }): Promise<Receipt>;
  /** The same, and resolves to the event's outcome. */
  send(event: AnalyticsEvent, options: { readonly wait: true }): Promise<EventOutcome>;
  /** Maps and queues the events of NDJSON, a JSON array or `{"batch":[…]}`, as UTF-8 bytes or a text. */
  sendBatch(events: Uint8Array | string): Promise<BatchReceipt>;
  /**
   * Sends what is queued, and what an earlier process left in the store, and resolves when all of it has an outcome. Call
   * it when the program starts to take up the store without sending anything new. In a Worker: `ctx.waitUntil(amazon.flush())`.
   *
   * @throws {@link AmazonEventsError} `ERR_STORE` when the store or the sink for dead letters has failed
   */
  flush(): Promise<void>;
  /**
   * Takes no more events, and sends what is queued. After `deadlineMs` (by default it waits as long as retries take)
   * what is left stays in the store, or goes to the dead letters if there is none.
   *
   * @throws {@link AmazonEventsError} as `flush` does; the store is closed all the same
   */
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
  stats(): Stats;
}

// A refused token or a missing permission will not mend itself in the next second; it may in the next minute.
const HALT_MS = 30_000;

/**
 * Makes a client. Nothing is sent, and nothing runs, before the first event.
 *
 * @throws {@link UsageError} for an option that cannot be right
 * @throws {@link ConfigError} for a config that cannot be right
 */
export function createAmazonEvents(options: AmazonEventsOptions): AmazonEvents {
  return new Client(options);
}

/** Who waits for an event's outcome. */
interface Waiter {
  readonly resolve: (outcome: EventOutcome) => void;
  readonly reject: (error: unknown) => void;
}

class Client implements AmazonEvents {
  readonly #options: AmazonEventsOptions;
  readonly #runtime: Runtime;
  readonly #transformer: Transformer;
  readonly #codes: readonly OutcomeCode[];
  readonly #tokens: Tokens;
  readonly #delivery: Delivery;
  readonly #outbox: Outbox;
  readonly #noTokens = new AbortController();
  readonly #waiters = new Map<Parcel, Waiter>();
  readonly #counts = { events: 0, mapped: 0, accepted: 0, rejected: 0, deadLettered: 0 };
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  /** What `send` is handing to the store. */
  readonly #taking = new Set<Promise<void>>();
  #restored: Promise<void> | undefined;
  /** The store or the sink has failed: what is left has no outcome, and nothing more is taken. */
  #broken: AmazonEventsError | undefined;
  #nextKey = 0;
  #closed = false;

  constructor(options: AmazonEventsOptions) {
    const connection = connectionOf(options);
    this.#options = options;
    this.#runtime = runtimeOf(options);
    this.#transformer = options.config instanceof Transformer ? options.config : new Transformer(options.config);
    this.#codes = outcomeCodes();
    const retry = {
      ...DEFAULT_RETRY,
      maxAttempts: whole(options, "maxAttempts", 4, 100, DEFAULT_RETRY.maxAttempts),
      maxWaitMs: whole(options, "maxWaitMs", 1, 86_400_000, DEFAULT_RETRY.maxWaitMs),
      maxElapsedMs: whole(options, "maxElapsedMs", 1, 86_400_000, DEFAULT_RETRY.maxElapsedMs),
    };
    const timeoutMs = whole(options, "timeoutMs", 1, 600_000, 30_000);
    const concurrency = whole(options, "concurrency", 1, 100, 4);
    const runtime = this.#runtime;
    this.#tokens = new Tokens({
      connection,
      runtime,
      retry,
      timeoutMs,
      store: options.tokenStore ?? memoryTokenStore(),
      signal: this.#noTokens.signal,
    });
    this.#delivery = new Delivery({
      connection,
      runtime,
      tokens: this.#tokens,
      retry,
      timeoutMs,
      concurrency,
      deadLetters: options.deadLetters,
      haltMs: HALT_MS,
      settle: (settled) => this.#settle(settled),
    });
    this.#outbox = new Outbox({
      runtime,
      delivery: this.#delivery,
      concurrency,
      batch: {
        events: whole(options, "maxBatchEvents", 1, DEFAULT_BATCH.events, DEFAULT_BATCH.events),
        bytes: whole(options, "maxBatchBytes", 1, DEFAULT_BATCH.bytes, DEFAULT_BATCH.bytes),
      },
      flushIntervalMs: whole(options, "flushIntervalMs", 0, 3_600_000, 1000),
      maxEvents: whole(options, "maxQueueEvents", 1, 100_000_000, 10_000),
      maxBytes: whole(options, "maxQueueBytes", 1, 2 ** 40, 32 * 2 ** 20),
      failed: (batch, error) => this.#fail(batch, error),
    });
    if (options.whenFull !== undefined && options.whenFull !== "wait" && options.whenFull !== "refuse") {
      throw invalidOption("whenFull", "`wait` or `refuse`", options.whenFull);
    }
    for (const name of ["onOutcome", "fetch", "sleep", "random"] as const) {
      if (options[name] !== undefined && typeof options[name] !== "function") {
        throw invalidOption(name, "a function", options[name]);
      }
    }
  }

  send(event: AnalyticsEvent, options?: { readonly wait?: false }): Promise<Receipt>;
  send(event: AnalyticsEvent, options: { readonly wait: true }): Promise<EventOutcome>;
  async send(event: AnalyticsEvent, options: { readonly wait?: boolean } = {}): Promise<Receipt | EventOutcome> {
    await this.#enter();
    const batch = this.#transformer.transformBatch(jsonOf(event), this.#runtime.clock.now(), "event");
    if (options.wait !== true) {
      const [dropped] = await this.#take(batch);
      return dropped ?? { outcome: "queued" };
    }
    return new Promise<EventOutcome>((resolve, reject) => {
      this.#take(batch, { resolve, reject }).then(([dropped]) => dropped && resolve(dropped), reject);
    });
  }

  async sendBatch(events: Uint8Array | string): Promise<BatchReceipt> {
    const bytes = typeof events === "string" ? new TextEncoder().encode(events) : events;
    if (!(bytes instanceof Uint8Array)) throw invalidOption("events", "bytes (Uint8Array) or a text", events);
    await this.#enter();
    const batch = this.#transformer.transformBatch(bytes, this.#runtime.clock.now(), "auto");
    const dropped = (await this.#take(batch)).length;
    return { events: batch.outcomes.length, queued: batch.outcomes.length - dropped, dropped };
  }

  async flush(): Promise<void> {
    await this.#restore();
    await this.#outbox.flush();
    if (this.#broken) throw this.#broken;
  }

  async close(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    this.#closed = true;
    const ended = new AbortController();
    if (options.deadlineMs !== undefined) {
      this.#runtime.sleep(options.deadlineMs, ended.signal).then(
        () => {
          this.#delivery.abort(new AmazonEventsError("ERR_CLOSED", "the client was closed before the event could be delivered"));
          this.#noTokens.abort();
        },
        () => undefined,
      );
    }
    try {
      await Promise.allSettled(this.#taking);
      await this.flush();
    } finally {
      ended.abort();
      await this.#options.store?.close();
    }
  }

  stats(): Stats {
    const { accepted, rejected, deadLettered, mapped } = this.#counts;
    return {
      ...this.#counts,
      dropped: { ...this.#dropped },
      pending: mapped - accepted - rejected - deadLettered,
      requests: this.#delivery.requests,
      retriedRequests: this.#delivery.retriedRequests,
      tokenRefreshes: this.#tokens.refreshes,
    };
  }

  /** What every way in begins with. */
  async #enter(): Promise<void> {
    this.#mustTake();
    await this.#restore();
    if (!this.#outbox.hasRoom) {
      if (this.#options.whenFull === "refuse") {
        throw new AmazonEventsError("ERR_QUEUE_FULL", `the queue is full (${this.#outbox.size} events): the event was not taken`);
      }
      await this.#outbox.room();
    }
  }

  #mustTake(): void {
    if (this.#closed) throw new AmazonEventsError("ERR_CLOSED", "the client is closed: make a new one to send more events");
    if (this.#broken) throw this.#broken;
  }

  /** Takes up what an earlier process left, once. */
  #restore(): Promise<void> | undefined {
    const { store } = this.#options;
    if (!store) return undefined;
    return (this.#restored ??= this.#takeUp(store));
  }

  async #takeUp(store: EventStore): Promise<void> {
    let expired: Parcel[] = [];
    const giveUp = async (): Promise<void> => {
      const parcels = expired;
      expired = [];
      await deadLetter(this.#options.deadLetters, parcels, "expired");
      await this.#settle(parcels.map((parcel) => ({ parcel, end: "dead_lettered", reason: "expired" })));
    };
    for await (const { id, wire, expired: why } of store.pending()) {
      await this.#outbox.room();
      if (this.#broken) throw this.#broken;
      // A closed client that gives up leaves the rest where it is.
      if (this.#closed && this.#delivery.fault) return;
      const parcel = new Parcel(wire, id);
      this.#counts.events++;
      this.#counts.mapped++;
      if (why === undefined) {
        this.#outbox.add(parcel);
        continue;
      }
      parcel.lastError = why;
      expired.push(parcel);
      if (expired.length >= DEFAULT_BATCH.events) await giveUp();
    }
    if (expired.length > 0) await giveUp();
  }

  /** Queues the events of a batch, and tells the outcome of those that were dropped. Counts none of them if it cannot. */
  async #take(batch: Batch, waiter?: Waiter): Promise<Dropped[]> {
    // What came while this waited its turn.
    this.#mustTake();
    const wires = wiresOf(batch);
    let ids: readonly number[] | undefined;
    const { store } = this.#options;
    if (store && wires.length > 0) {
      const taking = (async () => {
        ids = await store.add(wires);
      })();
      this.#taking.add(taking);
      try {
        await taking;
      } finally {
        this.#taking.delete(taking);
      }
    }
    const dropped = this.#countIn(batch);
    for (const [index, wire] of wires.entries()) {
      const parcel = new Parcel(wire, ids?.[index] ?? this.#nextKey++);
      if (waiter) this.#waiters.set(parcel, waiter);
      this.#outbox.add(parcel);
    }
    return dropped;
  }

  /** Counts the events of a batch and tells the outcome of those that were dropped. */
  #countIn(batch: Batch): Dropped[] {
    const dropped: Dropped[] = [];
    for (const code of batch.outcomes) {
      this.#counts.events++;
      const outcome = this.#codes[code];
      if (outcome?.outcome === "dropped") {
        this.#dropped[outcome.reason] = (this.#dropped[outcome.reason] ?? 0) + 1;
        dropped.push(outcome);
        this.#tell(() => outcome);
      } else {
        this.#counts.mapped++;
      }
    }
    return dropped;
  }

  async #settle(settled: readonly Settled[]): Promise<void> {
    const { store, deadLetters } = this.#options;
    const undelivered = settled.filter((one) => one.end === "undelivered");
    // A client that has ended leaves them in its store; without one nobody else will come back for them.
    const stays = store !== undefined && (this.#closed || this.#broken !== undefined);
    for (const { parcel, fault } of undelivered) {
      if (stays) this.#refuse(parcel, fault);
      else await deadLetter(deadLetters, [named(parcel, fault)], reasonOf(fault));
    }
    const final = settled.filter((one) => one.end !== "undelivered" || !stays);
    await store?.remove(final.map(({ parcel }) => parcel.key));
    for (const one of final) {
      if (one.end === "accepted") this.#counts.accepted++;
      else if (one.end === "rejected") this.#counts.rejected++;
      else this.#counts.deadLettered++;
      this.#tell(() => outcomeOf(one), one.parcel);
    }
  }

  #fail(batch: readonly Parcel[], error: AmazonEventsError): void {
    this.#runtime.logger.error({ code: error.code }, error.message);
    this.#broken ??= error;
    for (const parcel of batch) this.#refuse(parcel, error);
  }

  /** Tells whoever waits for the event that there will be no outcome. */
  #refuse(parcel: Parcel, error: AmazonEventsError): void {
    this.#waiters.get(parcel)?.reject(error);
    this.#waiters.delete(parcel);
  }

  #tell(outcome: () => EventOutcome, parcel?: Parcel): void {
    const waiter = parcel && this.#waiters.get(parcel);
    if (parcel) this.#waiters.delete(parcel);
    const { onOutcome } = this.#options;
    if (!waiter && !onOutcome) return;
    const told = outcome();
    waiter?.resolve(told);
    try {
      onOutcome?.(told);
    } catch (error) {
      this.#runtime.logger.error({ err: error }, "onOutcome threw");
    }
  }
}

function outcomeOf(settled: Settled): EventOutcome {
  const { eventId, attempts, lastError } = settled.parcel;
  switch (settled.end) {
    case "accepted":
      return { outcome: "accepted", eventId, attempts };
    case "rejected":
      return { outcome: "rejected", eventId, attempts, code: settled.code, message: settled.message };
    case "dead_lettered":
      return { outcome: "dead_lettered", eventId, attempts, reason: settled.reason, lastError };
    case "undelivered":
      return {
        outcome: "dead_lettered",
        eventId,
        attempts,
        reason: reasonOf(settled.fault),
        lastError: settled.fault.message,
      } satisfies DeadLettered;
  }
}

function named(parcel: Parcel, fault: AmazonEventsError): Parcel {
  parcel.lastError = fault.message;
  return parcel;
}

function reasonOf(fault: AmazonEventsError): DeadLetterReason {
  switch (fault.code) {
    case "ERR_CREDENTIALS":
    case "ERR_ACCESS_DENIED":
      return "credentials_refused";
    case "ERR_TOKEN_UNAVAILABLE":
      return "token_unavailable";
    case "ERR_CLOSED":
      return "closed";
    default:
      return "request_refused";
  }
}

/** The bytes of an event. What JSON cannot hold (cycles, BigInt) is no event: the core says so of empty bytes. */
function jsonOf(event: AnalyticsEvent): Uint8Array {
  let json: string | undefined;
  try {
    json = JSON.stringify(event);
  } catch {
    json = undefined;
  }
  return new TextEncoder().encode(json ?? "");
}

function wiresOf({ events, offsets }: Batch): Uint8Array[] {
  const wires: Uint8Array[] = [];
  for (let at = 0; at + 1 < offsets.length; at += 2) wires.push(events.subarray(offsets[at], offsets[at + 1]));
  return wires;
}

type LimitName = {
  [Name in keyof AmazonEventsOptions]-?: AmazonEventsOptions[Name] extends number | undefined ? Name : never;
}[keyof AmazonEventsOptions];

function whole(options: AmazonEventsOptions, name: LimitName, min: number, max: number, standard: number): number {
  const value: unknown = options[name];
  if (value === undefined) return standard;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalidOption(name, `a whole number from ${min} to ${max}`, value);
}
