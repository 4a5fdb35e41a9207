// Values of JSON: which are objects, and the bytes of one.

/** An object of JSON. */
export type Fields = Record<string, unknown>;

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const encoder = new TextEncoder();

/** The JSON bytes of an event; none of what JSON cannot hold, and the core says so of no bytes. */
export function jsonBytes(event: unknown): Uint8Array {
  try {
    return encoder.encode(JSON.stringify(event) ?? "");
  } catch {
    return new Uint8Array();
  }
}
