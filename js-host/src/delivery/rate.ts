// How fast requests may go: under the ceilings that were set, and more slowly after a 429. First come, first served.
import type { BatchLimits } from "./batcher.js";
import type { Clock, Sleep } from "../runtime.js";

/** Ceilings that were set. Without one there is none. */
export interface RateLimits {
  readonly requestsPerSecond?: number | undefined;
  readonly eventsPerSecond?: number | undefined;
}

/** A timer that fires late is made up for, as far as this. Milliseconds. */
export const BURST_MS = 100;
/** What remains of the rate after a 429. */
export const CUT = 0.7;
/** Good replies raise the rate by this share of what it was before the cut, each second. */
export const RAISE = 0.25;
/** A 429 never makes it slower than this; its own wait comes on top. Requests a second. */
export const FLOOR = 1;
// One request says little of a rate: the first 429 is taken to have come at no less than this. Requests a second.
const LEAST_GUESS = 8;

interface Waiter {
  readonly events: number;
  readonly go: (turn: number) => void;
}

/**
 * A token bucket for requests and one for events, paid after the request has gone: what it costs is what the next one
 * waits for. After a 429 the rate of requests is cut, and then raised step by step while replies are good.
 */
export class RateLimiter {
  readonly #clock: Clock;
  readonly #sleep: Sleep;
  readonly #requestsPerSecond: number;
  readonly #eventsPerSecond: number;
  readonly #line: Waiter[] = [];
  /** Runs while somebody stands in the line. */
  #serving: AbortController | undefined;
  /** When the next request may go, by each of the limits. Epoch milliseconds. */
  #holdUntil = 0;
  #requestAt = 0;
  #eventsAt = 0;
  #seenAt = 0;
  /** What 429s have taught, in requests a second, and what good replies add to it each second. */
  #learnt = Number.POSITIVE_INFINITY;
  #raise = 0;
  /** Requests of about the last second, as of the last one. */
  #recent = 0;
  #lastAt = 0;
  #turns = 0;
  #turnsAtCut = 0;

  constructor({ clock, sleep }: { readonly clock: Clock; readonly sleep: Sleep }, limits: RateLimits = {}) {
    this.#clock = clock;
    this.#sleep = sleep;
    this.#requestsPerSecond = limits.requestsPerSecond ?? Number.POSITIVE_INFINITY;
    this.#eventsPerSecond = limits.eventsPerSecond ?? Number.POSITIVE_INFINITY;
  }

  /** Requests a second that may go now. */
  get requestsPerSecond(): number {
    return Math.min(this.#requestsPerSecond, this.#learnt);
  }

  /** The turn's number, if a request of so many events may go at once. */
  tryTurn(events: number): number | undefined {
    return this.#line.length === 0 && this.#waitMs() <= 0 ? this.#pay(events) : undefined;
  }

  /** Resolves to the turn's number when a request of so many events may go, or to undefined when the signal is aborted. */
  turn(events: number, signal: AbortSignal): Promise<number | undefined> {
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#line.splice(this.#line.indexOf(waiter), 1);
        if (this.#line.length === 0) this.#stopServing();
        resolve(undefined);
      };
      const go = (turn: number): void => {
        signal.removeEventListener("abort", leave);
        resolve(turn);
      };
      const waiter: Waiter = { events, go };
      signal.addEventListener("abort", leave, { once: true });
      this.#line.push(waiter);
      if (!this.#serving) void this.#serve((this.#serving = new AbortController()));
    });
  }

  /** Nobody goes before then. Epoch milliseconds. */
  hold(until: number): void {
    this.#now();
    this.#holdUntil = Math.max(this.#holdUntil, until);
  }

  /** The request of this turn was one too many. */
  throttled(turn: number): void {
    // Those that were under way at the last cut say nothing of the rate since.
    if (turn <= this.#turnsAtCut) return;
    const rate = Math.min(this.requestsPerSecond, Math.max(this.#recent, LEAST_GUESS));
    this.#learnt = Math.max(rate * CUT, FLOOR);
    this.#raise = rate * RAISE;
    this.#turnsAtCut = this.#turns;
    this.#requestAt = Math.max(this.#requestAt, this.#lastAt + 1000 / this.requestsPerSecond);
  }

  /** The request of this turn was not too many. */
  succeeded(turn: number): void {
    if (turn <= this.#turnsAtCut || this.#learnt === Number.POSITIVE_INFINITY) return;
    // So many replies come in a second that each adds its part of the second's raise.
    this.#learnt += this.#raise / this.#learnt;
    if (this.#learnt >= this.#requestsPerSecond) this.#learnt = Number.POSITIVE_INFINITY;
  }

  #waitMs(): number {
    const now = this.#now();
    return Math.max(this.#holdUntil, this.#requestAt, this.#eventsAt) - now;
  }

  /** The time. Where the clock was set back, what was reckoned by it goes along, or everybody would wait for it. */
  #now(): number {
    const now = this.#clock.now();
    const back = Math.max(0, this.#seenAt - now);
    this.#seenAt = now;
    this.#holdUntil -= back;
    this.#requestAt -= back;
    this.#eventsAt -= back;
    this.#lastAt -= back;
    return now;
  }

  #pay(events: number): number {
    const now = this.#now();
    this.#requestAt = Math.max(this.#requestAt, now - BURST_MS) + 1000 / this.requestsPerSecond;
    this.#eventsAt = Math.max(this.#eventsAt, now - BURST_MS) + (1000 * events) / this.#eventsPerSecond;
    this.#recent = this.#recent * Math.exp((this.#lastAt - now) / 1000) + 1;
    this.#lastAt = now;
    return ++this.#turns;
  }

  async #serve(serving: AbortController): Promise<void> {
    while (!serving.signal.aborted) {
      const waitMs = this.#waitMs();
      if (waitMs > 0) {
        await this.#sleep(waitMs, serving.signal).catch(() => undefined);
        continue;
      }
      const next = this.#line.shift();
      next?.go(this.#pay(next.events));
      if (this.#line.length === 0) this.#stopServing();
    }
  }

  #stopServing(): void {
    this.#serving?.abort();
    this.#serving = undefined;
  }
}

/** The limits of a batch under a ceiling of events: none holds more than may go in one second, or than one event. */
export function batchWithin(batch: BatchLimits, { eventsPerSecond = batch.events }: RateLimits): BatchLimits {
  return { ...batch, events: Math.min(batch.events, Math.max(1, Math.floor(eventsPerSecond))) };
}
