// Cloudflare Queues: events go in by a binding, and come out in batches that a Worker is handed.
import { AmazonEventsError, invalidOption, messageOf } from "../errors.js";
import { isObject } from "../json.js";
import type { EventOutcome } from "../outcome.js";
import type { Queue, QueueMessage } from "../queues/queue.js";
import { relay, type RelayBackoff } from "../queues/relay.js";
import { redact } from "../redact.js";
import { Environment, optionsFor, perEnvironment, type EnvironmentOptions, type OptionsFor } from "./environment.js";

export type { Queue, QueueMessage } from "../queues/queue.js";
export type { EnvironmentOptions, OptionsFor } from "./environment.js";

/** The part of a queue's binding that is used. */
export interface QueueBinding {
  sendBatch(messages: { body: string; contentType: "text" }[]): Promise<unknown>;
}

/** The part of a message that is used. */
export interface CloudflareMessage {
  readonly body: unknown;
  /** When it was sent to the queue. */
  readonly timestamp: Date;
  readonly attempts: number;
  ack(): void;
  retry(options?: { delaySeconds?: number }): void;
}

/** The part of a batch that is used. */
export interface CloudflareBatch {
  readonly queue: string;
  readonly messages: readonly CloudflareMessage[];
}

/** Events that the queue did not take. */
export class NotQueuedError extends AmazonEventsError {
  /** Those that are not in the queue, as they were given. */
  readonly events: readonly Uint8Array[];

  constructor(message: string, events: readonly Uint8Array[], options?: ErrorOptions) {
    super("ERR_NOT_QUEUED", message, options);
    this.events = events;
  }
}

// Cloudflare takes 128 KB in a message, 256 KB and 100 messages in a batch, by thousands of bytes, and adds up to about 100
// bytes of its own to each message.
const MESSAGE_BYTES = 127_900;
const BATCH_BYTES = 256_000;
const BATCH_MESSAGES = 100;
const OWN_BYTES = 100;

/**
 * A queue of Cloudflare's.
 *
 * Each event is one message, its JSON as text. `take` gives the messages of the batch that a `queue` handler was called
 * with: Cloudflare hands messages out by itself. `dead` gives a message back, and Cloudflare moves it to the dead-letter
 * queue after the last of its retries.
 *
 * @param binding - where `put` sends to. It rejects with a {@link NotQueuedError} that has the events which are too large
 * (127,900 bytes) or were not taken; the others are in the queue
 * @param batch - what a `queue` handler is called with
 */
export function cloudflareQueue(binding: QueueBinding | undefined, batch?: CloudflareBatch): Queue {
  if (binding !== undefined && typeof binding?.sendBatch !== "function") throw invalidOption("binding", "a queue with `sendBatch`", binding);
  const messages = batch?.messages.map(messageOfCloudflare) ?? [];
  return {
    async put(events) {
      if (!binding) throw new NotQueuedError("this queue has no binding to send to", events);
      await sendAll(binding, events);
    },
    take(max) {
      if (!batch) return Promise.reject(invalidOption("batch", "what the `queue` handler was called with, to take from it", batch));
      return Promise.resolve(messages.splice(0, max));
    },
    close: () => Promise.resolve(),
  };
}

async function sendAll(binding: QueueBinding, events: readonly Uint8Array[]): Promise<void> {
  const decoder = new TextDecoder();
  const left: Uint8Array[] = [];
  let fault: unknown;
  let open: Uint8Array[] = [];
  let bytes = 0;
  const send = async (): Promise<void> => {
    const sent = open;
    open = [];
    bytes = 0;
    if (sent.length === 0) return;
    try {
      await binding.sendBatch(sent.map((event) => ({ body: decoder.decode(event), contentType: "text" })));
    } catch (error) {
      fault ??= error;
      left.push(...sent);
    }
  };
  for (const event of events) {
    if (event.length > MESSAGE_BYTES) {
      left.push(event);
      continue;
    }
    if (open.length >= BATCH_MESSAGES || bytes + event.length + OWN_BYTES > BATCH_BYTES) await send();
    open.push(event);
    bytes += event.length + OWN_BYTES;
  }
  await send();
  if (left.length === 0) return;
  const why = fault === undefined ? `larger than ${MESSAGE_BYTES} bytes` : redact(messageOf(fault));
  throw new NotQueuedError(`${left.length} of ${events.length} events are not in the queue: ${why}`, left, { cause: fault });
}

function messageOfCloudflare(message: CloudflareMessage): QueueMessage {
  return {
    body: bytesOf(message),
    attempts: message.attempts,
    ack: () => message.ack(),
    retry: (delayMs) => message.retry({ delaySeconds: Math.min(Math.ceil(delayMs / 1000), MAX_DELAY_SECONDS) }),
    dead: () => message.retry(),
  };
}

const MAX_DELAY_SECONDS = 86_400;
const encoder = new TextEncoder();

function bytesOf({ body, timestamp }: CloudflareMessage): Uint8Array {
  if (body instanceof Uint8Array) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body);
  if (typeof body === "string") return encoder.encode(body);
  // A Worker may have sent events by itself, as objects. One without a time would be another event each time it comes.
  return jsonBytes(isObject(body) ? { receivedAt: timestamp.toISOString(), ...body } : body);
}

/** The JSON bytes of an event; none of what JSON cannot hold, and the core says so of no bytes. */
export function jsonBytes(event: unknown): Uint8Array {
  try {
    return encoder.encode(JSON.stringify(event) ?? "");
  } catch {
    return new Uint8Array();
  }
}

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
