// The client: maps events, queues them, brings them to Amazon, and says what became of each.
import { DEFAULT_BATCH } from "./delivery/batcher.js";
import { connectionOf, type GivenParameters, type ParameterName } from "./connection.js";
import { outcomeCodes, Transformer, type AnalyticsEvent, type Batch, type Config, type DropReason, type OutcomeCode } from "./core.js";
import { Engine } from "./delivery/engine.js";
import { AmazonEventsError, eventsIn, invalidOption, quietly, storeFault } from "./errors.js";
import { deliveryLimits, functions, MOST_PER_SECOND, noSlips, positive, whole } from "./limits.js";
import { linesOf } from "./lines.js";
import { sayLosses } from "./losses.js";
import type { MetricLabels, Metrics } from "./metrics.js";
import type { DeadLetterReason, DeadLetterSink, Dropped, EventOutcome, Stats } from "./outcome.js";
import { Parcel } from "./delivery/parcel.js";
import { runtimeOf, type Clock, type Fetch, type Logger, type Runtime, type Sleep } from "./runtime.js";
import { deadLetter, outcomeOf, type Ended, type Settled } from "./delivery/settled.js";
import type { EventStore, StoredEvent } from "./stores/store.js";
import type { TokenStore } from "./delivery/tokens.js";

/** What {@link createAmazonEvents} takes. */
export interface AmazonEventsOptions extends GivenParameters {
  /** The mapping's settings, or a {@link Transformer} that has them compiled already. */
  config?: Config | Transformer;
  /** Told the outcome of every event, once. What it throws, or rejects with, is logged. */
  onOutcome?: (outcome: EventOutcome) => void;
  /** Where events go that were given up. */
  deadLetters?: DeadLetterSink;
  /** Keeps the queue over restarts. Without one it is in memory. */
  store?: EventStore;
  /** Measures; see {@link METRICS}, {@link openTelemetryMetrics} and {@link promClientMetrics}. Without it nothing is measured. */
  metrics?: Metrics;
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
  /** A ceiling of event requests, up to 10,000. Default none; after a 429 the client slows down by itself. */
  maxRequestsPerSecond?: number;
  /** A ceiling of events, up to 5,000,000. A request holds no more than one second's. Default none. */
  maxEventsPerSecond?: number;
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
  /**
   * How long after its first request another one may begin for an event; anew after a fault of all requests that a store
   * rode out. Milliseconds, default 900,000.
   */
  maxElapsedMs?: number;
  /** How long one request may take, to the last byte of its reply. Milliseconds, default 30,000. */
  timeoutMs?: number;

  /** Default: the runtime's, as are the next three. */
  fetch?: Fetch;
  clock?: Clock;
  sleep?: Sleep;
  /** From 0 up to, not including, 1: spreads the waits. */
  random?: () => number;
  /** Default: nothing is logged; without `onOutcome` too, the first loss of each kind is said on the console. */
  logger?: Logger;
}

const OPTIONS: Readonly<Record<Exclude<keyof AmazonEventsOptions, ParameterName>, true>> = {
  ...{ config: true, onOutcome: true, deadLetters: true, store: true, metrics: true, tokenStore: true, whenFull: true },
  ...{ maxBatchEvents: true, maxBatchBytes: true, flushIntervalMs: true, maxQueueEvents: true, maxQueueBytes: true, concurrency: true },
  ...{ maxRequestsPerSecond: true, maxEventsPerSecond: true, maxAttempts: true, maxWaitMs: true, maxElapsedMs: true, timeoutMs: true },
  ...{ fetch: true, clock: true, sleep: true, random: true, logger: true },
};

/** What `send` says of an event that it took: dropped already, or queued. */
export type Receipt = Dropped | { readonly outcome: "queued" };

/** How many events `sendBatch` took. */
export interface BatchReceipt {
  readonly events: number;
  readonly queued: number;
  readonly dropped: number;
}

