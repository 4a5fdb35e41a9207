// Reads options that are numbers or functions, and says which of them cannot be right.
import { DEFAULT_BATCH, type BatchLimits } from "./delivery/batcher.js";
import { invalidOption, UsageError, wrongType } from "./errors.js";
import { DEFAULT_RETRY, type RetryPolicy } from "./delivery/retry.js";
import { PARAMETERS } from "./connection.js";
import { nearest } from "./nearest.js";

type Options<Name extends string> = Readonly<Partial<Record<Name, unknown>>>;

/**
 * The option's value, or the standard one if it is not set.
 *
 * @throws {@link UsageError} that names the option and its limits
 */
export function whole<Name extends string>(options: Options<Name>, name: Name, min: number, max: number, standard: number): number {
  const value = options[name];
  if (value === undefined) return standard;
  const expected = `a whole number from ${min} to ${max}`;
  if (typeof value !== "number") throw wrongType(name, expected, value);
  if (Number.isInteger(value) && value >= min && value <= max) return value;
  throw invalidOption(name, expected, value);
}

/**
 * The option's value, if it is set.
 *
 * @throws {@link UsageError} that names the option and its limit
 */
export function positive<Name extends string>(options: Options<Name>, name: Name, max: number): number | undefined {
  const value: unknown = options[name];
  if (value === undefined) return value;
  const expected = `a number above 0, at most ${max}`;
  if (typeof value !== "number") throw wrongType(name, expected, value);
  if (value > 0 && value <= max) return value;
  throw invalidOption(name, expected, value);
}

/**
 * Checks that those of the options that are set are functions.
 *
 * @throws {@link UsageError} that names the option
 */
export function functions<Name extends string>(options: Options<Name>, ...names: readonly Name[]): void {
  for (const name of names) {
    if (options[name] !== undefined && typeof options[name] !== "function") throw wrongType(name, "a function", options[name]);
  }
}

/**
 * Checks that no name is a slip for one of the options. Any other name is let be: environments are given as they are, with all
 * that is in them.
 *
 * @throws {@link UsageError} that names both
 */
export function noSlips(given: object, known: Readonly<Record<string, true>>): void {
  const options = given as Readonly<Record<string, unknown>>;
  const names = [...Object.keys(known), ...PARAMETERS.map(({ name }) => name)];
  for (const name of Object.keys(options)) {
    // As options are written, and variables of an environment are not: those are texts, and a small word may be anybody's.
    const isOnesOwn = typeof options[name] === "string" ? /^[a-z]+[A-Z][A-Za-z]*$/ : /^[a-z][A-Za-z]+$/;
    if (!isOnesOwn.test(name) || Object.hasOwn(known, name)) continue;
    const meant = nearest(name, names, Math.min(2, Math.floor(name.length / 4)));
    if (meant !== undefined) throw new UsageError("ERR_INVALID_ARG_VALUE", `\`${name}\` is not an option; did you mean \`${meant}\`?`);
  }
}

/** The least and the most that a limit of a delivery may be, and what it is if it is not set. */
export const RANGES = {
  maxAttempts: [4, 100, DEFAULT_RETRY.maxAttempts],
  maxWaitMs: [1, 86_400_000, DEFAULT_RETRY.maxWaitMs],
  maxElapsedMs: [1, 86_400_000, DEFAULT_RETRY.maxElapsedMs],
  timeoutMs: [1, 600_000, 30_000],
  concurrency: [1, 100, 4],
  maxBatchEvents: [1, DEFAULT_BATCH.events, DEFAULT_BATCH.events],
  maxBatchBytes: [1, DEFAULT_BATCH.bytes, DEFAULT_BATCH.bytes],
} as const satisfies Record<string, readonly [least: number, most: number, standard: number]>;

/** The most that a ceiling of requests, or of events, a second may be. */
export const MOST_PER_SECOND = { requests: 10_000, events: 5_000_000 } as const;

/** How whoever delivers may go about it. */
export interface DeliveryLimits {
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly concurrency: number;
  readonly batch: BatchLimits;
}

/**
 * The limits of a delivery, by the options that every sender has.
 *
 * @throws {@link UsageError} for one that cannot be right
 */
export function deliveryLimits(options: Options<keyof typeof RANGES>): DeliveryLimits {
  const limit = (name: keyof typeof RANGES): number => {
    const [least, most, standard] = RANGES[name];
    return whole(options, name, least, most, standard);
  };
  return {
    retry: { ...DEFAULT_RETRY, maxAttempts: limit("maxAttempts"), maxWaitMs: limit("maxWaitMs"), maxElapsedMs: limit("maxElapsedMs") },
    timeoutMs: limit("timeoutMs"),
    concurrency: limit("concurrency"),
    batch: { events: limit("maxBatchEvents"), bytes: limit("maxBatchBytes") },
  };
}
