// The queue on JetStream against a real nats-server: what it keeps, what it hands out again, what survives kills, and how
// many consumers share one stream and one token. PIPELINE_EVENTS sets the size of the large ones.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as wait } from "node:timers/promises";

import { jetstream, jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";

import { AmazonEventsError, UsageError, type EventOutcome } from "../dist/index.js";
import { parseShares, seeded, startMock, type Mock } from "../dist/mock/index.js";
import { consume, type Consumer, type Queue } from "../dist/queues/consumer.js";
import { jetStreamQueue, jetStreamTokenStore, type JetStreamQueueOptions } from "../dist/queues/jetstream.js";
import { Broker, NO_BROKER } from "./broker.js";
import { ConsumerProcess, eventOf, putAll, readLedgers } from "./consumer_processes.js";

const EVENTS = Number(process.env["PIPELINE_EVENTS"] ?? 1000);
const EVENTS_WITH_KILLS = Number(process.env["PIPELINE_EVENTS"] ?? 10_000);

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const bytes = (value: unknown): Uint8Array => encoder.encode(typeof value === "string" ? value : JSON.stringify(value));

/** A test with a broker of its own, that ends: what hangs is cut off, and broker and processes go with the test. */
function withBroker(name: string, run: (broker: Broker, context: TestContext) => Promise<void>): void {
  void test(name, { skip: NO_BROKER, timeout: 180_000 + 30 * EVENTS_WITH_KILLS }, async (context) => {
    const broker = await Broker.start();
    context.after(async () => {
      ConsumerProcess.killAll();
      await broker.stop();
    });
    await run(broker, context);
  });
}

/** Waits, and rejects when the test has been cut off: else what is waited for in turns would go on without it. */
const pause = ({ signal }: TestContext, ms: number): Promise<void> => wait(ms, undefined, { signal });

/** A stand-in that goes with the test, however that ends: one left open would keep the process. */
async function mockFor(context: TestContext, options?: Parameters<typeof startMock>[0]): Promise<Mock> {
  const mock = await startMock(options);
  context.after(() => mock.close());
  return mock;
}

async function open(broker: Broker, options: Partial<JetStreamQueueOptions> = {}): Promise<Queue> {
  return jetStreamQueue({ jetstream: jetstream(await broker.connect()), ...options });
}

const manage = async (broker: Broker): Promise<JetStreamManager> => jetstreamManager(await broker.connect());

/** How many messages a stream holds. Asked again where no answer comes: the broker may have been started only now. */
async function sizeOf(manager: JetStreamManager, stream = "AMAZON_EVENTS", tries = 20): Promise<number> {
  try {
    return (await manager.streams.info(stream)).state.messages;
  } catch (error) {
    if (tries === 1) throw error;
    await wait(200);
    return sizeOf(manager, stream, tries - 1);
  }
}

withBroker("what was put is handed out with its number, and is gone when it is acknowledged", async (broker) => {
  const queue = await open(broker);
  const manager = await manage(broker);
  await queue.put([bytes('{"messageId":"a","value":1.10}'), bytes("no event"), bytes("ü")]);
  const taken = await queue.take(2, 1000);
  assert.deepEqual(taken.map(({ body, attempts }) => [decoder.decode(body), attempts]), [['{"messageId":"a","value":1.10}', 1], ["no event", 1]]);
  assert.equal(await sizeOf(manager), 3);
  for (const message of taken) await message.ack();
  assert.equal(await sizeOf(manager), 1);
  const [last] = await queue.take(500, 1000);
  assert.deepEqual([decoder.decode(last?.body), last?.attempts], ["ü", 1]);
  assert.ok(last?.putAt !== undefined && Math.abs(last.putAt - Date.now()) < 60_000, `put at ${last?.putAt}`);
  await last.ack();
  assert.equal(await sizeOf(manager), 0);
});

withBroker("an event that is put again is stored once, by its messageId or else its bytes", async (broker) => {
  const queue = await open(broker);
  await queue.put([bytes({ messageId: "a" }), bytes({ messageId: " ü\n" }), bytes({ n: 1 })]);
  await queue.put([bytes({ messageId: "a", other: true }), bytes({ messageId: "ü" }), bytes({ n: 1 })]);
  await queue.put([bytes({ n: 2 }), bytes({ messageId: 7 }), bytes({ messageId: "" }), bytes("null")]);
  const taken = await queue.take(500, 1000);
  assert.deepEqual(
    taken.map(({ body }) => decoder.decode(body)),
    ['{"messageId":"a"}', '{"messageId":" ü\\n"}', '{"n":1}', '{"n":2}', '{"messageId":7}', '{"messageId":""}', "null"],
  );
});

withBroker("events are handed out in the order in which they were put", async (broker) => {
  const queue = await open(broker);
  // By turns with an id of its own and without one, whose bytes are hashed.
  const events = Array.from({ length: 600 }, (_, index) => (index % 2 === 0 ? { messageId: `m-${index}`, index } : { index, pad: "x".repeat((index % 7) * 5000) }));
  await queue.put(events.map(bytes));
  const taken: number[] = [];
  while (taken.length < events.length) {
    for (const message of await queue.take(500, 1000)) {
      taken.push((JSON.parse(decoder.decode(message.body)) as { index: number }).index);
      await message.ack();
    }
  }
  assert.deepEqual(taken, events.map(({ index }) => index));
});

withBroker("an event that is given back is handed out again, with the same time, and not before its delay", async (broker) => {
  const queue = await open(broker);
  await queue.put([bytes({ messageId: "a" }), bytes({ messageId: "b" })]);
  const first = await queue.take(2, 1000);
  await first[0]?.retry(3000);
  await first[1]?.retry(0);
  const [second] = await queue.take(1, 1000);
  assert.deepEqual([decoder.decode(second?.body), second?.attempts, second?.putAt], ['{"messageId":"b"}', 2, first[1]?.putAt]);
  const [third] = await queue.take(1, 15_000);
  assert.deepEqual([decoder.decode(third?.body), third?.attempts, third?.putAt], ['{"messageId":"a"}', 2, first[0]?.putAt]);
});

withBroker("an event that is neither acknowledged nor extended goes to another consumer", async (broker) => {
  const [one, other] = [await open(broker, { ackWaitMs: 3000 }), await open(broker, { ackWaitMs: 3000 })];
  await one.put([bytes({ messageId: "kept" }), bytes({ messageId: "lost" })]);
  const [kept] = await one.take(2, 1000);
  const reminder = setInterval(() => void kept?.extend?.(), 200);
  const [lost] = await other.take(1, 15_000);
  assert.deepEqual([decoder.decode(lost?.body), lost?.attempts], ['{"messageId":"lost"}', 2]);
  await lost?.ack();
  assert.deepEqual(await other.take(1, 4000), []);
  clearInterval(reminder);
});

withBroker("a dead letter is in its own stream, once, before it is gone from the queue", async (broker) => {
  const queue = await open(broker);
  const manager = await manage(broker);
  await queue.put([bytes('{"messageId":"a","value":1.10}'), bytes("no event")]);
  const [letter, other] = await queue.take(2, 1000);
  await letter?.dead("attempts_exhausted: HTTP 503");
  await letter?.dead("attempts_exhausted: HTTP 503");
  await other?.dead("by hand");
  assert.equal(await sizeOf(manager), 0);
  const texts = await Promise.all([1, 2].map(async (seq) => (await manager.streams.getMessage("AMAZON_EVENTS_DEAD", { seq }))?.string()));
  assert.deepEqual(texts, [
    '{"reason":"attempts_exhausted: HTTP 503","attempts":1,"event":{"messageId":"a","value":1.10}}',
    '{"reason":"by hand","attempts":1,"event":"no event"}',
  ]);
  assert.equal(await sizeOf(manager, "AMAZON_EVENTS_DEAD"), 2);
});

withBroker("a full stream refuses what is put, keeps what it has, and takes again when there is room", async (broker) => {
  const queue = await open(broker, { maxBytes: 2000 });
  await queue.put([bytes({ messageId: "a", pad: "x".repeat(1000) })]);
  await assert.rejects(queue.put([bytes({ messageId: "b", pad: "x".repeat(1000) })]), (error) => {
    assert.ok(error instanceof AmazonEventsError);
    assert.deepEqual([error.code, error.message], ["ERR_STORE_FULL", "the stream AMAZON_EVENTS is full: events were not taken"]);
    return true;
  });
  const [message] = await queue.take(5, 1000);
  assert.equal(message?.body.length, bytes({ messageId: "a", pad: "x".repeat(1000) }).length);
  await message?.ack();
  await queue.put([bytes({ messageId: "b", pad: "x".repeat(1000) })]);
});

withBroker("a stream that would lose events is refused, one that keeps them is used as it is", async (broker) => {
  const manager = await manage(broker);
  await manager.streams.add({ name: "LOSES", subjects: ["loses"], retention: "workqueue", max_msgs: 5 });
  await assert.rejects(open(broker, { stream: "LOSES", subject: "loses" }), {
    code: "ERR_STORE",
    message:
      "the stream LOSES must have retention `workqueue` and discard `new`, or it would lose events; " +
      "it has retention `workqueue` and discard `old`",
  });
  await manager.streams.add({ name: "KEEPS", subjects: ["keeps"], retention: "workqueue", discard: "new", max_msgs: 5 });
  const queue = await open(broker, { stream: "KEEPS", subject: "keeps" });
  await queue.put([bytes({ messageId: "a" })]);
  assert.deepEqual([(await manager.streams.info("KEEPS")).config.max_msgs, await sizeOf(manager, "KEEPS")], [5, 1]);
});

withBroker("a closed queue takes and gives nothing", async (broker) => {
  const queue = await open(broker);
  const taking = queue.take(5, 30_000);
  await wait(50);
  await queue.close();
  assert.deepEqual(await taking, []);
  const closed = { code: "ERR_CLOSED", message: "the queue on the stream AMAZON_EVENTS is closed" };
  await assert.rejects(queue.put([bytes({})]), closed);
  await assert.rejects(queue.take(1, 1000), closed);
});

void test("options that cannot be right are refused with their names", async () => {
  const stub = { publish: () => undefined } as never;
  const refused = async (options: JetStreamQueueOptions, message: string): Promise<void> => {
    await assert.rejects(jetStreamQueue(options), (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.message, message);
      return true;
    });
  };
  await refused({ jetstream: {} as never }, "`jetstream` must be what `jetstream(connection)` of @nats-io/jetstream gives, got a value of type object");
  await refused({ jetstream: stub, stream: "a.b" }, "`stream` must be letters, digits, `_` and `-`, got `a.b`");
  await refused({ jetstream: stub, subject: "a.*" }, "`subject` must be words of letters, digits, `_` and `-`, joined by dots, got `a.*`");
  await refused({ jetstream: stub, maxBytes: 0 }, "`maxBytes` must be a whole number from 1 to 9007199254740991, got `0`");
  await refused({ jetstream: stub, replicas: 6 }, "`replicas` must be a whole number from 1 to 5, got `6`");
  await refused({ jetstream: stub, ackWaitMs: 10 }, "`ackWaitMs` must be a whole number from 1000 to 3600000, got `10`");
});

