// From a queue to Amazon: one batch of messages, each acknowledged by what became of its own event.
import { AmazonEventsError, messageOf } from "../errors.js";
import type { EventOutcome } from "../outcome.js";
import { redact } from "../redact.js";
import { DEFAULT_RETRY, waitBefore } from "../delivery/retry.js";
import type { Logger } from "../runtime.js";
import type { QueueMessage } from "./queue.js";

/** How long a message waits before it is handed out again: jittered, and twice as long each time. */
export interface RelayBackoff {
  /** The first wait, at most. Milliseconds, default 10,000. */
  readonly firstRetryMs?: number;
  /** No wait is longer. Milliseconds, default 3,600,000. */
  readonly maxRetryMs?: number;
}

/** What {@link relay} needs. */
export interface RelayOptions extends RelayBackoff {
  /** Sends events, each the JSON bytes of one; gives the outcome of each, in order. */
  readonly deliver: (events: readonly Uint8Array[]) => Promise<readonly EventOutcome[]>;
  readonly random: () => number;
  readonly logger: Logger;
}

/** How many ended how. */
export interface Tally {
  readonly events: number;
  readonly accepted: number;
  /** By reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** By Amazon's code. */
  readonly rejected: Readonly<Record<string, number>>;
  /** Without an outcome yet, or given up; by reason. */
  readonly undelivered: Readonly<Record<string, number>>;
}

/**
 * Sends the events of messages, in as few requests as they fit in. What was accepted, rejected or dropped is acknowledged;
 * what could not be delivered goes back to the queue, which knows when it has tried often enough.
 *
 * Never rejects: a message that could not be acknowledged comes again, with the same event id.
 */
export async function relay(messages: readonly QueueMessage[], options: RelayOptions): Promise<Tally> {
  const { logger } = options;
  let outcomes: readonly EventOutcome[];
  try {
    outcomes = await options.deliver(messages.map(({ body }) => body));
    // Which outcome is whose would be a guess.
    if (outcomes.length !== messages.length) throw new Error(`${outcomes.length} outcomes for ${messages.length} events`);
  } catch (error) {
    logger.error({ events: messages.length }, `no event could be sent, they go back to the queue: ${redact(messageOf(error))}`);
    await Promise.all(messages.map((message) => attempt(logger, () => message.retry(waitFor(message, options)))));
    return { ...tally([]), events: messages.length, undelivered: { [codeOf(error)]: messages.length } };
  }
  await Promise.all(
    messages.map((message, index) =>
      attempt(logger, () => {
        const outcome = outcomes[index];
        const isFinal = outcome !== undefined && outcome.outcome !== "dead_lettered";
        return isFinal ? message.ack() : message.retry(waitFor(message, options));
      }),
    ),
  );
  return tally(outcomes);
}

/** Counts outcomes. */
export function tally(outcomes: readonly EventOutcome[]): Tally {
  let accepted = 0;
  const [dropped, rejected, undelivered] = [counts(), counts(), counts()];
  const count = (by: Record<string, number>, what: string): void => {
    by[what] = (by[what] ?? 0) + 1;
  };
  for (const outcome of outcomes) {
    if (outcome.outcome === "accepted") accepted++;
    else if (outcome.outcome === "dropped") count(dropped, outcome.reason);
    else if (outcome.outcome === "rejected") count(rejected, outcome.code);
    else count(undelivered, outcome.reason);
  }
  return { events: outcomes.length, accepted, dropped, rejected, undelivered };
}

/** By words that are not ours: `constructor` is one like any other. */
const counts = (): Record<string, number> => Object.create(null) as Record<string, number>;

function waitFor({ attempts }: QueueMessage, { firstRetryMs = 10_000, maxRetryMs = 3_600_000, random }: RelayOptions): number {
  const policy = { ...DEFAULT_RETRY, firstWaitMs: firstRetryMs, maxBackoffMs: maxRetryMs, maxWaitMs: maxRetryMs };
  return waitBefore(policy, random, attempts, undefined);
}

async function attempt(logger: Logger, work: () => Promise<void> | void): Promise<void> {
  try {
    await work();
  } catch (error) {
    logger.warn({}, `a message could not be acknowledged and will come again: ${redact(messageOf(error))}`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof AmazonEventsError ? error.code : "unknown";
}
