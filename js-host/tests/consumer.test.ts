// The consumer of a queue in a virtual world: what it tells the queue of each event, and when.
import assert from "node:assert/strict";
import { test } from "node:test";

import { UsageError, type EventOutcome } from "../dist/index.js";
import { consume, type ConsumeOptions, type Consumer, type Queue, type QueueMessage } from "../dist/queues/consumer.js";
import { CONNECTION, event, ok, World } from "./world.js";

const encoder = new TextEncoder();
const bodyOf = (value: unknown): Uint8Array => encoder.encode(typeof value === "string" ? value : JSON.stringify(value));

/** A queue in memory that notes what it is told. */
class MemoryQueue implements Queue {
  readonly told: string[] = [];
  readonly takes: number[] = [];
  readonly #world: World;
  readonly #ready: { body: Uint8Array; attempts: number; at: number }[] = [];
  /** Breaks what is called so. */
  broken = new Set<string>();
  extended = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async put(events: readonly Uint8Array[]): Promise<void> {
    for (const body of events) this.#ready.push({ body, attempts: 0, at: 0 });
  }

  async take(max: number, waitMs: number): Promise<QueueMessage[]> {
    if (this.broken.has("take")) throw new Error("the broker is away (the-client-secret)");
    const now = this.#world.time.clock.now();
    const due = this.#ready.filter(({ at }) => at <= now).slice(0, max);
    if (due.length === 0) {
      await this.#world.time.sleep(waitMs);
      return [];
    }
    this.takes.push(due.length);
    return due.map((one) => {
      this.#ready.splice(this.#ready.indexOf(one), 1);
      one.attempts++;
      const name = (JSON.parse(new TextDecoder().decode(one.body)) as { messageId?: string }).messageId ?? "-";
      const tell = async (what: string, call: string): Promise<void> => {
        if (this.broken.has(call)) throw new Error(`no ${call}`);
        this.told.push(`${name} ${what}`);
      };
      return {
        body: one.body,
        attempts: one.attempts,
        ack: () => tell("ack", "ack"),
        retry: async (delayMs) => {
          await tell(`retry ${delayMs}`, "retry");
          this.#ready.push({ ...one, at: this.#world.time.clock.now() + delayMs });
        },
        dead: (reason) => tell(`dead ${reason}`, "dead"),
        extend: () => void this.extended++,
      };
    });
  }

  async close(): Promise<void> {}
}

function start(world: World, queue: Queue, options: Partial<ConsumeOptions> = {}): Consumer {
  const log = (fields: object, message: string): void => void world.logs.push(`${message} ${JSON.stringify(fields)}`);
  return consume(queue, {
    ...CONNECTION,
    fetch: world.fetch,
    clock: world.time.clock,
    sleep: world.time.sleep,
    random: () => 0.5,
    logger: { debug: log, info: log, warn: log, error: log },
    onOutcome: (outcome) => void world.outcomes.push(outcome),
    ...options,
  });
}

/** Puts events, and lets time pass until the queue has been told so often. */
async function consumed(world: World, queue: MemoryQueue, events: readonly unknown[], told: number, options: Partial<ConsumeOptions> = {}): Promise<Consumer> {
  await queue.put(events.map(bodyOf));
  const consumer = start(world, queue, options);
  await world.time.run(
    (async () => {
      while (queue.told.length < told) await world.time.sleep(10);
    })(),
  );
  return consumer;
}

const stopped = async (world: World, consumer: Consumer, deadlineMs?: number): Promise<void> => {
  await world.time.run(consumer.stop(deadlineMs === undefined ? {} : { deadlineMs }));
  await world.time.run(world.time.sleep(60_000));
  assert.equal(world.time.pending, 0, "a timer is left");
};

void test("a queue that has nothing and does not wait is asked ten times a second, and not without end", async () => {
  const world = new World();
  let takes = 0;
  const queue: Queue = { put: async () => undefined, take: async () => (takes++, []), close: async () => undefined };
  const consumer = start(world, queue);
  await world.time.run(world.time.sleep(10_000));
  await stopped(world, consumer);
  assert.ok(takes >= 99 && takes <= 102, `${takes} times in 10 s`);
});

