// A stand-in for Amazon on loopback: consent, tokens, events, profiles and advertisers, and faults on demand.
/// <reference lib="esnext.disposable" preserve="true" />
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { invalidOption, messageOf, UsageError } from "../errors.js";
import { isForeign } from "../loopback.js";
import { advertisersOf, PROFILE_ID, profilesOf } from "./accounts.js";
import { Consents } from "./consent.js";
import { checkShares, type Fault, type FaultShares } from "./faults.js";
import { Ledger, type MockStats, type TakenEvent } from "./ledger.js";
import { RequestLog, shownForm, shownHeaders, type SeenRequest } from "./log.js";
import { checkLatency, checkRate, parsePlan, type Latency, type Plan, type Step } from "./plan.js";
import { Scenario, type Verdict } from "./scenario.js";
import { validateRequest, type Violation } from "./validate.js";

export { FAULTS, faultNames, parseShares, seeded } from "./faults.js";
export type { Endpoint, Fault, FaultInfo, FaultName, FaultShares } from "./faults.js";
export type { MockStats, TakenEvent } from "./ledger.js";
export type { SeenRequest } from "./log.js";
export { parsePlan } from "./plan.js";
export type { Latency, Plan, Step } from "./plan.js";
export { validateRequest } from "./validate.js";
export type { Violation } from "./validate.js";

/** What a stand-in can be told. All of it is optional; what is said here goes before what the plan says. */
export interface MockOptions {
  /** Default: a free one. */
  port?: number;
  /** The credentials it takes. Default: {@link MOCK_CREDENTIALS}. */
  credentials?: Partial<typeof MOCK_CREDENTIALS>;
  /** What it is to do, as in a plan file. */
  plan?: Plan;
  /** Chance faults of event requests. */
  faults?: FaultShares;
  /** Makes chance the same every time. Default 1. */
  seed?: number;
  /** Seconds that an access token lives. Default 3600. */
  tokenLifetime?: number;
  /** What the age of events is measured from, epoch milliseconds. Default: age is not looked at. */
  now?: number;
  /** Milliseconds that each event request takes at least, or the least and the most of them. Default 0. */
  latencyMs?: Latency;
  /** Event requests in a second; more get a 429. Default: no limit. */
  rateLimit?: number;
  /**
   * `ids` (default): each event's id and hash are kept, for {@link Mock.taken}. `counts`: nothing is kept that grows, and
   * the log has no bodies.
   */
  remember?: "ids" | "counts";
  /** Whether events are held against Amazon's rules. Without it a reply says only which events were taken. Default true. */
  validate?: boolean;
  /** A file that each request is appended to, as NDJSON. */
  log?: string;
  /** Epoch milliseconds, for the life of tokens, the rate limit and the log. Default: the system's. */
  clock?: { now(): number };
  /** Waits so many milliseconds, for latency and `slow`. Default: a timer. */
  sleep?: (ms: number) => Promise<void>;
}

