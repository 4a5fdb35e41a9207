// The consumer of a queue of Cloudflare's: a Worker's `queue` handler that sends each batch to Amazon.
import type { EventOutcome } from "../outcome.js";
import { relay, type RelayBackoff } from "../queues/relay.js";
import { cloudflareQueue, type CloudflareBatch } from "./cloudflare_queue.js";
import { Environment, optionsFor, perEnvironment, type EnvironmentOptions, type OptionsFor } from "./environment.js";

export type { Queue, QueueMessage } from "../queues/queue.js";
export { cloudflareQueue, NotQueuedError, type CloudflareBatch, type CloudflareMessage, type QueueBinding } from "./cloudflare_queue.js";
export type { EnvironmentOptions, OptionsFor } from "./environment.js";

/** What {@link amazonEventsConsumer} takes: the client's options, and how long messages wait before they come again. */
export interface ConsumerOptions extends Omit<EnvironmentOptions, "deadLetters">, RelayBackoff {}

/** A Worker's `queue` handler. */
export type QueueHandler<Env> = (batch: CloudflareBatch, env: Env) => Promise<void>;

// A consumer may run for 15 minutes. The queue waits cheaper than a Worker does.
const LIMITS = { deadlineMs: 120_000, maxAttempts: 4, maxElapsedMs: 60_000, maxWaitMs: 20_000 };

/**
 * A `queue` handler that sends the events of each batch to Amazon.
 *
 * A message whose event was accepted, rejected or dropped is acknowledged; one that could not be delivered is retried with a
 * delay, and goes to the dead-letter queue after the `max_retries` of the consumer's configuration. `onOutcome` is told
 * the first three. A batch logs one line with its counts.
 *
 * @example
 * ```js
 * import { amazonEventsConsumer } from "amazon-dsp-events/adapters/queues";
 *
 * export default { queue: amazonEventsConsumer({ config: { defaults: { countryCode: "US" } } }) };
 * ```
 */
export function amazonEventsConsumer<Env = unknown>(options: OptionsFor<Env, ConsumerOptions> = {}): QueueHandler<Env> {
  const setUp = perEnvironment((env: Env): { given: ConsumerOptions; environment: Environment; fault?: unknown } => {
    try {
      // A sink is for what was given up; here the queue has it.
      const { deadLetters: _, ...given }: EnvironmentOptions & RelayBackoff = optionsFor(options, env);
      return { given, environment: new Environment(env, given) };
    } catch (fault) {
      return { given: {}, environment: new Environment(env, {}), fault };
    }
  });
  return async (batch, env) => {
    const { given, environment, fault } = setUp(env);
    const { logger, runtime } = environment;
    const messages = await cloudflareQueue(undefined, batch).take(batch.messages.length, 0);
    const deliver = (events: readonly Uint8Array[]): Promise<EventOutcome[]> => {
      if (fault !== undefined) throw fault;
      return environment.deliver(events, {
        ...LIMITS,
        // What could not be delivered has no outcome yet: the queue has it.
        onOutcome: (outcome) => void (outcome.outcome !== "dead_lettered" && given.onOutcome?.(outcome)),
      });
    };
    const counts = await relay(messages, { ...given, logger, random: runtime.random, deliver });
    logger.info({ queue: batch.queue, ...counts }, "a batch of the queue is done");
  };
}