/** How one call hands events over. */
export interface SendOptions {
  /**
   * What this call does when the queue is full; default: what the client was told. With `refuse` it does not wait for
   * what an earlier process left in the store either, if that alone fills the queue.
   */
  readonly whenFull?: "wait" | "refuse";
}

/**
 * A client; see {@link createAmazonEvents}.
 *
 * A fault of all requests (refused credentials, no token), and a store or a sink that fails, stop everything for 30 s. What
 * is queued is then given up if there is no store; with one it is held, stays in the store, and goes again.
 */
export interface AmazonEvents {
  /**
   * Maps an event and queues it. Resolves when it is queued (kept by the store, if there is one) or dropped.
   *
   * With a store, the first call waits until what an earlier process left is queued, which comes first: that takes as
   * long as `maxQueueEvents` of it are on their way. {@link AmazonEvents.flush} takes it up earlier.
   *
   * An event that was refused was not taken, and counts nowhere.
   *
   * @throws {@link AmazonEventsError} `ERR_CLOSED`; `ERR_QUEUE_FULL` if `whenFull` is `refuse`; `ERR_STORE_FULL` if the
   * store is; `ERR_STORE` if the store or the sink for dead letters fails, or did in the last 30 s
   */
  send(event: AnalyticsEvent, options?: SendOptions & { readonly wait?: false }): Promise<Receipt>;
  /**
   * The same, and resolves to the event's outcome.
   *
   * @throws {@link AmazonEventsError} as above, and if there is no outcome: without a store `ERR_STORE`, as it could not be
   * written to the dead letters; with one the fault that holds it up, or `ERR_CLOSED`. It is in the store then; `onOutcome`
   * tells what becomes of it
   */
  send(event: AnalyticsEvent, options: SendOptions & { readonly wait: true }): Promise<EventOutcome>;
  /** Maps and queues the events of NDJSON, a JSON array or `{"batch":[…]}`, as UTF-8 bytes or a text. */
  sendBatch(events: Uint8Array | string, options?: SendOptions): Promise<BatchReceipt>;
  /**
   * Maps events, each the JSON bytes of one, sends them without waiting for others, and resolves to the outcome of each, in
   * order.
   *
   * @throws {@link AmazonEventsError} as `send` does
   */
  deliver(events: readonly Uint8Array[]): Promise<EventOutcome[]>;
  /**
   * Sends what is queued, and what an earlier process left in the store, and resolves when all of it has an outcome. Call
   * it when the program starts to take up the store without sending anything new. In a Worker: `ctx.waitUntil(amazon.flush())`.
   *
   * @throws {@link AmazonEventsError} with a store, the fault that holds events up; `ERR_STORE` when the store fails, or
   * when events of this client never had an outcome, as the sink for dead letters failed and there is no store
   */
  flush(): Promise<void>;
  /**
   * Takes no more events, and sends what is queued. After `deadlineMs` (by default it waits as long as retries take)
   * what is left stays in the store, or goes to the dead letters if there is none. The store and the sink have one more
   * second to take note of it.
   *
   * @throws {@link AmazonEventsError} as `flush` does, and `ERR_STORE` if the store or the sink did not answer by then; the
   * store is closed all the same
   */
  close(options?: { readonly deadlineMs?: number }): Promise<void>;
  stats(): Stats;
}

// For the store and the sink, after the deadline of `close`.
const GRACE_MS = 1000;
const MAX_DEADLINE_MS = 86_400_000;

// Amazon's other codes are many, and may become more.
const REJECTIONS: ReadonlyMap<string, string> = new Map([["BAD_REQUEST", "bad_request"], ["CONTENT_TOO_LARGE", "content_too_large"]]);
const ACCEPTED: MetricLabels = { outcome: "accepted", reason: "none" };

/**
 * Makes a client. Nothing is sent, and nothing runs, before the first event.
 *
 * @throws {@link UsageError} for an option that cannot be right
 * @throws {@link ConfigError} for a config that cannot be right
 *
 * @example
 * ```js
 * import { createAmazonEvents } from "amazon-dsp-events";
 *
 * const amazon = createAmazonEvents({ ...process.env, config: { defaults: { countryCode: "US", currencyCode: "USD" } } });
 * await amazon.send({ type: "track", event: "Product Added", traits: { email: "jane.doe@example.com" } });
 * await amazon.close();
 * ```
 */
