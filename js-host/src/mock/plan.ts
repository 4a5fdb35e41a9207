// The fault plan: what a stand-in is to do, as JSON. A wrong one is refused with its path, what was expected, and what came.
import { invalidOption, UsageError } from "../errors.js";
import { checkShares, faultNames, UNKNOWN_CODE, unknownWord } from "./faults.js";
import type { Endpoint, Fault, FaultName, FaultShares } from "./faults.js";

/** Milliseconds: always the same, or from the first to the second, drawn from the seed. */
export type Latency = number | readonly [number, number];

/**
 * One line of a script: which requests, by exactly one of `request`, `requests`, `every`, `eventId`; and one fault.
 *
 * `status` may stand beside `garbage`, `truncated`, `empty`, `html` (any status) and `item`, `missing` (200 or 207).
 */
export interface Step {
  /** The request of that number, from 1. */
  readonly request?: number;
  /** The requests from the first number to the second, both included. */
  readonly requests?: readonly [number, number];
  /** Each request whose number can be divided by it. */
  readonly every?: number;
  /** Events endpoint: each request with that event. `item` and `missing` then mean that event alone. */
  readonly eventId?: string;
  /** How often the step applies at most. Default: always. */
  readonly times?: number;

  readonly status?: number;
  /** With `status`: the header, in seconds or as any text. */
  readonly retryAfter?: number | string;
  /** With `status`: the header as the HTTP date so many seconds ahead. */
  readonly retryAfterDate?: number;
  /** With `status`: the body, as it is. */
  readonly body?: string;
  readonly reset?: "before" | "after";
  readonly lost?: true;
  /** Milliseconds. */
  readonly slow?: number;
  readonly hang?: true;
  readonly garbage?: true;
  readonly truncated?: true;
  readonly empty?: true;
  readonly html?: true;
  readonly missing?: true;
  /** The code, Amazon's or any other. */
  readonly item?: string;
  readonly unknown?: true;
  /** With `item`: the message. */
  readonly message?: string;
  /** With `item`, `unknown`, `missing`: the events, counted from 0. Default: all. */
  readonly indexes?: readonly number[];
  readonly revoke?: true;
  readonly invalid_grant?: true;
  readonly invalid_client?: true;
  readonly unauthorized_client?: true;
  readonly no_token?: true;
  readonly denied?: true;
  readonly wrong_state?: true;
  readonly no_profiles?: true;
  readonly no_advertisers?: true;
}

/** What a stand-in is to do; `mock-plan.schema.json` describes it for editors. Every key is optional. */
export interface Plan {
  /** Where the schema is, for editors. */
  readonly $schema?: string;
  /** Makes chance the same every time. Default 1. */
  readonly seed?: number;
  /** Seconds that an access token lives. Default 3600. */
  readonly tokenLifetimeSeconds?: number;
  /** How long an event request takes at least. Default 0. */
  readonly latencyMs?: Latency;
  /** Event requests in a second; more are refused with 429 and `Retry-After`. Default: no limit. */
  readonly rateLimit?: number;
  /** Seconds that the `Date` of every reply is ahead of the clock; negative: behind. Default 0. */
  readonly clockSkewSeconds?: number;
  /** Faults of event requests by chance. */
  readonly faults?: FaultShares;
  /** Faults of event requests, named one by one. A request that a step applies to gets none by chance. */
  readonly script?: readonly Step[];
  /** The same for the token endpoint. */
  readonly token?: {
    readonly latencyMs?: Latency;
    readonly faults?: FaultShares;
    readonly script?: readonly Step[];
    /** Each token reply has a new refresh token, and the one before is refused from then on. Default false. */
    readonly rotateRefreshToken?: boolean;
  };
  /** The same for the page where a user consents (`GET /ap/oa`), which says yes unless a fault says otherwise. */
  readonly consent?: {
    readonly faults?: FaultShares;
    readonly script?: readonly Step[];
    /** The return URLs that it redirects to. Default: any. */
    readonly returnUrls?: readonly string[];
  };
  /** The same for `GET /v2/profiles` and `GET /dsp/advertisers`, which are counted together. */
  readonly accounts?: {
    readonly faults?: FaultShares;
    readonly script?: readonly Step[];
    /** DSP advertisers; the first is ADVERTISER_ID. Default 1. */
    readonly advertisers?: number;
    /** The country of the profile and its advertisers. Default US. */
    readonly countryCode?: string;
  };
}

