// Many unread events in, their wire bytes or drop reasons out, in one call of the core.
import { outcomeCodes, type OutcomeCode, type Transformer } from "./core.js";
import { linesOf } from "./lines.js";

/** What became of one event: the bytes to send, or why not. */
export type Mapped =
  | { readonly wire: Uint8Array }
  | { readonly wire?: undefined; readonly dropped: Extract<OutcomeCode, { outcome: "dropped" }> };

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
