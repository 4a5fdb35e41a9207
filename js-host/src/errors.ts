// What can go wrong, in two families: wrong use (a TypeError that names option, expectation and value) and faults of a
// run (classes with a code and a cause). No message holds a secret.
import { redact } from "./redact.js";

/** The codes of wrong use. */
export type UsageErrorCode = (typeof USAGE_ERROR_CODES)[number];

/** The codes of what goes wrong in a run. */
export type FaultCode = (typeof FAULT_CODES)[number];

/** Every {@link UsageErrorCode}. What each means stands in docs/operations.md. */
export const USAGE_ERROR_CODES = ["ERR_MISSING_PARAMETERS", "ERR_INVALID_ARG_TYPE", "ERR_INVALID_ARG_VALUE"] as const;

/** Every {@link FaultCode}. */
export const FAULT_CODES = [
  "ERR_CREDENTIALS",
  "ERR_ACCESS_DENIED",
  "ERR_TOKEN_UNAVAILABLE",
  "ERR_REQUEST_REFUSED",
  "ERR_QUEUE_FULL",
  "ERR_NOT_QUEUED",
  "ERR_STORE",
  "ERR_STORE_FULL",
  "ERR_CLOSED",
  "ERR_INTERRUPTED",
] as const;

/** Wrong use: an option that cannot be right, whatever happens later. */
export class UsageError extends TypeError {
  override readonly name = "UsageError";
  readonly code: UsageErrorCode;

  constructor(code: UsageErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A fault of a run. `code` says which; the message says what to do. */
export class AmazonEventsError extends Error {
  override readonly name: string = "AmazonEventsError";
  readonly code: FaultCode;

  constructor(code: FaultCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A connection parameter was refused; trying again with the same ones is of no use. */
export class CredentialsError extends AmazonEventsError {
  override readonly name = "CredentialsError";
  /** The parameters that may be wrong, by the kit's names. */
  readonly parameters: readonly string[];

  constructor(
    code: "ERR_CREDENTIALS" | "ERR_ACCESS_DENIED",
    parameters: readonly string[],
    message: string,
    options?: ErrorOptions,
  ) {
    super(code, message, options);
    this.parameters = parameters;
  }
}

/**
 * The one sentence of a wrong option. A text or a number that came is taken to be of the right type; see {@link wrongType}.
 *
 * @param option - its name, as the caller wrote it
 * @param expected - what would be right
 * @param value - what came; left out for secrets
 */
export function invalidOption(option: string, expected: string, ...value: readonly unknown[]): UsageError {
  const isPlain = value.length === 0 || typeof value[0] === "string" || typeof value[0] === "number";
  return new UsageError(isPlain ? "ERR_INVALID_ARG_VALUE" : "ERR_INVALID_ARG_TYPE", sentence(option, expected, value));
}

/** The same for an option whose type is another one, whatever came. */
export function wrongType(option: string, expected: string, value: unknown): UsageError {
  return new UsageError("ERR_INVALID_ARG_TYPE", sentence(option, expected, [value]));
}

function sentence(option: string, expected: string, value: readonly unknown[]): string {
  return `\`${option}\` must be ${expected}${value.length === 0 ? "" : `, got ${shown(value[0])}`}`;
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * What a store or a sink threw, as an `ERR_STORE`. The message is redacted; the cause is what was thrown, as it was.
 *
 * @param doing - what could not be done
 */
export function storeFault(doing: string, error: unknown, secrets: readonly string[] = []): AmazonEventsError {
  if (error instanceof AmazonEventsError && error.code === "ERR_STORE") return error;
  return new AmazonEventsError("ERR_STORE", `${doing}: ${redact(messageOf(error), secrets)}`, { cause: error });
}

/** Calls what is not ours. It may throw, or be async and reject, which would otherwise end the process. */
export function quietly(call: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = call();
    if (result instanceof Promise) result.catch(failed);
  } catch (error) {
    failed(error);
  }
}

function shown(value: unknown): string {
  if (typeof value === "string") return `\`${value.length > 80 ? `${value.slice(0, 80)}…` : value}\``;
  if (typeof value === "number" || typeof value === "boolean" || value == null) return `\`${String(value)}\``;
  return Array.isArray(value) ? "a list" : `a value of type ${typeof value}`;
}

/** `1 event`, `2 events`. */
export function eventsIn(count: number): string {
  return count === 1 ? "1 event" : `${count} events`;
}
