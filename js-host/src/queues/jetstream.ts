// A queue on NATS JetStream: any number of processes put, any number of consumers take, and the broker keeps what was put
// until it is acknowledged.
import { AmazonEventsError, invalidOption, messageOf } from "../errors.js";
import { whole } from "../limits.js";
import { runtimeOf, type Sleep } from "../runtime.js";
import type { Queue, QueueMessage } from "./queue.js";

export { jetStreamTokenStore } from "./jetstream_tokens.js";
export type { JetStreamTokenStoreOptions, KeyValue, KeyValueEntry } from "./jetstream_tokens.js";
export type { Queue, QueueMessage } from "./queue.js";

/** The part of a stream's configuration that is looked at, in NATS's own names. */
export interface StreamSettings {
  readonly retention: string;
  readonly discard: string;
}

/** The part of `JsMsg` of `@nats-io/jetstream` that is used. */
export interface JetStreamMessage {
  readonly data: Uint8Array;
  readonly seq: number;
  readonly time: Date;
  readonly info: { readonly deliveryCount: number };
  ackAck(): Promise<boolean>;
  nak(delayMs?: number): void;
  working(): void;
}

/** The part of `ConsumerMessages` of `@nats-io/jetstream` that is used. */
export interface JetStreamMessages extends AsyncIterable<JetStreamMessage> {
  stop(): void;
}

/** The part of `Consumer` of `@nats-io/jetstream` that is used. */
export interface PullConsumer {
  fetch(options: { max_messages: number; expires: number }): Promise<JetStreamMessages>;
}

/** The part of `JetStreamManager` of `@nats-io/jetstream` that is used. */
export interface JetStreamSetup {
  readonly streams: {
    info(stream: string): Promise<{ readonly config: StreamSettings }>;
    add(config: object): Promise<unknown>;
  };
  readonly consumers: {
    info(stream: string, consumer: string): Promise<unknown>;
    add(stream: string, config: object): Promise<unknown>;
  };
}

/** The part of `JetStreamClient` of `@nats-io/jetstream` that is used. */
export interface JetStream {
  publish(subject: string, payload: Uint8Array, options: { msgID: string }): Promise<unknown>;
  readonly consumers: { get(stream: string, consumer: string): Promise<PullConsumer> };
  jetstreamManager(): Promise<JetStreamSetup>;
}

/** What {@link jetStreamQueue} takes. */
export interface JetStreamQueueOptions {
  /** `jetstream(connection)` of `@nats-io/jetstream`. The connection stays the caller's: drain it after `close`. */
  jetstream: JetStream;
  /** The stream; made if it is not there. Dead letters are in the one with `_DEAD` behind this name. Default `AMAZON_EVENTS`. */
  stream?: string;
  /** The subject of its messages; dead letters have `.dead` behind it. Default `amazon.events`. */
  subject?: string;
  /** Bytes that a stream made here may hold; when they are full `put` rejects. Default 1,073,741,824. */
  maxBytes?: number;
  /** Copies that a stream made here has, one on each of so many servers of a cluster. 1 to 5, default 1. */
  replicas?: number;
  /** How long a stream made here knows an event's id, so that putting it again has no effect. Milliseconds, default 120,000. */
  duplicateWindowMs?: number;
  /** How long the broker waits for word of a message before it hands it to another process. Milliseconds, default 30,000. */
  ackWaitMs?: number;
  /** Default: the runtime's. */
  sleep?: Sleep;
}

/** All processes share one durable consumer: each message goes to one of them. */
const CONSUMER = "delivery";

const consumerSettings = (ackWait: number): object => ({
  durable_name: CONSUMER,
  ack_policy: "explicit",
  ack_wait: ackWait,
  /** With all processes together. */
  max_ack_pending: 100_000,
  // An event is given up when Amazon does not take it, not because processes ended.
  max_deliver: -1,
  // A broker that was killed may read a state from its files that the stream has outrun, and then hand out nothing more.
  // Without one it begins anew with what is in the stream, which is what is not acknowledged.
  mem_storage: true,
});

/** Messages published at once. */
const PUT_AT_ONCE = 1000;
/** The shortest that NATS waits. */
const MIN_WAIT_MS = 1000;
/** For the broker's own answer that there was nothing. */
const GRACE_MS = 2000;
const NANOS = 1_000_000;
const NOT_FOUND = new Set([10014, 10059]);
const MAXIMUM_BYTES = 10077;