withBroker("events that Amazon does not take go to the dead letters, events that it refuses do not", async (broker, context) => {
  const queue = await open(broker);
  const mock = await mockFor(context);
  const item = (code: string): never => ({ kind: "item", indexes: [0], code, message: "by request" }) as never;
  mock.script(item("BAD_REQUEST"), ...Array.from({ length: 4 }, () => item("INTERNAL_ERROR")));
  const outcomes: EventOutcome[] = [];
  const consumer = consume(queue, { ...mock.parameters, maxBatchEvents: 1, concurrency: 1, maxAttempts: 4, maxWaitMs: 5, onOutcome: (one) => void outcomes.push(one) });
  await queue.put([eventOf("refused")]);
  await queue.put([eventOf("hopeless")]);
  await queue.put([eventOf("fine")]);
  await queue.put([bytes({ type: "track" })]);
  const manager = await manage(broker);
  while ((await sizeOf(manager)) > 0) await pause(context, 20);
  await consumer.stop();
  await mock.close();
  assert.deepEqual(outcomes.sort((one, other) => (one.outcome < other.outcome ? 1 : -1)), [
    { outcome: "rejected", eventId: "refused", attempts: 1, code: "BAD_REQUEST", message: "by request" },
    { outcome: "dropped", reason: "invalid_event", detail: "event_unusable" },
    { outcome: "dead_lettered", eventId: "hopeless", attempts: 4, reason: "attempts_exhausted", lastError: "INTERNAL_ERROR: by request" },
    { outcome: "accepted", eventId: "fine", attempts: 1 },
  ]);
  const letter = JSON.parse((await manager.streams.getMessage("AMAZON_EVENTS_DEAD", { seq: 1 }))?.string() ?? "") as Record<string, unknown>;
  assert.deepEqual([letter["reason"], letter["attempts"], (letter["event"] as { messageId: string }).messageId], [
    "attempts_exhausted: INTERNAL_ERROR: by request",
    1,
    "hopeless",
  ]);
});