/** A running stand-in. `await using` closes it where the runtime has `Symbol.asyncDispose`. */
export interface Mock {
  /** `http://127.0.0.1:…`: the value for BASE_URL. */
  readonly url: string;
  /** The connection parameters that it takes now, by the kit's names. */
  readonly parameters: Readonly<Record<keyof typeof MOCK_CREDENTIALS | "BASE_URL" | "TOKEN_URL", string>>;
  /** Gives the next event requests these faults, in order, before any of the plan. Undefined is a request without one. */
  script(...faults: readonly (Fault | undefined)[]): void;
  /** The same for token requests. */
  scriptToken(...faults: readonly (Fault | undefined)[]): void;
  /**
   * Changes what it does, from the next request on, which is number 1 of the scripts. `faults` and `script` that are left
   * out end, and so do faults that are still queued; all else that is left out stays as it is.
   *
   * @throws {@link UsageError} for a plan that cannot be; nothing has changed then
   */
  setFaults(plan: Plan): void;
  /** Forgets all that has been seen, its tokens as well, and does again what it was told at the start. */
  reset(): void;
  /** The last 500 requests (and at most 32 MiB of bodies), oldest first. */
  readonly requests: readonly SeenRequest[];
  /** All events that were taken, by event id; empty with `remember: "counts"`. */
  readonly taken: ReadonlyMap<string, TakenEvent>;
  /** What has been counted so far. */
  stats(): MockStats;
  /** Ends it; requests under way are cut. */
  close(): Promise<void>;
  /** The same as {@link close}. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The credentials that a stand-in takes if it is told no others. */
export const MOCK_CREDENTIALS = {
  ADVERTISER_ID: "1234567890",
  CLIENT_ID: "amzn1.application-oa2-client.mock",
  CLIENT_SECRET: "amzn1.oa2-cs.v1.mock",
  REFRESH_TOKEN: "Atzr|mock",
};

const MAX_BODY = 1_048_576;
const MAX_TOKENS = 1000;
const JSON_TYPE = { "Content-Type": "application/json" };
const CODES: Readonly<Record<number, string>> = {
  401: "UNAUTHORIZED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  409: "CONFLICT",
  413: "CONTENT_TOO_LARGE",
  422: "FIELD_VALUE_IS_INVALID",
  429: "TOO_MANY_REQUESTS",
};
const REFUSALS = {
  invalid_grant: [400, "The request has an invalid grant parameter : refresh_token"],
  invalid_client: [401, "Client authentication failed"],
  unauthorized_client: [400, "The client is not authorized to use this grant"],
} as const;

/**
 * Starts a stand-in on 127.0.0.1.
 *
 * @throws {@link UsageError} for an option or a plan that cannot be; the operating system's error for a port or a log file
 *
 * @example
 * ```js
 * import { createAmazonEvents } from "amazon-dsp-events";
 * import { startMock } from "amazon-dsp-events/mock";
 *
 * const mock = await startMock({ faults: { 429: 0.1 } });
 * const client = createAmazonEvents({ ...mock.parameters });
 * await client.send({ type: "page", messageId: "m-1", properties: { country: "US" }, traits: { email: "jane.doe@example.com" } }, { wait: true });
 * console.log([...mock.taken.keys()]);
 * await mock.close();
 * ```
 */
export async function startMock(options: MockOptions = {}): Promise<Mock> {
  const standIn = new StandIn(options);
  await standIn.listen(options.port ?? 0);
  return standIn;
}

/** One exchange: what came, and how to answer it. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly seen: SeenRequest;
  readonly text: string;
  readonly bytes: number;
}

class StandIn implements Mock {
  readonly #options: MockOptions;
  readonly #credentials: typeof MOCK_CREDENTIALS;
  readonly #ledger: Ledger;
  readonly #log: RequestLog;
  readonly #server: Server;
  readonly #now: () => number;
  readonly #sleep: (ms: number) => Promise<void>;
  readonly #tokens = new Map<string, number>();
  readonly #consents: Consents;
  readonly #initial: Plan;
  #plan: Plan = {};
  #events!: Scenario;
  #token!: Scenario;
  #consent!: Scenario;
  #accounts!: Scenario;
  #refreshToken: string;
  #issued = 0;
  /** Requests that the rate limit still allows, and when that was so. */
  #allowance = { left: 0, at: 0 };

