// A queue of Cloudflare's as one of ours: events go in by a binding, in batches that it takes, and come out of a batch that a
// Worker is handed.
import { AmazonEventsError, invalidOption, messageOf } from "../errors.js";
import { isObject, jsonBytes } from "../json.js";
import type { Queue, QueueMessage } from "../queues/queue.js";
import { redact } from "../redact.js";

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