const FAULTS = parseShares("429:0.01,500:0.02,503:0.02,reset:0.01,lost:0.02,garbage:0.01,missing:0.002,item:0.002,revoke:0.005");

withBroker(`${EVENTS_WITH_KILLS} events reach Amazon while broker and consumers are killed and Amazon has faults: none is lost`, async (broker, context) => {
  const mock = await mockFor(context, { faults: FAULTS, latencyMs: 20 });
  const folder = mkdtempSync(join(tmpdir(), "amazon-dsp-events-ledger-"));
  const ids = Array.from({ length: EVENTS_WITH_KILLS }, (_, index) => `m-${index}`);
  const random = seeded(11);
  // So many requests that kills meet them in every state.
  const batch = Math.min(500, Math.max(20, EVENTS_WITH_KILLS / 100));
  let spawned = 0;
  const spawnWorker = (): ConsumerProcess =>
    new ConsumerProcess({ port: broker.port, parameters: mock.parameters, ledger: join(folder, String(spawned++)), concurrency: 2, maxBatchEvents: batch });
  const queue = await open(broker, { ackWaitMs: 1500 });
  const manager = await manage(broker);
  const began = performance.now();
  const workers = Array.from({ length: 3 }, spawnWorker);
  await Promise.all(workers.map(({ ready }) => ready));
  let isPut = false;
  const putting = putAll(queue, ids, context.signal).then(() => (isPut = true));

  const kills = { broker: 0, consumers: 0 };
  // Kills go on while there is something to lose; at least one of each.
  while (!isPut || mock.stats().accepted < EVENTS_WITH_KILLS || kills.broker === 0 || kills.consumers === 0) {
    await pause(context, 200 + random() * 1300);
    if (random() < 0.3 || kills.broker === 0) {
      kills.broker++;
      await broker.kill();
      await pause(context, random() * 300);
      await broker.start();
    } else {
      kills.consumers++;
      const victim = Math.floor(random() * workers.length);
      await workers[victim]?.kill();
      workers[victim] = spawnWorker();
    }
  }
  await putting;
  // What the killed ones held is handed out again.
  while ((await sizeOf(manager)) > 0) await pause(context, 50);
  const stats = await Promise.all(workers.map((worker) => worker.stop()));
  const seconds = (performance.now() - began) / 1000;
  await mock.close();

  const outcomes = readLedgers(folder);
  const { accepted, repeated, statuses } = mock.stats();
  const toldAgain = [...outcomes.values()].reduce((sum, told) => sum + told.length - 1, 0);
  context.diagnostic(
    `${EVENTS_WITH_KILLS} events in ${seconds.toFixed(1)} s; ${kills.broker} kills of the broker, ${kills.consumers} of consumers; ` +
      `${accepted} accepted, ${repeated} of them sent again, ${toldAgain} outcomes told again; replies ${JSON.stringify(statuses)}`,
  );
  // Nothing is lost: Amazon has each one, and each has its outcome, and no other.
  assert.deepEqual([...mock.taken.keys()].sort(), [...ids].sort());
  assert.deepEqual([...outcomes.keys()].sort(), [...ids].sort());
  assert.deepEqual([...outcomes].filter(([, told]) => told.some((one) => one !== "accepted")), []);
  // What was sent again was the same event.
  assert.deepEqual([...mock.taken.values()].filter(({ hashes }) => hashes.length !== 1), []);
  assert.equal(await sizeOf(manager, "AMAZON_EVENTS_DEAD"), 0);
  for (const one of stats) {
    assert.deepEqual([one.held, one.taken], [0, one.accepted + one.rejected + one.deadLettered + one.returned + one.unacknowledged]);
  }
});