type Json = Readonly<Record<string, unknown>>;

const PLAN_KEYS = ["$schema", "seed", "tokenLifetimeSeconds", "latencyMs", "rateLimit", "clockSkewSeconds", "faults", "script", "token", "consent", "accounts"];
const TOKEN_KEYS = ["latencyMs", "faults", "script", "rotateRefreshToken"];
const CONSENT_KEYS = ["faults", "script", "returnUrls"];
const ACCOUNT_KEYS = ["faults", "script", "advertisers", "countryCode"];
const WHERE: Readonly<Record<Endpoint, readonly string[]>> = {
  events: ["request", "requests", "every", "eventId"],
  token: ["request", "requests", "every"],
  consent: ["request", "requests", "every"],
  accounts: ["request", "requests", "every"],
};
/** What only makes sense beside certain faults. */
const DETAILS: Readonly<Record<string, readonly FaultName[]>> = {
  retryAfter: ["status"],
  retryAfterDate: ["status"],
  body: ["status"],
  message: ["item", "unknown"],
  indexes: ["item", "unknown", "missing"],
};
const BODIES = ["garbage", "truncated", "empty", "html"] as const;
const ITEMS: readonly string[] = ["item", "unknown", "missing"];
const PLAIN = ["hang", "revoke", "invalid_grant", "invalid_client", "unauthorized_client", "no_token", "denied", "wrong_state", "no_profiles", "no_advertisers"] as const;
const MAX_MS = 3_600_000;

/**
 * Checks a plan.
 *
 * @throws {@link UsageError} that names the path, what was expected, and what came; for an unknown key the nearest known one
 */
export function parsePlan(json: unknown, path = "plan"): Plan {
  const plan = members(json, path, PLAN_KEYS);
  text(plan["$schema"], `${path}.$schema`);
  whole(plan["seed"], `${path}.seed`, 0, 2 ** 31);
  whole(plan["tokenLifetimeSeconds"], `${path}.tokenLifetimeSeconds`, 1, 86_400);
  checkLatency(plan["latencyMs"], `${path}.latencyMs`);
  checkRate(plan["rateLimit"], `${path}.rateLimit`);
  whole(plan["clockSkewSeconds"], `${path}.clockSkewSeconds`, -31_536_000, 31_536_000);
  if (plan["faults"] !== undefined) checkShares(plan["faults"], `${path}.faults`, "events");
  script(plan["script"], `${path}.script`, "events");
  if (plan["token"] !== undefined) {
    const token = members(plan["token"], `${path}.token`, TOKEN_KEYS);
    checkLatency(token["latencyMs"], `${path}.token.latencyMs`);
    if (token["faults"] !== undefined) checkShares(token["faults"], `${path}.token.faults`, "token");
    script(token["script"], `${path}.token.script`, "token");
    const { rotateRefreshToken: rotate } = token;
    if (rotate !== undefined && typeof rotate !== "boolean") throw invalidOption(`${path}.token.rotateRefreshToken`, "true or false", rotate);
  }
  if (plan["consent"] !== undefined) checkConsent(members(plan["consent"], `${path}.consent`, CONSENT_KEYS), `${path}.consent`);
  if (plan["accounts"] !== undefined) checkAccounts(members(plan["accounts"], `${path}.accounts`, ACCOUNT_KEYS), `${path}.accounts`);
  return plan as Plan;
}

function checkConsent(consent: Json, path: string): void {
  if (consent["faults"] !== undefined) checkShares(consent["faults"], `${path}.faults`, "consent");
  script(consent["script"], `${path}.script`, "consent");
  const { returnUrls } = consent;
  if (returnUrls === undefined || (Array.isArray(returnUrls) && returnUrls.every((url) => typeof url === "string" && url !== ""))) return;
  throw invalidOption(`${path}.returnUrls`, "a list of URLs", returnUrls);
}