void test("each event is acknowledged when it has its outcome, and given up to the queue's dead letters", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  world.answer = ({ ids }) => ({
    status: 207,
    body: {
      success: ids.flatMap((id, index) => (id === "fine" ? [{ index, event: {} }] : [])),
      error: ids.flatMap((id, index) =>
        id === "fine" ? [] : [{ index, errors: [{ code: id === "bad" ? "BAD_REQUEST" : "INTERNAL_ERROR", message: "by request" }] }],
      ),
    },
  });
  const events = [event("fine"), event("bad"), event("hopeless"), { messageId: "unmapped", type: "track", event: "Nothing We Know" }];
  const consumer = await consumed(world, queue, events, 4, { maxAttempts: 4 });
  await stopped(world, consumer);
  assert.deepEqual(queue.told, ["unmapped ack", "fine ack", "bad ack", "hopeless dead attempts_exhausted: INTERNAL_ERROR: by request"]);
  assert.deepEqual(world.outcomes, [
    { outcome: "dropped", reason: "unmapped_event" },
    { outcome: "accepted", eventId: "fine", attempts: 1 },
    { outcome: "rejected", eventId: "bad", attempts: 1, code: "BAD_REQUEST", message: "by request" },
    { outcome: "dead_lettered", eventId: "hopeless", attempts: 4, reason: "attempts_exhausted", lastError: "INTERNAL_ERROR: by request" },
  ] satisfies EventOutcome[]);
  assert.deepEqual(consumer.stats(), {
    taken: 4,
    accepted: 1,
    rejected: 1,
    dropped: { unmapped_event: 1 },
    deadLettered: 1,
    returned: 0,
    unacknowledged: 0,
    held: 0,
    requests: 4,
    retriedRequests: 3,
    tokenRefreshes: 1,
    fault: undefined,
  });
});

void test("nothing is acknowledged before Amazon has answered, and outcomes are told before the queue forgets", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  const order: string[] = [];
  world.answer = (asked) => {
    order.push(`asked, ${queue.told.length} told`);
    return order.length < 3 ? { status: 503 } : ok(asked);
  };
  const consumer = await consumed(world, queue, [event("a"), event("b")], 2, {
    onOutcome: async ({ outcome }) => {
      await world.time.sleep(5);
      order.push(`${outcome}, ${queue.told.length} told`);
    },
  });
  await stopped(world, consumer);
  assert.deepEqual(order.slice(0, 4), ["asked, 0 told", "asked, 0 told", "asked, 0 told", "accepted, 0 told"]);
  assert.deepEqual(queue.told, ["a ack", "b ack"]);
});

void test("events are sent in full batches, and no more are taken than can be sent soon", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  const ids = Array.from({ length: 2300 }, (_, index) => `m-${index}`);
  let most = 0;
  let consumer: Consumer | undefined;
  world.answer = (asked) => {
    most = Math.max(most, consumer?.stats().held ?? 0);
    return ok(asked);
  };
  await queue.put(ids.map((id) => bodyOf(event(id))));
  consumer = start(world, queue, { concurrency: 2 });
  await world.time.run((async () => {
    while (queue.told.length < ids.length) await world.time.sleep(10);
  })());
  await stopped(world, consumer);
  assert.deepEqual(world.asked.map(({ ids: sent }) => sent.length), [500, 500, 500, 500, 300]);
  assert.ok(most <= 1500, `${most} were held at once`);
  world.check(ids);
});

void test("while Amazon refuses the credentials events go back to the queue with a delay, and nothing is taken", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  const began = world.time.clock.now();
  world.answerToken = (call) =>
    call === 1
      ? { status: 400, body: { error: "invalid_grant" } }
      : { status: 200, body: { access_token: `Atza|${call}`, token_type: "bearer", expires_in: 3600 } };
  const consumer = await consumed(world, queue, [event("a"), event("b")], 2);
  assert.deepEqual([consumer.stats().fault, consumer.stats().returned], ["ERR_CREDENTIALS", 2]);
  await world.time.run((async () => {
    while (queue.told.length < 4) await world.time.sleep(10);
  })());
  await stopped(world, consumer);
  assert.deepEqual(queue.told, ["a retry 30000", "b retry 30000", "a ack", "b ack"]);
  assert.deepEqual([queue.takes, world.tokenCalls.length], [[2, 2], 2]);
  assert.ok((world.asked[0]?.at ?? 0) - began >= 30_000);
  assert.deepEqual(world.outcomes.map(({ outcome }) => outcome), ["accepted", "accepted"]);
});

void test("stop sends what is held and takes nothing more", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  await queue.put([bodyOf(event("a"))]);
  const consumer = start(world, queue);
  let stop: Promise<void> | undefined;
  world.answer = (asked, call) => {
    stop ??= consumer.stop();
    return call === 1 ? { status: 500 } : ok(asked);
  };
  await world.time.run((async () => {
    while (!stop) await world.time.sleep(10);
    await queue.put([bodyOf(event("late"))]);
    await stop;
  })());
  await stopped(world, consumer);
  assert.deepEqual(queue.told.filter((one) => one.startsWith("a ")), ["a ack"]);
  assert.deepEqual(queue.told.filter((one) => one === "late ack"), []);
  assert.equal(consumer.stats().held, 0);
});

void test("at the deadline of stop what has no outcome goes back to the queue at once", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  await queue.put([bodyOf(event("a")), bodyOf(event("b"))]);
  const consumer = start(world, queue);
  world.answer = () => "hang";
  await world.time.run((async () => {
    while (world.asked.length === 0) await world.time.sleep(10);
    await consumer.stop({ deadlineMs: 500 });
  })());
  await stopped(world, consumer);
  assert.deepEqual(queue.told, ["a retry 0", "b retry 0"]);
  assert.deepEqual(world.outcomes, []);
  assert.deepEqual([consumer.stats().held, consumer.stats().returned, consumer.stats().fault], [0, 2, "ERR_CLOSED"]);
});

