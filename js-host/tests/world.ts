// A world for tests: time that jumps, chance from a seed, and an Amazon that answers by script.
import assert from "node:assert/strict";
import { setImmediate as tick } from "node:timers/promises";

import type { AmazonEventsOptions } from "../dist/client.js";
import type { EventOutcome } from "../dist/outcome.js";
import {
  createAmazonEvents, METRICS, type AmazonEvents, type EventStore, type MetricLabels, type MetricName, type Metrics, type StoredEvent,
} from "../dist/index.js";
import { seeded } from "../dist/mock/faults.js";

/** The connection parameters of every sender in it. */
export const CONNECTION = {
  ADVERTISER_ID: "1234567890",
  CLIENT_ID: "amzn1.application-oa2-client.test",
  CLIENT_SECRET: "the-client-secret",
  REFRESH_TOKEN: "Atzr|the-refresh-token",
  BASE_URL: "http://127.0.0.1:1",
  TOKEN_URL: "http://127.0.0.1:1/token",
};

/** A clock that only moves when everybody waits. */
export class VirtualTime {
  #now = Date.parse("2026-11-21T00:00:00Z");
  #timers: { at: number; fire: () => void }[] = [];

  readonly clock = { now: (): number => this.#now };

  readonly sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(new Error("aborted"));
      const abort = (): void => {
        this.#timers = this.#timers.filter((one) => one !== timer);
        reject(new Error("aborted"));
      };
      const fire = (): void => {
        signal?.removeEventListener("abort", abort);
        resolve();
      };
      const timer = { at: this.#now + ms, fire };
      this.#timers.push(timer);
      signal?.addEventListener("abort", abort, { once: true });
    });

  /** Timers that still run. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Lets time pass until the work is done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const settled = work.finally(() => (done = true));
    settled.catch(() => undefined);
    for (let turns = 0; !done; turns++) {
      assert.ok(turns < 100_000, "the work never ends");
      // Nothing in this world takes more than promises: one turn later everybody has got as far as they can.
      await tick();
      if (done) break;
      const next = this.#timers.sort((a, b) => a.at - b.at).shift();
      if (!next) continue;
      this.#now = Math.max(this.#now, next.at);
      next.fire();
    }
    return settled;
  }
}

/** What a script sees of a request. */
export interface Asked {
  readonly at: number;
  readonly token: string;
  readonly ids: readonly string[];
  readonly wires: readonly string[];
  readonly bytes: number;
  readonly body: string;
  readonly headers: Record<string, string>;
}

/** What a script answers: a reply, or a failure of the network. A deaf one heeds no signal; a body may have no end. */
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | "reset" | "hang" | "deaf" | "endless";

export const ok = (asked: Asked): Answer => ({
  status: 207,
  body: { success: asked.ids.map((_, index) => ({ index, event: {} })), error: [] },
});

/** Metrics that remember, and check each measurement against the closed list. */
export class Recorder implements Metrics {
  readonly #sums = new Map<string, number>();
  readonly #values = new Map<string, number[]>();

  readonly count = (name: MetricName, value: number, labels: MetricLabels): void => {
    assert.equal(METRICS[name].kind, "counter");
    assert.ok(value > 0);
    this.#add(name, value, labels);
  };

  readonly adjust = (name: MetricName, change: number, labels: MetricLabels): void => {
    assert.equal(METRICS[name].kind, "level");
    this.#add(name, change, labels);
  };

  readonly observe = (name: MetricName, value: number, labels: MetricLabels): void => {
    assert.equal(METRICS[name].kind, "histogram");
    assert.ok(Number.isFinite(value) && value >= 0, `${name} was ${value}`);
    this.#key(name, labels);
    const values = this.#values.get(name);
    if (values) values.push(value);
    else this.#values.set(name, [value]);
  };