function checkAccounts(accounts: Json, path: string): void {
  if (accounts["faults"] !== undefined) checkShares(accounts["faults"], `${path}.faults`, "accounts");
  script(accounts["script"], `${path}.script`, "accounts");
  whole(accounts["advertisers"], `${path}.advertisers`, 0, 10_000);
  const { countryCode } = accounts;
  if (countryCode !== undefined && !(typeof countryCode === "string" && /^[A-Z]{2}$/.test(countryCode))) {
    throw invalidOption(`${path}.countryCode`, "two capital letters", countryCode);
  }
}

/** Checks a latency. */
export function checkLatency(value: unknown, path: string): void {
  const isTime = (ms: unknown): boolean => typeof ms === "number" && ms >= 0 && ms <= MAX_MS;
  const isRange = Array.isArray(value) && value.length === 2 && value.every(isTime) && value[0] <= value[1];
  if (value === undefined || isTime(value) || isRange) return;
  throw invalidOption(path, `milliseconds from 0 to ${MAX_MS}, or a list of the least and the most`, value);
}

/** Checks a rate limit. */
export function checkRate(value: unknown, path: string): void {
  if (value === undefined || (typeof value === "number" && value > 0 && value <= 1e6)) return;
  throw invalidOption(path, "requests per second, above 0", value);
}

/** The fault that a step of a checked script is for. */
export function faultOf(step: Step): Fault {
  const { status, indexes, message } = step;
  const multiStatus: { indexes?: readonly number[]; status?: 200 | 207 } = {
    ...(indexes && { indexes }),
    ...((status === 200 || status === 207) && { status }),
  };
  for (const kind of BODIES) if (step[kind]) return { kind, ...(status !== undefined && { status }) };
  if (step.missing) return { kind: "missing", ...multiStatus };
  const code = step.unknown ? UNKNOWN_CODE : step.item;
  if (code !== undefined) return { kind: "item", code, ...(message !== undefined && { message }), ...multiStatus };
  if (status !== undefined) {
    const { retryAfter, retryAfterDate, body } = step;
    return {
      kind: "status",
      status,
      ...(retryAfter !== undefined && { retryAfter: String(retryAfter) }),
      ...(retryAfterDate !== undefined && { retryAfterDate }),
      ...(body !== undefined && { body }),
    };
  }
  if (step.reset !== undefined) return { kind: "reset", after: step.reset === "after" };
  if (step.lost) return { kind: "reset", after: true };
  if (step.slow !== undefined) return { kind: "slow", ms: step.slow };
  for (const kind of PLAIN) if (step[kind]) return { kind };
  throw new Error("a checked step has a fault");
}

function script(value: unknown, path: string, endpoint: Endpoint): void {
  if (value === undefined) return;
  if (!Array.isArray(value)) throw invalidOption(path, "a list of steps", value);
  for (const [index, one] of (value as unknown[]).entries()) checkStep(one, `${path}[${index}]`, endpoint);
}

function checkStep(value: unknown, path: string, endpoint: Endpoint): void {
  const names = faultNames(endpoint);
  const details = Object.keys(DETAILS).filter((detail) => DETAILS[detail]?.some((name) => names.includes(name)));
  const step = members(value, path, [...WHERE[endpoint], "times", ...names, ...details]);
  one(path, "its requests", WHERE[endpoint], Object.keys(step));
  checkWhere(step, path);

  const given = names.filter((name) => name in step);
  const beside = given.filter((name) => [...BODIES, ...ITEMS].includes(name));
  one(path, "its fault", names, beside.length > 0 ? given.filter((name) => name !== "status") : given);
  const [fault] = beside.length > 0 ? beside : given;
  for (const name of given) checkFault(name, step[name], `${path}.${name}`, name === "status" ? beside[0] : undefined);

  for (const detail of details) {
    const owners = DETAILS[detail] ?? [];
    if (detail in step && !owners.includes(fault as FaultName)) {
      throw wrong(`\`${path}.${detail}\` goes with ${quoted(owners)}, got it with \`${fault}\``);
    }
  }
  checkDetails(step, path);
}

