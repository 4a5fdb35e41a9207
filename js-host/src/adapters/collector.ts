// A Segment-compatible endpoint as a web-standard handler: takes events from any of Segment's clients, and may hand each
// request on to the server that took them before.
import { AmazonEventsError, invalidOption, messageOf } from "../errors.js";
import { whole } from "../limits.js";
import { runtimeOf, type Clock, type Fetch } from "../runtime.js";
import { isObject, type Fields } from "../json.js";
import type { Request, Response } from "../web.js";
import { readBody } from "./body.js";
import { received } from "./received.js";
import { Refusal, refused, taken } from "./reply.js";
import { callOf, contentOf, eventsOf, isForAmazon } from "./segment_api.js";
import { reporter, sinkOf, type SinkOptions } from "./sink.js";
import { forward } from "./upstream.js";

/** What {@link collector} takes. */
export interface CollectorOptions extends SinkOptions {
  /** The write keys that may send, as the user name of basic authentication or as `writeKey` in the body; `any`: whoever reaches it. */
  writeKeys: readonly string[] | "any";
  /** The origins whose pages may send, such as `https://shop.example`, or `*`. Default: none. Not used with `upstream`. */
  cors?: readonly string[] | "*";
  /**
   * The server to hand each request on to, such as `https://api.segment.io`. The answer is its answer then, and comes when it
   * comes; events are copied on the way, and what prevents that goes to `onError`.
   */
  upstream?: string;
  /** How many proxies in front add to `X-Forwarded-For`. Default 0: it is not looked at. */
  trustProxy?: number;
  /** The most bytes in a body, as it comes and unpacked. Default 512,000, as Segment has it. */
  maxBodyBytes?: number;
  /** When a client is to come again that was refused for want of room. Seconds, default 5. */
  retryAfterSeconds?: number;
  /** Makes the id of an event that has none. Default: a random UUID. */
  messageId?: () => string;
  /** Default: the runtime's. */
  clock?: Clock;
  /** For `upstream`. */
  fetch?: Fetch;
}

/** What the server knows of a request beyond it. */
export interface RequestContext {
  /** The other end of the connection. */
  readonly ip?: string | undefined;
  /** Keeps the work alive when the answer has gone. */
  waitUntil?(work: Promise<unknown>): void;
}

/** A handler; see {@link collector}. It never rejects. */
export type Collector = (request: Request, context?: RequestContext) => Promise<Response>;

/** Whether a path is one of those that take events: `/v1/track`, `/v1/t`, `/v1/batch`, … below any folder. */
export function isCollectorPath(pathname: string): boolean {
  return callOf(pathname) !== undefined;
}

/**
 * Makes a handler that takes events as Segment's HTTP API does, and answers `{"success":true}` when they are queued.
 *
 * | Status | When |
 * | --- | --- |
 * | 400 | the body is not JSON, or not events; nothing else makes an event be refused: the core says what is wrong with it |
 * | 401 | the write key is missing or another one |
 * | 404, 405 | not a path for events; not a POST |
 * | 413, 415 | the body is too large; packed otherwise than with gzip |
 * | 502 | `upstream` gave no answer |
 * | 503 | there is no room, or the store failed; with `Retry-After`, so that clients keep their events |
 *
 * @throws {@link UsageError} for an option that cannot be right
 *
 * @example
 * ```js
 * import { collector } from "amazon-dsp-events/adapters/collector";
 *
 * const handle = collector({ writeKeys: ["wk_live"], amazon });
 * Deno.serve((request, { remoteAddr }) => handle(request, { ip: remoteAddr.hostname }));
 * ```
 */
