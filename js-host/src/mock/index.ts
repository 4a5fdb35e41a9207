// A stand-in for Amazon on loopback: token endpoint, events endpoint, profiles, and faults on demand.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { drawFault, seeded, type Fault, type FaultShares } from "./faults.js";
import { validateRequest, type Violation } from "./validate.js";

export { parseShares, seeded } from "./faults.js";
export type { Fault, FaultShares } from "./faults.js";
export { validateRequest } from "./validate.js";
export type { Violation } from "./validate.js";

/** What a stand-in can be told. All of it is optional. */
export interface MockOptions {
  /** Default: a free one. */
  port?: number;
  /** The credentials it takes. Default: {@link MOCK_CREDENTIALS}. */
  credentials?: Partial<typeof MOCK_CREDENTIALS>;
  /** Chance faults of event requests. */
  faults?: FaultShares;
  /** Makes the chance faults the same every time. Default 1. */
  seed?: number;
  /** Seconds that an access token lives. Default 3600. */
  tokenLifetime?: number;
  /** What the age of events is measured from, epoch milliseconds. Default: age is not looked at. */
  now?: number;
  /** Milliseconds that each event request takes at least. Default 0. */
  latencyMs?: number;
}

/** A request, as it was seen. */
export interface SeenRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** 0 if the connection was cut. */
  status: number;
}

/** An event that was taken. */
export interface TakenEvent {
  readonly eventId: string;
  /** How often it was taken. */
  readonly times: number;
  /** SHA-256 of its JSON, as it came; more than one would mean that a resend was another event. */
  readonly hashes: readonly string[];
}

/** What has been seen so far; also at `GET /__stats`. */
export interface MockStats {
  readonly tokenRequests: number;
  readonly eventRequests: number;
  /** Event requests by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Events taken, each id once. */
  readonly accepted: number;
  /** Events that came again after they had been taken. */
  readonly repeated: number;
  readonly rejected: number;
  /** The most events in one request. */
  readonly largestBatch: number;
  /** The most bytes in one body. */
  readonly largestBody: number;
}

/** A running stand-in. */
export interface Mock {
  /** `http://127.0.0.1:…`: the value for BASE_URL. */
  readonly url: string;
  /** The connection parameters that it takes, by the kit's names. */
  readonly parameters: Readonly<Record<keyof typeof MOCK_CREDENTIALS | "BASE_URL" | "TOKEN_URL", string>>;
  /** Gives the next event requests these faults, in order, before any by chance. Undefined is a request without one. */
  script(...faults: readonly (Fault | undefined)[]): void;
  /** The same for token requests. */
  scriptToken(...faults: readonly (Fault | undefined)[]): void;
  /** The last 500 requests, oldest first. */
  readonly requests: readonly SeenRequest[];
  /** All events that were taken, by event id. */
  readonly taken: ReadonlyMap<string, TakenEvent>;
  stats(): MockStats;
  close(): Promise<void>;
}

/** The credentials that a stand-in takes if it is told no others. */
export const MOCK_CREDENTIALS = {
  ADVERTISER_ID: "1234567890",
  CLIENT_ID: "amzn1.application-oa2-client.mock",
  CLIENT_SECRET: "amzn1.oa2-cs.v1.mock",
  REFRESH_TOKEN: "Atzr|mock",
};

const MAX_BODY = 1_048_576;
const MAX_SEEN = 500;

/** Starts a stand-in on 127.0.0.1. */
export async function startMock(options: MockOptions = {}): Promise<Mock> {
  const standIn = new StandIn(options);
  await standIn.listen(options.port ?? 0);
  return standIn;
}

class StandIn implements Mock {
  readonly requests: SeenRequest[] = [];
  readonly taken = new Map<string, { eventId: string; times: number; hashes: string[] }>();
  readonly #options: MockOptions;
  readonly #credentials: typeof MOCK_CREDENTIALS;
  readonly #random: () => number;
  readonly #server: Server;
  readonly #script: (Fault | undefined)[] = [];
  readonly #tokenScript: (Fault | undefined)[] = [];
  readonly #tokens = new Map<string, number>();
  readonly #stats = { tokenRequests: 0, eventRequests: 0, statuses: {} as Record<string, number>, repeated: 0, rejected: 0, largestBatch: 0, largestBody: 0 };
  #issued = 0;

