// Takes events from a queue, brings them to Amazon, and tells the queue of each only when it has its outcome.
import type { AmazonEventsOptions } from "../client.js";
import { connectionOf, type ParameterName } from "../connection.js";
import { Transformer, type DropReason } from "../core.js";
import { Engine } from "../delivery/engine.js";
import { AmazonEventsError, invalidOption, messageOf, type FaultCode } from "../errors.js";
import { deliveryLimits, functions, noSlips, whole } from "../limits.js";
import { Mapper, type Mapped } from "../mapper.js";
import type { EventOutcome } from "../outcome.js";
import { Parcel } from "../delivery/parcel.js";
import { runtimeOf, type Runtime } from "../runtime.js";
import { outcomeOf, type Settled } from "../delivery/settled.js";
import type { Queue, QueueMessage } from "./queue.js";

export type { Queue, QueueMessage } from "./queue.js";

/** The options of a client that {@link consume} takes as well. */
type ClientOptionName =
  | "ADVERTISER_ID"
  | "CLIENT_ID"
  | "CLIENT_SECRET"
  | "REFRESH_TOKEN"
  | "PROFILE_ID"
  | "BASE_URL"
  | "TOKEN_URL"
  | "config"
  | "tokenStore"
  | "maxBatchEvents"
  | "maxBatchBytes"
  | "concurrency"
  | "maxAttempts"
  | "maxWaitMs"
  | "maxElapsedMs"
  | "timeoutMs"
  | "fetch"
  | "clock"
  | "sleep"
  | "random"
  | "logger";

/** What {@link consume} takes. */
export interface ConsumeOptions extends Pick<AmazonEventsOptions, ClientOptionName> {
  /**
   * Told the outcome of every event, and waited for, before the queue is told to forget it. A process that ends between
   * the two leaves an event that is sent again, and told again: count by `eventId`. What it throws is logged.
   */
  onOutcome?: (outcome: EventOutcome) => Promise<void> | void;
  /** The longest that one `take` waits for a full batch. Milliseconds, default 1,000. */
  takeWaitMs?: number;
  /**
   * How long the queue keeps an event back that could not be sent, such as while Amazon refuses the credentials.
   * Milliseconds, default 30,000.
   */
  retryDelayMs?: number;
  /** How often the queue is told of events that are still worked on. At most a third of its limit. Milliseconds, default 10,000. */
  extendEveryMs?: number;
}

const OPTIONS: Readonly<Record<Exclude<keyof ConsumeOptions, ParameterName>, true>> = {
  ...{ config: true, onOutcome: true, tokenStore: true, takeWaitMs: true, retryDelayMs: true, extendEveryMs: true },
  ...{ maxBatchEvents: true, maxBatchBytes: true, concurrency: true, maxAttempts: true, maxWaitMs: true, maxElapsedMs: true, timeoutMs: true },
  ...{ fetch: true, clock: true, sleep: true, random: true, logger: true },
};

/** What a consumer has done; all numbers count from its start. `taken` is the sum of those down to `held`. */
export interface ConsumerStats {
  /** Messages that the queue handed out, each time it did. */
  readonly taken: number;
  readonly accepted: number;
  readonly rejected: number;
  /** By reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly deadLettered: number;
  /** Given back without an outcome. */
  readonly returned: number;
  /** Those with an outcome that the queue could not be told of: it hands them out again, and that counts anew. */
  readonly unacknowledged: number;
  /** Taken, and still here. */
  readonly held: number;
  /** Event requests, with every repetition. */
  readonly requests: number;
  /** Event requests made again for events that an earlier one carried in vain. */
  readonly retriedRequests: number;
  /** Access tokens fetched. */
  readonly tokenRefreshes: number;
  /** Why nothing is being sent, if so. */
  readonly fault: FaultCode | undefined;
}

/** A running consumer; see {@link consume}. */
export interface Consumer {
  /**
   * Takes nothing more, sends what it holds, and resolves when the queue knows of all of it. After `deadlineMs` (by default
   * it waits as long as retries take) what is left goes back to the queue, to be handed out at once.
   */
  stop(options?: { readonly deadlineMs?: number }): Promise<void>;
  stats(): ConsumerStats;
}

// After the deadline of `stop`, for requests that are cut off to come back.
const GRACE_MS = 1000;
// Outcomes come at once for a whole reply; an event that waits for company waits no longer than this.
const GATHER_MS = 100;
/** The least that lies between two looks into an empty queue. */
const IDLE_MS = 100;

/**
 * Starts to take events from a queue and to send them, until `stop`. Any number of processes may consume one queue.
 *
 * An event is acknowledged when Amazon has accepted or refused it for good, or the mapping has dropped it; it goes to the
 * queue's dead letters when it is given up; it goes back to the queue when it could not be sent. A process that ends in
 * between leaves its events to the others. The queue is the caller's to close, after `stop`.
 *
 * @throws {@link UsageError} for an option that cannot be right
 * @throws {@link ConfigError} for a config that cannot be right
 *
 * @example
 * ```js
 * import { consume } from "amazon-dsp-events/queues/consumer";
 *
 * const consumer = consume(queue, { ...process.env, config: { defaults: { countryCode: "US" } } });
 * process.once("SIGTERM", () => consumer.stop({ deadlineMs: 20_000 }));
 * ```
 */
