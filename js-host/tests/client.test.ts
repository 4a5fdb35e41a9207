// The client: what its promises resolve to, how it queues, what it keeps.
import assert from "node:assert/strict";
import { test } from "node:test";

import { createAmazonEvents, memoryTokenStore, Transformer, UsageError, type AmazonEventsOptions, type EventStore, type StoredEvent } from "../dist/index.js";
import { event, ok, World } from "./world.js";

const one = (id: string): never => event(id) as never;

test("send resolves when the event is queued or dropped, or with its outcome if it is to wait", async () => {
  const world = new World();
  const client = world.client();
  assert.deepEqual(await client.send(one("a")), { outcome: "queued" });
  assert.deepEqual(await client.send({ type: "track", event: "Nobody Knows" }), { outcome: "dropped", reason: "unmapped_event" });
  assert.deepEqual(await client.send({ type: "page", big: 1n } as never), { outcome: "dropped", reason: "invalid_event", detail: "not_json" });
  assert.deepEqual(await world.time.run(client.send(one("b"), { wait: true })), { outcome: "accepted", eventId: "b", attempts: 1 });
  // Both went in one request, a second after the first was queued.
  assert.deepEqual(world.asked.map(({ ids }) => ids), [["a", "b"]]);
  await world.time.run(client.close());
  assert.deepEqual(client.stats(), {
    events: 4, mapped: 2, dropped: { unmapped_event: 1, invalid_event: 1 }, accepted: 2, rejected: 0, deadLettered: 0,
    pending: 0, requests: 1, retriedRequests: 0, tokenRefreshes: 1,
  });
  await assert.rejects(client.send(one("c")), { code: "ERR_CLOSED", message: "the client is closed: make a new one to send more events" });
});

test("a batch goes when it is full in events or bytes", async () => {
  const world = new World();
  await world.deliver(10, { maxBatchEvents: 4 });
  assert.deepEqual(world.asked.map(({ ids }) => ids.length), [4, 4, 2]);
  const small = new World();
  await small.deliver(10, { maxBatchBytes: 1200 });
  for (const { bytes, ids } of small.asked) assert.ok(bytes <= 1200 && ids.length > 1, `${bytes} bytes, ${ids.length} events`);
});

test("a full queue makes senders wait, or refuses", async () => {
  const world = new World();
  const waiting = world.client({ maxQueueEvents: 2 });
  await waiting.send(one("a"));
  await waiting.send(one("b"));
  let queued = false;
  const third = waiting.send(one("c")).then(() => (queued = true));
  assert.equal(queued, false);
  await world.time.run(third);
  await world.time.run(waiting.close());
  assert.equal(world.count("accepted"), 3);
  const refusing = world.client({ maxQueueEvents: 1, whenFull: "refuse" });
  await refusing.send(one("d"));
  await assert.rejects(refusing.send(one("e")), { code: "ERR_QUEUE_FULL", message: "the queue is full (1 events): the event was not taken" });
  await world.time.run(refusing.close());
});

test("close gives up at its deadline, and says so", async () => {
  const world = new World();
  world.answer = () => "hang";
  const client = world.client();
  await client.send(one("a"));
  const began = world.time.clock.now();
  await world.time.run(client.close({ deadlineMs: 5000 }));
  assert.equal(world.time.clock.now() - began, 5000);
  assert.deepEqual(world.outcomes, [
    { outcome: "dead_lettered", eventId: "a", attempts: 0, reason: "closed", lastError: "the client was closed before the event could be delivered" },
  ]);
  world.check(["a"]);
});