  constructor(options: MockOptions) {
    checkOptions(options);
    const { plan = {}, faults, seed, tokenLifetime, latencyMs, rateLimit } = options;
    this.#options = options;
    this.#initial = {
      ...parsePlan(plan),
      ...(faults && { faults }),
      ...(seed !== undefined && { seed }),
      ...(tokenLifetime !== undefined && { tokenLifetimeSeconds: tokenLifetime }),
      ...(latencyMs !== undefined && { latencyMs }),
      ...(rateLimit !== undefined && { rateLimit }),
    };
    this.#credentials = { ...MOCK_CREDENTIALS, ...options.credentials };
    this.#refreshToken = this.#credentials.REFRESH_TOKEN;
    this.#now = options.clock ? () => options.clock?.now() ?? 0 : Date.now;
    this.#sleep = options.sleep ?? wait;
    this.#consents = new Consents(this.#now);
    this.#ledger = new Ledger(options.remember ?? "ids");
    this.#log = new RequestLog(options.log);
    this.#begin(this.#initial);
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => {
        if (!response.headersSent) send(response, 500, { code: "INTERNAL_ERROR", message: `the stand-in failed: ${messageOf(error)}` });
        else response.destroy();
      });
    });
    // A connection that the stand-in ends by itself would look like a fault nobody asked for.
    this.#server.keepAliveTimeout = 0;
    this.#server.requestTimeout = 0;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get parameters(): Mock["parameters"] {
    return { ...this.#credentials, REFRESH_TOKEN: this.#refreshToken, BASE_URL: this.url, TOKEN_URL: `${this.url}/auth/o2/token` };
  }

  get requests(): readonly SeenRequest[] {
    return this.#log.seen;
  }

  get taken(): ReadonlyMap<string, TakenEvent> {
    return this.#ledger.taken;
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (error: Error): void => {
        this.#log.close();
        reject(error);
      };
      this.#server.once("error", fail).listen(port, "127.0.0.1", () => resolve());
    });
  }

  script(...faults: readonly (Fault | undefined)[]): void {
    this.#events.queue(faults);
  }

  scriptToken(...faults: readonly (Fault | undefined)[]): void {
    this.#token.queue(faults);
  }

  setFaults(plan: Plan): void {
    const given = parsePlan(plan);
    const { token, consent, accounts } = this.#plan;
    this.#begin({
      ...settingsOf(this.#plan),
      ...given,
      token: { ...settingsOf(token), ...given.token },
      consent: { ...settingsOf(consent), ...given.consent },
      accounts: { ...settingsOf(accounts), ...given.accounts },
    });
  }

  reset(): void {
    this.#ledger.clear();
    this.#log.clear();
    this.#tokens.clear();
    this.#consents.clear();
    this.#issued = 0;
    this.#refreshToken = this.#credentials.REFRESH_TOKEN;
    this.#begin(this.#initial);
  }

  stats(): MockStats {
    return this.#ledger.stats();
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        this.#log.close();
        resolve();
      });
      this.#server.closeAllConnections();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #begin(plan: Plan): void {
    const { seed = 1, latencyMs = 0, faults = {}, script = [], token = {}, consent = {}, accounts = {}, rateLimit = 0 } = plan;
    this.#plan = plan;
    this.#events = new Scenario({ seed, endpoint: "events", latencyMs, faults, script });
    const { latencyMs: tokenLatencyMs = 0, faults: tokenFaults = {}, script: tokenScript = [] } = token;
    this.#token = new Scenario({ seed, endpoint: "token", latencyMs: tokenLatencyMs, faults: tokenFaults, script: tokenScript });
    this.#consent = new Scenario({ seed, endpoint: "consent", latencyMs: 0, faults: consent.faults ?? {}, script: consent.script ?? [] });
    this.#accounts = new Scenario({ seed, endpoint: "accounts", latencyMs: 0, faults: accounts.faults ?? {}, script: accounts.script ?? [] });
    this.#allowance = { left: Math.max(1, rateLimit), at: this.#now() };
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (isForeign(request.headers)) {
      return send(response, 403, { code: "FORBIDDEN", message: "the stand-in answers programs of this machine, at 127.0.0.1 and localhost alone" });
    }
    const { pathname: path, searchParams: query } = new URL(request.url ?? "/", "http://loopback");
    const { clockSkewSeconds = 0 } = this.#plan;
    if (clockSkewSeconds !== 0) response.setHeader("Date", new Date(this.#now() + clockSkewSeconds * 1000).toUTCString());
    const { bytes, text } = await read(request);
    if (path.startsWith("/__")) return this.#control(`${request.method} ${path}`, text, response);
    const isToken = path === "/auth/o2/token";
    // Whoever remembers counts alone still wants bodies in a file that was asked for.
    const isBodyKept = this.#options.remember !== "counts" || this.#options.log !== undefined;
    const seen: SeenRequest = {
      at: this.#now(),
      method: request.method ?? "",
      path,
      headers: shownHeaders(request.headers),
      body: !isBodyKept ? "" : isToken ? shownForm(text) : text,
      status: 0,
      faults: [],
    };
    this.#log.add(seen);
    const exchange: Exchange = { request, response, seen, text, bytes };
    switch (`${request.method} ${path}`) {
      case "POST /auth/o2/token":
        this.#ledger.count("tokenRequests");
        await this.#answerToken(exchange);
        break;
      case "POST /adsApi/v1/create/events":
        this.#ledger.count("eventRequests");
        this.#ledger.largest("largestBody", bytes);
        await this.#answerEvents(exchange);
        this.#ledger.status(seen.status);
        break;
      case "GET /ap/oa":
        await this.#answerConsent(exchange, query);
        break;
      case "GET /v2/profiles":
      case "GET /dsp/advertisers":
        await this.#answerAccounts(exchange, path, query);
        break;
      default:
        refuse(exchange, 404, "NOT_FOUND", `no such path: ${path}`);
    }
    this.#log.end(seen);
  }

  /** What tests ask of a stand-in in another process. */
  #control(what: string, text: string, response: ServerResponse): void {
    switch (what) {
      case "GET /__stats":
        return send(response, 200, this.stats());
      case "GET /__requests":
        response.writeHead(200, { "Content-Type": "application/x-ndjson" });
        for (const seen of this.requests) response.write(`${JSON.stringify(seen)}\n`);
        return void response.end();
      case "POST /__reset":
        this.reset();
        return void response.writeHead(204).end();
      case "POST /__faults": {
        const plan = parse(text);
        if (plan === undefined) return send(response, 400, { message: "`plan` must be JSON" });
        try {
          this.setFaults(plan as Plan);
        } catch (error) {
          if (!(error instanceof UsageError)) throw error;
          return send(response, 400, { message: error.message });
        }
        return void response.writeHead(204).end();
      }
      default:
        return send(response, 404, {
          message: `no such path: ${what}; there are GET /__stats, GET /__requests, POST /__reset, POST /__faults`,
        });
    }
  }

  async #answerToken(exchange: Exchange): Promise<void> {
    const verdict = this.#token.next(0, () => undefined);
    const fault = await this.#suffer(exchange, verdict);
    if (fault === "ended") return;
    switch (fault?.kind) {
      case "status":
        return this.#replyStatus(exchange, fault, { error: fault.status >= 500 || fault.status === 429 ? "ServerError" : "invalid_request" });
      case "invalid_grant":
      case "invalid_client":
      case "unauthorized_client":
        return refuseToken(exchange, fault.kind);
      case "no_token":
        return reply(exchange, 200, { token_type: "bearer", expires_in: 3600 });
    }
    if (isBroken(fault) && (fault.status ?? 200) >= 300) return spoil(exchange, fault, fault.status ?? 200, {});
    const { request, text } = exchange;
    const form = new URLSearchParams(text);
    const byCode = form.get("grant_type") === "authorization_code";
    if (request.headers["authorization"] !== undefined || !(byCode || form.get("grant_type") === "refresh_token")) {
      return reply(exchange, 400, { error: "invalid_request", error_description: "The request is malformed" });
    }
    if (form.get("client_id") !== this.#credentials.CLIENT_ID || form.get("client_secret") !== this.#credentials.CLIENT_SECRET) {
      return refuseToken(exchange, "invalid_client");
    }
    if (byCode) {
      if (!this.#consents.redeem(form.get("code"), form.get("redirect_uri"))) return refuseToken(exchange, "invalid_grant");
    } else if (form.get("refresh_token") !== this.#refreshToken) return refuseToken(exchange, "invalid_grant");
    const answer = this.#issue();
    if (fault?.kind === "reset") return void request.socket.resetAndDestroy();
    if (isBroken(fault)) return spoil(exchange, fault, fault.status ?? 200, answer);
    reply(exchange, 200, answer);
  }

  #issue(): object {
    const lifetime = this.#plan.tokenLifetimeSeconds ?? 3600;
    const token = `Atza|mock-${++this.#issued}`;
    this.#tokens.set(token, this.#now() + lifetime * 1000);
    if (this.#tokens.size > MAX_TOKENS) this.#tokens.delete(this.#tokens.keys().next().value ?? "");
    if (this.#plan.token?.rotateRefreshToken) this.#refreshToken = `${this.#credentials.REFRESH_TOKEN}-${this.#issued}`;
    return { access_token: token, token_type: "bearer", expires_in: lifetime, refresh_token: this.#refreshToken };
  }

  #isAuthorized(request: IncomingMessage): boolean {
    const token = (request.headers["authorization"] ?? "").replace(/^Bearer /, "");
    // The events endpoint has the first name, the older ones the second.
    const client = request.headers["amazon-ads-clientid"] ?? request.headers["amazon-advertising-api-clientid"];
    return (this.#tokens.get(token) ?? 0) > this.#now() && client === this.#credentials.CLIENT_ID;
  }

  async #answerConsent(exchange: Exchange, query: URLSearchParams): Promise<void> {
    const fault = await this.#suffer(exchange, this.#consent.next(0, () => undefined));
    if (fault === "ended") return;
    if (fault?.kind === "status") return this.#replyStatus(exchange, fault, { message: "by request" });
    const answer = this.#consents.answer(query, this.#credentials.CLIENT_ID, this.#plan.consent?.returnUrls, fault);
    if ("location" in answer) return reply(exchange, 302, "", { Location: answer.location });
    const page = `<html><body><h1>We're sorry!</h1><p>400 Bad Request</p><p>${answer.problem}</p></body></html>\n`;
    reply(exchange, 400, page, { "Content-Type": "text/html" });
  }

  async #answerAccounts(exchange: Exchange, path: string, query: URLSearchParams): Promise<void> {
    const fault = await this.#suffer(exchange, this.#accounts.next(0, () => undefined));
    if (fault === "ended") return;
    if (fault?.kind === "status") {
      return this.#replyStatus(exchange, fault, { code: codeOf(fault.status), message: "by request" });
    }
    if (isBroken(fault)) return spoil(exchange, fault, fault.status ?? 200, {});
    if (!this.#isAuthorized(exchange.request)) return refuse(exchange, 401, "UNAUTHORIZED", "token expired");
    const { advertisers = 1, countryCode = "US" } = this.#plan.accounts ?? {};
    const isNone = fault?.kind === "no_profiles" || fault?.kind === "no_advertisers";
    const account = { advertiserId: this.#credentials.ADVERTISER_ID, advertisers: isNone ? 0 : advertisers, countryCode };
    if (path === "/v2/profiles") return reply(exchange, 200, fault?.kind === "no_profiles" ? [] : profilesOf(account));
    if (exchange.request.headers["amazon-advertising-api-scope"] !== String(PROFILE_ID)) {
      return refuse(exchange, 403, "FORBIDDEN", "no such profile");
    }
    reply(exchange, 200, advertisersOf(account, query));
  }

  async #answerEvents(exchange: Exchange): Promise<void> {
    const { request, text, bytes } = exchange;
    const isTooLarge = bytes > MAX_BODY;
    const json = isTooLarge ? undefined : parse(text);
    const list = (json as { events?: unknown } | null | undefined)?.events;
    const events: readonly unknown[] = Array.isArray(list) ? list : [];
    const wait = this.#overLimit();
    if (wait > 0) {
      this.#name(exchange, ["rate_limit"]);
      return reply(exchange, 429, { code: "TOO_MANY_REQUESTS", message: "slow down" }, { "Retry-After": String(wait) });
    }
    const verdict = this.#events.next(events.length, (index) => (events[index] as { eventId?: unknown } | null)?.eventId);
    const fault = await this.#suffer(exchange, verdict);
    if (fault === "ended") return;
    if (fault?.kind === "revoke") this.#tokens.clear();
    if (fault?.kind === "status") {
      return this.#replyStatus(exchange, fault, { code: codeOf(fault.status), message: "by request" });
    }
    if (isBroken(fault) && (fault.status ?? 207) >= 300) return spoil(exchange, fault, fault.status ?? 207, {});

    const { authorization, accept, "amazon-ads-accountid": account, "content-type": type } = request.headers;
    if (authorization === undefined || !this.#isAuthorized(request)) return refuse(exchange, 401, "UNAUTHORIZED", "token expired");
    if (account === undefined) return refuse(exchange, 400, "BAD_REQUEST", "Amazon-Ads-AccountId is required");
    if (account !== this.#credentials.ADVERTISER_ID) return refuse(exchange, 403, "FORBIDDEN", "no event_manager permission");
    if (!/^application\/json\b/.test(type ?? "")) return refuse(exchange, 415, "BAD_REQUEST", "Content-Type must be application/json");
    if (!/application\/(json|\*)|\*\/\*/.test(accept ?? "*/*")) return refuse(exchange, 406, "BAD_REQUEST", "Accept must take application/json");
    if (isTooLarge) return refuse(exchange, 413, "CONTENT_TOO_LARGE", "split the request");
    const isStrict = this.#options.validate !== false;
    const violations = isStrict ? validateRequest(json, this.#options.now) : [];
    const sinking = violations.find(({ sinks }) => sinks);
    if (sinking) return refuse(exchange, 400, "BAD_REQUEST", `${sinking.fieldLocation}: ${sinking.message}`);
    if (!Array.isArray(list)) return refuse(exchange, 400, "BAD_REQUEST", "$.events: must be a list");
    this.#ledger.largest("largestBatch", events.length);

    const answer = this.#take(events, violations, verdict, isStrict);
    if (fault?.kind === "reset") return void request.socket.resetAndDestroy();
    if (isBroken(fault)) return spoil(exchange, fault, fault.status ?? 207, answer);
    reply(exchange, verdict.multiStatus, answer);
  }

  /** Does what comes before an endpoint looks at its request. `ended` if there is no more to do. */
  async #suffer(exchange: Exchange, { latencyMs, fault, names }: Verdict): Promise<Fault | "ended" | undefined> {
    this.#name(exchange, names);
    if (latencyMs > 0) await this.#sleep(latencyMs);
    switch (fault?.kind) {
      case "slow":
        await this.#sleep(fault.ms);
        return undefined;
      case "hang":
        if (!exchange.response.destroyed) await new Promise((resolve) => exchange.response.once("close", resolve));
        return "ended";
      case "reset":
        if (fault.after) return fault;
        exchange.request.socket.resetAndDestroy();
        return "ended";
      default:
        return fault;
    }
  }

  #name({ seen }: Exchange, names: readonly string[]): void {
    seen.faults = names;
    for (const name of names) this.#ledger.fault(name);
  }

  /** Whole seconds until another request may come; 0 if this one may. */
  #overLimit(): number {
    const { rateLimit } = this.#plan;
    if (rateLimit === undefined) return 0;
    const at = this.#now();
    const left = Math.min(Math.max(1, rateLimit), this.#allowance.left + ((at - this.#allowance.at) / 1000) * rateLimit);
    this.#allowance = { left: left >= 1 ? left - 1 : left, at };
    return left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / rateLimit));
  }

  #replyStatus(exchange: Exchange, fault: Fault & { kind: "status" }, usual: object): void {
    const { status, body = usual, retryAfter, retryAfterDate } = fault;
    const after = retryAfterDate === undefined ? retryAfter : new Date(this.#now() + retryAfterDate * 1000).toUTCString();
    reply(exchange, status, body, after === undefined ? {} : { "Retry-After": after });
  }

  #take(events: readonly unknown[], violations: readonly Violation[], { items }: Verdict, echoes: boolean): object {
    const wrong = new Map<number, Violation[]>();
    for (const violation of violations) {
      if (violation.index !== undefined) wrong.set(violation.index, [...(wrong.get(violation.index) ?? []), violation]);
    }
    const success: object[] = [];
    const error: object[] = [];
    for (const [index, event] of events.entries()) {
      const faults = wrong.get(index);
      const item = items.get(index);
      if (faults) {
        this.#ledger.count("rejected");
        const errors = faults.slice(0, 20).map(({ message, fieldLocation }) => ({ code: "BAD_REQUEST", message, fieldLocation }));
        error.push({ index, errors });
      } else if (item && "code" in item) {
        error.push({ index, errors: [{ code: item.code, message: item.message }] });
      } else {
        this.#ledger.take(event);
        if (!item) success.push({ index, event: echoes ? event : {} });
      }
    }
    return { success, error };
  }
}

