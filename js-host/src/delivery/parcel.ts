// A mapped event on its way: its bytes, which never change, and how often it was tried.
import type { AmazonEvent } from "../core.js";

const decoder = new TextDecoder();

/** One Amazon event on its way. */
export class Parcel {
  /** The event's JSON; the same bytes in every request that carries it. */
  readonly wire: Uint8Array;
  /** What the sender knows it by. */
  readonly key: number;
  /** Requests that carried it, splits and refused tokens apart. */
  attempts = 0;
  /** When the first of them was made. Epoch milliseconds. */
  firstTriedAt: number | undefined;
  /** What the last of them came to, if it was no success. */
  lastError = "";
  /** After which flush of its queue it came. */
  turn = 0;
  #event: AmazonEvent | undefined;

  constructor(wire: Uint8Array, key: number) {
    this.wire = wire;
    this.key = key;
  }

  /** The Amazon event. Read from the bytes when somebody asks, which for most events nobody does. */
  get event(): AmazonEvent {
    return (this.#event ??= JSON.parse(decoder.decode(this.wire)) as AmazonEvent);
  }

  get eventId(): string {
    return this.#event?.eventId ?? eventIdIn(this.wire) ?? this.event.eventId;
  }
}

const encoder = new TextEncoder();
const OPENING = encoder.encode('{"events":[');
const CLOSING = encoder.encode("]}");

/** The bytes around events in a request body. */
export const BODY_FRAME_BYTES = OPENING.length + CLOSING.length;

const [COMMA, QUOTE, BACKSLASH] = [0x2c, 0x22, 0x5c];

/** The body of a request. */
export function bodyOf(parcels: readonly Parcel[]): Uint8Array<ArrayBuffer> {
  let length = BODY_FRAME_BYTES + parcels.length - 1;
  for (const { wire } of parcels) length += wire.length;
  const body = new Uint8Array(length);
  body.set(OPENING);
  let at = OPENING.length;
  for (let first = 0; first < parcels.length; ) {
    if (first > 0) body[at++] = COMMA;
    const [run, behind] = runFrom(parcels, first);
    body.set(run, at);
    at += run.length;
    first = behind;
  }
  body.set(CLOSING, at);
  return body;
}

/** The wires from the first on that stand one behind the other, with their commas, as the core wrote them; and the number of the next. */
function runFrom(parcels: readonly Parcel[], first: number): [run: Uint8Array, behind: number] {
  const { buffer, byteOffset, length } = (parcels[first] as Parcel).wire;
  const around = new Uint8Array(buffer);
  let end = byteOffset + length;
  let behind = first + 1;
  for (; behind < parcels.length; behind++) {
    const next = (parcels[behind] as Parcel).wire;
    if (next.byteOffset !== end + 1 || next.buffer !== buffer || around[end] !== COMMA) break;
    end = next.byteOffset + next.length;
  }
  return [around.subarray(byteOffset, end), behind];
}

const ID_KEY = encoder.encode('},"eventId":"');

/**
 * The id in an event's JSON as the core writes it, without reading the rest. (A quote within a text has a backslash in front, so
 * that the key cannot stand in one.)
 */
function eventIdIn(wire: Uint8Array): string | undefined {
  let start = wire.indexOf(ID_KEY[0] as number);
  while (start >= 0 && ID_KEY.some((byte, index) => wire[start + index] !== byte)) start = wire.indexOf(ID_KEY[0] as number, start + 1);
  if (start < 0) return undefined;
  const id = start + ID_KEY.length;
  const text = wire.subarray(id, wire.indexOf(QUOTE, id));
  return text.includes(BACKSLASH) ? undefined : decoder.decode(text);
}
