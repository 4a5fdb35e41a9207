// Where an adapter brings events: to Amazon by a client, or into a queue for somebody else to send.
import type { AmazonEvents } from "../client.js";
import { invalidOption, messageOf } from "../errors.js";
import { redact } from "../redact.js";

/** A queue that a consumer empties: one with `put`, or one of Cloudflare's, which has `sendBatch`. */
export type EventQueue =
  | {
      /** Takes events, each the JSON bytes of one. */
      put(events: readonly Uint8Array[]): Promise<unknown>;
    }
  | { sendBatch(messages: { body: string; contentType: "text" }[]): Promise<unknown> };

/** Where events go, and who hears of it when they do not: one of `amazon` and `queue` must be given. */
export interface SinkOptions {
  /** The client that sends them. Its queue is never waited for: when it is full, events are refused, whatever its `whenFull`. */
  amazon?: Pick<AmazonEvents, "sendBatch">;
  /** The queue that takes them as they are; its consumer maps and sends them. */
  queue?: EventQueue;
  /**
   * Told of what was not taken and why. The errors of this package hold no identifier and no secret. By default one line
   * goes to `console.error`.
   */
  onError?: (error: unknown) => void;
}

/** Takes events. Rejects if it has not taken all of them: they are to come again then, with the same ids. */
export type Put = (events: readonly unknown[]) => Promise<void>;

// Cloudflare takes 100 messages, 256 KB together and 128 KB each, in one call, and counts some bytes of its own for each.
const BATCH_MESSAGES = 100;
const BATCH_BYTES = 200_000;
const MESSAGE_BYTES = 127_000;

/** Makes the function that reports, which never throws. */
export function reporter({ onError }: Pick<SinkOptions, "onError">): (error: unknown) => void {
  if (onError !== undefined && typeof onError !== "function") throw invalidOption("onError", "a function", onError);
  return (error) => {
    try {
      if (onError) onError(error);
      else console.error(`amazon-dsp-events: ${redact(messageOf(error))}`);
    } catch {
      // Whoever reports an error has nobody to report its own to.
    }
  };
}

/**
 * Makes the function that brings events where the options say.
 *
 * @throws {@link UsageError} if they name no place, or two
 */
export function sinkOf(options: SinkOptions): Put {
  const { amazon, queue } = options;
  if ((amazon === undefined) === (queue === undefined)) throw invalidOption("amazon", "given, or else `queue`: one of the two");
  if (amazon) {
    if (typeof amazon.sendBatch !== "function") throw invalidOption("amazon", "a client of createAmazonEvents", amazon);
    return async (events) => {
      if (events.length > 0) await amazon.sendBatch(events.map(jsonOf).join("\n"), { whenFull: "refuse" });
    };
  }
  if (queue && "put" in queue && typeof queue.put === "function") {
    const encoder = new TextEncoder();
    return async (events) => {
      if (events.length > 0) await queue.put(events.map((event) => encoder.encode(jsonOf(event))));
    };
  }
  if (queue && "sendBatch" in queue && typeof queue.sendBatch === "function") {
    const report = reporter(options);
    return async (events) => {
      for (const batch of batches(events, report)) await queue.sendBatch(batch.map((body) => ({ body, contentType: "text" })));
    };
  }
  throw invalidOption("queue", "a queue with `put` or `sendBatch`", queue);
}

/** Batches that Cloudflare takes. An event that is too large would be refused each time, and its neighbours with it. */
function* batches(events: readonly unknown[], report: (error: Error) => void): Generator<string[]> {
  const encoder = new TextEncoder();
  let batch: string[] = [];
  let bytes = 0;
  for (const event of events) {
    const json = jsonOf(event);
    const { length } = encoder.encode(json);
    if (length > MESSAGE_BYTES) {
      report(new Error(`an event was not put into the queue: it has ${length} bytes, over ${MESSAGE_BYTES}`));
      continue;
    }
    if (batch.length >= BATCH_MESSAGES || (batch.length > 0 && bytes + length > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(json);
    bytes += length;
  }
  if (batch.length > 0) yield batch;
}

/** What cannot be written is no event either: the core counts it as one that is invalid. */
function jsonOf(event: unknown): string {
  try {
    return JSON.stringify(event) ?? "null";
  } catch {
    return "null";
  }
}
