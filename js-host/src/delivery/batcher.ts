// Collects mapped events into batches that fit one request: at most so many events, at most so many bytes of body.
import { BODY_FRAME_BYTES, type Parcel } from "./parcel.js";

/** What a request may hold. */
export interface BatchLimits {
  /** Events; Amazon takes 1 to 500. */
  readonly events: number;
  /** Bytes of the whole body. */
  readonly bytes: number;
}

/** Amazon's 500 events; Amazon states no bytes, partners cap at 1 MB. */
export const DEFAULT_BATCH: BatchLimits = { events: 500, bytes: 1_048_576 };

/** Collects events into batches. */
export class Batcher {
  readonly #limits: BatchLimits;
  #open: Parcel[] = [];
  #bytes = BODY_FRAME_BYTES;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  /** Events that are in no batch yet. */
  get size(): number {
    return this.#open.length;
  }

  /** Takes an event; gives back the batches that are full. An event too large for any batch gets one of its own. */
  add(parcel: Parcel): Parcel[][] {
    const full: Parcel[][] = [];
    const comma = this.#open.length === 0 ? 0 : 1;
    if (this.#open.length > 0 && this.#bytes + comma + parcel.wire.length > this.#limits.bytes) full.push(this.#take());
    this.#bytes += parcel.wire.length + (this.#open.length === 0 ? 0 : 1);
    this.#open.push(parcel);
    if (this.#open.length >= this.#limits.events) full.push(this.#take());
    return full;
  }

  /** What has been collected, full or not. */
  take(): Parcel[] | undefined {
    return this.#open.length === 0 ? undefined : this.#take();
  }

  #take(): Parcel[] {
    const batch = this.#open;
    this.#open = [];
    this.#bytes = BODY_FRAME_BYTES;
    return batch;
  }
}
