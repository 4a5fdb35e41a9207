// The client: what its promises resolve to, how it queues, what it keeps.
import assert from "node:assert/strict";
import { test } from "node:test";

import { AmazonEventsError, createAmazonEvents, memoryTokenStore, Transformer, UsageError, type AmazonEventsOptions } from "../dist/index.js";
import { Disk, event, ok, World } from "./world.js";

const one = (id: string): never => event(id) as never;

test("send resolves when the event is queued or dropped, or with its outcome if it is to wait", async () => {
  const world = new World();
  const client = world.client();
  assert.deepEqual(await client.send(one("a")), { outcome: "queued" });
  assert.deepEqual(await client.send({ type: "track", event: "Nobody Knows" }), { outcome: "dropped", reason: "unmapped_event" });
  assert.deepEqual(await client.send({ type: "page", userId: 1n } as never), { outcome: "dropped", reason: "invalid_event", detail: "not_json" });
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

test("what was sent before close is called is delivered, awaited or not; a send that waits for room is refused", async () => {
  for (const store of [undefined, new Disk()]) {
    const world = new World();
    const client = world.client({ ...(store && { store }), maxQueueEvents: 4 });
    // The first takes up what the store has from earlier.
    await client.send(one("first"));
    const sent = [client.send(one("a")), client.send(one("b")), client.sendBatch(JSON.stringify(one("c")))];
    const late = client.send(one("d"));
    const closed = client.close();
    await assert.rejects(late, { code: "ERR_CLOSED" });
    await assert.rejects(client.send(one("e")), { code: "ERR_CLOSED" });
    await world.time.run(closed);
    assert.deepEqual(await Promise.all(sent), [{ outcome: "queued" }, { outcome: "queued" }, { events: 1, queued: 1, dropped: 0 }]);
    assert.deepEqual(world.asked.flatMap(({ ids }) => ids).sort(), ["a", "b", "c", "first"]);
  }
});

test("a batch goes when it is full in events or bytes", async () => {
  const world = new World();
  await world.deliver(10, { maxBatchEvents: 4 });
  assert.deepEqual(world.asked.map(({ ids }) => ids.length), [4, 4, 2]);
  const small = new World();
  await small.deliver(10, { maxBatchBytes: 1200 });
  for (const { bytes, ids } of small.asked) assert.ok(bytes <= 1200 && ids.length > 1, `${bytes} bytes, ${ids.length} events`);
});

test("a slip in an option's name is said, and other names of an environment are not looked at", async () => {
  const world = new World();
  const slips: [string, string][] = [
    ["onOutcom", "onOutcome"], ["maxBatchSize", ""], ["maxbatchevents", "maxBatchEvents"], ["flushInterval", "flushIntervalMs"], ["flushIntervalMS", "flushIntervalMs"],
    ["clientId", "CLIENT_ID"], ["baseURL", "BASE_URL"], ["loger", "logger"], ["deadLetter", "deadLetters"],
  ];
  for (const [name, meant] of slips) {
    const make = (): unknown => world.client({ [name]: 1 });
    if (meant === "") assert.doesNotThrow(make, name);
    else assert.throws(make, { name: "UsageError", code: "ERR_INVALID_ARG_VALUE", message: `\`${name}\` is not an option; did you mean \`${meant}\`?` });
  }
  const environment = { Path: "C:\\", http_proxy: "http://localhost", npm_config_cache: "x", ONOUTCOME: "x", _: "node", lock: "x", storey: "x", windir: "x" };
  assert.doesNotThrow(() => world.client(environment as object));
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
  await assert.rejects(refusing.send(one("e")), { code: "ERR_QUEUE_FULL", message: "the queue is full (1 event): the event was not taken" });
  await world.time.run(refusing.close());
});

test("the queue's limits hold however many send at once", async () => {
  const world = new World();
  world.answer = () => "hang";
  for (const limit of [{ maxQueueEvents: 10 }, { maxQueueBytes: 2000 }]) {
    const client = world.client({ ...limit, whenFull: "refuse" });
    const sent = Promise.allSettled(Array.from({ length: 300 }, (_, index) => client.send(one(`m-${index}`))));
    const results = await world.time.run(sent);
    const taken = results.filter(({ status }) => status === "fulfilled").length;
    assert.equal(client.stats().pending, taken);
    assert.ok(taken <= 10 && taken > 1, `${taken} taken`);
    assert.equal(results.filter((result) => result.status === "rejected" && result.reason.code === "ERR_QUEUE_FULL").length, 300 - taken);
    await world.time.run(client.close({ deadlineMs: 0 }));
  }
  const calm = new World();
  const waiting = calm.client({ maxQueueEvents: 10 });
  let most = 0;
  calm.answer = (asked) => {
    most = Math.max(most, waiting.stats().pending);
    return ok(asked);
  };
  await calm.time.run(Promise.all(Array.from({ length: 300 }, (_, index) => waiting.send(one(`m-${index}`)))));
  await calm.time.run(waiting.close());
  assert.equal(calm.count("accepted"), 300);
  assert.ok(most <= 10, `${most} at once`);
});

test("an event of nothing but blanks has its own outcome, and its neighbours have theirs", async () => {
  const world = new World();
  const client = world.client();
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  for (const blank of ["", " ", "\n", "\t\r\n\f", "\ufeff", "\ufeff \n"]) {
    const events = [bytes(blank), bytes(JSON.stringify(event("a"))), bytes(blank), bytes(JSON.stringify(event("b")))];
    const outcomes = await world.time.run(client.deliver(events));
    assert.deepEqual(outcomes.map((outcome) => (outcome.outcome === "dropped" ? outcome.detail : outcome.eventId)), ["not_json", "a", "not_json", "b"], JSON.stringify(blank));
  }
  await world.time.run(client.close());
});

test("a token store that fetches for all may have no token, which is no fault of the store", async () => {
  const world = new World();
  const refuse = (): never => {
    throw new AmazonEventsError("ERR_TOKEN_UNAVAILABLE", "Amazon gives none");
  };
  await world.deliver(1, { tokenStore: { get: refuse, set: () => undefined } });
  assert.deepEqual(world.outcomes.map((outcome) => outcome.outcome === "dead_lettered" && [outcome.reason, outcome.lastError]), [["token_unavailable", "Amazon gives none"]]);
});

test("a fetch that fails with nothing at all is a fault like any other", async () => {
  for (const thrown of [undefined, null, new Error("away", { cause: null }), "a text"]) {
    const world = new World();
    let calls = 0;
    const client = world.client({ fetch: (url, init) => (String(url).endsWith("/token") || ++calls > 1 ? world.fetch(String(url), init as RequestInit) : Promise.reject(thrown)) });
    await client.send(one("a"));
    await world.time.run(client.close());
    assert.deepEqual(world.outcomes, [{ outcome: "accepted", eventId: "a", attempts: 2 }]);
  }
});

test("without anybody to hear of it the first loss of each kind is said on the console", async (context) => {
  const said = context.mock.method(console, "error", () => undefined);
  const world = new World();
  world.answer = (asked) => ({ status: 207, body: { error: asked.ids.map((_, index) => ({ index, errors: [{ code: "BAD_REQUEST", message: "no such dataset" }] })) } });
  const lines = async (options: object): Promise<unknown[]> => {
    const before = said.mock.callCount();
    const client = world.client(options);
    for (const id of ["a", "b"]) await client.send(one(id));
    await world.time.run(client.close());
    return said.mock.calls.slice(before).map((call) => call.arguments[0] as unknown);
  };
  assert.deepEqual(await lines({ onOutcome: undefined, logger: undefined }), [
    "amazon-dsp-events: Amazon rejects an event: BAD_REQUEST: no such dataset (said once for each kind; `onOutcome` hears of every event)",
  ]);
  assert.deepEqual(await lines({ logger: undefined }), []);
  assert.deepEqual(await lines({ onOutcome: undefined }), []);
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

const never = (): Promise<never> => new Promise(() => undefined);
const ends: [string, (world: World) => Partial<AmazonEventsOptions>, number][] = [
  ["a request that hangs", (world) => ((world.answer = () => "hang"), {}), 0],
  ["a fetch that heeds no signal", (world) => ((world.answer = () => "deaf"), {}), 0],
  ["a body without an end", (world) => ((world.answer = () => "endless"), {}), 0],
  ["a token request that hangs", (world) => ((world.answerToken = () => "hang"), {}), 0],
  ["a token request that heeds no signal", (world) => ((world.answerToken = () => "deaf"), {}), 0],
  ["a token endpoint that is down", (world) => ((world.answerToken = () => ({ status: 503, headers: { "Retry-After": "50" } })), {}), 0],
  ["a token store that does not read", () => ({ tokenStore: { get: never, set: () => undefined } }), 0],
  ["a token store that does not write", () => ({ tokenStore: { get: () => undefined, set: never } }), 0],
  ["a Retry-After", (world) => ((world.answer = () => ({ status: 429, headers: { "Retry-After": "50" } })), {}), 1],
  ["a backoff", (world) => ((world.answer = () => ({ status: 503 })), { random: () => 0.99 }), 4],
];
for (const [what, prepare, attempts] of ends) {
  test(`close ends at its deadline on the spot: ${what}`, async () => {
    const world = new World();
    const client = world.client(prepare(world));
    await client.send(one("a"));
    const began = world.time.clock.now();
    await world.time.run(client.close({ deadlineMs: 5000 }));
    assert.equal(world.time.clock.now() - began, 5000);
    assert.deepEqual(world.outcomes, [
      { outcome: "dead_lettered", eventId: "a", attempts, reason: "closed", lastError: "the client was closed before the event could be delivered" },
    ]);
    world.check(["a"]);
  });
}

test("close ends at its deadline on the spot: the line for the rate", async () => {
  const world = new World();
  const client = world.client({ maxRequestsPerSecond: 0.1, maxBatchEvents: 1, concurrency: 8 });
  for (const id of ["a", "b", "c"]) await client.send(one(id));
  const began = world.time.clock.now();
  await world.time.run(client.close({ deadlineMs: 5000 }));
  assert.equal(world.time.clock.now() - began, 5000);
  assert.deepEqual(world.outcomes.map((outcome) => [outcome.outcome, "attempts" in outcome && outcome.attempts]), [["accepted", 1], ["dead_lettered", 0], ["dead_lettered", 0]]);
  world.check(["a", "b", "c"]);
});

test("close ends a second after its deadline when nobody takes note, and says how many events have no outcome", async () => {
  const stuck: [string, (store: Disk) => Partial<AmazonEventsOptions>, number][] = [
    ["the sink", () => ({ deadLetters: { put: never } }), 1],
    ["the store, forgetting", (store) => ((store.remove = never), { store }), 1],
    ["the store, closing", (store) => ((store.close = never), { store }), 0],
    ["the store, reading", (store) => ((store.pending = () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }) as never), { store }), 0],
  ];
  for (const [what, prepare, pending] of stuck) {
    const world = new World();
    if (what === "the sink") world.answer = () => "hang";
    const client = world.client(prepare(new Disk()));
    const sent = client.send(one("a"));
    if (what !== "the store, reading") await sent;
    const began = world.time.clock.now();
    await assert.rejects(world.time.run(client.close({ deadlineMs: 5000 })), {
      code: "ERR_STORE",
      message: `closed without an outcome of ${pending === 1 ? "1 event" : `${pending} events`}: the store or the dead-letter sink did not answer within 1 s of the deadline`,
    }, what);
    assert.equal(world.time.clock.now() - began, 6000, what);
    assert.equal(client.stats().pending, pending, what);
  }
});

test("a deadline that is none is refused", async () => {
  const client = new World().client();
  await assert.rejects(client.close({ deadlineMs: Number.NaN }), { code: "ERR_INVALID_ARG_VALUE", message: "`deadlineMs` must be a whole number from 0 to 86400000, got `NaN`" });
  await client.close();
});

test("a fault that is over does not keep a client from closing at its deadline", async () => {
  const world = new World();
  world.answer = (_, call) => (call === 1 ? { status: 403 } : "hang");
  const client = world.client();
  await world.time.run(client.send(one("a"), { wait: true }));
  await world.time.run(world.time.sleep(31_000));
  await client.send(one("b"));
  const began = world.time.clock.now();
  await world.time.run(client.close({ deadlineMs: 5000 }));
  assert.equal(world.time.clock.now() - began, 5000);
  assert.deepEqual(world.outcomes.map((outcome) => outcome.outcome === "dead_lettered" && outcome.reason), ["credentials_refused", "closed"]);
  world.check(["a", "b"]);
});

test("a close while nothing may be sent for a while ends it for good", async () => {
  const world = new World();
  world.answer = (asked, call) => (call === 1 ? { status: 403 } : ok(asked));
  const client = world.client({ deadLetters: { put: () => world.time.sleep(1) } });
  await world.time.run(client.send(one("a"), { wait: true }));
  await client.send(one("b"));
  await world.time.run(client.close({ deadlineMs: 0 }));
  assert.equal(world.asked.length, 1);
  world.check(["a", "b"]);
});

test("whoever waits for room when the client closes is refused, and nothing is sent behind its back", async () => {
  const world = new World();
  const store = new Disk();
  const client = world.client({ maxQueueEvents: 1, store });
  await client.send(one("a"));
  const waiting = client.send(one("b"));
  const refused = assert.rejects(waiting, { code: "ERR_CLOSED" });
  await world.time.run(client.close());
  await refused;
  assert.deepEqual([client.stats().events, client.stats().pending, store.kept.size], [1, 0, 0]);
  world.check(["a"]);
});

test("close waits for events that the store is about to take", async () => {
  const world = new World();
  const store = new Disk();
  const { add } = Disk.prototype;
  store.add = async (wires) => {
    await world.time.sleep(500);
    return add.call(store, wires);
  };
  const client = world.client({ store });
  const sent = client.send(one("a"));
  await new Promise(setImmediate);
  await world.time.run(client.close());
  assert.deepEqual(await sent, { outcome: "queued" });
  world.check(["a"]);
});

test("a flush waits for what was sent before it, and not for what comes later", async () => {
  const world = new World();
  world.answer = ({ ids }) => (ids.includes("late") ? { status: 503 } : { status: 207, body: { success: [{ index: 0, event: {} }], error: [] } });
  const client = world.client({ maxAttempts: 9 });
  await client.send(one("early"));
  const flushed = client.flush();
  await client.send(one("late"));
  const late = client.flush();
  await world.time.run(flushed);
  assert.deepEqual(world.outcomes.map((outcome) => outcome.outcome), ["accepted"]);
  await world.time.run(late);
  assert.deepEqual(world.outcomes.map((outcome) => outcome.outcome), ["accepted", "dead_lettered"]);
  await world.time.run(client.close());
});

test("a sink that fails is said to everybody who waits, and stops everything for half a minute", async () => {
  const world = new World();
  world.answer = () => ({ status: 403 });
  let broken = true;
  const client = world.client({
    deadLetters: {
      put: () => {
        if (broken) throw new Error("no space left for jane@example.com");
      },
    },
  });
  const fault = { code: "ERR_STORE", message: "could not write dead letters: no space left for [address]" };
  await assert.rejects(world.time.run(client.send(one("a"), { wait: true })), fault);
  const none = { code: "ERR_STORE", message: `no outcome of 1 event: ${fault.message}` };
  await assert.rejects(world.time.run(client.flush()), none);
  await assert.rejects(world.time.run(client.send(one("b"))), fault);
  assert.deepEqual([client.stats().events, client.stats().pending, world.outcomes.length], [1, 1, 0]);
  broken = false;
  world.answer = ok;
  await world.time.run(world.time.sleep(30_000));
  assert.equal((await world.time.run(client.send(one("b"), { wait: true }))).outcome, "accepted");
  await assert.rejects(world.time.run(client.close()), none);
  assert.equal(world.time.pending, 0);
});

test("where the outcome of one half of a batch cannot be noted, the other half is waited for", async () => {
  const world = new World();
  const store = new Disk();
  const { remove } = Disk.prototype;
  store.remove = async (ids) => {
    if (ids.includes(1)) throw new Error("disk full");
    await remove.call(store, ids);
  };
  world.answer = (asked) => (asked.ids.length > 1 ? { status: 413 } : ok(asked));
  world.latency = () => (world.asked.at(-1)?.ids[0] === "b" ? 5000 : 10);
  const client = world.client({ store });
  await client.send(one("a"));
  await client.send(one("b"));
  await assert.rejects(world.time.run(client.close()), { code: "ERR_STORE", message: "could not note outcomes in the store: disk full" });
  assert.equal(world.time.pending, 0);
  assert.deepEqual(world.outcomes.map((outcome) => "eventId" in outcome && outcome.eventId), ["b"]);
  assert.deepEqual([...store.kept.keys()], [1]);
  assert.equal(client.stats().pending, 1);
});

test("a token store that does not answer is a fault, after the time limit", async () => {
  const world = new World();
  const client = world.client({ tokenStore: { get: never, set: () => undefined } });
  assert.deepEqual(await world.time.run(client.send(one("a"), { wait: true })), {
    outcome: "dead_lettered", eventId: "a", attempts: 0, reason: "store_failed", lastError: "could not read the token store: no answer within 30 s",
  });
  await world.time.run(client.close());
});

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

test("a store that cannot take an event stops everything for half a minute; one that is full refuses that event alone", async () => {
  const world = new World();
  const store = new Disk();
  const { add } = store;
  const client = world.client({ store });
  await client.send(one("a"));
  store.add = () => Promise.reject(new AmazonEventsError("ERR_STORE_FULL", "full"));
  await assert.rejects(client.send(one("b")), { code: "ERR_STORE_FULL", message: "full" });
  store.add = () => Promise.reject(new Error("bad sector"));
  const fault = { code: "ERR_STORE", message: "could not keep events in the store: bad sector" };
  await assert.rejects(client.send(one("c")), fault);
  store.add = add;
  await assert.rejects(client.send(one("d")), fault);
  await assert.rejects(world.time.run(client.flush()), fault);
  assert.equal(world.asked.length, 0);
  await world.time.run(world.time.sleep(30_000));
  assert.deepEqual(await world.time.run(client.send(one("e"), { wait: true })), { outcome: "accepted", eventId: "e", attempts: 1 });
  await world.time.run(client.close());
  world.check(["a", "e"]);
  assert.deepEqual([client.stats().events, store.kept.size], [2, 0]);
});

test("outcomes that the store could not note are had again after half a minute, each event once", async () => {
  const world = new World();
  const store = new Disk();
  const { remove } = store;
  store.remove = () => Promise.reject(new Error("bad sector"));
  const client = world.client({ store, maxBatchEvents: 2 });
  const fault = { code: "ERR_STORE", message: "could not note outcomes in the store: bad sector" };
  const waiting = ["a", "b", "c"].map((id) => assert.rejects(client.send(one(id), { wait: true }), fault));
  await world.time.run(Promise.all(waiting));
  await assert.rejects(world.time.run(client.flush()), fault);
  assert.deepEqual([world.outcomes.length, client.stats().pending, store.kept.size], [0, 3, 3]);
  store.remove = remove;
  await world.time.run(world.time.sleep(30_000));
  await world.time.run(client.close());
  world.check(["a", "b", "c"]);
  assert.deepEqual([client.stats().pending, store.kept.size], [0, 0]);
});

test("while credentials are refused, events stay in the store, and go when they are put right", async () => {
  const world = new World();
  const store = new Disk();
  const began = world.time.clock.now();
  world.answer = (asked) => (asked.at < began + 1_800_000 ? { status: 403 } : ok(asked));
  const client = world.client({ store, maxQueueEvents: 3, maxBatchEvents: 2 });
  const refused = { code: "ERR_ACCESS_DENIED", name: "CredentialsError" };
  await assert.rejects(world.time.run(client.send(one("a"), { wait: true })), refused);
  await client.send(one("b"));
  await client.send(one("c"));
  // The queue is full: whoever sends waits, and whoever flushes need not.
  const waiting = client.send(one("d"), { wait: true });
  await assert.rejects(world.time.run(client.flush()), refused);
  assert.deepEqual([client.stats().pending, world.outcomes, store.kept.size], [3, [], 3]);
  assert.deepEqual(await world.time.run(waiting), { outcome: "accepted", eventId: "d", attempts: 1 });
  await world.time.run(client.close());
  world.check(["a", "b", "c", "d"]);
  assert.deepEqual(client.stats().deadLettered, 0);
  // Some requests in each half minute, and not more.
  assert.ok(world.asked.length <= 60 * 2 + 4, `${world.asked.length} requests`);
});

test("a client that is closed while credentials are refused leaves its events in the store, and says why", async () => {
  const world = new World();
  const store = new Disk();
  world.answer = () => ({ status: 403 });
  const client = world.client({ store, maxQueueEvents: 1 });
  await client.send(one("a"));
  const waiting = assert.rejects(client.send(one("b")), { code: "ERR_CLOSED" });
  await assert.rejects(world.time.run(client.close()), { code: "ERR_ACCESS_DENIED" });
  await waiting;
  assert.deepEqual([store.kept.size, world.outcomes, world.time.pending], [1, [], 0]);
  const refusing = world.client({ store, maxQueueEvents: 1, whenFull: "refuse" });
  await assert.rejects(world.time.run(refusing.flush()), { code: "ERR_ACCESS_DENIED" });
  await assert.rejects(refusing.send(one("c")), { code: "ERR_QUEUE_FULL", message: "the queue is full (1 event): the event was not taken" });
  await assert.rejects(world.time.run(refusing.close()), { code: "ERR_ACCESS_DENIED" });
  world.answer = ok;
  const next = world.client({ store });
  await world.time.run(next.close());
  world.check(["a"]);
});

test("a flush ends though what an earlier process left is more than the queue holds while nothing may be sent", async () => {
  const world = new World();
  const store = new Disk();
  const ids = Array.from({ length: 20 }, (_, index) => `m-${index}`);
  await store.add(ids.map((eventId) => new TextEncoder().encode(JSON.stringify({ eventId }))));
  world.answer = () => ({ status: 403 });
  const client = world.client({ store, maxQueueEvents: 5, maxBatchEvents: 2 });
  await assert.rejects(world.time.run(client.flush()), { code: "ERR_ACCESS_DENIED" });
  assert.deepEqual([client.stats().events, store.kept.size], [5, 20]);
  world.answer = ok;
  await world.time.run(world.time.sleep(30_000));
  await world.time.run(client.flush());
  await world.time.run(client.close());
  world.check(ids);
  assert.equal(store.kept.size, 0);
});

test("a store that breaks off while it is read is read on after half a minute, and no event is taken up twice", async () => {
  const world = new World();
  const store = new Disk();
  const ids = Array.from({ length: 6 }, (_, index) => `m-${index}`);
  await store.add(ids.map((eventId) => new TextEncoder().encode(JSON.stringify({ eventId }))));
  let broken = true;
  store.pending = function* () {
    for (const [id, wire] of [...this.kept]) {
      if (id === 4 && broken) throw new Error("bad sector");
      yield { id, wire };
    }
  };
  world.answer = (asked) => (broken ? "hang" : ok(asked));
  const client = world.client({ store, maxBatchEvents: 1 });
  const fault = { code: "ERR_STORE", message: "could not read the store: bad sector" };
  await assert.rejects(world.time.run(client.send(one("a"))), fault);
  broken = false;
  await assert.rejects(client.send(one("a")), fault);
  await world.time.run(world.time.sleep(30_000));
  await world.time.run(client.send(one("a")));
  await world.time.run(client.close());
  world.check([...ids, "a"]);
  assert.deepEqual([client.stats().events, client.stats().pending, store.kept.size], [7, 0, 0]);
});

test("expired events that the sink did not take are handed over again, and counted once", async () => {
  const world = new World();
  const store = new Disk();
  await store.add(["old", "older", "young"].map((eventId) => new TextEncoder().encode(JSON.stringify({ eventId }))));
  store.pending = function* () {
    for (const [id, wire] of [...this.kept]) yield { id, wire, ...(id < 3 && { expired: "too old" }) };
  };
  let broken = true;
  const letters: string[] = [];
  const put = (given: readonly { eventId: string }[]): void => {
    if (broken) throw new Error("no sink");
    letters.push(...given.map(({ eventId }) => eventId));
  };
  const client = world.client({ store, deadLetters: { put } });
  await assert.rejects(world.time.run(client.flush()), { code: "ERR_STORE", message: "could not write dead letters: no sink" });
  assert.deepEqual([client.stats().events, client.stats().pending, store.kept.size], [0, 0, 3]);
  broken = false;
  await world.time.run(world.time.sleep(30_000));
  await world.time.run(client.close());
  world.check(["old", "older", "young"]);
  assert.deepEqual([letters, client.stats().events, client.stats().deadLettered, client.stats().accepted], [["old", "older"], 3, 2, 1]);
});

test("a batch that alone is refused does not hold up the others for ever", async () => {
  const world = new World();
  const store = new Disk();
  world.answer = (asked) => (asked.ids.includes("m-0") ? { status: 403 } : ok(asked));
  const client = world.client({ store, maxBatchEvents: 1, concurrency: 1 });
  for (const id of ["m-0", "m-1", "m-2"]) await client.send(one(id));
  await assert.rejects(world.time.run(client.flush()), { code: "ERR_ACCESS_DENIED" });
  await world.time.run(world.time.sleep(31_000));
  assert.deepEqual(world.outcomes.map((outcome) => "eventId" in outcome && outcome.eventId), ["m-1", "m-2"]);
  await assert.rejects(world.time.run(client.close()), { code: "ERR_ACCESS_DENIED" });
  assert.deepEqual([store.kept.size, world.time.pending], [1, 0]);
});

test("a clock that is set back does not keep a fault from ending", async () => {
  const world = new World();
  world.answer = (asked, call) => (call === 1 ? { status: 403 } : ok(asked));
  let back = 0;
  const client = world.client({ clock: { now: () => world.time.clock.now() - back } });
  await world.time.run(client.send(one("a"), { wait: true }));
  back = 3_600_000;
  assert.equal((await world.time.run(client.send(one("b"), { wait: true }))).outcome, "accepted");
  await world.time.run(client.close());
  world.check(["a", "b"]);
});

test("a client that is closed twice closes its store once", async () => {
  const world = new World();
  const store = new Disk();
  let closed = 0;
  store.close = () => void closed++;
  const client = world.client({ store });
  await client.send(one("a"));
  await world.time.run(Promise.all([client.close(), client.close()]));
  await client.close();
  assert.equal(closed, 1);
  world.check(["a"]);
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

test("a listener that throws or rejects costs nothing", async () => {
  const listeners: (() => void)[] = [() => { throw new Error("oops"); }, async () => { throw new Error("oops"); }];
  for (const onOutcome of listeners) {
    const world = new World();
    const client = world.client({ onOutcome });
    const outcome = await world.time.run(client.send(one("a"), { wait: true }));
    assert.equal(outcome.outcome, "accepted");
    await world.time.run(client.close());
    assert.equal(world.logs.filter((line) => /^onOutcome threw .*"message":"oops"/.test(line)).length, 1);
  }
});

const complete = { ADVERTISER_ID: "1", CLIENT_ID: "c", CLIENT_SECRET: "very secret", REFRESH_TOKEN: "r" };
const wrong: [string, Partial<AmazonEventsOptions>, string, RegExp][] = [
  ["a missing parameter", { ...complete, CLIENT_ID: "" }, "ERR_MISSING_PARAMETERS", /^missing connection parameter:\n {2}CLIENT_ID .*$/],
  ["a secret that cannot be one", complete, "ERR_INVALID_ARG_VALUE", /^CLIENT_SECRET must be letters, digits and signs without blanks or line breaks$/],
  ["a number where a text belongs", { ...complete, ADVERTISER_ID: 7 as never }, "ERR_INVALID_ARG_TYPE", /^ADVERTISER_ID must be a text, got a value of type number$/],
  ["an unsafe host", { ...complete, CLIENT_SECRET: "s", BASE_URL: "http://example.com" }, "ERR_INVALID_ARG_VALUE", /^BASE_URL must begin with https:\/\/ \(http:\/\/ is for loopback alone\), got `http:\/\/example\.com`$/],
  ["no URL", { ...complete, CLIENT_SECRET: "s", TOKEN_URL: "token" }, "ERR_INVALID_ARG_VALUE", /^TOKEN_URL must be a URL such as .*, got `token`$/],
  ["too few attempts", { ...complete, CLIENT_SECRET: "s", maxAttempts: 3 }, "ERR_INVALID_ARG_VALUE", /^`maxAttempts` must be a whole number from 4 to 100, got `3`$/],
  ["no rate", { ...complete, CLIENT_SECRET: "s", maxRequestsPerSecond: 0 }, "ERR_INVALID_ARG_VALUE", /^`maxRequestsPerSecond` must be a number above 0, at most 10000, got `0`$/],
  ["a rate in words", { ...complete, CLIENT_SECRET: "s", maxEventsPerSecond: "many" as never }, "ERR_INVALID_ARG_TYPE", /^`maxEventsPerSecond` must be a number above 0, at most 5000000, got `many`$/],
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
  assert.throws(() => createAmazonEvents({ ...complete, CLIENT_SECRET: "s", config: { evnts: {} } as never }), { name: "ConfigError", code: "ERR_INVALID_CONFIG", path: "evnts" });
});