export function collector(options: CollectorOptions): Collector {
  const { clock, fetch } = runtimeOf(options);
  const put = sinkOf(options);
  const report = reporter(options);
  const isAllowed = allowing(options.writeKeys);
  const upstream = upstreamOf(options.upstream);
  const origins = originsOf(options.cors);
  const trustProxy = whole(options, "trustProxy", 0, 100, 0);
  const maxBodyBytes = whole(options, "maxBodyBytes", 1, 2 ** 30, 512_000);
  const retryAfter = { "retry-after": String(whole(options, "retryAfterSeconds", 1, 86_400, 5)) };
  const messageId = options.messageId ?? (() => crypto.randomUUID());

  /** Takes the events of one request. */
  async function take({ headers }: Request, call: string, body: ReadableStream<Uint8Array> | null, ip: string | undefined): Promise<void> {
    const key = keyOf(headers.get("authorization"));
    // A wrong key in the header is refused before anything is read.
    if (key !== undefined && !isAllowed(key)) throw unauthorized();
    const content = parsed(await readBody(body, headers.get("content-encoding"), maxBodyBytes));
    if (key === undefined && !isAllowed(content["writeKey"])) throw unauthorized();
    const events = eventsOf(call, content);
    if (!events) throw new Refusal(400, "invalid_body", "`batch` must be a list of events");
    const by = { at: clock.now(), ip, fromBrowser: headers.has("origin"), messageId };
    return queue(events.filter(isForAmazon).map((event) => received(event, by)));
  }

  async function queue(events: readonly unknown[]): Promise<void> {
    try {
      await put(events);
    } catch (error) {
      const isFull = error instanceof AmazonEventsError && (error.code === "ERR_QUEUE_FULL" || error.code === "ERR_STORE_FULL");
      // A full queue is for the client to wait for; any other fault is for the operator to know.
      if (isFull) throw new Refusal(503, "queue_full", error.message, retryAfter);
      report(error);
      throw new Refusal(503, "unavailable", "the events could not be queued", retryAfter);
    }
  }

  async function answer(request: Request, ip: string | undefined): Promise<Response> {
    const call = callOf(new URL(request.url).pathname);
    try {
      if (call === undefined) throw notFound();
      if (request.method === "OPTIONS" && origins) return new Response(null, { status: 204, headers: PREFLIGHT });
      if (request.method !== "POST") throw new Refusal(405, "method_not_allowed", "events are sent by POST", { allow: "POST" });
      await take(request, call, request.body, ip);
      return taken();
    } catch (error) {
      if (error instanceof Refusal) return refused(error);
      report(error);
      return refused(new Refusal(500, "internal", "the events could not be taken"));
    }
  }

  async function relay(base: string, request: Request, ip: string | undefined, context: RequestContext): Promise<Response> {
    const call = request.method === "POST" ? callOf(new URL(request.url).pathname) : undefined;
    const [original, copy] = call !== undefined && request.body ? request.body.tee() : [request.body];
    const answered = forward(fetch, base, request, original, context.ip);
    if (call !== undefined && copy) {
      const work = take(request, call, copy, ip).catch((error: unknown) => {
        copy.cancel().catch(() => undefined);
        // What could not be queued has been reported with its cause, but for a full queue.
        if (!(error instanceof Refusal && error.code === "unavailable")) report(error);
      });
      context.waitUntil?.(work);
    }
    try {
      return await answered;
    } catch (error) {
      report(new Error(`the server behind gave no answer: ${messageOf((error as Error).cause ?? error)}`, { cause: error }));
      return refused(new Refusal(502, "no_upstream", "the server behind gave no answer"));
    }
  }

  return async (request, context = {}) => {
    const ip = addressOf(request.headers, context.ip, trustProxy);
    if (upstream !== undefined) return relay(upstream, request, ip, context);
    const response = await answer(request, ip);
    if (origins) allowOrigin(response.headers, request.headers.get("origin"), origins);
    return response;
  };
}

const PREFLIGHT = {
  "access-control-allow-methods": "POST",
  "access-control-allow-headers": "authorization, content-encoding, content-type",
  "access-control-max-age": "86400",
};

function notFound(): Refusal {
  return new Refusal(404, "not_found", "there is no such path: events go to /v1/track, /v1/batch and their like");
}

