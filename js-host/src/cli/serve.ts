// `serve`: the collector on Node's http server, in front of a client, until it is told to stop.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { collector, type Collector } from "../adapters/collector.js";
import { nodeHandler } from "../adapters/node.js";
import { createAmazonEvents, type AmazonEvents } from "../client.js";
import { fileDeadLetters } from "../dead_letter_file.js";
import { AmazonEventsError, eventsIn, messageOf, UsageError } from "../errors.js";
import { isForeign, isLoopback } from "../loopback.js";
import type { Metrics } from "../metrics.js";
import type { EventOutcome, Stats } from "../outcome.js";
import { redact } from "../redact.js";
import type { Logger } from "../runtime.js";
import { sqliteStore } from "../stores/sqlite.js";
import { CommandError } from "./errors.js";
import { listenReasonOf, loadConfig, say } from "./io.js";
import { parametersFrom } from "./parameters.js";
import { PrometheusText } from "./prometheus.js";

/** Options of `serve`. */
export interface ServeOptions {
  readonly port: number;
  readonly host: string;
  readonly writeKey?: readonly string[];
  /** False: none, whatever the folder has. */
  readonly config?: string | false;
  readonly store?: string;
  readonly deadLetters?: string;
  readonly upstream?: string;
  readonly cors?: readonly string[];
  readonly trustProxy: number;
  readonly maxBody: number;
  readonly maxConnections: number;
  readonly maxQueue: number;
  /** Seconds. */
  readonly grace: number;
}

// Requests get so much of the grace to end, and what is queued the rest.
const REQUESTS_GRACE_MS = 5_000;
// A word about the same fault again is worth reading after so long.
const REPEAT_MS = 10_000;

/** Runs `serve` until it is stopped. */
export async function serve(options: ServeOptions): Promise<0> {
  const words = new Words();
  const measured = new PrometheusText();
  const amazon = await clientOf(options, words, measured);
  const writeKeys = writeKeysOf(options);
  // Without a key a page of the web could send from this machine's own browser. Whoever stands in front says so.
  const isOpen = writeKeys.length === 0 && options.trustProxy === 0 && options.upstream === undefined;
  const served = new Served(measured, words, (request) => isOpen && isForeign(request.headers, options.cors));
  const server = createServer(
    // What is slow on purpose, or for ever, must not hold a place: 10 s for the head of a request, 30 s for all of it.
    { headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 65_000, connectionsCheckingInterval: 2_000 },
    served.listener(collectorOf(options, writeKeys, amazon, (error) => served.failed(error))),
  );
  server.maxConnections = options.maxConnections;
  server.setTimeout(120_000);
  // From before anybody knows that it serves, who may tell it to stop at once.
  const told = new Promise<void>((resolve) => {
    process.once("SIGINT", resolve).once("SIGTERM", resolve);
  });
  await listen(server, options);
  // What an earlier process left goes out even if nothing new comes in.
  amazon.flush().catch((error: unknown) => served.failed(error));
  const { address, family, port } = server.address() as AddressInfo;
  process.stdout.write(`http://${family === "IPv6" ? `[${address}]` : address}:${port}\n`);
  say("Takes events at /v1/track, /v1/batch and their like; /healthz and /metrics tell how it is. Ctrl-C ends it.");

  await told;
  const end = Date.now() + options.grace * 1000;
  await served.stop(server, Math.min(REQUESTS_GRACE_MS, options.grace * 1000));
  await amazon.close({ deadlineMs: Math.max(0, end - Date.now()) }).catch((error: unknown) => words.say(messageOf(error)));
  say(summary(amazon.stats(), options));
  return 0;
}

async function clientOf(options: ServeOptions, words: Words, metrics: Metrics): Promise<AmazonEvents> {
  const { transformer } = await loadConfig(options.config);
  const log = (fields: object, message: string): void => words.say("problem" in fields ? `${message}: ${String(fields.problem)}` : message);
  const logger: Logger = { debug: () => undefined, info: () => undefined, warn: log, error: log };
  return wrongUse(() =>
    createAmazonEvents({
      // The client says what is missing.
      ...parametersFrom(options as unknown as Record<string, unknown>),
      config: transformer,
      logger,
      metrics,
      onOutcome: (outcome) => words.outcome(outcome),
      maxQueueEvents: options.maxQueue,
      maxQueueBytes: Math.max(32 * 2 ** 20, options.maxQueue * 4096),
      ...(options.store !== undefined && { store: sqliteStore({ path: options.store }) }),
      ...(options.deadLetters !== undefined && { deadLetters: fileDeadLetters(options.deadLetters) }),
    }),
  );
}

/** The keys that may send; none: whoever is on this machine may. */
function writeKeysOf(options: ServeOptions): readonly string[] {
  const fromEnvironment = (process.env["WRITE_KEY"] ?? "").split(",").map((key) => key.trim()).filter((key) => key !== "");
  const writeKeys = options.writeKey ?? fromEnvironment;
  if (options.writeKey) say("warning: --write-key can be read by everybody on this machine (`ps`); set WRITE_KEY in the environment instead");
  if (writeKeys.length === 0) {
    if (!isLoopback(options.host === "::1" ? "[::1]" : options.host)) {
      throw new CommandError(2, `set WRITE_KEY: with --host ${options.host}, anybody who reaches this machine could send events`);
    }
    say("No WRITE_KEY is set: any write key will do, on this machine alone.");
  }
  return writeKeys;
}