withBroker("two and eight consumer processes share one queue, and each event has one outcome", async (broker, context) => {
  // The consumer as it is made here is everybody's; on a busy machine a process may stand still for a while.
  const queue = await open(broker);
  for (const processes of [2, 8]) {
    const mock = await mockFor(context, { latencyMs: 100 });
    const folder = mkdtempSync(join(tmpdir(), "amazon-dsp-events-ledger-"));
    const ids = Array.from({ length: EVENTS }, (_, index) => `${processes}-${index}`);
    // The other stand-in's token is none here.
    await (await new Kvm(await broker.connect()).create("tokens")).destroy();
    const { port } = broker;
    const { parameters } = mock;
    const workers = Array.from(
      { length: processes },
      (_, index) => new ConsumerProcess({ port, parameters, ledger: join(folder, String(index)), concurrency: 1, maxBatchEvents: Math.min(500, EVENTS / 40) }),
    );
    await Promise.all(workers.map(({ ready }) => ready));
    await putAll(queue, ids, context.signal);
    while (mock.stats().accepted < EVENTS) await pause(context, 10);
    const stats = await Promise.all(workers.map((worker) => worker.stop()));
    const { accepted, repeated, tokenRequests } = mock.stats();
    await mock.close();
    assert.deepEqual([accepted, repeated, tokenRequests], [EVENTS, 0, 1]);
    assert.equal(stats.reduce((sum, one) => sum + one.accepted, 0), EVENTS);
    assert.deepEqual([...readLedgers(folder)].map(([id, told]) => [id, ...told]).sort(), ids.map((id) => [id, "accepted"]).sort());
  }
});

