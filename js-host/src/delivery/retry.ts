// When to try again: the classes of faults, and how long to wait.

/** How often and how long to try. */
export interface RetryPolicy {
  /** Requests that may carry an event before it is given up. A split and a new token do not count. */
  readonly maxAttempts: number;
  /** The first wait, at most; each next one may be twice as long. Milliseconds. */
  readonly firstWaitMs: number;
  /** No wait that we choose is longer. Milliseconds. */
  readonly maxBackoffMs: number;
  /** No wait is longer, whatever `Retry-After` says. Milliseconds. */
  readonly maxWaitMs: number;
  /** An event is given up when the next wait would end later than this after its first request. Milliseconds. */
  readonly maxElapsedMs: number;
}

/**
 * Nine attempts spread over up to 28 seconds, or as long as `Retry-After` asks. Where three requests of ten fail, a batch
 * fails nine times in a row once in 50,000; six times in a row would be once in 1,400.
 */
export const DEFAULT_RETRY: RetryPolicy = {
  maxAttempts: 9,
  firstWaitMs: 500,
  maxBackoffMs: 5000,
  maxWaitMs: 60_000,
  maxElapsedMs: 15 * 60_000,
};

/** What to do about an HTTP status; `read` means that the body has the answer. */
export type StatusClass = "read" | "retry" | "renew_token" | "split" | "isolate" | "refuse";

/**
 * The class of an HTTP status.
 *
 * @see Amazon Ads API, rate limiting and error concepts: 429 and 5xx are to be retried, other 4xx looked into
 */
export function classOfStatus(status: number): StatusClass {
  if (status >= 200 && status < 300) return "read";
  switch (status) {
    case 401:
      return "renew_token";
    case 413:
      return "split";
    // The request was understood, and an event in it is not acceptable: the others are innocent.
    case 400:
    case 422:
      return "isolate";
    case 408:
    case 409:
    case 425:
    case 429:
      return "retry";
    default:
      // Whatever else is wrong (403, 404, 415, a redirect) is wrong with every request.
      return status >= 500 ? "retry" : "refuse";
  }
}

const PASSING_CODES = new Set(["TOO_MANY_REQUESTS", "INTERNAL_ERROR", "CONFLICT"]);

/** Whether an item's error code says that the same event may succeed later. A code nobody knows does not. */
export function isPassingCode(code: string): boolean {
  return PASSING_CODES.has(code);
}

/**
 * How long to wait before trying again, in milliseconds.
 *
 * @param attempt - how many attempts have been made, from 1
 * @param retryAfterMs - what the reply asked for
 */
export function waitBefore(
  policy: RetryPolicy,
  random: () => number,
  attempt: number,
  retryAfterMs: number | undefined,
): number {
  if (retryAfterMs !== undefined && retryAfterMs > 0) {
    // Never early, and not all at once where several workers were told the same second.
    return Math.min(retryAfterMs, policy.maxWaitMs) + 5 + random() * 50;
  }
  const ceiling = Math.min(policy.firstWaitMs * 2 ** Math.min(attempt - 1, 30), policy.maxBackoffMs, policy.maxWaitMs);
  return ceiling / 2 + (random() * ceiling) / 2;
}

/**
 * `Retry-After` in milliseconds from now: seconds or an HTTP date (RFC 9110, 10.2.3).
 *
 * @returns undefined where the header is absent or cannot be read
 */
export function retryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim();
  if (!text) return undefined;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  // A date begins with a day's name; anything else is no date, whatever `Date.parse` would make of it.
  const date = /^[A-Z][a-z]+,? /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
