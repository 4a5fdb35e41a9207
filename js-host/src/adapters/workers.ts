// A Worker that proxies analytics, and now also sends what passes to Amazon: beside the request, never in its way.
import { isConfigError } from "../core.js";
import { invalidOption, messageOf, UsageError } from "../errors.js";
import { isObject, jsonBytes } from "../json.js";
import type { Queue } from "../queues/queue.js";
import { tally, type RelayBackoff } from "../queues/relay.js";
import { redact } from "../redact.js";
import type { Request, Response } from "../web.js";
import { cloudflareQueue, NotQueuedError, type CloudflareBatch, type QueueBinding } from "./cloudflare_queue.js";
import { CONSOLE, Environment, optionsFor, perEnvironment, type EnvironmentOptions, type OptionsFor } from "./environment.js";
import { amazonEventsConsumer, type ConsumerOptions } from "./queues.js";
import { callOf, contentOf, eventsOf, isForAmazon } from "./segment_api.js";

export type { Queue, QueueMessage } from "../queues/queue.js";
export type { EnvironmentOptions, OptionsFor } from "./environment.js";
export type { QueueBinding } from "./cloudflare_queue.js";

/** The part of a Worker's context that is used. */
export interface WorkerContext {
  waitUntil(promise: Promise<unknown>): void;
}

/** A Worker's `fetch` handler. */
export type WorkerFetch<Env> = (request: Request, env: Env, ctx: WorkerContext) => Response | Promise<Response>;

/** A Worker's module handler. Whatever else it handles stays as it is. */
export interface WorkerHandler<Env> {
  // Methods, so that handlers typed by Cloudflare's own, more exact types will do.
  fetch?(request: Request, env: Env, ctx: WorkerContext): Response | Promise<Response>;
  queue?(batch: CloudflareBatch, env: Env, ctx: WorkerContext): void | Promise<void>;
}

/** What {@link withAmazonEvents} takes: the client's options, and these. */
export interface WorkersOptions<Env = unknown> extends EnvironmentOptions, RelayBackoff {
  /**
   * Which requests carry events. Default: POST to a path that ends in `/v1/` and `track`, `page`, `screen`, `identify`,
   * `group`, `alias`, `batch` or `import`, or in the first letter of one, as the library for browsers has it.
   */
  match?: (request: Request) => boolean;
  /**
   * The events of a request that matches, from a copy of it. Default: those of Segment's HTTP API whose `integrations` do not
   * keep them from `Amazon DSP`.
   */
  events?: (request: Request) => readonly unknown[] | Promise<readonly unknown[]>;
  /** A body that is longer, packed or not, is not read. Bytes, default 1,048,576. */
  maxBodyBytes?: number;
  /** Where the country of an event comes from that names none: `cf` is Cloudflare's guess by the address. Default: nowhere. */
  country?: "cf";
  /** Where the IP address of an event comes from that names none: `cf` is the client's, as Cloudflare saw it. Default: nowhere. */
  ip?: "cf";
  /**
   * The queue that events go through, instead of being sent at once. A Worker without a `queue` handler of its own gets
   * {@link amazonEventsConsumer}.
   */
  queue?: (env: Env) => QueueBinding | Queue;
}

// waitUntil ends without a word 30 s after the response.
const LIMITS = { deadlineMs: 25_000, maxElapsedMs: 15_000, timeoutMs: 10_000 };
const MAX_BODY_BYTES = 1_048_576;
const HANDLERS = ["queue", "scheduled", "email", "tail", "trace"];

/**
 * A Worker that does what it did, and sends copies of the events that pass through it to Amazon.
 *
 * The request goes to the handler, and the response to the client, as they are and when they are there; events are read from a
 * copy, mapped when the response has begun, and sent in `waitUntil`. Whatever fails on that way is logged and changes
 * nothing for the request. Connection parameters come from the bindings, by their names, or from the options.
 *
 * @param handler - the Worker's module handler, or its `fetch` function
 * @param options - or a function that makes them of the bindings
 *
 * @example
 * ```js
 * import { withAmazonEvents } from "amazon-dsp-events/adapters/workers";
 *
 * export default withAmazonEvents((request) => fetch(request), { config: { defaults: { countryCode: "US" } } });
 * ```
 */
