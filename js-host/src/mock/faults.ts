// The faults there are: their names, what each does, and how shares of them are written.
import { invalidOption, UsageError } from "../errors.js";
import { nearest } from "../nearest.js";
import { ERROR_CODES } from "./enums.js";

/** A fault of one reply. */
export type Fault =
  /**
   * An HTTP status instead of the usual reply; no event is taken. `retryAfter` is sent as it is, `retryAfterDate` as the
   * HTTP date so many seconds ahead.
   */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string; readonly retryAfterDate?: number; readonly body?: string }
  /** The connection is cut before a reply. With `after`, when the events were taken (or the token made) already. */
  | { readonly kind: "reset"; readonly after?: boolean }
  /** The usual reply, so many milliseconds late. */
  | { readonly kind: "slow"; readonly ms: number }
  /** No reply until the client gives up; no event is taken. */
  | { readonly kind: "hang" }
  /** A body that cannot be read. Unless another status is named it is a success, and the events were taken. */
  | { readonly kind: "garbage" | "truncated" | "empty" | "html"; readonly status?: number }
  /** A multi-status that says nothing of these events (default: of any); they were taken. */
  | { readonly kind: "missing"; readonly indexes?: readonly number[]; readonly status?: 200 | 207 }
  /** A multi-status with an error for these events (default: for all); they were not taken. */
  | { readonly kind: "item"; readonly indexes?: readonly number[]; readonly code: string; readonly message?: string; readonly status?: 200 | 207 }
  /** The access token is no longer good, this one and all before. */
  | { readonly kind: "revoke" }
  /** Token endpoint: the refresh token or the client is refused. */
  | { readonly kind: "invalid_grant" | "invalid_client" | "unauthorized_client" }
  /** Token endpoint: a success without an `access_token`. */
  | { readonly kind: "no_token" }
  /** Consent page: the user says no, or the redirect brings a `state` that nobody sent. */
  | { readonly kind: "denied" | "wrong_state" }
  /** Profiles: none, as in a region where the account is not. DSP advertisers: none. */
  | { readonly kind: "no_profiles" | "no_advertisers" };

/** Shares, from 0 to 1, of requests (`item`, `unknown`, `missing` and Amazon's codes: of events) that get a fault. */
export type FaultShares = Readonly<Record<string, number>>;

/** The endpoints that have faults: events, access tokens, the consent page, and the account's profiles and advertisers. */
export type Endpoint = "events" | "token" | "consent" | "accounts";

/** What is said of a fault in `mock --help` and in the documents. */
export interface FaultInfo {
  readonly endpoints: readonly Endpoint[];
  /** What a step of a script says to have it. */
  readonly step: string;
  readonly effect: string;
}

const ALL: readonly Endpoint[] = ["events", "token", "consent", "accounts"];
const ANSWERS: readonly Endpoint[] = ["events", "token", "accounts"];
const BOTH: readonly Endpoint[] = ["events", "token"];
const EVENTS: readonly Endpoint[] = ["events"];
const TOKEN: readonly Endpoint[] = ["token"];
const CONSENT: readonly Endpoint[] = ["consent"];
const ACCOUNTS: readonly Endpoint[] = ["accounts"];

/** Every fault by its name. In shares, `status` is written as the status itself. */
export const FAULTS = {
  status: { endpoints: ALL, step: '"status": 503', effect: "that status (300 to 599); a 429 by chance has `Retry-After: 1`" },
  reset: { endpoints: BOTH, step: '"reset": "before"', effect: "the connection is reset before anything is taken" },
  lost: { endpoints: BOTH, step: '"reset": "after"', effect: "it is reset after the events are taken, or the token is made" },
  slow: { endpoints: BOTH, step: '"slow": 2000', effect: "the usual reply, so many milliseconds late (by chance: 200)" },
  hang: { endpoints: ANSWERS, step: '"hang": true', effect: "no reply until the client gives up; nothing is taken" },
  garbage: { endpoints: ANSWERS, step: '"garbage": true', effect: "a success whose body is not JSON; it was taken" },
  truncated: { endpoints: BOTH, step: '"truncated": true', effect: "a success whose body ends half-way, and the connection with it; it was taken" },
  empty: { endpoints: BOTH, step: '"empty": true', effect: "a success without a body; it was taken" },
  html: { endpoints: ANSWERS, step: '"html": true', effect: "a success with a page in it; it was taken" },
  missing: { endpoints: EVENTS, step: '"missing": true', effect: "the event was taken, and its index is in neither list" },
  item: { endpoints: EVENTS, step: '"item": "CONFLICT"', effect: "an error for the event, with that code (by chance: `INTERNAL_ERROR`)" },
  unknown: { endpoints: EVENTS, step: '"item": "ANY_OTHER"', effect: "an error for the event, with a code nobody knows" },
  revoke: { endpoints: EVENTS, step: '"revoke": true', effect: "all access tokens end while the request is under way: a 401" },
  invalid_grant: { endpoints: TOKEN, step: '"invalid_grant": true', effect: "a 400: the refresh token, or the code, is refused" },
  invalid_client: { endpoints: TOKEN, step: '"invalid_client": true', effect: "a 401: the client is refused" },
  unauthorized_client: { endpoints: TOKEN, step: '"unauthorized_client": true', effect: "a 400: the client may not use this refresh token" },
  no_token: { endpoints: TOKEN, step: '"no_token": true', effect: "a 200 without an access token" },
  denied: { endpoints: CONSENT, step: '"denied": true', effect: "the user does not consent: back with `error=access_denied`" },
  wrong_state: { endpoints: CONSENT, step: '"wrong_state": true', effect: "back with a code, and with a `state` that nobody sent" },
  no_profiles: { endpoints: ACCOUNTS, step: '"no_profiles": true', effect: "no profile, as in a region where the account is not" },
  no_advertisers: { endpoints: ACCOUNTS, step: '"no_advertisers": true', effect: "no DSP advertiser" },
} as const satisfies Readonly<Record<string, FaultInfo>>;

