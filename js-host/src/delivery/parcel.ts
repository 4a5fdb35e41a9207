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
    return this.event.eventId;
  }
}

const encoder = new TextEncoder();
const OPENING = encoder.encode('{"events":[');
const CLOSING = encoder.encode("]}");

/** The bytes around events in a request body. */
export const BODY_FRAME_BYTES = OPENING.length + CLOSING.length;

/** The body of a request. */
export function bodyOf(parcels: readonly Parcel[]): Uint8Array<ArrayBuffer> {
  let length = BODY_FRAME_BYTES + parcels.length - 1;
  for (const { wire } of parcels) length += wire.length;
  const body = new Uint8Array(length);
  body.set(OPENING);
  let at = OPENING.length;
  for (const { wire } of parcels) {
    if (at > OPENING.length) body[at++] = 0x2c;
    body.set(wire, at);
    at += wire.length;
  }
  body.set(CLOSING, at);
  return body;
}
