// The queue between those who have events and the delivery: fills batches, keeps so many on their way at once, and makes
// senders wait when there is too much.
import { Batcher, type BatchLimits } from "./batcher.js";
import type { Delivery } from "./delivery.js";
import { AmazonEventsError, messageOf } from "./errors.js";
import type { Parcel } from "./parcel.js";
import type { Runtime } from "./runtime.js";

/** What {@link Outbox} needs. */
export interface OutboxOptions {
  readonly runtime: Runtime;
  readonly delivery: Delivery;
  readonly batch: BatchLimits;
  /** Batches on their way at once. */
  readonly concurrency: number;
  /** The longest that an event waits for its batch to fill. Milliseconds. */
  readonly flushIntervalMs: number;
  /** Events that may wait or be on their way. */
  readonly maxEvents: number;
  /** Bytes that may wait or be on their way. */
  readonly maxBytes: number;
  /** Told of a batch whose delivery broke off because the store, the journal or the sink failed. Everything has stopped then. */
  readonly failed?: (batch: readonly Parcel[], error: AmazonEventsError) => void;
}

/** Events on their way out. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #batcher: Batcher;
  /** Full batches that wait for their turn. */
  readonly #ready: Parcel[][] = [];
  /** Batches on their way. */
  readonly #active = new Set<Promise<void>>();
  readonly #waiting: (() => void)[] = [];
  #events = 0;
  #bytes = 0;
  #timer: AbortController | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#batcher = new Batcher(options.batch);
  }

  /** Events that wait or are on their way. */
  get size(): number {
    return this.#events;
  }

  /** Whether another event is within the limits. One event always is, or nothing too large could ever be sent. */
  get hasRoom(): boolean {
    return this.#events === 0 || (this.#events < this.#options.maxEvents && this.#bytes < this.#options.maxBytes);
  }

  /** Resolves when another event is within the limits. */
  async room(): Promise<void> {
    while (!this.hasRoom) {
      // Whoever waits for room waits for what is queued, so it had better go.
      this.#seal();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Queues an event, whether there is room or not: ask {@link room} first. */
  add(parcel: Parcel): void {
    this.#events++;
    this.#bytes += parcel.wire.length;
    for (const batch of this.#batcher.add(parcel)) this.#ready.push(batch);
    this.#pump();
    this.#watchAge();
  }

  /** Sends what is queued now, and resolves when it is settled. */
  async flush(): Promise<void> {
    this.#seal();
    while (this.#active.size > 0) await Promise.all(this.#active);
  }

  #seal(): void {
    const batch = this.#batcher.take();
    if (batch) this.#ready.push(batch);
    this.#timer?.abort();
    this.#timer = undefined;
    this.#pump();
  }

  #watchAge(): void {
    if (this.#batcher.size === 0) {
      this.#timer?.abort();
      this.#timer = undefined;
    } else if (!this.#timer) {
      const timer = (this.#timer = new AbortController());
      this.#options.runtime.sleep(this.#options.flushIntervalMs, timer.signal).then(
        () => this.#seal(),
        () => undefined,
      );
    }
  }

  #pump(): void {
    while (this.#active.size < this.#options.concurrency) {
      const batch = this.#ready.shift();
      if (!batch) return;
      const run = this.#run(batch).finally(() => {
        this.#active.delete(run);
        this.#events -= batch.length;
        for (const { wire } of batch) this.#bytes -= wire.length;
        this.#pump();
        for (const proceed of this.#waiting.splice(0)) proceed();
      });
      this.#active.add(run);
    }
  }

  async #run(batch: readonly Parcel[]): Promise<void> {
    try {
      await this.#options.delivery.deliver(batch);
    } catch (error) {
      // The journal, the store or the sink failed: sending on would lose track of events.
      const fault = error instanceof AmazonEventsError ? error : new AmazonEventsError("ERR_STORE", messageOf(error), { cause: error });
      this.#options.delivery.halt(fault);
      this.#options.failed?.(batch, fault);
    }
  }
}