/** A name of {@link FAULTS}. */
export type FaultName = keyof typeof FAULTS;

/** The code that `unknown` gives to an event. */
export const UNKNOWN_CODE = "SOMETHING_NEW";

/** The faults of an endpoint. */
export function faultNames(endpoint: Endpoint): FaultName[] {
  return (Object.keys(FAULTS) as FaultName[]).filter((name) => (FAULTS[name].endpoints as readonly Endpoint[]).includes(endpoint));
}

/** Numbers from 0 up to, not including, 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Reads `429:0.1,500:0.05,reset:0.02`, faults of the events endpoint.
 *
 * Names: a status from 400 to 599, a name of {@link FAULTS}, or one of Amazon's error codes (a share of events that get it).
 *
 * @throws RangeError for a name or share that cannot be
 */
export function parseShares(text: string): FaultShares {
  const shares: Record<string, number> = {};
  for (const part of text.split(",").filter(Boolean)) {
    const [name = "", share = "", ...more] = part.trim().split(":");
    if (!isShareName(name, "events") || more.length > 0 || share.trim() === "" || !isShare(Number(share))) {
      const names = shareNames("events").join(", ");
      throw new RangeError(`a fault must be a status or one of ${names} or Amazon's codes, a colon and a share from 0 to 1, got \`${part}\``);
    }
    shares[name] = Number(share);
  }
  return shares;
}

/**
 * Checks shares that came as JSON.
 *
 * @param path - where they stand, for the message
 * @throws {@link UsageError} that names the path, what was expected, and what came
 */
export function checkShares(shares: unknown, path: string, endpoint: Endpoint): FaultShares {
  if (typeof shares !== "object" || shares === null || Array.isArray(shares)) {
    throw invalidOption(path, "an object of faults and their shares", shares);
  }
  for (const [name, share] of Object.entries(shares)) {
    if (!isShareName(name, endpoint)) {
      const codes = endpoint === "events" ? [...ERROR_CODES] : [];
      throw unknownWord(`${path}.${name}`, "fault", name, shareNames(endpoint), { lead: "a status from 400 to 599, ", alsoNear: codes });
    }
    if (!isShare(share)) throw invalidOption(`${path}.${name}`, "a share from 0 to 1", share);
  }
  return shares as FaultShares;
}

/**
 * The error for a word that is not among the known ones; it names the nearest, or all of them.
 *
 * @param more - what the list begins with, and words too many to list
 */
export function unknownWord(
  path: string,
  kind: string,
  word: string,
  known: readonly string[],
  { lead = "", alsoNear = [] }: { readonly lead?: string; readonly alsoNear?: readonly string[] } = {},
): UsageError {
  const near = nearest(word, [...known, ...alsoNear]);
  const hint = near === undefined ? `; known here are ${lead}${known.map((one) => `\`${one}\``).join(", ")}` : `; did you mean \`${near}\`?`;
  return new UsageError("ERR_INVALID_ARG_VALUE", `\`${path}\` is not a known ${kind}${hint}`);
}

function shareNames(endpoint: Endpoint): string[] {
  return faultNames(endpoint).filter((name) => name !== "status");
}

function isShareName(name: string, endpoint: Endpoint): boolean {
  return /^[45]\d\d$/.test(name) || shareNames(endpoint).includes(name) || (endpoint === "events" && ERROR_CODES.has(name));
}

function isShare(share: unknown): boolean {
  return typeof share === "number" && share >= 0 && share <= 1;
}
