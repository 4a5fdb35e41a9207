// The package under test, as a user calls it.
import { Transformer } from "../../js-host/dist/core.js";
import { CONFIG } from "../config.mjs";

/** With a config of one's own. */
export function oursWith(config, name = "amazon-dsp-events") {
  const transformer = new Transformer(config);
  return {
    name,
    batch: (bytes, now) => transformer.transformBatch(bytes, now, "ndjson").body,
    json: (bytes, now) => transformer.transformJson(bytes, now),
    bytes: (object, now) => transformer.transformToJson(object, now),
    object: (object, now) => transformer.transform(object, now),
  };
}

export const ours = oursWith(CONFIG);
