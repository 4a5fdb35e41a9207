// Cuts a stream of bytes into events: NDJSON lines, or the elements of one JSON array. Looks at no more of an event than
// it takes to find its end, so a broken event costs none of its neighbours, and memory does not grow with the input.

/** One event of the input, still unread. */
export interface InputRecord {
  /** The line, or the element of the array, from 1. Blank lines count. */
  readonly line: number;
  /** The event's bytes without blanks around it; cut one byte after the limit, which is enough to be seen as too large. */
  readonly bytes: Uint8Array;
}

/** As the core has it: the largest event that is read. */
export const MAX_EVENT_BYTES = 1_048_576;
const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === 0x0d || byte === 0x09 || byte === 0x0c;
}

/** The pieces of one event while its end is not in sight; of a too large one only the beginning is kept. */
class Piece {
  #parts: Uint8Array[] = [];
  #length = 0;

  add(part: Uint8Array): void {
    if (part.length === 0) return;
    // Blanks at the front are no part of the event, however many.
    const start = this.#length > 0 ? 0 : part.findIndex((byte) => !isBlank(byte));
    if (start < 0) return;
    const kept = part.subarray(start, start + MAX_EVENT_BYTES + 1 - this.#length);
    if (kept.length > 0) this.#parts.push(kept);
    this.#length += kept.length;
  }

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  take(): Uint8Array {
    const [only] = this.#parts;
    let bytes = this.#parts.length === 1 && only ? only : joined(this.#parts, this.#length);
    if (this.#length > MAX_EVENT_BYTES) {
      // Cut here, the last byte may happen to be a blank; the core would not count it.
      bytes = bytes.slice();
      bytes[MAX_EVENT_BYTES] = COMMA;
    } else {
      let end = bytes.length;
      while (end > 0 && isBlank(bytes[end - 1])) end--;
      bytes = bytes.subarray(0, end);
    }
    this.#parts = [];
    this.#length = 0;
    return bytes;
  }
}

function joined(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/**
 * Cuts bytes that come in chunks into events. A chunk must not be changed after it was pushed.
 *
 * The input is an array if it begins with `[`. Only if its first line is a whole array and more follows, it is NDJSON,
 * and that line is one event (an unusable one).
 */
export class RecordSplitter {
  #form: "unknown" | "lines" | "array" | "after_array" = "unknown";
  /** What came before the form was known. */
  #held: Uint8Array = new Uint8Array(0);
  #line = 0;
  readonly #piece = new Piece();
  #depth = 0;
  #inText = false;
  #escaped = false;

  /** Whether the input turned out to be one JSON array. */
  get isArray(): boolean {
    return this.#form === "array" || this.#form === "after_array";
  }

  /** Takes a chunk; gives the events that end in it. */
  push(chunk: Uint8Array): InputRecord[] {
    const records: InputRecord[] = [];
    if (this.#form === "unknown") {
      this.#held = this.#held.length === 0 ? chunk : joined([this.#held, chunk], this.#held.length + chunk.length);
      const form = formOf(this.#held, false);
      if (form) this.#begin(form, records);
    } else {
      this.#cut(chunk, records);
    }
    return records;
  }

  /** The input has ended; gives what was still open. */
  end(): InputRecord[] {
    const records: InputRecord[] = [];
    if (this.#form === "unknown") this.#begin(formOf(this.#held, true) ?? "lines", records);
    if (this.#form === "lines") this.#line++;
    // A broken array ends within an element, or goes on after its end: one event either way.
    if (!this.#piece.isEmpty) {
      if (this.#form !== "lines") this.#line++;
      records.push({ line: this.#line, bytes: this.#piece.take() });
    }
    return records;
  }

  #begin(form: "lines" | "array", records: InputRecord[]): void {
    this.#form = form;
    const held = this.#held;
    this.#held = new Uint8Array(0);
    this.#cut(form === "array" ? held.subarray(held.indexOf(OPEN_LIST) + 1) : held, records);
  }

  #cut(chunk: Uint8Array, records: InputRecord[]): void {
    if (this.#form === "lines") this.#lines(chunk, records);
    else if (this.#form === "array") this.#elements(chunk, records);
    else this.#piece.add(chunk);
  }

  #lines(chunk: Uint8Array, records: InputRecord[]): void {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end < 0) break;
      this.#piece.add(chunk.subarray(start, end));
      this.#line++;
      if (!this.#piece.isEmpty) records.push({ line: this.#line, bytes: this.#piece.take() });
      start = end + 1;
    }
    this.#piece.add(chunk.subarray(start));
  }

  #elements(chunk: Uint8Array, records: InputRecord[]): void {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at];
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (byte === BACKSLASH) this.#escaped = true;
        else if (byte === QUOTE) this.#inText = false;
        continue;
      }
      if (byte === QUOTE) {
        this.#inText = true;
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        this.#depth++;
      } else if (this.#depth === 0 && (byte === COMMA || byte === CLOSE_LIST)) {
        this.#piece.add(chunk.subarray(start, at));
        start = at + 1;
        const isNothing = byte === CLOSE_LIST && this.#line === 0 && this.#piece.isEmpty;
        if (!isNothing) records.push({ line: ++this.#line, bytes: this.#piece.take() });
        if (byte === CLOSE_LIST) {
          this.#form = "after_array";
          break;
        }
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        this.#depth = Math.max(0, this.#depth - 1);
      }
    }
    this.#piece.add(chunk.subarray(start));
  }
}

/**
 * Whether the beginning of an input is an array's or a line's. Undefined while more is needed to say, which ends at the
 * latest when the first line is larger than any event: then it can only be an array.
 */
function formOf(held: Uint8Array, isAll: boolean): "lines" | "array" | undefined {
  let at = held[0] === 0xef && held[1] === 0xbb && held[2] === 0xbf ? 3 : 0;
  while (at < held.length && isBlank(held[at])) at++;
  if (at === held.length) return isAll || at > MAX_EVENT_BYTES ? "lines" : undefined;
  if (held[at] !== OPEN_LIST) return "lines";
  const start = at;
  let depth = 0;
  let inText = false;
  for (; at < held.length; at++) {
    const byte = held[at];
    // The first line ends, or is too long, within the array.
    if (byte === NEWLINE || at - start > MAX_EVENT_BYTES) return "array";
    if (inText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === OPEN_LIST || byte === OPEN_OBJECT) depth++;
    else if ((byte === CLOSE_LIST || byte === CLOSE_OBJECT) && --depth === 0) break;
  }
  if (at >= held.length) return isAll ? "array" : undefined;
  // The array is closed: what follows decides.
  for (at++; at < held.length && isBlank(held[at]); at++) {
    if (held[at] !== NEWLINE) continue;
    while (at < held.length && isBlank(held[at])) at++;
    if (at < held.length) return "lines";
    break;
  }
  if (at < held.length) return "array";
  return isAll || at - start > 2 * MAX_EVENT_BYTES ? "array" : undefined;
}