function checkWhere(step: Json, path: string): void {
  const { request, requests, every, eventId, times } = step;
  whole(request, `${path}.request`, 1);
  whole(every, `${path}.every`, 1);
  whole(times, `${path}.times`, 1);
  text(eventId, `${path}.eventId`);
  if (requests === undefined) return;
  const isNumber = (number: unknown): boolean => Number.isSafeInteger(number) && Number(number) >= 1;
  if (!Array.isArray(requests) || requests.length !== 2 || !requests.every(isNumber) || requests[0] > requests[1]) {
    throw invalidOption(`${path}.requests`, "a list of the first and the last request, counted from 1", requests);
  }
}

function checkFault(name: FaultName, value: unknown, path: string, beside: string | undefined): void {
  if (name === "status") {
    if (beside !== undefined && ITEMS.includes(beside)) {
      if (value !== 200 && value !== 207) throw invalidOption(path, `200 or 207 beside \`${beside}\``, value);
    } else whole(value, path, beside === undefined ? 300 : 200, 599);
  } else if (name === "reset") {
    if (value !== "before" && value !== "after") throw invalidOption(path, "`before` or `after`", value);
  } else if (name === "slow") {
    whole(value, path, 1, MAX_MS);
  } else if (name === "item") {
    if (typeof value !== "string" || !/^[A-Za-z]\w*$/.test(value)) throw invalidOption(path, "an error code such as `BAD_REQUEST`", value);
  } else if (value !== true) throw invalidOption(path, "true", value);
}

function checkDetails(step: Json, path: string): void {
  const { retryAfter, retryAfterDate, body, message, indexes } = step;
  // What cannot stand in a header would end the stand-in, and not the client's request.
  if (typeof retryAfter === "string" ? !/^[\x20-\x7e]+$/.test(retryAfter) : retryAfter !== undefined && !isSeconds(retryAfter)) {
    throw invalidOption(`${path}.retryAfter`, "seconds or a text for the header", retryAfter);
  }
  if (retryAfterDate !== undefined && !isSeconds(retryAfterDate)) throw invalidOption(`${path}.retryAfterDate`, "seconds", retryAfterDate);
  if (retryAfter !== undefined && retryAfterDate !== undefined) {
    throw wrong(`\`${path}\` must have one of \`retryAfter\`, \`retryAfterDate\`, got both`);
  }
  if (body !== undefined && typeof body !== "string") throw invalidOption(`${path}.body`, "a text", body);
  if (message !== undefined && typeof message !== "string") throw invalidOption(`${path}.message`, "a text", message);
  if (indexes !== undefined && !(Array.isArray(indexes) && indexes.every((index) => Number.isSafeInteger(index) && index >= 0))) {
    throw invalidOption(`${path}.indexes`, "a list of indexes, counted from 0", indexes);
  }
  if (indexes !== undefined && "eventId" in step) {
    throw wrong(`\`${path}\` must name its events by one of \`indexes\`, \`eventId\`, got both`);
  }
}

function isSeconds(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && Math.abs(value) <= 1e9;
}

function one(path: string, what: string, known: readonly string[], keys: readonly string[]): void {
  const given = known.filter((name) => keys.includes(name));
  if (given.length === 1) return;
  const came = given.length === 0 ? "none" : given.map((name) => `\`${name}\``).join(" and ");
  throw wrong(`\`${path}\` must name ${what} by one of ${quoted(known)}, got ${came}`);
}

function wrong(message: string): UsageError {
  return new UsageError("ERR_INVALID_ARG_VALUE", message);
}

function quoted(words: readonly string[]): string {
  return words.map((word) => `\`${word}\``).join(", ");
}

function members(value: unknown, path: string, known: readonly string[]): Json {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw invalidOption(path, "an object", value);
  for (const key of Object.keys(value)) if (!known.includes(key)) throw unknownWord(`${path}.${key}`, "key", key, known);
  return value as Json;
}

function whole(value: unknown, path: string, min: number, max = Number.MAX_SAFE_INTEGER): void {
  if (value === undefined || (Number.isSafeInteger(value) && Number(value) >= min && Number(value) <= max)) return;
  throw invalidOption(path, `a whole number ${max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`}`, value);
}

function text(value: unknown, path: string): void {
  if (value !== undefined && (typeof value !== "string" || value === "")) throw invalidOption(path, "a text", value);
}
