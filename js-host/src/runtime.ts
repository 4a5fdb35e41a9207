// What the outside world gives: time, chance, the network, a log, metrics. All of it can be replaced.
import { functions } from "./limits.js";
import { safeLogger } from "./log.js";
import { safeMetrics, UNMEASURED, type Metrics } from "./metrics.js";
import type { AbortSignal, RequestInit, Response } from "./web.js";

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Waits so many milliseconds. Rejects with the signal's reason when that is aborted. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>;

/** A clock. */
export interface Clock {
  /** Epoch milliseconds. */
  now(): number;
}

/** A logger in pino's call shape. It is given no secret and no raw identifier; errors come as plain objects. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What the outside world gives. */
export interface Runtime {
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Why a wait is ended that has nothing more to wait for. (Without a reason there is an exception made for each, stack and all.) */
export const ENDED = "ended";

const nothing = (): void => undefined;

/** Says nothing. */
const SILENT: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

/**
 * The runtime's own means, where none are given.
 *
 * @param secrets - exact texts that must not appear in the log
 * @throws {@link UsageError} for one that cannot be right
 */
export function runtimeOf(given: Partial<Runtime>, secrets: readonly string[] = []): Runtime {
  functions(given, "fetch", "sleep", "random");
  const logger = given.logger ? safeLogger(given.logger, secrets) : SILENT;
  return {
    // Called on its own object in some runtimes and on none in others; a wrapper suits both.
    fetch: given.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    clock: given.clock ?? { now: () => Date.now() },
    sleep: given.sleep ?? sleep,
    random: given.random ?? Math.random,
    logger,
    metrics: given.metrics ? safeMetrics(given.metrics, logger) : UNMEASURED,
  };
}

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", aborted);
      resolve();
    }, ms);
    signal?.addEventListener("abort", aborted, { once: true });
  });
}