function collectorOf(options: ServeOptions, writeKeys: readonly string[], amazon: AmazonEvents, onError: (error: unknown) => void): Collector {
  const { cors, upstream } = options;
  return wrongUse(() =>
    collector({
      writeKeys: writeKeys.length > 0 ? writeKeys : "any",
      amazon,
      trustProxy: options.trustProxy,
      maxBodyBytes: options.maxBody,
      onError,
      ...(cors && { cors: cors.includes("*") ? "*" : cors }),
      ...(upstream !== undefined && { upstream }),
    }),
  );
}

function wrongUse<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof UsageError || error instanceof AmazonEventsError) throw new CommandError(2, error.message, { cause: error });
    throw error;
  }
}

function listen(server: Server, { port, host }: ServeOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(new CommandError(2, `cannot listen on ${host} port ${port}: ${listenReasonOf(error)}`)));
    server.listen(port, host, resolve);
  });
}

/** What is served, and what is still under way. */
class Served {
  readonly #measured: PrometheusText;
  readonly #words: Words;
  readonly #isRefused: (request: IncomingMessage) => boolean;
  readonly #statuses = new Map<number, number>();
  readonly #work = new Set<Promise<unknown>>();
  #isStopping = false;
  #isBroken = false;

  constructor(measured: PrometheusText, words: Words, isRefused: (request: IncomingMessage) => boolean) {
    this.#measured = measured;
    this.#words = words;
    this.#isRefused = isRefused;
  }

  listener(collect: Collector): (request: IncomingMessage, response: ServerResponse) => void {
    const handle = nodeHandler(collect, (work) => {
      this.#work.add(work);
      void work.finally(() => this.#work.delete(work));
    });
    return (request, response) => {
      if (this.#isStopping) response.setHeader("connection", "close");
      if (this.#isRefused(request)) {
        response.writeHead(403, { "content-type": "text/plain", connection: "close" }).end("without a WRITE_KEY only programs of this machine may send\n");
        return;
      }
      if (request.method === "GET" && request.url === "/healthz") return this.#health(response);
      if (request.method === "GET" && request.url === "/metrics") {
        response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(this.#measured.text() + answered(this.#statuses));
        return;
      }
      response.once("finish", () => this.#statuses.set(response.statusCode, (this.#statuses.get(response.statusCode) ?? 0) + 1));
      void handle(request, response);
    };
  }

  failed(error: unknown): void {
    if (error instanceof AmazonEventsError && error.code === "ERR_STORE") this.#isBroken = true;
    this.#words.say(messageOf(error));
  }

  /** Takes no more connections, and resolves when every request has its answer, or the time is over. */
  async stop(server: Server, graceMs: number): Promise<void> {
    this.#isStopping = true;
    const closed = new Promise((resolve) => server.close(resolve));
    // A connection that becomes idle now would be held for the next request.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    const late = setTimeout(() => server.closeAllConnections(), graceMs);
    await closed;
    clearInterval(idle);
    clearTimeout(late);
    await Promise.allSettled(this.#work);
  }

  #health(response: ServerResponse): void {
    const problem = this.#isBroken ? "the store has failed" : this.#isStopping ? "stopping" : undefined;
    response.writeHead(problem === undefined ? 200 : 503, { "content-type": "text/plain" }).end(`${problem ?? "ok"}\n`);
  }
}

/** Words to standard error, without secrets and identifiers, and not the same ones over and over. */
class Words {
  readonly #said = new Map<string, number>();

  say(text: string): void {
    const clean = redact(text);
    const now = Date.now();
    if (now - (this.#said.get(clean) ?? Number.NEGATIVE_INFINITY) < REPEAT_MS) return;
    if (this.#said.size > 100) this.#said.clear();
    this.#said.set(clean, now);
    say(clean);
  }

  outcome(outcome: EventOutcome): void {
    if (outcome.outcome === "rejected") this.say(`Amazon rejects events: ${outcome.code}: ${outcome.message}`);
    // In the words of the client's log, which tells of some.
    if (outcome.outcome === "dead_lettered") this.say(`events are given up: ${outcome.lastError}`);
  }
}

/** The requests answered here, by status, as Prometheus reads them. */
function answered(statuses: ReadonlyMap<number, number>): string {
  const name = "amazon_dsp_events_http_requests_total";
  const lines = Array.from(statuses, ([status, count]) => `${name}{status="${status}"} ${count}\n`);
  return `# HELP ${name} Requests answered here\n# TYPE ${name} counter\n${lines.join("")}`;
}

function summary(stats: Stats, { store, deadLetters }: ServeOptions): string {
  const dropped = Object.values(stats.dropped).reduce((sum, count) => sum + count, 0);
  const { events, accepted, rejected, deadLettered, pending } = stats;
  const lost = deadLettered > 0 && deadLetters === undefined ? " (lost: there is no --dead-letters file)" : "";
  const left = pending > 0 && store !== undefined ? `, ${pending} left in the store` : "";
  return `${eventsIn(events)}: ${accepted} accepted, ${rejected} rejected, ${dropped} dropped, ${deadLettered} given up${lost}${left}`;
}