export function consume(queue: Queue, options: ConsumeOptions): Consumer {
  return new QueueConsumer(queue, options);
}

class QueueConsumer implements Consumer {
  readonly #queue: Queue;
  readonly #onOutcome: ConsumeOptions["onOutcome"];
  readonly #runtime: Runtime;
  readonly #mapper: Mapper;
  readonly #engine: Engine;
  readonly #batchEvents: number;
  readonly #takeWaitMs: number;
  readonly #retryDelayMs: number;
  readonly #extendEveryMs: number;
  /** Ends the waits between one `take` and the next. */
  readonly #stopping = new AbortController();
  /** Ends the reminders that events are still worked on. */
  readonly #ended = new AbortController();
  /** What has not been given an end yet. */
  readonly #held = new Set<QueueMessage>();
  readonly #messages = new Map<Parcel, QueueMessage>();
  /** Dropped events that are being acknowledged. */
  readonly #dropping = new Set<Promise<void>>();
  readonly #counts = { taken: 0, accepted: 0, rejected: 0, deadLettered: 0, returned: 0, unacknowledged: 0 };
  readonly #dropped: Partial<Record<DropReason, number>> = {};
  readonly #running: Promise<void>;
  #stopped: Promise<void> | undefined;
  #nextKey = 0;

  constructor(queue: Queue, options: ConsumeOptions) {
    for (const name of ["put", "take", "close"] as const) {
      if (typeof queue?.[name] !== "function") throw invalidOption("queue", "a queue with `put`, `take` and `close`", queue);
    }
    noSlips(options, OPTIONS);
    functions(options, "onOutcome");
    const connection = connectionOf(options);
    this.#queue = queue;
    this.#onOutcome = options.onOutcome;
    const runtime = (this.#runtime = runtimeOf(options, connection.secrets));
    this.#mapper = new Mapper(options.config instanceof Transformer ? options.config : new Transformer(options.config));
    const limits = deliveryLimits(options);
    this.#batchEvents = limits.batch.events;
    this.#takeWaitMs = whole(options, "takeWaitMs", 1, 60_000, 1000);
    this.#retryDelayMs = whole(options, "retryDelayMs", 0, 86_400_000, 30_000);
    this.#extendEveryMs = whole(options, "extendEveryMs", 1, 3_600_000, 10_000);
    this.#engine = new Engine({
      connection,
      runtime,
      limits,
      tokenStore: options.tokenStore,
      queue: {
        flushIntervalMs: GATHER_MS,
        // One batch beyond those on their way: what waits here, others could be sending.
        maxEvents: this.#batchEvents * limits.concurrency + 1,
        maxBytes: 64 * 2 ** 20,
      },
      settle: async (settled) => void (await Promise.all(settled.map((one) => this.#settle(one)))),
    });
    this.#running = this.#run();
    void this.#remind();
  }

  stop(options: { readonly deadlineMs?: number } = {}): Promise<void> {
    const { deadlineMs } = options;
    if (deadlineMs !== undefined) whole(options, "deadlineMs", 0, 86_400_000, 0);
    return (this.#stopped ??= this.#stop(deadlineMs));
  }

  stats(): ConsumerStats {
    return {
      ...this.#counts,
      dropped: { ...this.#dropped },
      held: this.#held.size,
      ...this.#engine.work,
      fault: this.#engine.delivery.fault?.code,
    };
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await this.#engine.outbox.room();
      // Nothing can be sent: whoever can should have the events.
      if (this.#engine.delivery.fault) {
        await this.#pause(1000);
        continue;
      }
      if (signal.aborted) return;
      let messages: QueueMessage[];
      const began = this.#runtime.clock.now();
      try {
        messages = await this.#queue.take(this.#batchEvents, this.#takeWaitMs);
        if (!Array.isArray(messages)) throw new TypeError("`take` must give a list of messages");
      } catch (error) {
        this.#runtime.logger.warn({ problem: messageOf(error) }, "the queue gave nothing; trying again");
        await this.#pause(1000);
        continue;
      }
      await this.#receive(messages);
      // A queue that does not wait for events must not be asked without end.
      if (messages.length === 0 && this.#runtime.clock.now() - began < IDLE_MS) await this.#pause(IDLE_MS);
    }
  }

  async #receive(messages: readonly QueueMessage[]): Promise<void> {
    this.#counts.taken += messages.length;
    for (const message of messages) this.#held.add(message);
    // Taken while `stop` was called.
    if (this.#stopping.signal.aborted) return void (await Promise.all(messages.map((message) => this.#giveBack(message, 0))));
    let mapped: Mapped[];
    try {
      mapped = this.#map(messages);
    } catch (error) {
      this.#runtime.logger.error({ problem: messageOf(error) }, "events could not be mapped");
      return void (await Promise.all(messages.map((message) => this.#giveBack(message, this.#retryDelayMs))));
    }
    for (const [index, message] of messages.entries()) {
      const one = mapped[index];
      if (one?.wire) {
        const parcel = new Parcel(one.wire, this.#nextKey++);
        this.#messages.set(parcel, message);
        this.#engine.outbox.add(parcel);
      } else if (one) {
        const { outcome, reason, detail } = one.dropped;
        const dropping = this.#end(message, { outcome, reason, ...(detail !== undefined && { detail }) }).finally(() =>
          this.#dropping.delete(dropping),
        );
        this.#dropping.add(dropping);
      }
    }
  }

  /** Maps as of when an event was put: a second hand-out of it must not become another event. */
  #map(messages: readonly QueueMessage[]): Mapped[] {
    const now = this.#runtime.clock.now();
    const mapped: Mapped[] = [];
    for (let from = 0; from < messages.length; ) {
      const at = messages[from]?.putAt;
      let to = from + 1;
      while (to < messages.length && messages[to]?.putAt === at) to++;
      mapped.push(...this.#mapper.map(messages.slice(from, to).map(({ body }) => body), at ?? now));
      from = to;
    }
    return mapped;
  }

  async #settle(settled: Settled): Promise<void> {
    const { parcel } = settled;
    const message = this.#messages.get(parcel);
    this.#messages.delete(parcel);
    // Without one it was given back at the deadline.
    if (!message) return;
    if (settled.end === "undelivered") return this.#giveBack(message, this.#stopping.signal.aborted ? 0 : this.#retryDelayMs);
    return this.#end(message, outcomeOf(settled));
  }

  /** Tells the outcome, then the queue; counts it when the queue knows. */
  async #end(message: QueueMessage, outcome: EventOutcome): Promise<void> {
    try {
      await this.#onOutcome?.(outcome);
    } catch (error) {
      this.#runtime.logger.error({ err: error }, "onOutcome threw");
    }
    try {
      if (outcome.outcome === "dead_lettered") await message.dead(`${outcome.reason}: ${outcome.lastError}`);
      else await message.ack();
    } catch (error) {
      this.#unheard(message, error);
      return;
    }
    if (!this.#held.delete(message)) return;
    if (outcome.outcome === "accepted") this.#counts.accepted++;
    else if (outcome.outcome === "rejected") this.#counts.rejected++;
    else if (outcome.outcome === "dead_lettered") this.#counts.deadLettered++;
    else this.#dropped[outcome.reason] = (this.#dropped[outcome.reason] ?? 0) + 1;
  }

  async #giveBack(message: QueueMessage, delayMs: number): Promise<void> {
    try {
      await message.retry(delayMs);
    } catch (error) {
      this.#unheard(message, error);
      return;
    }
    if (this.#held.delete(message)) this.#counts.returned++;
  }

  #unheard(message: QueueMessage, error: unknown): void {
    this.#runtime.logger.warn({ problem: messageOf(error) }, "the queue could not be told of an event; it will hand it out again");
    if (this.#held.delete(message)) this.#counts.unacknowledged++;
  }

  /** Tells the queue, every now and then, of what is still worked on. */
  async #remind(): Promise<void> {
    const { signal } = this.#ended;
    const reminded = async (message: QueueMessage): Promise<void> => {
      try {
        await message.extend?.();
      } catch (error) {
        this.#runtime.logger.warn({ problem: messageOf(error) }, "the queue could not be told that an event is still worked on");
      }
    };
    for (;;) {
      await this.#runtime.sleep(this.#extendEveryMs, signal).catch(() => undefined);
      if (signal.aborted) return;
      await Promise.all(Array.from(this.#held, reminded));
    }
  }

  async #pause(ms: number): Promise<void> {
    await this.#runtime.sleep(ms, this.#stopping.signal).catch(() => undefined);
  }

  async #stop(deadlineMs: number | undefined): Promise<void> {
    this.#stopping.abort();
    const finished = (async () => {
      // The loop may be waiting for room, which comes as batches end.
      await this.#running;
      await this.#engine.outbox.flush();
      await Promise.all(this.#dropping);
    })();
    if (deadlineMs !== undefined) await this.#cutShort(finished, deadlineMs);
    else await finished;
    this.#ended.abort();
  }

  async #cutShort(finished: Promise<void>, deadlineMs: number): Promise<void> {
    if (await this.#within(finished, deadlineMs)) return;
    this.#engine.abort(new AmazonEventsError("ERR_CLOSED", "the consumer was stopped before the event could be delivered"));
    if (await this.#within(finished, GRACE_MS)) return;
    this.#messages.clear();
    await this.#within(Promise.all(Array.from(this.#held, (message) => this.#giveBack(message, 0))), GRACE_MS);
  }

  /** Whether the work ends in time. */
  async #within(work: Promise<unknown>, ms: number): Promise<boolean> {
    const ended = new AbortController();
    const late = this.#runtime.sleep(ms, ended.signal).then(
      () => false,
      () => false,
    );
    try {
      return await Promise.race([work.then(() => true), late]);
    } finally {
      ended.abort();
    }
  }
}
