// Where an adapter brings events: to Amazon by a client, or into a queue for somebody else to send.
import type { AmazonEvents } from "../client.js";
import type { AnalyticsEvent } from "../core.js";
import { invalidOption, messageOf } from "../errors.js";
import { redact } from "../redact.js";

/** A queue that a consumer empties: one with `put`, or one of Cloudflare's, which has `sendBatch`. */
export type EventQueue =
  | { put(events: readonly AnalyticsEvent[]): Promise<unknown> }
  | { sendBatch(messages: { body: AnalyticsEvent; contentType: "json" }[]): Promise<unknown> };

/** Where events go, and who hears of it when they do not: one of `amazon` and `queue` must be given. */
export interface SinkOptions {
  /** The client that sends them. Its queue is never waited for: when it is full, events are refused, whatever its `whenFull`. */
  amazon?: Pick<AmazonEvents, "send" | "sendBatch">;
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
  const report = reporter(options);
  if (amazon) {
    if (typeof amazon.sendBatch !== "function") throw invalidOption("amazon", "a client of createAmazonEvents", amazon);
    return async (events) => {
      // What cannot be written is no event either: the core counts it as one that is invalid.
      const lines = events.map((event) => jsonOf(event) ?? "null");
      if (lines.length > 0) await amazon.sendBatch(lines.join("\n"), { whenFull: "refuse" });
    };
  }
  const put = putOf(queue);
  return async (events) => {
    const fitting: Sized[] = [];
    for (const event of events) {
      const bytes = new TextEncoder().encode(jsonOf(event) ?? "").length;
      if (bytes > 0 && bytes <= MESSAGE_BYTES) fitting.push({ event: event as AnalyticsEvent, bytes });
      // It would be refused each time, and its neighbours with it.
      else report(new Error(`an event was not put into the queue: ${bytes > 0 ? tooLarge(bytes) : "it cannot be written as JSON"}`));
    }
    await put(fitting);
  };
}

interface Sized {
  readonly event: AnalyticsEvent;
  readonly bytes: number;
}

function putOf(queue: EventQueue | undefined): (events: readonly Sized[]) => Promise<void> {
  if (queue && "put" in queue && typeof queue.put === "function") {
    return async (events) => {
      if (events.length > 0) await queue.put(events.map(({ event }) => event));
    };
  }
  if (queue && "sendBatch" in queue && typeof queue.sendBatch === "function") {
    return async (events) => {
      for (const batch of batches(events)) await queue.sendBatch(batch.map(({ event }) => ({ body: event, contentType: "json" })));
    };
  }
  throw invalidOption("queue", "a queue with `put` or `sendBatch`", queue);
}

function* batches(events: readonly Sized[]): Generator<Sized[]> {
  let batch: Sized[] = [];
  let bytes = 0;
  for (const event of events) {
    if (batch.length >= BATCH_MESSAGES || (batch.length > 0 && bytes + event.bytes > BATCH_BYTES)) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(event);
    bytes += event.bytes;
  }
  if (batch.length > 0) yield batch;
}

function tooLarge(bytes: number): string {
  return `it has ${bytes} bytes, over ${MESSAGE_BYTES}`;
}

function jsonOf(event: unknown): string | undefined {
  try {
    return JSON.stringify(event);
  } catch {
    return undefined;
  }
}