class Disk implements EventStore {
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

test("what a closed or killed client left in its store, the next one sends byte for byte", async () => {
  const store = new Disk();
  const world = new World();
  world.answer = () => "hang";
  const first = world.client({ store });
  await first.send(one("a"));
  await first.send(one("b"));
  await world.time.run(first.close({ deadlineMs: 10 }));
  assert.deepEqual([store.kept.size, world.outcomes.length], [2, 0]);
  world.answer = ok;
  const second = world.client({ store });
  await world.time.run(second.send(one("c"), { wait: true }));
  await world.time.run(second.close());
  assert.equal(store.kept.size, 0);
  world.check(["a", "b", "c"]);
});

test("a store that fails stops intake and loses nothing", async () => {
  const world = new World();
  const store = new Disk();
  store.add = () => Promise.reject(new Error("disk full"));
  const client = world.client({ store });
  await assert.rejects(client.send(one("a")), /disk full/);
  await world.time.run(client.close());
});

test("clients share tokens through a store of values", async () => {
  const world = new World();
  const tokenStore = memoryTokenStore();
  await world.deliver(1, { tokenStore });
  world.outcomes.length = world.asked.length = 0;
  await world.deliver(1, { tokenStore, config: new Transformer({ dataSetName: "web" }) });
  assert.equal(world.tokenCalls.length, 1);
  assert.match(world.asked[0]?.wires[0] ?? "", /"dataSetName":"web"/);
});

test("a listener that throws costs nothing", async () => {
  const world = new World();
  const client = world.client({ onOutcome: () => { throw new Error("oops"); } });
  const outcome = await world.time.run(client.send(one("a"), { wait: true }));
  assert.equal(outcome.outcome, "accepted");
  assert.match(world.logs.join(), /onOutcome threw/);
  await world.time.run(client.close());
});

const complete = { ADVERTISER_ID: "1", CLIENT_ID: "c", CLIENT_SECRET: "very secret", REFRESH_TOKEN: "r" };
const wrong: [string, Partial<AmazonEventsOptions>, string, RegExp][] = [
  ["a missing parameter", { ...complete, CLIENT_ID: "" }, "ERR_MISSING_PARAMETERS", /^missing connection parameter:\n {2}CLIENT_ID .*$/],
  ["a secret that cannot be one", complete, "ERR_INVALID_ARG_VALUE", /^CLIENT_SECRET must be letters, digits and signs without blanks or line breaks$/],
  ["a number where a text belongs", { ...complete, ADVERTISER_ID: 7 as never }, "ERR_INVALID_ARG_TYPE", /^`ADVERTISER_ID` must be a text, got a value of type number$/],
  ["an unsafe host", { ...complete, CLIENT_SECRET: "s", BASE_URL: "http://example.com" }, "ERR_INVALID_ARG_VALUE", /^BASE_URL must begin with https:\/\/ \(http:\/\/ is for loopback alone\), got `http:\/\/example\.com`$/],
  ["no URL", { ...complete, CLIENT_SECRET: "s", TOKEN_URL: "token" }, "ERR_INVALID_ARG_VALUE", /^TOKEN_URL must be a URL such as .*, got `token`$/],
  ["too few attempts", { ...complete, CLIENT_SECRET: "s", maxAttempts: 3 }, "ERR_INVALID_ARG_TYPE", /^`maxAttempts` must be a whole number from 4 to 100, got `3`$/],
  ["an unknown way to be full", { ...complete, CLIENT_SECRET: "s", whenFull: "burst" as never }, "ERR_INVALID_ARG_VALUE", /^`whenFull` must be `wait` or `refuse`, got `burst`$/],
];
for (const [name, options, code, message] of wrong) {
  test(`${name} is refused with one sentence`, () => {
    assert.throws(
      () => createAmazonEvents(options as AmazonEventsOptions),
      (error) => {
        assert.ok(error instanceof UsageError && error instanceof TypeError);
        assert.equal(error.code, code);
        assert.match(error.message, message);
        assert.doesNotMatch(error.message, /very secret/);
        return true;
      },
    );
  });
}

test("a config that cannot be right is refused with its path", () => {
  assert.throws(() => createAmazonEvents({ ...complete, CLIENT_SECRET: "s", config: { evnts: {} } as never }), { name: "ConfigError", path: "evnts" });
});
