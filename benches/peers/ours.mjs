// The package under test, as a user calls it.
import { Transformer } from "../../js-host/dist/core.js";
import { CONFIG } from "../config.mjs";

const encoder = new TextEncoder();
const OPENING = encoder.encode('{"events":[');
const CLOSING = encoder.encode("]}");

/** With a config of one's own. */
export function oursWith(config, name = "amazon-dsp-events") {
  const transformer = new Transformer(config);
  return {
    name,
    batch(bytes, now) {
      const { events } = transformer.transformBatch(bytes, now, "ndjson");
      const body = new Uint8Array(OPENING.length + events.length + CLOSING.length);
      body.set(OPENING);
      body.set(events, OPENING.length);
      body.set(CLOSING, OPENING.length + events.length);
      return body;
    },
    json: (bytes, now) => transformer.transformJson(bytes, now),
    bytes: (object, now) => transformer.transformToJson(object, now),
    object: (object, now) => transformer.transform(object, now),
  };
}

export const ours = oursWith(CONFIG);