  /** Sums by name and labels. */
  counts(): Record<string, number> {
    return Object.fromEntries([...this.#sums].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  /** The sum of a counter, where it has these labels. */
  sum(name: MetricName, labels = ""): number {
    let sum = 0;
    for (const [key, value] of this.#sums) if (key === name || key.startsWith(`${name} ${labels}`)) sum += value;
    return sum;
  }

  observed(name: MetricName): readonly number[] {
    return this.#values.get(name) ?? [];
  }

  #add(name: MetricName, value: number, labels: MetricLabels): void {
    const key = this.#key(name, labels);
    this.#sums.set(key, (this.#sums.get(key) ?? 0) + value);
  }

  #key(name: MetricName, labels: MetricLabels): string {
    assert.deepEqual(Object.keys(labels), Object.keys(METRICS[name].labels));
    for (const [label, value] of Object.entries(labels)) {
      assert.ok(METRICS[name].labels[label]?.includes(value), `${name} has no ${label} ${value}`);
    }
    return [name, ...Object.entries(labels).map(([label, value]) => `${label}=${value}`)].join(" ");
  }
}

/** A process with a client, that can be killed: from then on it hears nothing, does nothing, and none of its timers is left. */
export class Process {
  readonly #world: World;
  readonly #death = new AbortController();

  constructor(world: World) {
    this.#world = world;
  }

  /** What happens to it while it lives. */
  readonly mortal =
    <Args extends unknown[], T>(call: (...args: Args) => T | Promise<T>) =>
    (...args: Args): Promise<T> =>
      new Promise((resolve, reject) => {
        if (this.#death.signal.aborted) return;
        (async () => call(...args))().then(
          (value) => this.#death.signal.aborted || resolve(value),
          (error: unknown) => this.#death.signal.aborted || reject(error as Error),
        );
      });

  readonly sleep = this.mortal((ms: number, signal?: AbortSignal) => this.#world.time.sleep(ms, this.#either(signal)));

  kill(): void {
    this.#death.abort();
  }

  #either(signal: AbortSignal | null | undefined): AbortSignal {
    return AbortSignal.any([this.#death.signal, ...(signal ? [signal] : [])]);
  }

  /** Makes its client. The world's time and network, and what is given, reach it as long as it lives. */
  client(options: Partial<AmazonEventsOptions> & { store: EventStore; trouble: () => void }): AmazonEvents {
    const { mortal } = this;
    const world = this.#world;
    const { store, trouble, deadLetters, ...others } = options;
    const work = mortal(async () => {
      await this.sleep(1);
      trouble();
    });
    return world.client({
      ...others,
      sleep: this.sleep,
      fetch: mortal((url, init) => world.fetch(url, { ...init, signal: this.#either(init.signal) })),
      onOutcome: (outcome) => this.#death.signal.aborted || world.outcomes.push(outcome),
      store: {
        add: mortal(async (wires) => (await work(), store.add(wires))),
        remove: mortal(async (ids) => (await work(), store.remove(ids))),
        async *pending() {
          for await (const one of store.pending()) {
            await work();
            yield one;
          }
        },
        close: () => store.close(),
      },
      deadLetters: { put: mortal(async (letters) => (await work(), deadLetters?.put(letters))) },
    });
  }
}

/** A store in memory that survives its client. */
export class Disk implements EventStore {
  readonly kept = new Map<number, Uint8Array>();
  #next = 1;
  async add(wires: readonly Uint8Array[]): Promise<readonly number[]> {
    return wires.map((wire) => {
      this.kept.set(this.#next, wire);
      return this.#next++;
    });
  }
  async remove(ids: readonly number[]): Promise<void> {
    for (const id of ids) this.kept.delete(id);
  }
  *pending(): Iterable<StoredEvent> {
    for (const [id, wire] of [...this.kept]) yield { id, wire };
  }
  close(): void {}
}

/** Everything a test needs. */
export class World {
  readonly time = new VirtualTime();
  readonly asked: Asked[] = [];
  readonly tokenCalls: URLSearchParams[] = [];
  readonly outcomes: EventOutcome[] = [];
  readonly logs: string[] = [];
  answer: (asked: Asked, call: number) => Answer = ok;
  /** How long a reply to an event request takes. Milliseconds. */
  latency: () => number = () => 0;
  answerToken: (call: number) => Answer = (call) => ({
    status: 200,
    body: { access_token: `Atza|${call}`, token_type: "bearer", expires_in: 3600 },
  });

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    let answer: Answer;
    if (url.endsWith("/token")) {
      this.tokenCalls.push(new URLSearchParams(String(init.body)));
      answer = this.answerToken(this.tokenCalls.length);
    } else {
      const body = Buffer.from(init.body as Uint8Array).toString("utf8");
      const { events } = JSON.parse(body) as { events: { eventId: string }[] };
      const headers = init.headers as Record<string, string>;
      this.asked.push({
        at: this.time.clock.now(),
        token: headers["Authorization"] ?? "",
        ids: events.map(({ eventId }) => eventId),
        wires: events.map((event) => JSON.stringify(event)),
        bytes: Buffer.byteLength(body),
        body,
        headers,
      });
      answer = this.answer(this.asked.at(-1) as Asked, this.asked.length);
      const ms = this.latency();
      if (ms > 0) await this.time.sleep(ms, init.signal ?? undefined);
    }
    if (answer === "reset") throw new TypeError("fetch failed", { cause: Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }) });
    if (answer === "hang") {
      return new Promise((_, reject) => init.signal?.addEventListener("abort", () => reject(new Error("aborted"))));
    }
    if (answer === "deaf") return new Promise(() => undefined);
    if (answer === "endless") {
      return { status: 207, headers: new Headers(), type: "basic", text: () => new Promise(() => undefined) } as unknown as Response;
    }
    const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body ?? {});
    // A real response reads its body in turns of the event loop, and time would run ahead of it.
    return { status: answer.status, headers: new Headers(answer.headers), type: "basic", text: async () => text } as Response;
  };

  client(options: Partial<AmazonEventsOptions> = {}): AmazonEvents {
    const log = (fields: object, message: string): void => void this.logs.push(`${message} ${JSON.stringify(fields)}`);
    return createAmazonEvents({
      ...CONNECTION,
      fetch: this.fetch,
      clock: this.time.clock,
      sleep: this.time.sleep,
      random: seeded(7),
      logger: { debug: log, info: log, warn: log, error: log },
      onOutcome: (outcome) => this.outcomes.push(outcome),
      ...options,
    });
  }

  /** Sends so many events and lets time pass until all have an outcome; checks what must hold in any case. */
  async deliver(count: number, options: Partial<AmazonEventsOptions> = {}): Promise<AmazonEvents> {
    const client = this.client(options);
    const input = Array.from({ length: count }, (_, index) => JSON.stringify(event(`m-${index}`))).join("\n");
    await this.time.run(client.sendBatch(input));
    await this.time.run(client.close());
    this.check(Array.from({ length: count }, (_, index) => `m-${index}`));
    const stats = client.stats();
    assert.equal(stats.pending, 0);
    assert.equal(stats.mapped, stats.accepted + stats.rejected + stats.deadLettered);
    return client;
  }

  /** Every event has exactly one outcome, every resend is the same event, every request is within the limits. */
  check(ids: readonly string[]): void {
    const ended = this.outcomes.map((outcome) => ("eventId" in outcome ? outcome.eventId : "")).sort();
    assert.deepEqual(ended, [...ids].sort());
    const wires = new Map<string, string>();
    for (const { ids: sent, wires: bodies, bytes, body } of this.asked) {
      assert.equal(body, `{"events":[${bodies.join(",")}]}`, "the texts compared below are the bytes sent");
      assert.ok(sent.length >= 1 && sent.length <= 500, `a request had ${sent.length} events`);
      assert.ok(bytes <= 1_048_576 || sent.length === 1, `a request had ${bytes} bytes`);
      assert.equal(new Set(sent).size, sent.length, "a request had an event twice");
      for (const [index, id] of sent.entries()) {
        assert.equal(wires.get(id) ?? bodies[index], bodies[index], `${id} was sent with other bytes`);
        wires.set(id, bodies[index] ?? "");
      }
    }
    assert.equal(this.time.pending, 0, "a timer is left");
    for (const text of [...this.logs, JSON.stringify(this.outcomes)]) {
      assert.doesNotMatch(text, /the-client-secret|the-refresh-token|Atza\||jane@example\.com/);
    }
  }

  /** How many events ended so. */
  count(outcome: EventOutcome["outcome"]): number {
    return this.outcomes.filter((one) => one.outcome === outcome).length;
  }
}

/** An event that is mapped. */
export function event(messageId: string): Record<string, unknown> {
  return {
    type: "track",
    event: "Product Added",
    messageId,
    timestamp: "2026-11-20T10:00:00Z",
    context: { traits: { email: "jane@example.com", address: { country: "US" } } },
  };
}