  constructor(options: MockOptions) {
    this.#options = options;
    this.#credentials = { ...MOCK_CREDENTIALS, ...options.credentials };
    this.#random = seeded(options.seed ?? 1);
    this.#server = createServer((request, response) => {
      this.#handle(request, response).catch(() => response.destroy());
    });
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get parameters(): Mock["parameters"] {
    return { ...this.#credentials, BASE_URL: this.url, TOKEN_URL: `${this.url}/auth/o2/token` };
  }

  listen(port: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject).listen(port, "127.0.0.1", () => resolve());
    });
  }

  script(...faults: readonly (Fault | undefined)[]): void {
    this.#script.push(...faults);
  }

  scriptToken(...faults: readonly (Fault | undefined)[]): void {
    this.#tokenScript.push(...faults);
  }

  stats(): MockStats {
    return { ...this.#stats, statuses: { ...this.#stats.statuses }, accepted: this.taken.size };
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://loopback").pathname;
    const body = await read(request);
    const seen: SeenRequest = {
      at: Date.now(),
      method: request.method ?? "",
      path,
      headers: request.headers,
      body: body.toString("utf8"),
      status: 0,
    };
    if (path !== "/__stats" && this.requests.push(seen) > MAX_SEEN) this.requests.shift();
    const reply = (status: number, json: unknown, headers: Record<string, string> = {}): void => {
      seen.status = status;
      response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(typeof json === "string" ? json : JSON.stringify(json));
    };
    const refuse = (status: number, code: string, message: string): void => reply(status, { code, message });
    switch (`${request.method} ${path}`) {
      case "GET /__stats":
        return reply(200, this.stats());
      case "POST /auth/o2/token":
        return this.#token(seen, reply, response);
      case "POST /adsApi/v1/create/events":
        this.#stats.eventRequests++;
        this.#stats.largestBody = Math.max(this.#stats.largestBody, body.length);
        await this.#events(seen, body, reply, refuse, response);
        this.#stats.statuses[seen.status] = (this.#stats.statuses[seen.status] ?? 0) + 1;
        return;
      case "GET /v2/profiles":
        if (!this.#authorized(seen)) return refuse(401, "UNAUTHORIZED", "token expired");
        return reply(200, [
          { profileId: 1, countryCode: "US", currencyCode: "USD", timezone: "America/Los_Angeles", accountInfo: { id: "ENTITY1", type: "agency", name: "Stand-in" } },
        ]);
      default:
        return refuse(404, "NOT_FOUND", `no such path: ${path}`);
    }
  }

  async #token(seen: SeenRequest, reply: (status: number, json: unknown, headers?: Record<string, string>) => void, response: ServerResponse): Promise<void> {
    this.#stats.tokenRequests++;
    const fault = this.#tokenScript.shift();
    if (fault?.kind === "reset") return void response.destroy();
    if (fault?.kind === "slow") await wait(fault.ms);
    if (fault?.kind === "garbage") return reply(200, "<html>");
    if (fault?.kind === "status") {
      return reply(fault.status, fault.body ?? { error: "ServerError" }, fault.retryAfter === undefined ? {} : { "Retry-After": fault.retryAfter });
    }
    const form = new URLSearchParams(seen.body);
    if (seen.headers["authorization"] !== undefined || form.get("grant_type") !== "refresh_token") {
      return reply(400, { error: "invalid_request", error_description: "The request is malformed" });
    }
    if (form.get("client_id") !== this.#credentials.CLIENT_ID || form.get("client_secret") !== this.#credentials.CLIENT_SECRET) {
      return reply(401, { error: "invalid_client", error_description: "Client authentication failed" });
    }
    if (form.get("refresh_token") !== this.#credentials.REFRESH_TOKEN) {
      return reply(400, { error: "invalid_grant", error_description: "The request has an invalid grant parameter : refresh_token" });
    }
    const lifetime = this.#options.tokenLifetime ?? 3600;
    const token = `Atza|mock-${++this.#issued}`;
    this.#tokens.set(token, Date.now() + lifetime * 1000);
    reply(200, { access_token: token, token_type: "bearer", expires_in: lifetime, refresh_token: this.#credentials.REFRESH_TOKEN });
  }

  #authorized(seen: SeenRequest): boolean {
    const token = String(seen.headers["authorization"] ?? "").replace(/^Bearer /, "");
    return (this.#tokens.get(token) ?? 0) > Date.now() && seen.headers["amazon-ads-clientid"] === this.#credentials.CLIENT_ID;
  }

  async #events(
    seen: SeenRequest,
    body: Buffer,
    reply: (status: number, json: unknown, headers?: Record<string, string>) => void,
    refuse: (status: number, code: string, message: string) => void,
    response: ServerResponse,
  ): Promise<void> {
    if (this.#options.latencyMs) await wait(this.#options.latencyMs);
    const json = parse(seen.body);
    const events = ((json as { events?: unknown } | undefined)?.events ?? []) as unknown[];
    const count = Array.isArray(events) ? events.length : 0;
    const fault = this.#script.length > 0 ? this.#script.shift() : drawFault(this.#options.faults ?? {}, this.#random, count);
    if (fault?.kind === "slow") await wait(fault.ms);
    if (fault?.kind === "reset" && !fault.after) return void response.destroy();
    if (fault?.kind === "revoke") this.#tokens.clear();
    if (fault?.kind === "status") {
      return reply(
        fault.status,
        fault.body ?? { code: fault.status === 429 ? "TOO_MANY_REQUESTS" : fault.status >= 500 ? "INTERNAL_ERROR" : "BAD_REQUEST", message: "by request" },
        fault.retryAfter === undefined ? {} : { "Retry-After": fault.retryAfter },
      );
    }
    if (!this.#authorized(seen)) return refuse(401, "UNAUTHORIZED", "token expired");
    if (seen.headers["amazon-ads-accountid"] !== this.#credentials.ADVERTISER_ID) return refuse(403, "FORBIDDEN", "no event_manager permission");
    if (!/^application\/json\b/.test(String(seen.headers["content-type"]))) return refuse(415, "BAD_REQUEST", "Content-Type must be application/json");
    if (body.length > MAX_BODY) return refuse(413, "CONTENT_TOO_LARGE", "split the request");
    const violations = validateRequest(json, this.#options.now);
    const sinking = violations.find(({ sinks }) => sinks);
    if (sinking) return refuse(400, "BAD_REQUEST", `${sinking.fieldLocation}: ${sinking.message}`);
    this.#stats.largestBatch = Math.max(this.#stats.largestBatch, count);
    const answer = this.#take(events, violations, fault);
    if (fault?.kind === "reset") return void response.destroy();
    if (fault?.kind === "garbage") return reply(207, '{"success":[{"ind');
    reply(207, answer);
  }

  #take(events: readonly unknown[], violations: readonly Violation[], fault: Fault | undefined): object {
    const success: object[] = [];
    const error: object[] = [];
    for (const [index, event] of events.entries()) {
      const wrong = violations.filter((violation) => violation.index === index);
      if (wrong.length > 0) {
        this.#stats.rejected++;
        error.push({ index, errors: wrong.slice(0, 20).map(({ message, fieldLocation }) => ({ code: "BAD_REQUEST", message, fieldLocation })) });
      } else if (fault?.kind === "item" && fault.indexes.includes(index)) {
        error.push({ index, errors: [{ code: fault.code, message: fault.message ?? "by request" }] });
      } else {
        const json = JSON.stringify(event);
        const { eventId = sha256(json) } = event as { eventId?: string };
        this.#count(eventId, sha256(json));
        if (!(fault?.kind === "missing" && fault.indexes.includes(index))) success.push({ index, event });
      }
    }
    return { success, error };
  }

  #count(eventId: string, hash: string): void {
    const before = this.taken.get(eventId);
    if (!before) {
      this.taken.set(eventId, { eventId, times: 1, hashes: [hash] });
      return;
    }
    before.times++;
    this.#stats.repeated++;
    if (!before.hashes.includes(hash)) before.hashes.push(hash);
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function read(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