function checkOptions({ faults, latencyMs, rateLimit, remember, validate }: MockOptions): void {
  if (faults !== undefined) checkShares(faults, "faults", "events");
  checkLatency(latencyMs, "latencyMs");
  checkRate(rateLimit, "rateLimit");
  if (remember !== undefined && remember !== "ids" && remember !== "counts") throw invalidOption("remember", "`ids` or `counts`", remember);
  if (validate !== undefined && typeof validate !== "boolean") throw invalidOption("validate", "true or false", validate);
}

/** What stays when faults are changed. */
function settingsOf<T extends { readonly faults?: FaultShares; readonly script?: readonly Step[] }>(
  part: T | undefined,
): Omit<T, "faults" | "script"> | undefined {
  if (!part) return undefined;
  const { faults: _, script: __, ...settings } = part;
  return settings;
}

function codeOf(status: number): string {
  return CODES[status] ?? (status >= 500 ? "INTERNAL_ERROR" : "BAD_REQUEST");
}

function send(response: ServerResponse, status: number, json: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...JSON_TYPE, ...headers }).end(typeof json === "string" ? json : JSON.stringify(json));
}

function reply({ seen, response }: Exchange, status: number, json: unknown, headers?: Record<string, string>): void {
  seen.status = status;
  send(response, status, json, headers);
}