withBroker("fifty workers whose token has expired make one refresh between them, expiry after expiry", async (broker, context) => {
  const mock = await mockFor(context);
  let ahead = 0;
  const clock = { now: (): number => Date.now() + ahead };
  const queues: Queue[] = [];
  const consumers: Consumer[] = [];
  for (let index = 0; index < 50; index++) {
    const connection = await broker.connect();
    const bucket = await new Kvm(connection).create("tokens", { allow_direct: false });
    const queue = await jetStreamQueue({ jetstream: jetstream(connection), stream: `S${index}`, subject: `s${index}`, maxBytes: 100_000 });
    queues.push(queue);
    consumers.push(consume(queue, { ...mock.parameters, clock, tokenStore: jetStreamTokenStore({ bucket, clock }) }));
  }
  for (let round = 1; round <= 3; round++) {
    await Promise.all(queues.map((queue, index) => queue.put([eventOf(`${round}-${index}`)])));
    while (mock.stats().accepted < 50 * round) await pause(context, 20);
    assert.deepEqual([mock.stats().tokenRequests, mock.stats().repeated], [round, 0]);
    // An hour later all of them find it expired.
    ahead += 3_600_000;
  }
  await Promise.all(consumers.map((consumer) => consumer.stop()));
  assert.equal(consumers.reduce((sum, consumer) => sum + consumer.stats().tokenRefreshes, 0), 3);
  await mock.close();
});

