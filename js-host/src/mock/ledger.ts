// What a stand-in has taken and counted.
import { createHash } from "node:crypto";

/** An event that was taken. */
export interface TakenEvent {
  readonly eventId: string;
  /** How often it was taken. */
  readonly times: number;
  /** SHA-256 of its JSON, as it came; more than one would mean that a resend was another event. */
  readonly hashes: readonly string[];
}

/** What has been seen so far; also at `GET /__stats`. */
export interface MockStats {
  readonly tokenRequests: number;
  readonly eventRequests: number;
  /** Event requests by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Faults that requests got, by name. */
  readonly faults: Readonly<Record<string, number>>;
  /** Events taken, each id once; with `remember: "counts"` each time it was taken. */
  readonly accepted: number;
  /** Events that came again after they had been taken; with `remember: "counts"` always 0. */
  readonly repeated: number;
  readonly rejected: number;
  /** The most events in one request. */
  readonly largestBatch: number;
  /** The most bytes in one body. */
  readonly largestBody: number;
}

/** The counts of one stand-in, and the events it has taken if it remembers them. */
export class Ledger {
  readonly taken = new Map<string, { eventId: string; times: number; hashes: string[] }>();
  readonly #remembers: boolean;
  #counts = zero();

  constructor(remember: "ids" | "counts") {
    this.#remembers = remember === "ids";
  }

  stats(): MockStats {
    const { statuses, faults, taken, ...counts } = this.#counts;
    return { ...counts, statuses: { ...statuses }, faults: { ...faults }, accepted: this.#remembers ? this.taken.size : taken };
  }

  clear(): void {
    this.taken.clear();
    this.#counts = zero();
  }

  count(name: "tokenRequests" | "eventRequests" | "rejected", by = 1): void {
    this.#counts[name] += by;
  }

  status(status: number): void {
    this.#counts.statuses[status] = (this.#counts.statuses[status] ?? 0) + 1;
  }

  fault(name: string): void {
    this.#counts.faults[name] = (this.#counts.faults[name] ?? 0) + 1;
  }

  largest(name: "largestBatch" | "largestBody", value: number): void {
    this.#counts[name] = Math.max(this.#counts[name], value);
  }

  take(event: unknown): void {
    this.#counts.taken++;
    if (!this.#remembers) return;
    const json = JSON.stringify(event);
    const hash = createHash("sha256").update(json).digest("hex");
    const { eventId: given } = (event ?? {}) as { eventId?: unknown };
    const eventId = typeof given === "string" ? given : hash;
    const before = this.taken.get(eventId);
    if (!before) {
      this.taken.set(eventId, { eventId, times: 1, hashes: [hash] });
      return;
    }
    before.times++;
    this.#counts.repeated++;
    if (!before.hashes.includes(hash)) before.hashes.push(hash);
  }
}

interface Counts {
  tokenRequests: number;
  eventRequests: number;
  statuses: Record<string, number>;
  faults: Record<string, number>;
  taken: number;
  repeated: number;
  rejected: number;
  largestBatch: number;
  largestBody: number;
}

function zero(): Counts {
  return { tokenRequests: 0, eventRequests: 0, statuses: {}, faults: {}, taken: 0, repeated: 0, rejected: 0, largestBatch: 0, largestBody: 0 };
}
