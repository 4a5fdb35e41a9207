// A peer as one would write it: JSON.parse, the mapping, JSON.stringify. (Each peer imports this file and the mapping by a
// name of its own, `?plain`: else what V8 learns of one, and the functions it compiles for it, would be shared by all.)

/** A peer that maps with a function. */
export function stringifying(name, map) {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  return {
    name,
    /** NDJSON to the body of a request. */
    batch(bytes, now) {
      const events = [];
      for (const line of decoder.decode(bytes).split("\n")) {
        if (line === "") continue;
        const event = map(JSON.parse(line), now);
        if (event !== undefined) events.push(event);
      }
      return encoder.encode(JSON.stringify({ events }));
    },
    /** The JSON of an event to that of Amazon's. */
    json(bytes, now) {
      const event = map(JSON.parse(decoder.decode(bytes)), now);
      return event && encoder.encode(JSON.stringify(event));
    },
    /** An event to the JSON of Amazon's. */
    bytes(object, now) {
      const event = map(object, now);
      return event && encoder.encode(JSON.stringify(event));
    },
    /** An event to Amazon's. */
    object: map,
  };
}
