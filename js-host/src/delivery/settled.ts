// The end of one event's way: as the delivery tells it, and as it becomes an outcome or a dead letter.
import { storeFault, type AmazonEventsError } from "../errors.js";
import type { DeadLetterReason, DeadLetterSink, EventOutcome } from "../outcome.js";
import type { Parcel } from "./parcel.js";

/** The end of one event's way. */
export type Settled = { readonly parcel: Parcel } & (
  | { readonly end: "accepted" }
  | { readonly end: "rejected"; readonly code: string; readonly message: string }
  | { readonly end: "dead_lettered"; readonly reason: DeadLetterReason }
  /** Not sent, or not known to be: the run was stopped. What happens to it is the sender's to say. */
  | { readonly end: "undelivered"; readonly fault: AmazonEventsError }
);

/** An end that is an outcome. */
export type Ended = Exclude<Settled, { readonly end: "undelivered" }>;

/** The outcome that an event ended in. */
export function outcomeOf(ended: Ended): EventOutcome {
  const { eventId, attempts, lastError } = ended.parcel;
  switch (ended.end) {
    case "accepted":
      return { outcome: "accepted", eventId, attempts };
    case "rejected":
      return { outcome: "rejected", eventId, attempts, code: ended.code, message: ended.message };
    case "dead_lettered":
      return { outcome: "dead_lettered", eventId, attempts, reason: ended.reason, lastError };
  }
}

/** Hands those events that are given up to a sink. Without one there is nothing to do: the outcome itself is the record. */
export async function deadLetter(
  sink: DeadLetterSink | undefined,
  settled: readonly Settled[],
  secrets: readonly string[] = [],
): Promise<void> {
  if (!sink) return;
  const letters = settled.flatMap((one) => {
    if (one.end !== "dead_lettered") return [];
    const { event, eventId, attempts, lastError, wire } = one.parcel;
    return [{ eventId, reason: one.reason, attempts, lastError, event, wire }];
  });
  if (letters.length === 0) return;
  try {
    await sink.put(letters);
  } catch (error) {
    throw storeFault("could not write dead letters", error, secrets);
  }
}
