// Many unread events in, their wire bytes or drop reasons out, in one call of the core.
import { outcomeCodes, type OutcomeCode, type Transformer } from "./core.js";

/** What became of one event: the bytes to send, or why not. */
export type Mapped =
  | { readonly wire: Uint8Array }
  | { readonly wire?: undefined; readonly dropped: Extract<OutcomeCode, { outcome: "dropped" }> };

const NEWLINE = 0x0a;
const RETURN = 0x0d;
// One byte that is not JSON stands for an event without any, or it would pass for a blank line.
const NOT_JSON = Uint8Array.of(0x2c);

/** Maps events with a transformer. */
export class Mapper {
  readonly #transformer: Transformer;
  readonly #codes = outcomeCodes();

  constructor(transformer: Transformer) {
    this.#transformer = transformer;
  }

  /**
   * One result for each event, in order.
   *
   * @param now - epoch milliseconds
   */
  map(events: readonly Uint8Array[], now: number): Mapped[] {
    const input = linesOf(events);
    const batch = this.#transformer.transformBatch(input, now, "ndjson");
    if (batch.outcomes.length !== events.length) {
      throw new Error(`the core gave ${batch.outcomes.length} outcomes for ${events.length} events`);
    }
    let next = 0;
    return Array.from(batch.outcomes, (code) => {
      const outcome = this.#codes[code];
      if (outcome?.outcome === "dropped") return { dropped: outcome };
      const wire = batch.events.subarray(batch.offsets[next], batch.offsets[next + 1]);
      next += 2;
      return { wire };
    });
  }
}

/** Events as lines, one each whatever is in them. */
export function linesOf(events: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const event of events) length += Math.max(event.length, 1) + 1;
  const input = new Uint8Array(length);
  let at = 0;
  for (const event of events) {
    const bytes = event.length > 0 ? event : NOT_JSON;
    input.set(bytes, at);
    // Between values JSON takes both for a blank, within a text neither: one event stays one line, and as valid as before.
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, end + 1)) input[at + end] = RETURN;
    at += bytes.length;
    input[at++] = NEWLINE;
  }
  return input;
}