void test("the queue is told of what is still worked on, until it is done", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  world.answer = (asked, call) => (call === 1 ? { status: 429, headers: { "Retry-After": "35" } } : ok(asked));
  const consumer = await consumed(world, queue, [event("a")], 1);
  await world.time.run(world.time.sleep(60_000));
  await stopped(world, consumer);
  assert.deepEqual([queue.told, queue.extended], [["a ack"], 3]);
});

void test("an acknowledgement that the queue does not hear is no outcome counted, and stops nothing", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  queue.broken.add("ack");
  await queue.put([bodyOf(event("a"))]);
  const consumer = start(world, queue);
  await world.time.run((async () => {
    while (world.outcomes.length === 0) await world.time.sleep(10);
    queue.broken.clear();
    await queue.put([bodyOf(event("b"))]);
    while (queue.told.length === 0) await world.time.sleep(10);
  })());
  await stopped(world, consumer);
  assert.deepEqual(queue.told, ["b ack"]);
  const { taken, accepted, unacknowledged, held } = consumer.stats();
  assert.deepEqual({ taken, accepted, unacknowledged, held }, { taken: 2, accepted: 1, unacknowledged: 1, held: 0 });
  assert.deepEqual(world.logs.filter((line) => line.includes("could not be told")), [
    'the queue could not be told of an event; it will hand it out again {"problem":"no ack"}',
  ]);
});

void test("a queue that cannot be reached is asked again", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  queue.broken.add("take");
  await queue.put([bodyOf(event("a"))]);
  const consumer = start(world, queue);
  await world.time.run((async () => {
    await world.time.sleep(3500);
    queue.broken.clear();
    while (queue.told.length === 0) await world.time.sleep(10);
  })());
  await stopped(world, consumer);
  assert.deepEqual(queue.told, ["a ack"]);
  assert.deepEqual(world.logs.filter((line) => line.includes("gave nothing")), Array(4).fill('the queue gave nothing; trying again {"problem":"the broker is away ([secret])"}'));
});

void test("an event without a time or an id of its own is the same event each time it is handed out", async () => {
  const world = new World();
  const { messageId: _, timestamp: __, ...bare } = event("");
  const putAt = Date.parse("2026-11-20T12:00:00Z");
  let handedOut = 0;
  const acked: string[] = [];
  const queue: Queue = {
    put: async () => undefined,
    close: async () => undefined,
    take: async (_max, waitMs) => {
      if (handedOut === 2) await world.time.sleep(waitMs);
      if (handedOut === 2) return [];
      await world.time.sleep(5000);
      handedOut++;
      return [{ body: bodyOf(bare), attempts: handedOut, putAt, ack: () => void acked.push("ack"), retry: () => undefined, dead: () => undefined }];
    },
  };
  const consumer = start(world, queue);
  await world.time.run((async () => {
    while (acked.length < 2) await world.time.sleep(10);
  })());
  await stopped(world, consumer);
  const [first, second] = world.asked.map(({ wires }) => wires[0] ?? "");
  assert.equal(first, second);
  assert.equal((JSON.parse(first ?? "") as { eventTime: string }).eventTime, "2026-11-20T12:00:00Z");
});

void test("what onOutcome throws is logged, and the event is acknowledged all the same", async () => {
  const world = new World();
  const queue = new MemoryQueue(world);
  const consumer = await consumed(world, queue, [event("a")], 1, {
    onOutcome: () => {
      throw new Error("no ledger");
    },
  });
  await stopped(world, consumer);
  assert.deepEqual(queue.told, ["a ack"]);
  const logs = world.logs.filter((line) => line.startsWith("onOutcome")).map((line) => line.replace(/,"stack":".*"/, ""));
  assert.deepEqual(logs, ['onOutcome threw {"err":{"type":"Error","message":"no ledger"}}']);
});

void test("options that cannot be right are refused with their names", () => {
  const world = new World();
  const refused = (make: () => unknown, message: string): void => {
    assert.throws(make, (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.message, message);
      return true;
    });
  };
  const queue = new MemoryQueue(world);
  refused(() => start(world, {} as never), "`queue` must be a queue with `put`, `take` and `close`, got a value of type object");
  refused(() => start(world, queue, { maxBatchEvents: 501 }), "`maxBatchEvents` must be a whole number from 1 to 500, got `501`");
  refused(() => start(world, queue, { takeWaitMs: 0 }), "`takeWaitMs` must be a whole number from 1 to 60000, got `0`");
  refused(() => start(world, queue, { onOutcome: 1 as never }), "`onOutcome` must be a function, got `1`");
});
