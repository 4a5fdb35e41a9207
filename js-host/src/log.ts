// The one way to the user's logger: every line loses its secrets and identifiers here, and a logger that fails harms nothing.
import { quietly } from "./errors.js";
import { redact } from "./redact.js";
import type { Logger } from "./runtime.js";

const MAX_DEPTH = 6;

/**
 * A logger whose lines are {@link redact}ed, with the errors in them: message, stack and causes.
 *
 * @param secrets - exact texts that must not appear
 */
export function safeLogger(logger: Logger, secrets: readonly string[]): Logger {
  const line =
    (level: keyof Logger) =>
    (fields: object, message: string): void => {
      // Where should a logger's own error be logged?
      quietly(() => logger[level](clean(fields, secrets, MAX_DEPTH) as object, redact(message, secrets)), () => undefined);
    };
  return { debug: line("debug"), info: line("info"), warn: line("warn"), error: line("error") };
}

/** A copy that holds nothing but plain data: a logger would look into an error, or a socket in it, by itself. */
function clean(value: unknown, secrets: readonly string[], depth: number): unknown {
  if (typeof value === "string") return redact(value, secrets);
  if (typeof value === "number" || typeof value === "boolean" || value == null) return value;
  if (typeof value !== "object") return redact(String(value), secrets);
  if (depth === 0) return "…";
  const inner = (one: unknown): unknown => clean(one, secrets, depth - 1);
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    const { code, errors } = value as { code?: unknown; errors?: unknown };
    // The names that pino gives to an error's parts.
    return {
      type: inner(name),
      message: inner(message),
      stack: inner(stack),
      ...(code !== undefined && { code: inner(code) }),
      ...(cause !== undefined && { cause: inner(cause) }),
      ...(Array.isArray(errors) && { errors: inner(errors) }),
    };
  }
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (Array.isArray(value)) return value.map(inner);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [redact(key, secrets), inner(one)]));
}
