// Values of JSON: which are objects, and the bytes of one.

/** An object of JSON. */
export type Fields = Record<string, unknown>;

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const encoder = new TextEncoder();

/** The JSON text of an event; an empty one for what JSON cannot hold. */
export function jsonText(event: unknown): string {
  try {
    return JSON.stringify(event) ?? "";
  } catch {
    return "";
  }
}

/** As {@link jsonText}, in bytes: the core says of none of them that they are not JSON. */
export function jsonBytes(event: unknown): Uint8Array {
  return encoder.encode(jsonText(event));
}