/**
 * Opens a queue on JetStream, and makes its streams and consumer if they are not there. What is there is used as it is:
 * change it with NATS's own tools.
 *
 * `put` resolves when the broker has stored the events in its file. An event put again within the duplicate window, known
 * by its `messageId`, or by its bytes if it has none, is stored once.
 *
 * @throws {@link UsageError} for an option that cannot be right
 * @throws {@link AmazonEventsError} `ERR_STORE` if the streams cannot be made, or a stream that is there would lose events.
 * `put` rejects with `ERR_STORE_FULL` when the stream is full, else with `ERR_STORE`; some of the events may be stored
 * then: put them all again
 *
 * @example
 * ```js
 * import { jetStreamQueue } from "amazon-dsp-events/queues/jetstream";
 * import { jetstream } from "@nats-io/jetstream";
 * import { connect } from "@nats-io/transport-node";
 *
 * const queue = await jetStreamQueue({ jetstream: jetstream(await connect()) });
 * await queue.put([bytes]);
 * ```
 */
export async function jetStreamQueue(options: JetStreamQueueOptions): Promise<Queue> {
  const { jetstream } = options;
  if (typeof jetstream?.publish !== "function") {
    throw invalidOption("jetstream", "what `jetstream(connection)` of @nats-io/jetstream gives", jetstream);
  }
  const stream = named("stream", options.stream, /^[\w-]+$/, "letters, digits, `_` and `-`", "AMAZON_EVENTS");
  const words = "words of letters, digits, `_` and `-`, joined by dots";
  const subject = named("subject", options.subject, /^[\w-]+(\.[\w-]+)*$/, words, "amazon.events");
  const limits = {
    max_bytes: whole(options, "maxBytes", 1, Number.MAX_SAFE_INTEGER, 2 ** 30),
    num_replicas: whole(options, "replicas", 1, 5, 1),
    // When it is full, the sender is told. The other way the oldest events would vanish.
    discard: "new",
    storage: "file",
    duplicate_window: whole(options, "duplicateWindowMs", 100, 86_400_000, 120_000) * NANOS,
  };
  const ackWait = whole(options, "ackWaitMs", 1000, 3_600_000, 30_000) * NANOS;
  try {
    const setup = await jetstream.jetstreamManager();
    const queue = { ...limits, subjects: [subject], retention: "workqueue" };
    const deadLetters = { ...limits, subjects: [`${subject}.dead`], retention: "limits" };
    await ensureStream(setup, stream, queue);
    await ensureStream(setup, `${stream}_DEAD`, deadLetters);
    const openConsumer = async (): Promise<PullConsumer> => {
      await findOrMake(
        () => setup.consumers.info(stream, CONSUMER),
        () => setup.consumers.add(stream, consumerSettings(ackWait)),
      );
      return jetstream.consumers.get(stream, CONSUMER);
    };
    const { sleep } = runtimeOf(options);
    return new JetStreamQueue({ jetstream, openConsumer, consumer: await openConsumer(), stream, subject, sleep });
  } catch (error) {
    if (error instanceof AmazonEventsError) throw error;
    throw new AmazonEventsError("ERR_STORE", `cannot use the stream ${stream}: ${messageOf(error)}`, { cause: error });
  }
}

interface QueueParts {
  readonly jetstream: JetStream;
  /** Finds the consumer, or makes it. */
  readonly openConsumer: () => Promise<PullConsumer>;
  readonly consumer: PullConsumer;
  readonly stream: string;
  readonly subject: string;
  readonly sleep: Sleep;
}

class JetStreamQueue implements Queue {
  readonly #jetstream: JetStream;
  readonly #openConsumer: QueueParts["openConsumer"];
  readonly #stream: string;
  readonly #subject: string;
  readonly #sleep: Sleep;
  readonly #taking = new Set<JetStreamMessages>();
  /** Undefined after a fault: it may have gone with the broker. */
  #consumer: PullConsumer | undefined;
  #closed = false;

  constructor(parts: QueueParts) {
    this.#jetstream = parts.jetstream;
    this.#openConsumer = parts.openConsumer;
    this.#consumer = parts.consumer;
    this.#stream = parts.stream;
    this.#subject = parts.subject;
    this.#sleep = parts.sleep;
  }