export function withAmazonEvents<Env = any, Handler extends object = object>(
  handler: Handler & (WorkerHandler<Env> | WorkerFetch<Env>),
  options: OptionsFor<Env, WorkersOptions<Env>> = {},
): (Handler extends WorkerFetch<Env> ? unknown : Handler) & { fetch: WorkerFetch<Env> } {
  if (typeof handler !== "function" && typeof (handler as WorkerHandler<Env> | undefined)?.fetch !== "function") {
    throw invalidOption("handler", "a Worker's handler with `fetch`, or a function", handler);
  }
  const given = handler as WorkerHandler<Env> | WorkerFetch<Env>;
  const call: WorkerFetch<Env> = (...args) => (typeof given === "function" ? given(...args) : (given as Required<WorkerHandler<Env>>).fetch(...args));
  const forwarders = perEnvironment((env: Env) => forwarderFor(env, options));
  const wrapped = {
    ...othersOf(given),
    fetch(request: Request, env: Env, ctx: WorkerContext): Response | Promise<Response> {
      const forward = forwarders(env)?.copy(request);
      if (!forward) return call(request, env, ctx);
      let response: Response | Promise<Response> | undefined;
      let copied: Promise<unknown> | undefined;
      try {
        response = call(request, env, ctx);
      } finally {
        const { body, sent } = forward(Promise.resolve(response).catch(() => undefined));
        copied = body;
        quietly(() => ctx.waitUntil(sent));
      }
      return answered(request, response, copied);
    },
  };
  if (typeof (given as WorkerHandler<Env>).queue !== "function" && hasQueue(options)) {
    Object.assign(wrapped, { queue: amazonEventsConsumer(options as OptionsFor<Env, ConsumerOptions>) });
  }
  return wrapped as never;
}

/** The other handlers, which find the object that they belong to. */
function othersOf(handler: object): object {
  const others: Record<string, unknown> = {};
  if (typeof handler === "function") return others;
  for (const name of new Set([...Object.keys(handler), ...HANDLERS])) {
    const value = (handler as Record<string, unknown>)[name];
    if (value !== undefined) others[name] = typeof value === "function" ? value.bind(handler) : value;
  }
  return others;
}

/** Options that are made of the bindings are not known yet when handlers must be. */
function hasQueue(options: OptionsFor<never, WorkersOptions<never>>): boolean {
  return typeof options === "function" || options.queue !== undefined;
}

/**
 * The response, when it is there. Once a request is answered, workerd throws away what nobody reads of its body: where the
 * handler has left it unread, the response waits until the body is here.
 */
async function answered(request: Request, response: Response | Promise<Response>, copied: Promise<unknown>): Promise<Response> {
  const answer = await response;
  if (request.body && !request.bodyUsed && !request.body.locked) await copied;
  return answer;
}

/** Reads what {@link Forwarder.copy} has copied, and sends it once the response has begun. Neither promise rejects. */
type Forward = (begun: Promise<unknown>) => { readonly body: Promise<unknown>; readonly sent: Promise<void> };

function forwarderFor<Env>(env: Env, options: OptionsFor<Env, WorkersOptions<Env>>): Forwarder<Env> | undefined {
  try {
    return new Forwarder(env, optionsFor(options, env));
  } catch (error) {
    CONSOLE.error({}, `no event is sent, the options are wrong: ${redact(messageOf(error))}`);
    return undefined;
  }
}

class Forwarder<Env> {
  readonly #env: Env;
  readonly #options: WorkersOptions<Env>;
  readonly #environment: Environment;
  /** What is wrong with every request, and has been said. */
  readonly #said = new Set<string>();

  constructor(env: Env, options: WorkersOptions<Env>) {
    for (const name of ["match", "events", "queue"] as const) {
      if (options[name] !== undefined && typeof options[name] !== "function") throw invalidOption(name, "a function", options[name]);
    }
    for (const name of ["country", "ip"] as const) {
      if (options[name] !== undefined && options[name] !== "cf") throw invalidOption(name, "`cf`", options[name]);
    }
    const { maxBodyBytes } = options;
    if (maxBodyBytes !== undefined && !(Number.isInteger(maxBodyBytes) && maxBodyBytes > 0)) {
      throw invalidOption("maxBodyBytes", "a whole number from 1", maxBodyBytes);
    }
    this.#env = env;
    this.#options = options;
    this.#environment = new Environment(env, options);
  }

