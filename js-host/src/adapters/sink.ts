// Where an adapter brings events: to Amazon by a client, or into a queue for somebody else to send.
import type { AmazonEvents } from "../client.js";
import { invalidOption, messageOf } from "../errors.js";
import { jsonBytes, jsonText } from "../json.js";
import { linesOfTexts } from "../lines.js";
import { redact } from "../redact.js";
import { cloudflareQueue, NotQueuedError, type QueueBinding } from "./cloudflare_queue.js";

/** A queue that a consumer empties: one with `put`, or one of Cloudflare's, which has `sendBatch`. */
export type EventQueue =
  | {
      /** Takes events, each the JSON bytes of one. */
      put(events: readonly Uint8Array[]): Promise<unknown>;
    }
  | QueueBinding;

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
      if (events.length > 0) await amazon.sendBatch(linesOfTexts(events.map(jsonText)), { whenFull: "refuse" });
    };
  }
  if (queue && "put" in queue && typeof queue.put === "function") {
    return async (events) => {
      if (events.length > 0) await queue.put(events.map(jsonBytes));
    };
  }
  if (queue && "sendBatch" in queue && typeof queue.sendBatch === "function") {
    const target = cloudflareQueue(queue);
    const report = reporter(options);
    return async (events) => {
      try {
        await target.put(events.map(jsonBytes));
      } catch (error) {
        // One that is too large would be refused each time, and its neighbours with it.
        if (!(error instanceof NotQueuedError) || error.cause !== undefined) throw error;
        report(error);
      }
    };
  }
  throw invalidOption("queue", "a queue with `put` or `sendBatch`", queue);
}
