// What is known of a value of JSON before it is looked into.

/** An object of JSON. */
export type Fields = Record<string, unknown>;

/** Whether a value of JSON is an object. */
export function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
