// What every sender of events is made of: access tokens, the delivery, and the queue in front of it, put together once.
import type { Connection } from "../connection.js";
import { Delivery } from "./delivery.js";
import type { AmazonEventsError } from "../errors.js";
import type { DeliveryLimits } from "../limits.js";
import { Outbox } from "./outbox.js";
import { batchWithin, type RateLimits } from "./rate.js";
import type { Runtime } from "../runtime.js";
import type { Settled } from "./settled.js";
import { memoryTokenStore, Tokens, type TokenStore } from "./tokens.js";

/** What {@link Engine} needs. */
export interface EngineOptions {
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly limits: DeliveryLimits;
  readonly rate?: RateLimits;
  /** Default: one of its own. */
  readonly tokenStore?: TokenStore | undefined;
  /** How long a fault of all requests stops everything. Milliseconds, default 30,000. */
  readonly haltMs?: number;
  /** How long an event waits for its batch to fill (milliseconds), and how many may wait or be on their way. */
  readonly queue: { readonly flushIntervalMs: number; readonly maxEvents: number; readonly maxBytes: number };
  /** See {@link Delivery}. */
  readonly settle: (settled: readonly Settled[]) => Promise<void> | void;
}

/** The requests of a sender so far. */
export interface Work {
  /** Event requests, with every repetition. */
  readonly requests: number;
  /** Event requests made again for events that an earlier one carried in vain. */
  readonly retriedRequests: number;
  /** Access tokens fetched. */
  readonly tokenRefreshes: number;
}

// A refused token or a missing permission will not mend itself in the next second; it may in the next minute.
const HALT_MS = 30_000;

/** Brings mapped events to Amazon: put them into {@link Engine.outbox}. */
export class Engine {
  readonly outbox: Outbox;
  readonly delivery: Delivery;
  readonly #tokens: Tokens;
  readonly #noTokens = new AbortController();

  constructor({ connection, runtime, limits, rate = {}, tokenStore = memoryTokenStore(), haltMs = HALT_MS, queue, settle }: EngineOptions) {
    const { retry, timeoutMs, concurrency, batch } = limits;
    this.#tokens = new Tokens({ connection, runtime, retry, timeoutMs, store: tokenStore, signal: this.#noTokens.signal });
    this.delivery = new Delivery({ connection, runtime, tokens: this.#tokens, retry, timeoutMs, concurrency, rate, haltMs, settle });
    this.outbox = new Outbox({ runtime, delivery: this.delivery, concurrency, batch: batchWithin(batch, rate), ...queue });
  }

  get work(): Work {
    const { requests, retriedRequests } = this.delivery;
    return { requests, retriedRequests, tokenRefreshes: this.#tokens.refreshes };
  }

  /** Stops for good: no more requests. Those under way are waited for. */
  stop(error: AmazonEventsError): void {
    this.delivery.halt(error);
    this.#noTokens.abort();
  }

  /** Stops for good, and gives up the requests under way as well. */
  abort(error: AmazonEventsError): void {
    this.delivery.abort(error);
    this.#noTokens.abort();
  }
}