withBroker("a worker that ends while it refreshes is replaced by another one", async (broker) => {
  const bucketOf = async (): Promise<Awaited<ReturnType<Kvm["create"]>>> => new Kvm(await broker.connect()).create("tokens", { allow_direct: false });
  // The broker may refuse one of several that make a bucket in the same moment.
  await bucketOf();
  const [ended, next, last] = await Promise.all([bucketOf(), bucketOf(), bucketOf()].map(async (bucket) => jetStreamTokenStore({ bucket: await bucket, leaseMs: 1000 })));
  assert.equal(await ended?.get(), undefined);
  // Neither is given anything before one of them has the lock.
  const waiting = Promise.all([next?.get(), last?.get()].map(async (got, index) => {
    const token = await got;
    if (!token) await (index === 0 ? next : last)?.set({ accessToken: "Atza|2", refreshAt: Date.now() + 60_000 });
    return token?.accessToken;
  }));
  assert.deepEqual((await waiting).sort(), ["Atza|2", undefined]);
  // The first one comes back late: what it has is no worse, and the lock is not its to give away.
  await ended?.set({ accessToken: "Atza|1", refreshAt: Date.now() + 60_000 });
  assert.equal((await ended?.get("Atza|1"))?.accessToken, undefined);
});

withBroker("a token that Amazon has refused is replaced once, for all", async (broker) => {
  const bucketOf = async (): Promise<Awaited<ReturnType<Kvm["create"]>>> => new Kvm(await broker.connect()).create("tokens", { allow_direct: false });
  const stores = await Promise.all(Array.from({ length: 5 }, async () => jetStreamTokenStore({ bucket: await bucketOf() })));
  const until = Date.now() + 60_000;
  assert.equal(await stores[0]?.get(), undefined);
  await stores[0]?.set({ accessToken: "Atza|1", refreshAt: until });
  assert.deepEqual(await Promise.all(stores.map(async (store) => (await store.get())?.accessToken)), Array(5).fill("Atza|1"));
  let refreshes = 0;
  const renewed = await Promise.all(
    stores.map(async (store) => {
      const token = await store.get("Atza|1");
      if (token) return token.accessToken;
      refreshes++;
      await store.set({ accessToken: "Atza|2", refreshAt: until });
      return "Atza|2";
    }),
  );
  assert.deepEqual([refreshes, renewed], [1, Array(5).fill("Atza|2")]);
});

withBroker("without the broker a worker refreshes for itself", async (broker) => {
  const connection = await broker.connect();
  const bucket = await new Kvm(connection).create("tokens", { allow_direct: false });
  const logs: string[] = [];
  const log = (_: object, message: string): void => void logs.push(message);
  const store = jetStreamTokenStore({ bucket, logger: { debug: log, info: log, warn: log, error: log } });
  await connection.close();
  assert.equal(await store.get(), undefined);
  await store.set({ accessToken: "Atza|own", refreshAt: Date.now() + 60_000 });
  assert.equal((await store.get())?.accessToken, "Atza|own");
  assert.deepEqual(logs, ["the shared access token could not be read", "the access token could not be shared"]);
});