// Without `WWW-Authenticate`: it would make browsers ask their user for a password.
function unauthorized(): Refusal {
  return new Refusal(401, "unauthorized", "a write key is needed: as the user name of basic authentication, or as `writeKey` in the body");
}

function parsed(bytes: Uint8Array): Fields {
  let content: unknown;
  try {
    content = contentOf(bytes);
  } catch {
    throw new Refusal(400, "invalid_body", "the body must be JSON");
  }
  if (!isObject(content)) throw new Refusal(400, "invalid_body", "the body must be a JSON object");
  return content;
}

/** The user name of basic authentication; undefined for other kinds, whose key is in the body. */
function keyOf(authorization: string | null): string | undefined {
  const basic = /^basic +(\S+)$/i.exec(authorization ?? "")?.[1];
  if (basic === undefined) return undefined;
  try {
    return atob(basic).split(":", 1)[0];
  } catch {
    return "";
  }
}

function allowing(keys: unknown): (key: unknown) => boolean {
  if (keys === "any") return () => true;
  const wrong = (): TypeError => invalidOption("writeKeys", "`any`, or a list of keys of letters, digits and signs without colons");
  if (!Array.isArray(keys) || keys.length === 0) throw wrong();
  for (const key of keys) if (typeof key !== "string" || !/^[\x21-\x39\x3b-\x7e]+$/.test(key)) throw wrong();
  return (key) => {
    if (typeof key !== "string") return false;
    let isOne = false;
    // All of them, or the time taken would tell which one is nearly right.
    for (const one of keys as readonly string[]) isOne = isSame(key, one) || isOne;
    return isOne;
  };
}

/** Takes as long for a key that is nearly right as for any other of its length. */
function isSame(given: string, expected: string): boolean {
  let difference = given.length ^ expected.length;
  for (let at = 0; at < given.length; at++) difference |= given.charCodeAt(at) ^ expected.charCodeAt(at % expected.length);
  return difference === 0;
}

/** The client's address: the end of the connection, or what the outermost of the trusted proxies saw. */
function addressOf(headers: Headers, connected: string | undefined, trustProxy: number): string | undefined {
  let ip = connected;
  if (trustProxy > 0) ip = headers.get("x-forwarded-for")?.split(",").at(-trustProxy)?.trim();
  ip = ip?.replace(/^::ffff:(?=\d+\.)/i, "");
  return ip !== undefined && /^[\da-f.:]{2,45}$/i.test(ip) && !NOT_PUBLIC.test(ip) ? ip : undefined;
}

// A proxy's or a neighbour's: it says nothing of the user.
const NOT_PUBLIC = /^(0\.|10\.|127\.|169\.254\.|172\.(1[6-9]|2\d|3[01])\.|192\.168\.|::1?$|fe[89ab].:|f[cd]..:)/i;

function upstreamOf(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    // The same sentence says so below.
  }
  const isRight = url !== undefined && /^https?:$/.test(url.protocol) && url.username + url.password + url.search + url.hash === "";
  if (!url || !isRight) throw invalidOption("upstream", "a URL such as https://api.segment.io, without user name, query and fragment");
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}

function originsOf(cors: readonly string[] | "*" | undefined): readonly string[] | "*" | undefined {
  if (cors === undefined || cors === "*") return cors;
  if (Array.isArray(cors) && cors.every((origin) => typeof origin === "string" && /^https?:\/\/[^/]+$/.test(origin))) return cors;
  throw invalidOption("cors", "`*`, or a list of origins such as https://shop.example", cors);
}

function allowOrigin(headers: Headers, origin: string | null, allowed: readonly string[] | "*"): void {
  if (allowed === "*") return headers.set("access-control-allow-origin", "*");
  headers.append("vary", "origin");
  if (origin !== null && allowed.includes(origin)) headers.set("access-control-allow-origin", origin);
}