  async put(events: readonly Uint8Array[]): Promise<void> {
    this.#mustBeOpen();
    for (let from = 0; from < events.length; from += PUT_AT_ONCE) {
      const some = events.slice(from, from + PUT_AT_ONCE);
      // Ids first: published as each is ready, events would be stored out of order.
      const ids = await Promise.all(some.map(idOf));
      const put = some.map((event, index) => this.#publish(this.#subject, event, ids[index] ?? ""));
      // All of them: nothing is under way any more when this rejects.
      const failed = (await Promise.allSettled(put)).find((one) => one.status === "rejected");
      if (failed) throw failed.reason;
    }
  }

  async take(max: number, waitMs: number): Promise<QueueMessage[]> {
    this.#mustBeOpen();
    const taken: QueueMessage[] = [];
    const expires = Math.max(waitMs, MIN_WAIT_MS);
    const ended = new AbortController();
    let messages: JetStreamMessages | undefined;
    try {
      this.#consumer ??= await this.#openConsumer();
      const fetched = (messages = await this.#consumer.fetch({ max_messages: max, expires }));
      this.#taking.add(fetched);
      // While the connection is down the broker's answer may never come.
      this.#sleep(expires + GRACE_MS, ended.signal).then(
        () => fetched.stop(),
        () => undefined,
      );
      for await (const message of fetched) taken.push(this.#messageOf(message));
    } catch (error) {
      this.#consumer = undefined;
      if (taken.length === 0) throw this.#fault("take from", this.#stream, error);
    } finally {
      ended.abort();
      if (messages) this.#taking.delete(messages);
    }
    return taken;
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const messages of this.#taking) messages.stop();
  }

  #messageOf(message: JetStreamMessage): QueueMessage {
    return {
      body: message.data,
      attempts: message.info.deliveryCount,
      putAt: message.time.getTime(),
      ack: async () => void (await message.ackAck()),
      retry: (delayMs) => message.nak(delayMs),
      extend: () => message.working(),
      dead: async (reason) => {
        // First there, then gone from here; by its number it is there once, however often this is done.
        await this.#publish(`${this.#subject}.dead`, deadLetterOf(message, reason), `${this.#stream}-${message.seq}`);
        // (`term` says as much, but nothing confirms it.)
        await message.ackAck();
      },
    };
  }

  async #publish(subject: string, payload: Uint8Array, msgID: string): Promise<void> {
    try {
      await this.#jetstream.publish(subject, payload, { msgID });
    } catch (error) {
      throw this.#fault("put into", subject === this.#subject ? this.#stream : `${this.#stream}_DEAD`, error);
    }
  }

  #fault(what: string, stream: string, error: unknown): AmazonEventsError {
    if (codeOf(error) === MAXIMUM_BYTES) {
      return new AmazonEventsError("ERR_STORE_FULL", `the stream ${stream} is full: events were not taken`, { cause: error });
    }
    return new AmazonEventsError("ERR_STORE", `could not ${what} the stream ${stream}: ${messageOf(error)}`, { cause: error });
  }

  #mustBeOpen(): void {
    if (this.#closed) throw new AmazonEventsError("ERR_CLOSED", `the queue on the stream ${this.#stream} is closed`);
  }
}

/** Makes the stream if it is not there. */
async function ensureStream(setup: JetStreamSetup, name: string, config: StreamSettings): Promise<void> {
  const { retention } = config;
  const there = await findOrMake(
    () => setup.streams.info(name),
    () => setup.streams.add({ ...config, name }),
  );
  const found = there?.config;
  if (!found || (found.retention === retention && found.discard === "new")) return;
  throw new AmazonEventsError(
    "ERR_STORE",
    `the stream ${name} must have retention \`${retention}\` and discard \`new\`, or it would lose events; ` +
      `it has retention \`${found.retention}\` and discard \`${found.discard}\``,
  );
}

/** What is there; undefined if it had to be made. */
async function findOrMake<T>(info: () => Promise<T>, add: () => Promise<unknown>): Promise<T | undefined> {
  try {
    return await info();
  } catch (error) {
    if (!NOT_FOUND.has(codeOf(error) ?? 0)) throw error;
    await add();
    return undefined;
  }
}

function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "number" ? code : undefined;
}

function named(option: string, value: string | undefined, pattern: RegExp, expected: string, standard: string): string {
  if (value === undefined) return standard;
  if (typeof value !== "string" || !pattern.test(value)) throw invalidOption(option, expected, value);
  return value;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the broker knows an event by: its `messageId` if that can stand in a header, else a hash. */
async function idOf(event: Uint8Array): Promise<string> {
  let messageId: unknown;
  try {
    messageId = (JSON.parse(decoder.decode(event)) as { messageId?: unknown } | null)?.messageId;
  } catch {
    // No event; the consumer says so.
  }
  const id = typeof messageId === "string" ? messageId.trim() : "";
  if (/^[\x21-\x7e]{1,200}$/.test(id)) return id;
  const digest = await crypto.subtle.digest("SHA-256", id === "" ? new Uint8Array(event) : encoder.encode(id));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `{"reason":…,"attempts":…,"event":{…}}`; the event as it was put, byte for byte. */
function deadLetterOf({ data, info }: JetStreamMessage, reason: string): Uint8Array {
  const event = decoder.decode(data);
  const head = JSON.stringify({ reason, attempts: info.deliveryCount });
  return encoder.encode(`${head.slice(0, -1)},"event":${isJson(event) ? event : JSON.stringify(event)}}`);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
