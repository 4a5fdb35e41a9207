// Sinks for dead letters that run everywhere. The one for files is in dead_letter_file.ts.
import { deadLetterLine } from "./dead_letter_line.js";
import { AmazonEventsError, invalidOption } from "./errors.js";
import type { DeadLetter, DeadLetterSink } from "./outcome.js";

/** A sink in memory; see {@link memoryDeadLetters}. */
export interface MemoryDeadLetters extends DeadLetterSink {
  /** What it holds, oldest first. */
  readonly letters: readonly DeadLetter[];
  /** Gives what it holds, and is empty after that. */
  take(): DeadLetter[];
}

/**
 * Keeps dead letters in memory, for whoever looks at them in the same process.
 *
 * @param maxLetters - it refuses more than that, which stops the client for 30 s: nothing is thrown away. Default 10,000
 */
export function memoryDeadLetters(maxLetters = 10_000): MemoryDeadLetters {
  if (!Number.isInteger(maxLetters) || maxLetters < 1) throw invalidOption("maxLetters", "a whole number from 1", maxLetters);
  let letters: DeadLetter[] = [];
  return {
    get letters() {
      return letters;
    },
    take() {
      const taken = letters;
      letters = [];
      return taken;
    },
    put(given) {
      if (letters.length + given.length > maxLetters) {
        throw new AmazonEventsError("ERR_STORE", `the dead letters in memory are full (${maxLetters}): \`take()\` them`);
      }
      letters.push(...given);
    },
  };
}

/**
 * Hands each dead letter to a function, one after the other. If it fails, the client stops for 30 s, and the event has no
 * outcome; with a store it is tried again, and may be handed over again.
 */
export function callbackDeadLetters(take: (letter: DeadLetter) => Promise<void> | void): DeadLetterSink {
  if (typeof take !== "function") throw invalidOption("take", "a function", take);
  return {
    async put(letters) {
      for (const letter of letters) await take(letter);
    },
  };
}

/** The part of a queue that is used. A queue of Cloudflare's is one. */
export interface MessageQueue {
  send(message: string, options?: { contentType: "text" }): Promise<unknown>;
  /** Used if it is there. Given at most 100 messages of at most 200,000 bytes together, unless one alone is larger. */
  sendBatch?(messages: { body: string; contentType: "text" }[]): Promise<unknown>;
}

// Cloudflare takes 100 messages and 256 KB in one call, and counts some bytes of its own for each.
const BATCH_MESSAGES = 100;
const BATCH_BYTES = 200_000;

/**
 * Sends dead letters to a queue. Each message is the text of one line as `fileDeadLetters` writes it: written to a file,
 * the command `replay` takes it, and the event in it has the bytes it was sent with.
 */
export function queueDeadLetters(queue: MessageQueue): DeadLetterSink {
  if (typeof queue?.send !== "function") throw invalidOption("queue", "a queue with `send`", queue);
  return {
    async put(letters) {
      if (!queue.sendBatch) {
        for (const letter of letters) await queue.send(deadLetterLine(letter), { contentType: "text" });
        return;
      }
      const encoder = new TextEncoder();
      let batch: { body: string; contentType: "text" }[] = [];
      let bytes = 0;
      for (const letter of letters) {
        const body = deadLetterLine(letter);
        const { length } = encoder.encode(body);
        if (batch.length >= BATCH_MESSAGES || (batch.length > 0 && bytes + length > BATCH_BYTES)) {
          await queue.sendBatch(batch);
          batch = [];
          bytes = 0;
        }
        batch.push({ body, contentType: "text" });
        bytes += length;
      }
      if (batch.length > 0) await queue.sendBatch(batch);
    },
  };
}