export function createAmazonEvents(options: AmazonEventsOptions = {}): AmazonEvents {
  return new Client(options);
}

/** What became of events in the core: a code for each, as `outcomeCodes` has them, and the wires of those that are mapped. */
interface Mapping {
  readonly codes: Uint8Array;
  readonly wires: readonly Uint8Array[];
}

/** The codes of one event that is mapped. */
const MAPPED = new Uint8Array(1);

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
  readonly #engine: Engine;
  readonly #secrets: readonly string[];
  /** Hears of the losses that nobody else does. */
  readonly #unheard: ((outcome: EventOutcome) => void) | undefined;
  readonly #waiters = new Map<Parcel, Waiter>();
  readonly #counts = { events: 0, mapped: 0, accepted: 0, rejected: 0, deadLettered: 0 };
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  /** Events that are being handed to the store and queued. */
  readonly #taking = new Set<Promise<unknown>>();
  /** Events that will never have an outcome, and why. */
  #lost: { events: number; fault: AmazonEventsError } | undefined;
  /** What an earlier process left, as far as it was read. */
  #left: AsyncIterator<StoredEvent> | Iterator<StoredEvent> | undefined;
  /** The last id of it that was taken up. */
  #leftUntil = Number.NEGATIVE_INFINITY;
  #isRestored: boolean;
  #restoring: Promise<void> | undefined;
  #nextKey = 0;
  #closed = false;
  #finished: Promise<void> | undefined;

  constructor(options: AmazonEventsOptions) {
    noSlips(options, OPTIONS);
    const connection = connectionOf(options);
    this.#options = options;
    this.#secrets = connection.secrets;
    this.#runtime = runtimeOf(options, connection.secrets);
    this.#unheard = options.onOutcome || options.logger ? undefined : sayLosses(connection.secrets, options.deadLetters !== undefined);
    this.#transformer = options.config instanceof Transformer ? options.config : new Transformer(options.config);
    this.#codes = outcomeCodes();
    this.#isRestored = options.store === undefined;
    this.#engine = new Engine({
      connection,
      runtime: this.#runtime,
      limits: deliveryLimits(options),
      rate: {
        requestsPerSecond: positive(options, "maxRequestsPerSecond", MOST_PER_SECOND.requests),
        eventsPerSecond: positive(options, "maxEventsPerSecond", MOST_PER_SECOND.events),
      },
      tokenStore: options.tokenStore,
      queue: {
        flushIntervalMs: whole(options, "flushIntervalMs", 0, 3_600_000, 1000),
        maxEvents: whole(options, "maxQueueEvents", 1, 100_000_000, 10_000),
        maxBytes: whole(options, "maxQueueBytes", 1, 2 ** 40, 32 * 2 ** 20),
      },
      settle: (settled) => this.#settle(settled),
    });
    functions(options, "onOutcome");
    if (options.whenFull !== undefined && options.whenFull !== "wait" && options.whenFull !== "refuse") {
      throw invalidOption("whenFull", "`wait` or `refuse`", options.whenFull);
    }
  }

  send(event: AnalyticsEvent, options?: SendOptions & { readonly wait?: false }): Promise<Receipt>;
  send(event: AnalyticsEvent, options: SendOptions & { readonly wait: true }): Promise<EventOutcome>;
  async send(event: AnalyticsEvent, options: SendOptions & { readonly wait?: boolean } = {}): Promise<Receipt | EventOutcome> {
    this.#mustTake();
    const mapping = this.#mappingOf(event);
    if (options.wait !== true) {
      const [dropped] = await this.#take(mapping, [], options.whenFull);
      return dropped ?? { outcome: "queued" };
    }
    return new Promise<EventOutcome>((resolve, reject) => {
      this.#take(mapping, [{ resolve, reject }], options.whenFull).then(([dropped]) => dropped && resolve(dropped), reject);
    });
  }

  async sendBatch(events: Uint8Array | string, options: SendOptions = {}): Promise<BatchReceipt> {
    const bytes = typeof events === "string" ? new TextEncoder().encode(events) : events;
    if (!(bytes instanceof Uint8Array)) throw invalidOption("events", "bytes (Uint8Array) or a text, such as `JSON.stringify(list)`", events);
    this.#mustTake();
    const mapping = ofBatch(this.#transformer.transformBatch(bytes, this.#runtime.clock.now(), "auto"));
    const dropped = (await this.#take(mapping, [], options.whenFull)).length;
    return { events: mapping.codes.length, queued: mapping.codes.length - dropped, dropped };
  }

  #mappingOf(event: AnalyticsEvent): Mapping {
    const now = this.#runtime.clock.now();
    const wire = this.#transformer.transformToJson(event, now);
    if (wire) return { codes: MAPPED, wires: [wire] };
    // Few are dropped; why this one is takes another look.
    return ofBatch(this.#transformer.transformBatch(this.#transformer.bytesOf(event), now, "event"));
  }

  async deliver(events: readonly Uint8Array[]): Promise<EventOutcome[]> {
    this.#mustTake();
    const mapping = ofBatch(this.#transformer.transformBatch(linesOf(events), this.#runtime.clock.now(), "ndjson"));
    // Which outcome is whose would be a guess.
    if (mapping.codes.length !== events.length) throw new Error(`the core gave ${mapping.codes.length} outcomes for ${events.length} events`);
    const waiters: Waiter[] = [];
    const mapped = mapping.wires.map(() => new Promise<EventOutcome>((resolve, reject) => waiters.push({ resolve, reject })));
    const dropped: EventOutcome[] = await this.#take(mapping, waiters);
    void this.#engine.outbox.flush();
    const isDropped = (code: number): boolean => this.#codes[code]?.outcome === "dropped";
    const outcomes = Array.from(mapping.codes, (code) => (isDropped(code) ? dropped : mapped).shift() as EventOutcome | Promise<EventOutcome>);
    return Promise.all(outcomes);
  }

  async flush(): Promise<void> {
    let fault: AmazonEventsError | undefined;
    try {
      // Where there is nothing to wait for there is no wait, or what is sent right after would be a part of it.
      if (!this.#isRestored) {
        await this.#restore(() => {
          const blocked = this.#engine.outbox.blockedBy;
          if (blocked) throw blocked;
        });
      }
    } finally {
      if (this.#taking.size > 0) await Promise.allSettled(this.#taking);
      fault = await this.#engine.outbox.flush();
    }
    if (fault) throw fault;
    if (!this.#lost) return;
    const { events, fault: cause } = this.#lost;
    throw new AmazonEventsError("ERR_STORE", `no outcome of ${eventsIn(events)}: ${cause.message}`, { cause });
  }

  async close(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    const { deadlineMs } = options;
    if (deadlineMs !== undefined && !(Number.isInteger(deadlineMs) && deadlineMs >= 0 && deadlineMs <= MAX_DEADLINE_MS)) {
      throw invalidOption("deadlineMs", `a whole number from 0 to ${MAX_DEADLINE_MS}`, deadlineMs);
    }
    this.#closed = true;
    const finished = (this.#finished ??= this.#finish());
    if (deadlineMs === undefined) return finished;
    const ended = new AbortController();
    const late = this.#cutShort(deadlineMs, ended.signal);
    late.catch(() => undefined);
    try {
      await Promise.race([finished, late]);
    } finally {
      ended.abort();
    }
  }

  async #finish(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      // At the deadline events stay in the store, as was asked for.
      if (!(error instanceof AmazonEventsError && error.code === "ERR_CLOSED")) throw error;
    } finally {
      this.#engine.outbox.abandon();
      await this.#options.store?.close();
    }
  }

  /** Gives up at the deadline, and then on those who should have taken note of it. */
  async #cutShort(deadlineMs: number, ended: AbortSignal): Promise<never> {
    const { sleep } = this.#runtime;
    await sleep(deadlineMs, ended);
    this.#engine.abort(new AmazonEventsError("ERR_CLOSED", "the client was closed before the event could be delivered"));
    await sleep(GRACE_MS, ended);
    throw new AmazonEventsError(
      "ERR_STORE",
      `closed without an outcome of ${eventsIn(this.stats().pending)}: the store or the dead-letter sink did not answer within ${GRACE_MS / 1000} s of the deadline`,
    );
  }

  stats(): Stats {
    const { accepted, rejected, deadLettered, mapped } = this.#counts;
    return {
      ...this.#counts,
      dropped: { ...this.#dropped },
      pending: mapped - accepted - rejected - deadLettered,
      ...this.#engine.work,
    };
  }

  /** Waits, or not, until there is room for these. */
  async #enter(wires: readonly Uint8Array[], ofCall?: "wait" | "refuse"): Promise<void> {
    const refuses = (ofCall ?? this.#options.whenFull) === "refuse";
    await this.#restore(() => {
      this.#mustTake();
      // What an earlier process left is worth a wait, but not for the end of a fault, nor where the call says so.
      if (refuses && (ofCall !== undefined || this.#engine.outbox.blockedBy)) throw this.#full();
    });
    if (refuses && !this.#engine.outbox.hasRoom) throw this.#full();
    await this.#engine.outbox.expect(wires, () => this.#mustTake());
  }

  #full(): AmazonEventsError {
    return new AmazonEventsError("ERR_QUEUE_FULL", `the queue is full (${eventsIn(this.#engine.outbox.size)}): the event was not taken`);
  }

  #mustTake(): void {
    if (this.#closed) throw new AmazonEventsError("ERR_CLOSED", "the client is closed: make a new one to send more events");
    this.#mustKeep();
  }

  /** Throws while the store, or the sink, is taken to be broken. */
  #mustKeep(): void {
    const { fault } = this.#engine.delivery;
    if (fault?.code === "ERR_STORE") throw fault;
  }

  /**
   * Takes up what an earlier process left, before anything else is sent.
   *
   * @param check - asked as long as there is no room for more of it; what it throws ends the wait
   */
  async #restore(check: () => void): Promise<void> {
    const { store } = this.#options;
    while (store && !this.#isRestored) {
      await this.#engine.outbox.room(check);
      await (this.#restoring ??= this.#takeUp(store).finally(() => (this.#restoring = undefined)));
    }
  }

  /** Takes up as much as there is room for. */
  async #takeUp(store: EventStore): Promise<void> {
    this.#mustKeep();
    let expired: Parcel[] = [];
    try {
      this.#left ??= iteratorOf(store.pending());
      while (this.#engine.outbox.hasRoom) {
        const { done, value } = await this.#left.next();
        // Those that come first have their end first: what fails leaves nothing behind that was passed over.
        if (expired.length > 0 && (done || value.expired === undefined || expired.length >= DEFAULT_BATCH.events)) {
          await this.#expire(expired);
          expired = [];
        }
        // A closed client that gives up leaves the rest where it is.
        if (done || (this.#closed && this.#engine.delivery.fault)) {
          this.#isRestored = true;
          return;
        }
        if (value.id <= this.#leftUntil) continue;
        const parcel = new Parcel(value.wire, value.id);
        if (value.expired === undefined) {
          this.#countEvents(1);
          this.#leftUntil = value.id;
          this.#engine.outbox.add(parcel);
        } else {
          parcel.lastError = value.expired;
          expired.push(parcel);
        }
      }
      if (expired.length > 0) await this.#expire(expired);
    } catch (error) {
      this.#left = undefined;
      throw this.#failed("could not read the store", error);
    }
  }

  async #expire(parcels: readonly Parcel[]): Promise<void> {
    this.#countEvents(parcels.length);
    try {
      await this.#end(parcels.map((parcel) => ({ parcel, end: "dead_lettered", reason: "expired" })));
    } catch (error) {
      this.#countEvents(-parcels.length);
      throw error;
    }
    this.#leftUntil = parcels.at(-1)?.key ?? this.#leftUntil;
  }

  #countEvents(events: number): void {
    this.#counts.events += events;
    this.#counts.mapped += events;
  }

  /** Queues the events of a batch, and tells the outcome of those that were dropped. Counts none of them if it cannot. */
  async #take(mapping: Mapping, waiters: readonly Waiter[] = [], whenFull?: "wait" | "refuse"): Promise<Dropped[]> {
    const { wires } = mapping;
    const { outbox } = this.#engine;
    // Whoever finds room has it at once: what was sent before `close` is called is not too late.
    if (this.#isRestored && outbox.hasRoom) outbox.reserve(wires);
    else await this.#enter(wires, whenFull);
    const taking = this.#takeIn(mapping, waiters).finally(() => {
      this.#engine.outbox.arrived(wires);
      this.#taking.delete(taking);
    });
    this.#taking.add(taking);
    return taking;
  }

  async #takeIn({ codes, wires }: Mapping, waiters: readonly Waiter[]): Promise<Dropped[]> {
    // What came while this waited its turn.
    this.#mustTake();
    const ids = wires.length > 0 ? await this.#keep(wires) : undefined;
    const dropped = this.#countIn(codes);
    for (const [index, wire] of wires.entries()) {
      const parcel = new Parcel(wire, ids?.[index] ?? this.#nextKey++);
      const waiter = waiters[index];
      if (waiter) this.#waiters.set(parcel, waiter);
      this.#engine.outbox.add(parcel);
    }
    return dropped;
  }

  async #keep(wires: readonly Uint8Array[]): Promise<readonly number[] | undefined> {
    try {
      return await this.#options.store?.add(wires);
    } catch (error) {
      if (error instanceof AmazonEventsError && error.code === "ERR_STORE_FULL") throw error;
      throw this.#failed("could not keep events in the store", error);
    }
  }

  /** Counts the events of a batch and tells the outcome of those that were dropped. */
  #countIn(codes: Uint8Array): Dropped[] {
    const dropped: Dropped[] = [];
    for (const code of codes) {
      this.#counts.events++;
      const outcome = this.#codes[code];
      if (outcome?.outcome === "dropped") {
        this.#dropped[outcome.reason] = (this.#dropped[outcome.reason] ?? 0) + 1;
        dropped.push(outcome);
        this.#runtime.metrics.count("amazon_dsp_events.events", 1, { outcome: "dropped", reason: outcome.reason });
        this.#tell(() => outcome);
      } else {
        this.#counts.mapped++;
      }
    }
    return dropped;
  }

  /** Stops everything for a while, for the store or the sink failed. */
  #failed(doing: string, error: unknown): AmazonEventsError {
    const fault = storeFault(doing, error, this.#secrets);
    this.#engine.delivery.fail(fault);
    return fault;
  }

  /** Ends events, each in its outcome; or holds them, where there is a store. */
  async #settle(settled: readonly Settled[]): Promise<void> {
    const { store } = this.#options;
    const ended: Ended[] = [];
    const left: Parcel[] = [];
    let leftFor: AmazonEventsError | undefined;
    for (const one of settled) {
      if (one.end !== "undelivered") {
        ended.push(one);
      } else if (store) {
        left.push(one.parcel);
        leftFor = one.fault;
      } else {
        // Nobody else will come back for them.
        one.parcel.lastError = one.fault.message;
        ended.push({ parcel: one.parcel, end: "dead_lettered", reason: reasonOf(one.fault) });
      }
    }
    if (leftFor) this.#hold(left, leftFor);
    try {
      await this.#end(ended);
    } catch (error) {
      const fault = this.#failed("could not note outcomes", error);
      const parcels = ended.map(({ parcel }) => parcel);
      if (store) this.#hold(parcels, fault);
      else this.#lose(parcels, fault);
    }
  }

  /** Notes outcomes, counts them, and tells them. None of them if it fails. */
  async #end(ended: readonly Ended[]): Promise<void> {
    if (ended.length === 0) return;
    const { store, deadLetters } = this.#options;
    await deadLetter(deadLetters, ended, this.#secrets);
    try {
      await store?.remove(ended.map(({ parcel }) => parcel.key));
    } catch (error) {
      throw storeFault("could not note outcomes in the store", error, this.#secrets);
    }
    const { metrics } = this.#runtime;
    const accepted = ended.filter(({ end }) => end === "accepted").length;
    if (accepted > 0) metrics.count("amazon_dsp_events.events", accepted, ACCEPTED);
    for (const one of ended) {
      if (one.end === "accepted") {
        this.#counts.accepted++;
      } else {
        if (one.end === "rejected") this.#counts.rejected++;
        else this.#counts.deadLettered++;
        metrics.count("amazon_dsp_events.events", 1, labelsOf(one));
      }
      this.#tell(() => outcomeOf(one), one.parcel, one.end !== "accepted");
    }
  }

  /** Keeps events for later. Whoever waits for their outcome might wait for long. */
  #hold(parcels: readonly Parcel[], fault: AmazonEventsError): void {
    this.#engine.outbox.hold(parcels, fault);
    this.#refuse(parcels, fault);
  }

  /** Events without a store whose outcome could not be noted have none. */
  #lose(parcels: readonly Parcel[], fault: AmazonEventsError): void {
    this.#lost = { events: (this.#lost?.events ?? 0) + parcels.length, fault: this.#lost?.fault ?? fault };
    this.#refuse(parcels, fault);
  }

  #refuse(parcels: readonly Parcel[], fault: AmazonEventsError): void {
    for (const parcel of parcels) {
      this.#waiters.get(parcel)?.reject(fault);
      this.#waiters.delete(parcel);
    }
  }

  #tell(outcome: () => EventOutcome, parcel?: Parcel, isLoss = false): void {
    const waiter = parcel && this.#waiters.get(parcel);
    if (waiter) this.#waiters.delete(parcel);
    const onOutcome = this.#options.onOutcome ?? (isLoss && !waiter ? this.#unheard : undefined);
    if (!waiter && !onOutcome) return;
    quietly(
      () => {
        const told = outcome();
        waiter?.resolve(told);
        return onOutcome?.(told);
      },
      (error) => this.#runtime.logger.error({ err: error }, "onOutcome threw"),
    );
  }
}