function refuse(exchange: Exchange, status: number, code: string, message: string): void {
  reply(exchange, status, { code, message });
}

function refuseToken(exchange: Exchange, error: keyof typeof REFUSALS): void {
  const [status, description] = REFUSALS[error];
  const isCode = new URLSearchParams(exchange.text).get("grant_type") === "authorization_code";
  reply(exchange, status, { error, error_description: isCode ? description.replace("refresh_token", "code") : description });
}

type Broken = Fault & { kind: "garbage" | "truncated" | "empty" | "html" };

function isBroken(fault: Fault | undefined): fault is Broken {
  return fault?.kind === "garbage" || fault?.kind === "truncated" || fault?.kind === "empty" || fault?.kind === "html";
}

/** A reply whose body cannot be read. */
function spoil(exchange: Exchange, { kind }: Broken, status: number, answer: object): void {
  const { response, seen, request } = exchange;
  switch (kind) {
    case "garbage":
      return reply(exchange, status, '{"success":[{"ind');
    case "empty":
      return reply(exchange, status, "");
    case "html":
      return reply(exchange, status, "<html><body><h1>Service Unavailable</h1></body></html>\n", { "Content-Type": "text/html" });
    case "truncated": {
      const body = Buffer.from(JSON.stringify(answer));
      seen.status = status;
      response.writeHead(status, { ...JSON_TYPE, "Content-Length": Math.max(2, body.length) });
      response.write(body.subarray(0, Math.max(1, body.length >> 1)), () => request.socket.destroy());
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What is more than one byte too long is counted, and let go. */
async function read(request: IncomingMessage): Promise<{ bytes: number; text: string }> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    if (bytes <= MAX_BODY) chunks.push(chunk);
    bytes += chunk.length;
  }
  return { bytes, text: Buffer.concat(chunks).toString("utf8") };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