  /** Copies a request that matches. Never throws. */
  copy(request: Request): Forward | undefined {
    try {
      if (!(this.#options.match ?? isSegmentCall)(request)) return undefined;
      const copy = request.clone();
      return (begun) => this.#forward(copy, begun);
    } catch (error) {
      this.#complain("could not be copied", error);
      return undefined;
    }
  }

  #forward(copy: Request, begun: Promise<unknown>): ReturnType<Forward> {
    // Read while it passes: the part that waits to be read is kept in memory.
    const body = read(copy, this.#options.maxBodyBytes ?? MAX_BODY_BYTES);
    return { body: body.catch(() => undefined), sent: this.#sent(copy, body, begun) };
  }

  async #sent(copy: Request, body: Promise<Uint8Array<ArrayBuffer>>, begun: Promise<unknown>): Promise<void> {
    try {
      const bytes = await body;
      // Mapping takes the thread, which the response is to have first: it leaves when promises have had their turn.
      await begun;
      await this.#environment.runtime.sleep(0);
      const events = await this.#eventsOf(copy, bytes);
      if (events.length > 0) await this.#send(events);
    } catch (error) {
      this.#complain("could not be sent", error);
    }
  }

  async #eventsOf(copy: Request, body: Uint8Array<ArrayBuffer>): Promise<Uint8Array[]> {
    const { events } = this.#options;
    const found = events ? await events(withBody(copy, body)) : eventsIn(copy, body);
    if (!Array.isArray(found)) throw invalidOption("events", "a function that gives a list of events", found);
    // An event without a time would be another one each time that it is sent.
    const receivedAt = new Date(this.#environment.runtime.clock.now()).toISOString();
    const country = this.#options.country === "cf" ? (copy as { cf?: { country?: unknown } }).cf?.country : undefined;
    const ip = this.#options.ip === "cf" ? copy.headers.get("cf-connecting-ip") : undefined;
    return found.map((event: unknown) => {
      if (!isObject(event)) return jsonBytes(event);
      return jsonBytes({ receivedAt, ...event, ...contextOf(event["context"], country, ip) });
    });
  }

  async #send(events: Uint8Array[]): Promise<void> {
    const { queue } = this.#options;
    let rest: readonly Uint8Array[] = events;
    if (queue) {
      try {
        const target = queue(this.#env);
        await ("put" in target ? target : cloudflareQueue(target)).put(events);
        return;
      } catch (error) {
        if (error instanceof NotQueuedError) rest = error.events;
        this.#environment.logger.warn({ events: rest.length }, `events are sent past the queue: ${redact(messageOf(error))}`);
      }
    }
    const counts = tally(await this.#environment.deliver(rest, LIMITS));
    const { logger } = this.#environment;
    if (Object.keys(counts.undelivered).length > 0) logger.error(counts, "events were given up");
    else if (Object.keys(counts.rejected).length > 0) logger.warn(counts, "Amazon rejected events");
    else logger.debug(counts, "events were sent");
  }

  #complain(what: string, error: unknown): void {
    const message = `events of a request ${what}: ${redact(messageOf(error))}`;
    if (error instanceof UsageError || isConfigError(error)) {
      if (this.#said.has(message)) return;
      this.#said.add(message);
    }
    quietly(() => this.#environment.logger.error({}, message));
  }
}

/** Those of Segment's API. What cannot be read is one event, of which the core will say what is wrong with it. */
function eventsIn(request: Request, body: Uint8Array): unknown[] {
  let content: unknown;
  try {
    content = contentOf(body);
  } catch {
    return [undefined];
  }
  return (eventsOf(callOf(new URL(request.url).pathname) ?? "", content) ?? [content]).filter(isForAmazon);
}

function isSegmentCall(request: Request): boolean {
  return request.method === "POST" && callOf(new URL(request.url).pathname) !== undefined;
}

/** The body, unpacked. */
async function read(request: Request, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  if (!request.body) return new Uint8Array();
  const packed = /^(?:x-)?(gzip|deflate)$/i.exec(request.headers.get("content-encoding")?.trim() ?? "")?.[1];
  const stream = packed ? request.body.pipeThrough(new DecompressionStream(packed.toLowerCase() as "gzip" | "deflate")) : request.body;
  const chunks: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > maxBytes) {
      // Not waited for: that ends when the handler's own copy has ended.
      reader.cancel().catch(() => undefined);
      throw new RangeError(`the body is larger than ${maxBytes} bytes (\`maxBodyBytes\`)`);
    }
    chunks.push(next.value);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return body;
}

/** A request as it came, with a body that is here already. */
function withBody(request: Request, body: Uint8Array<ArrayBuffer>): Request {
  const { method, headers, url } = request;
  const { cf } = request as { cf?: unknown };
  const init = { method, headers, ...(body.length > 0 && { body }), ...(cf !== undefined && { cf }) };
  return new Request(url, init);
}

/** The context with what Cloudflare knows, where the event says nothing. */
function contextOf(context: unknown, country: unknown, ip: string | null | undefined): { context?: object } {
  const given = context ?? {};
  if ((country === undefined && ip == null) || !isObject(given)) return {};
  const location = given["location"] ?? {};
  return {
    context: {
      ...(ip != null && { ip }),
      ...given,
      ...(country !== undefined && isObject(location) && { location: { country, ...location } }),
    },
  };
}

function quietly(work: () => void): void {
  try {
    work();
  } catch {
    // The request is all that counts.
  }
}
