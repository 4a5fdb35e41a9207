// A sink for dead letters that appends them to a file.
import { closeSync, fchmodSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from "node:fs";

import { deadLetterLine } from "./dead_letter_line.js";
import { AmazonEventsError, messageOf } from "./errors.js";
import type { DeadLetterSink } from "./outcome.js";

const NEWLINE = 0x0a;

/**
 * Appends dead letters to a file, one line each: `{"eventId":…,"reason":…,"attempts":…,"lastError":…,"event":{…}}`, where
 * `event` has the bytes it was sent with. The command `replay` sends them again. What is in the file stays.
 *
 * The file is made readable for the owner alone: events hold hashed identifiers, and may hold the IP address and raw ids.
 *
 * @throws {@link AmazonEventsError} `ERR_STORE` if the file cannot be written, now or by a later `put`
 *
 * @example
 * ```js
 * import { createAmazonEvents } from "amazon-dsp-events";
 * import { fileDeadLetters } from "amazon-dsp-events/dead-letters/file";
 *
 * const amazon = createAmazonEvents({ ...process.env, deadLetters: fileDeadLetters("/var/lib/shop/dead.ndjson") });
 * ```
 */
export function fileDeadLetters(path: string): DeadLetterSink {
  append(path, "");
  return {
    put: (letters) => append(path, letters.map((letter) => `${deadLetterLine(letter)}\n`).join("")),
  };
}

function append(path: string, text: string): void {
  try {
    const file = openSync(path, "a+", 0o600);
    try {
      const stat = fstatSync(file);
      const size = stat.isFile() ? stat.size : 0;
      if (stat.isFile() && size === 0) fchmodSync(file, 0o600);
      if (text === "") return;
      const bytes = Buffer.from(endsInLine(file, size) ? text : `\n${text}`);
      for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at);
      if (stat.isFile()) fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw new AmazonEventsError("ERR_STORE", `cannot write dead letters to ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** Whether what comes next begins a line. One that was torn by a crash or a full disk costs no other. */
function endsInLine(file: number, size: number): boolean {
  const last = Buffer.alloc(1);
  return size === 0 || readSync(file, last, 0, 1, size - 1) === 0 || last[0] === NEWLINE;
}
