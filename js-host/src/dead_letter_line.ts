// A dead letter as one line of text, and back. The event in it keeps its bytes, so that a replay sends the same.
import { isObject } from "./json.js";
import type { DeadLetter } from "./outcome.js";

/** What a line says. */
export interface DeadLetterLine {
  readonly eventId: string;
  /** `unknown` if the line does not say. */
  readonly reason: string;
  readonly attempts: number;
  readonly lastError: string;
  /** The event, read. */
  readonly event: Readonly<Record<string, unknown>>;
  /** The event's bytes, as they stand in the line. */
  readonly wire: Uint8Array;
}

const decoder = new TextDecoder();
const strict = new TextDecoder("utf-8", { fatal: true });

/** `{"eventId":…,"reason":…,"attempts":…,"lastError":…,"event":{…}}`, without a line break. */
export function deadLetterLine({ eventId, reason, attempts, lastError, wire }: DeadLetter): string {
  const head = JSON.stringify({ eventId, reason, attempts, lastError });
  return `${head.slice(0, -1)},"event":${decoder.decode(wire)}}`;
}

/**
 * Reads a line.
 *
 * @throws an `Error` that says what is wrong with it, in words that hold none of its values
 */
export function readDeadLetter(line: Uint8Array): DeadLetterLine {
  let letter: unknown;
  try {
    letter = JSON.parse(strict.decode(line));
  } catch (error) {
    // The parser's own words would show a piece of the text.
    throw new Error(error instanceof SyntaxError ? "it is not JSON" : "it is not UTF-8");
  }
  if (!isObject(letter)) throw new Error("it is no JSON object");
  const { eventId, reason, attempts, lastError, event } = letter;
  if (event === undefined) throw new Error("it has no `event`");
  if (!isObject(event)) throw new Error("its `event` is no JSON object");
  const id = event["eventId"];
  if (typeof id !== "string" || id === "") throw new Error("its `event` has no `eventId`");
  if (eventId !== undefined && eventId !== id) throw new Error("its `eventId` is not the one of its `event`");
  return {
    eventId: id,
    reason: typeof reason === "string" ? reason : "unknown",
    attempts: typeof attempts === "number" ? attempts : 0,
    lastError: typeof lastError === "string" ? lastError : "",
    event,
    wire: bytesOf(line, "event"),
  };
}


const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const COMMA = 0x2c;

/** The bytes of an object's member; of the last, if there are several, as `JSON.parse` has it. The JSON is valid. */
function bytesOf(json: Uint8Array, name: string): Uint8Array {
  let found = json;
  let depth = 0;
  let text = "";
  let key: string | undefined;
  let start = 0;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (byte === QUOTE) {
      const from = at;
      for (at++; json[at] !== QUOTE; at++) if (json[at] === BACKSLASH) at++;
      if (depth === 1 && key === undefined) text = decoder.decode(json.subarray(from, at + 1));
    } else if (byte === COLON && depth === 1) {
      key = JSON.parse(text) as string;
      start = at + 1;
    } else {
      const closes = byte === 0x7d || byte === 0x5d;
      if (depth === 1 && (byte === COMMA || closes)) {
        if (key === name) found = trimmed(json.subarray(start, at));
        key = undefined;
      }
      if (closes) depth--;
      else if (byte === 0x7b || byte === 0x5b) depth++;
    }
  }
  return found;
}

function trimmed(bytes: Uint8Array): Uint8Array {
  let start = 0;
  let end = bytes.length;
  while ((bytes[start] ?? 0xff) <= 0x20) start++;
  while ((bytes[end - 1] ?? 0xff) <= 0x20) end--;
  return bytes.subarray(start, end);
}
