// The queue between those who have events and the delivery: fills batches, keeps so many on their way at once, makes
// senders wait when there is too much, and holds what is to go again when a fault is over.
import { Batcher, type BatchLimits } from "./batcher.js";
import type { Delivery } from "./delivery.js";
import { storeFault, type AmazonEventsError } from "../errors.js";
import { UNLABELLED } from "../metrics.js";
import type { Parcel } from "./parcel.js";
import { ENDED, type Runtime } from "../runtime.js";

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
}

/** Events that were left, and why. */
interface Held {
  readonly batch: readonly Parcel[];
  readonly fault: AmazonEventsError;
}

/** Events on their way out. */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #batcher: Batcher;
  /** Full batches that wait for their turn. */
  #ready: (readonly Parcel[])[] = [];
  /** Batches on their way. */
  readonly #active = new Map<readonly Parcel[], Promise<void>>();
  /** Batches that wait for the end of a fault. */
  #held: Held[] = [];
  readonly #waiting: (() => void)[] = [];
  /** Flushes so far. */
  #turn = 0;
  #events = 0;
  #bytes = 0;
  /** Of these the ones that are to be added: there is room for them, and not for others. */
  #expected = { events: 0, bytes: 0 };
  #timer: AbortController | undefined;
  #haltTimer: AbortController | undefined;

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#batcher = new Batcher(options.batch);
  }

  /** Events that wait or are on their way, with those that there is room kept for. */
  get size(): number {
    return this.#events + this.#expected.events;
  }

  /** Whether another event is within the limits. One event always is, or nothing too large could ever be sent. */
  get hasRoom(): boolean {
    const bytes = this.#bytes + this.#expected.bytes;
    return this.size === 0 || (this.size < this.#options.maxEvents && bytes < this.#options.maxBytes);
  }

  /** The fault whose end everything waits for that is left. */
  get blockedBy(): AmazonEventsError | undefined {
    return this.#active.size === 0 ? this.#held[0]?.fault : undefined;
  }

  /**
   * Resolves when another event is within the limits.
   *
   * @param check - asked as long as there is no room; what it throws ends the wait
   */
  async room(check?: () => void): Promise<void> {
    await this.expect([], check);
  }

  /**
   * As {@link room}, for events that are added later: until {@link arrived} nobody else is given their room.
   */
  async expect(wires: readonly Uint8Array[], check?: () => void): Promise<void> {
    while (!this.hasRoom) {
      // Whoever waits for room waits for what is queued, so it had better go.
      this.#seal();
      check?.();
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    // In the same turn, or all who wait would find the same room.
    this.reserve(wires);
  }

  /** Keeps room for events that are added later, whether there is any or not. */
  reserve(wires: readonly Uint8Array[]): void {
    this.#countExpected(wires, 1);
  }

  /** Those that were expected have been added, or will not be. */
  arrived(wires: readonly Uint8Array[]): void {
    this.#countExpected(wires, -1);
    if (this.hasRoom) this.#wake();
  }

  #countExpected(wires: readonly Uint8Array[], sign: 1 | -1): void {
    this.#expected.events += sign * wires.length;
    for (const wire of wires) this.#expected.bytes += sign * wire.length;
  }

  /** Queues an event, whether there is room or not: ask {@link room} first. */
  add(parcel: Parcel): void {
    parcel.turn = this.#turn;
    this.#grow([parcel], 1);
    for (const batch of this.#batcher.add(parcel)) this.#ready.push(batch);
    this.#pump();
    this.#watchAge();
  }

  /** Takes back events that the delivery has left, all in one call, to send them when its fault is over. */
  hold(batch: readonly Parcel[], fault: AmazonEventsError): void {
    this.#grow(batch, 1);
    this.#held.push({ batch, fault });
    this.#watchHalt();
  }

  /**
   * Sends what is queued now, and resolves when all of it is settled, or to the fault that some of it is held for. What
   * comes later is not waited for.
   */
  async flush(): Promise<AmazonEventsError | undefined> {
    const turn = this.#turn++;
    const isOurs = (batch: readonly Parcel[]): boolean => batch.some((parcel) => parcel.turn <= turn);
    this.#seal();
    while (this.#ready.some(isOurs) || Array.from(this.#active.keys()).some(isOurs)) await Promise.race(this.#active.values());
    return this.#held.find(({ batch }) => isOurs(batch))?.fault;
  }

  /** Forgets what is held. */
  abandon(): void {
    for (const { batch } of this.#held) this.#grow(batch, -1);
    this.#held = [];
    this.#haltTimer?.abort();
    this.#haltTimer = undefined;
    this.#wake();
  }

  #seal(): void {
    const batch = this.#batcher.take();
    if (batch) this.#ready.push(batch);
    this.#timer?.abort(ENDED);
    this.#timer = undefined;
    this.#pump();
  }

  #watchAge(): void {
    if (this.#batcher.size === 0) {
      this.#timer?.abort(ENDED);
      this.#timer = undefined;
    } else if (!this.#timer) {
      const timer = (this.#timer = new AbortController());
      this.#options.runtime.sleep(this.#options.flushIntervalMs, timer.signal).then(
        () => this.#seal(),
        () => undefined,
      );
    }
  }

  #watchHalt(): void {
    const { runtime, delivery } = this.#options;
    const ms = delivery.haltedMs;
    // A delivery that has stopped for good has a client that is about to abandon the rest.
    if (this.#haltTimer || this.#held.length === 0 || ms === Number.POSITIVE_INFINITY) return;
    const timer = (this.#haltTimer = new AbortController());
    runtime.sleep(ms, timer.signal).then(
      () => {
        this.#haltTimer = undefined;
        this.#pump();
        this.#watchHalt();
      },
      () => undefined,
    );
  }

  #pump(): void {
    if (this.#held.length > 0 && !this.#options.delivery.fault) this.#release();
    while (this.#active.size < this.#options.concurrency) {
      const batch = this.#ready.shift();
      if (!batch) return;
      const run = this.#run(batch).finally(() => {
        this.#active.delete(batch);
        this.#grow(batch, -1);
        this.#pump();
        this.#wake();
      });
      this.#active.set(batch, run);
    }
  }

  /** Queues what was held. Those whose own request was refused go last: they may be the reason, and must not block the others. */
  #release(): void {
    const tried = ({ batch }: Held): boolean => batch.some(({ firstTriedAt }) => firstTriedAt !== undefined);
    const batches = (held: readonly Held[]): (readonly Parcel[])[] => held.map(({ batch }) => batch);
    this.#ready = [
      ...batches(this.#held.filter((held) => !tried(held))),
      ...this.#ready,
      ...batches(this.#held.filter(tried)),
    ];
    this.#held = [];
  }

  #wake(): void {
    for (const proceed of this.#waiting.splice(0)) proceed();
  }

  #grow(batch: readonly Parcel[], sign: 1 | -1): void {
    this.#events += sign * batch.length;
    for (const { wire } of batch) this.#bytes += sign * wire.length;
    this.#options.runtime.metrics.adjust("amazon_dsp_events.queue.events", sign * batch.length, UNLABELLED);
  }

  async #run(batch: readonly Parcel[]): Promise<void> {
    try {
      await this.#options.delivery.deliver(batch);
    } catch (error) {
      // Whoever keeps the outcomes failed: sending on would lose track of events.
      this.#options.delivery.fail(storeFault("could not note what became of events", error));
    }
  }
}
