// What becomes of an event in the end. Every event has exactly one outcome.
import type { AmazonEvent, Detail, DropReason } from "./core.js";

/** Amazon has it. */
export interface Accepted {
  readonly outcome: "accepted";
  readonly eventId: string;
  /** Requests that carried the event, from 1. */
  readonly attempts: number;
}

/** Amazon refused it, for good. */
export interface Rejected {
  readonly outcome: "rejected";
  readonly eventId: string;
  readonly attempts: number;
  /** Amazon's code, such as `BAD_REQUEST`. */
  readonly code: string;
  /** Amazon's words, without identifiers. */
  readonly message: string;
}

/** The core decided not to send it. */
export interface Dropped {
  readonly outcome: "dropped";
  readonly reason: DropReason;
  readonly detail?: Detail;
}

/** Why an event was given up. */
export type DeadLetterReason = (typeof DEAD_LETTER_REASONS)[number];

/** Every {@link DeadLetterReason}. */
export const DEAD_LETTER_REASONS = [
  "attempts_exhausted",
  "deadline_exceeded",
  "credentials_refused",
  "token_unavailable",
  "request_refused",
  "store_failed",
  "closed",
  "expired",
] as const;

/** Given up, and handed to the sink for dead letters. */
export interface DeadLettered {
  readonly outcome: "dead_lettered";
  readonly eventId: string;
  readonly attempts: number;
  readonly reason: DeadLetterReason;
  /** The last fault in words. */
  readonly lastError: string;
}

/** The one outcome of an event. */
export type EventOutcome = Accepted | Rejected | Dropped | DeadLettered;

/** What a sink for dead letters is given. */
export interface DeadLetter {
  readonly eventId: string;
  readonly reason: DeadLetterReason;
  readonly attempts: number;
  readonly lastError: string;
  readonly event: AmazonEvent;
  /** The JSON of `event` as it was sent, byte for byte. */
  readonly wire: Uint8Array;
}

/** Where events go that were given up. An event counts as dead-lettered only after `put` has resolved. */
export interface DeadLetterSink {
  put(letters: readonly DeadLetter[]): Promise<void> | void;
}

/** What has happened so far; all numbers count from the client's start. */
export interface Stats {
  /** Events handed in, and those that an earlier process left in the store. */
  readonly events: number;
  readonly mapped: number;
  /** By reason. */
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly accepted: number;
  readonly rejected: number;
  readonly deadLettered: number;
  /** Mapped, and without an outcome yet. */
  readonly pending: number;
  /** Event requests, with every repetition. */
  readonly requests: number;
  /** Event requests made again for events that an earlier one carried in vain. */
  readonly retriedRequests: number;
  /** Access tokens fetched. */
  readonly tokenRefreshes: number;
}