function labelsOf(ended: Exclude<Ended, { readonly end: "accepted" }>): MetricLabels {
  switch (ended.end) {
    case "rejected":
      return { outcome: "rejected", reason: REJECTIONS.get(ended.code) ?? "other" };
    case "dead_lettered":
      return { outcome: "dead_lettered", reason: ended.reason };
  }
}

function iteratorOf(events: ReturnType<EventStore["pending"]>): AsyncIterator<StoredEvent> | Iterator<StoredEvent> {
  return Symbol.asyncIterator in events ? events[Symbol.asyncIterator]() : events[Symbol.iterator]();
}

function reasonOf(fault: AmazonEventsError): DeadLetterReason {
  switch (fault.code) {
    case "ERR_CREDENTIALS":
    case "ERR_ACCESS_DENIED":
      return "credentials_refused";
    case "ERR_TOKEN_UNAVAILABLE":
      return "token_unavailable";
    case "ERR_STORE":
      return "store_failed";
    case "ERR_CLOSED":
      return "closed";
    default:
      return "request_refused";
  }
}

function ofBatch({ events, offsets, outcomes }: Batch): Mapping {
  const wires: Uint8Array[] = [];
  for (let at = 0; at + 1 < offsets.length; at += 2) wires.push(events.subarray(offsets[at], offsets[at + 1]));
  return { codes: outcomes, wires };
}
