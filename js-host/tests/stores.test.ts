// The SQLite store alone and under a client: what survives, what is refused, what happens when it is full.
import assert from "node:assert/strict";
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { test } from "node:test";
import { setImmediate as turn, setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { UsageError, type DeadLetter, type EventStore } from "../dist/index.js";
import { startMock } from "../dist/mock/index.js";
import { sqliteStore, type SqliteStore, type SqliteStoreOptions } from "../dist/stores/sqlite.js";
import { event, ok, VirtualTime, World } from "./world.js";

const folder = (): string => mkdtempSync(join(tmpdir(), "amazon-dsp-events-store-"));
const file = (): string => join(folder(), "queue.db");
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);
const one = (id: string): never => event(id) as never;

function contentOf(store: EventStore): [number, string][] {
  return [...(store.pending() as Iterable<{ id: number; wire: Uint8Array }>)].map(({ id, wire }) => [id, new TextDecoder().decode(wire)]);
}

/** A store in the world's time. */
const storeOf = (world: World, options: SqliteStoreOptions): SqliteStore => sqliteStore({ ...world.time, ...options });

/** What an earlier process would leave. */
async function leave(path: string, wires: readonly string[], clock = { now: () => Date.now() }): Promise<void> {
  const store = sqliteStore({ path, clock });
  await store.add(wires.map(bytes));
  await store.close();
}

test("what was added is there after a restart, in order and byte for byte; what was removed is not", async () => {
  const path = file();
  const first = sqliteStore({ path });
  assert.deepEqual(await Promise.all([first.add([bytes('{"a":1.10}'), bytes("b")]), first.add([bytes("ü")])]), [[1, 2], [3]]);
  await first.remove([2, 77]);
  assert.deepEqual([first.events, first.bytes], [2, 12]);
  await first.close();
  const second = sqliteStore({ path });
  assert.deepEqual([second.events, second.bytes], [2, 12]);
  assert.deepEqual(contentOf(second), [[1, '{"a":1.10}'], [3, "ü"]]);
  assert.deepEqual(await second.add([bytes("d")]), [4]);
  // What is new was not left by anybody.
  assert.deepEqual(contentOf(second).length, 2);
  await second.close();
  await assert.rejects(second.add([bytes("e")]), { code: "ERR_CLOSED", message: `the store ${path} is closed` });
});

test("the file and the folders made for it are for the owner alone", async () => {
  const outer = join(folder(), "made");
  const path = join(outer, "too", "queue.db");
  const store = sqliteStore({ path });
  await store.add([bytes("a")]);
  assert.deepEqual([outer, join(outer, "too"), path, `${path}-wal`].map(modeOf), ["700", "700", "600", "600"]);
  await store.close();
  chmodSync(path, 0o644);
  const again = sqliteStore({ path });
  assert.equal(modeOf(path), "600");
  await again.close();
});

test("a removed event leaves no bytes in a closed store", async () => {
  const path = file();
  const store = sqliteStore({ path });
  const [id = 0] = await store.add([bytes("the-first-event"), bytes("the-second-event")]);
  await store.remove([id]);
  await store.close();
  const content = readFileSync(path, "latin1");
  assert.deepEqual([content.includes("the-first-event"), content.includes("the-second-event")], [false, true]);
  assert.deepEqual(readdirSync(dirname(path)), ["queue.db"]);
});

test("what arrives within 5 ms shares a write, and 100 events do not wait", async () => {
  const time = new VirtualTime();
  const store = sqliteStore({ path: file(), clock: time.clock, sleep: time.sleep });
  const began = time.clock.now();
  const done: string[] = [];
  const add = (name: string, count: number): Promise<unknown> => store.add(Array.from({ length: count }, () => bytes(name))).then(() => done.push(name));
  const early = [add("first", 1), add("second", 98)];
  await turn();
  assert.deepEqual([done, time.pending], [[], 1]);
  await time.run(Promise.all(early));
  assert.deepEqual([done, time.clock.now() - began, time.pending], [["first", "second"], 5, 0]);
  const large = [add("third", 1), add("fourth", 99)];
  await Promise.all(large);
  assert.deepEqual([done, time.clock.now() - began, time.pending], [["first", "second", "third", "fourth"], 5, 0]);
  void add("last", 1);
  await store.close();
  await turn();
  assert.deepEqual([done.at(-1), time.pending], ["last", 0]);
});

test("a limit that is reached refuses what comes, and nothing that is there", async () => {
  const path = file();
  const byCount = sqliteStore({ path, maxEvents: 2 });
  await byCount.add([bytes("a")]);
  await assert.rejects(byCount.add([bytes("b"), bytes("c")]), {
    code: "ERR_STORE_FULL",
    message: `the store ${path} is full (2 events, \`maxEvents\`): nothing was taken`,
  });
  await byCount.add([bytes("b")]);
  await byCount.remove([1]);
  assert.deepEqual(await byCount.add([bytes("c")]), [3]);
  await byCount.close();
  const byBytes = sqliteStore({ path, maxBytes: 9 });
  await assert.rejects(byBytes.add([bytes("12345678")]), {
    code: "ERR_STORE_FULL",
    message: `the store ${path} is full (9 bytes, \`maxBytes\`): nothing was taken`,
  });
  assert.deepEqual(contentOf(byBytes), [[2, "b"], [3, "c"]]);
  await byBytes.close();
});

test("a full disk refuses what comes, loses nothing, and takes events again when there is room", async () => {
  const path = file();
  const store = sqliteStore({ path, maxPages: 40 } as SqliteStoreOptions);
  const ids: number[] = [];
  const large = "x".repeat(3000);
  await assert.rejects(
    (async () => {
      for (;;) ids.push(...(await store.add([bytes(large)])));
    })(),
    { code: "ERR_STORE_FULL", message: `the store ${path} is full (the disk has no room): nothing was taken` },
  );
  assert.ok(ids.length > 20, `${ids.length} fitted`);
  assert.deepEqual([store.events, store.bytes], [ids.length, 3000 * ids.length]);
  await store.remove(ids.splice(0, 10));
  ids.push(...(await store.add([bytes(large)])));
  await store.close();
  const again = sqliteStore({ path });
  assert.deepEqual(contentOf(again), ids.map((id) => [id, large]));
  await again.close();
});

test("a file that is no store is refused and left as it is", async () => {
  const path = file();
  const isRefused = (message: string): void => {
    const before = readFileSync(path);
    assert.throws(() => sqliteStore({ path }), { name: "AmazonEventsError", code: "ERR_STORE", message });
    assert.deepEqual(readFileSync(path), before);
  };
  const damaged = `${path} is damaged, or no store: it was not changed. Move it away, or name another file for the store`;
  writeFileSync(path, "Dear diary,\n".repeat(1000));
  isRefused(damaged);
  // A store with another number at the place where SQLite keeps the application's, or the format's.
  const good = file();
  await leave(good, Array.from({ length: 200 }, () => "x".repeat(500)));
  const header = (at: number, value: number): void => {
    const content = readFileSync(good);
    content.writeUInt32BE(value, at);
    writeFileSync(path, content);
  };
  header(68, 42);
  isRefused(`${path} is a database of another program: it was not changed. Name another file for the store`);
  header(60, 2);
  isRefused(`the store ${path} has format 2, this version reads 1: it was not changed`);
  const content = readFileSync(good);
  writeFileSync(path, content.fill(0x5a, 8192, 12_288));
  isRefused(damaged);
  writeFileSync(path, readFileSync(good));
  truncateSync(path, 20_000);
  isRefused(damaged);
});

test("a file that cannot be opened is said with its reason", () => {
  const path = folder();
  assert.throws(() => sqliteStore({ path }), { code: "ERR_STORE" });
  writeFileSync(join(path, "file"), "");
  assert.throws(() => sqliteStore({ path: join(path, "file", "queue.db") }), { code: "ERR_STORE", message: /^cannot make the store .*queue\.db: / });
});

test("one client at a time has the file, in this process and in others", async () => {
  const path = file();
  const store = sqliteStore({ path });
  await store.add([bytes("a")]);
  const message = `the store ${path} is in use: one client at a time may have it. Close the other, or name another file`;
  assert.throws(() => sqliteStore({ path }), { code: "ERR_STORE", message });
  const script = `import { sqliteStore } from ${JSON.stringify(new URL("../dist/stores/sqlite.js", import.meta.url).href)};
try { sqliteStore({ path: ${JSON.stringify(path)} }); } catch (error) { process.exitCode = error.message === ${JSON.stringify(message)} ? 3 : 4; }`;
  const open = async (): Promise<unknown> => {
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: "ignore" });
    return (await once(child, "close"))[0] as unknown;
  };
  assert.equal(await open(), 3);
  // Refusing the second has not let go of the first's lock.
  assert.equal(await open(), 3);
  await store.add([bytes("b")]);
  await store.close();
  assert.equal(await open(), 0);
  const again = sqliteStore({ path });
  assert.equal(again.events, 2);
  await again.close();
});

test("the engine is asked for when a store is made, and its absence names both ways out", async () => {
  const alone = folder();
  cpSync(fileURLToPath(new URL("../dist", import.meta.url)), join(alone, "dist"), { recursive: true });
  writeFileSync(join(alone, "package.json"), '{ "type": "module" }');
  const { sqliteStore: made } = (await import(join(alone, "dist/stores/sqlite.js"))) as { sqliteStore: typeof sqliteStore };
  const open = (): SqliteStore => made({ path: join(alone, "queue.db") });
  const isBuiltIn = ((): boolean => {
    try {
      createRequire(import.meta.url)("node:sqlite");
      return true;
    } catch {
      return false;
    }
  })();
  if (isBuiltIn) {
    const store = open();
    assert.deepEqual(await store.add([bytes("a")]), [1]);
    return store.close();
  }
  assert.throws(open, {
    code: "ERR_STORE",
    message: "the store needs SQLite, which this runtime does not have: use Node 22.13 or newer, or `npm install libsql`",
  });
});

const wrong: [string, object, string][] = [
  ["path", {}, "`path` must be a file's path, got `undefined`"],
  ["maxEvents", { path: "x", maxEvents: 0 }, "`maxEvents` must be a whole number from 1, got `0`"],
  ["maxBytes", { path: "x", maxBytes: 1.5 }, "`maxBytes` must be a whole number from 1, got `1.5`"],
  ["maxAgeDays", { path: "x", maxAgeDays: "7" }, "`maxAgeDays` must be a whole number from 1, got `7`"],
];
for (const [name, options, message] of wrong) {
  test(`a wrong ${name} is refused with one sentence`, () => {
    assert.throws(() => sqliteStore(options as { path: string }), (error) => {
      assert.ok(error instanceof UsageError);
      assert.equal(error.message, message);
      return true;
    });
  });
}

test("an event that the store refused was not taken and counts nowhere", async () => {
  const world = new World();
  const path = file();
  const client = world.client({ store: storeOf(world, { path, maxEvents: 1 }) });
  await world.time.run(client.send(one("a")));
  const full = { code: "ERR_STORE_FULL", message: `the store ${path} is full (1 events, \`maxEvents\`): nothing was taken` };
  await assert.rejects(client.send(one("b")), full);
  await assert.rejects(client.send(one("c"), { wait: true }), full);
  await assert.rejects(client.sendBatch(`${JSON.stringify(event("d"))}\nbroken\n`), full);
  assert.deepEqual(await client.send({ type: "track", event: "Nobody Knows" }), { outcome: "dropped", reason: "unmapped_event" });
  await world.time.run(client.close());
  assert.deepEqual(client.stats(), {
    events: 2, mapped: 1, dropped: { unmapped_event: 1 }, accepted: 1, rejected: 0, deadLettered: 0,
    pending: 0, requests: 1, retriedRequests: 0, tokenRefreshes: 1,
  });
  assert.deepEqual(world.asked.map(({ ids }) => ids), [["a"]]);
});

test("flush alone takes up what is in the store; a backlog larger than the queue goes through it", async () => {
  const path = file();
  const ids = Array.from({ length: 3000 }, (_, index) => `m-${index}`);
  await leave(path, ids.map((eventId) => JSON.stringify({ eventId })));
  const world = new World();
  const store = storeOf(world, { path });
  const client = world.client({ store, maxQueueEvents: 10, maxBatchEvents: 4 });
  await world.time.run(client.flush());
  world.check(ids);
  // The first queueful went first, at once and byte for byte.
  assert.deepEqual(world.asked.slice(0, 3).flatMap(({ wires }) => wires).sort(), ids.slice(0, 10).map((eventId) => JSON.stringify({ eventId })));
  assert.deepEqual([world.count("accepted"), client.stats().pending, store.events], [3000, 0, 0]);
  // Whoever sends meanwhile waits for it, and is not forgotten.
  await world.time.run(client.send(one("new"), { wait: true }));
  assert.deepEqual(world.asked.at(-1)?.ids, ["new"]);
  await world.time.run(client.close());
});

test("a send that comes first waits for the backlog and follows it", async () => {
  const path = file();
  await leave(path, Array.from({ length: 50 }, (_, index) => JSON.stringify({ eventId: `m-${index}` })));
  const world = new World();
  const client = world.client({ store: storeOf(world, { path }), maxQueueEvents: 10, maxBatchEvents: 4 });
  await world.time.run(client.send(one("new"), { wait: true }));
  assert.deepEqual(world.asked.at(-1)?.ids.at(-1), "new");
  assert.equal(world.count("accepted"), 51);
  await world.time.run(client.close());
});

test("events that were in the store for too long go to the dead letters, each with its reason", async () => {
  const world = new World();
  const path = file();
  const day = 86_400_000;
  const now = world.time.clock.now();
  await leave(path, ['{"eventId":"old"}'], { now: () => now - 3 * day - 1 });
  await leave(path, ['{"eventId":"young"}'], { now: () => now - 3 * day });
  const letters: DeadLetter[] = [];
  const store = storeOf(world, { path, maxAgeDays: 3 });
  const client = world.client({ store, deadLetters: { put: (given) => void letters.push(...given) } });
  await world.time.run(client.flush());
  const lastError = "it was in the store for more than 3 days (`maxAgeDays`)";
  assert.deepEqual(letters, [
    { eventId: "old", reason: "expired", attempts: 0, lastError, event: { eventId: "old" }, wire: bytes('{"eventId":"old"}') },
  ]);
  assert.deepEqual(world.outcomes, [
    { outcome: "dead_lettered", eventId: "old", attempts: 0, reason: "expired", lastError },
    { outcome: "accepted", eventId: "young", attempts: 1 },
  ]);
  assert.equal(store.events, 0);
  await world.time.run(client.close());
});

test("an expired event stays in the store if the dead letters cannot be written", async () => {
  const world = new World();
  const path = file();
  await leave(path, ['{"eventId":"old"}'], { now: () => 0 });
  const store = storeOf(world, { path });
  const client = world.client({ store, deadLetters: { put: () => Promise.reject(new Error("no sink")) } });
  await assert.rejects(world.time.run(client.send(one("a"))), { code: "ERR_STORE", message: "could not write dead letters: no sink" });
  assert.deepEqual([store.events, world.outcomes], [1, []]);
  await assert.rejects(world.time.run(client.close()), { message: "could not write dead letters: no sink" });
});

test("a store that cannot be read refuses senders, and is closed", async () => {
  const world = new World();
  let closed = 0;
  const store: EventStore = {
    add: async (wires) => wires.map((_, index) => index),
    remove: async () => undefined,
    async *pending() {
      yield { id: 1, wire: bytes('{"eventId":"m"}') };
      throw new Error("cannot be read");
    },
    close: () => void closed++,
  };
  const client = world.client({ store });
  const work = [() => client.send(one("a")), () => client.send(one("b"), { wait: true }), () => client.flush()];
  const fault = { code: "ERR_STORE", message: "could not read the store: cannot be read" };
  for (const begin of work) await assert.rejects(world.time.run<unknown>(begin()), fault);
  await assert.rejects(world.time.run(client.close()), fault);
  assert.equal(closed, 1);
});

test("a store that cannot forget stops everything: nobody is left waiting, nothing is left out", async () => {
  const path = file();
  const world = new World();
  const store = storeOf(world, { path });
  const broken: EventStore = {
    add: (wires) => store.add(wires),
    remove: () => Promise.reject(new Error("no longer there")),
    pending: () => store.pending(),
    close: () => store.close(),
  };
  const client = world.client({ store: broken, maxBatchEvents: 1, concurrency: 2 });
  const fault = { code: "ERR_STORE", message: "could not note outcomes in the store: no longer there" };
  const waiting = ["a", "b", "c"].map((id) => assert.rejects(client.send(one(id), { wait: true }), fault));
  await world.time.run(Promise.all(waiting));
  await assert.rejects(world.time.run(client.send(one("d"))), fault);
  await assert.rejects(world.time.run(client.flush()), fault);
  await assert.rejects(world.time.run(client.close()), fault);
  assert.deepEqual([world.outcomes, client.stats().pending], [[], 3]);
  const again = sqliteStore({ path });
  assert.equal(again.events, 3);
  await again.close();
});

test("a client that is closed before its events are delivered tells who waits, and leaves them in the store", async () => {
  const world = new World();
  world.answer = () => "hang";
  const path = file();
  const client = world.client({ store: storeOf(world, { path }) });
  const waiting = assert.rejects(client.send(one("a"), { wait: true }), {
    code: "ERR_CLOSED",
    message: "the client was closed before the event could be delivered",
  });
  // Behind the first, so that one is taken as well.
  await world.time.run(client.send(one("b")));
  await world.time.run(client.close({ deadlineMs: 5000 }));
  await waiting;
  world.answer = ok;
  const next = world.client({ store: storeOf(world, { path }) });
  await world.time.run(next.close());
  world.check(["a", "b"]);
});

const KILLS = Number(process.env["STORE_KILLS"] ?? 3);

test("a program killed again and again loses no event that was taken, and repeats only what was on its way", async () => {
  const mock = await startMock({ latencyMs: 15 });
  const path = file();
  const taken = new Set<string>();
  const start = (round: string): { child: ChildProcessByStdio<null, Readable, null>; closed: Promise<unknown[]>; lines: string[] } => {
    const child = spawn(process.execPath, [fileURLToPath(new URL("./store_child.js", import.meta.url)), path, round], {
      env: { ...process.env, PARAMETERS: JSON.stringify(mock.parameters) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: string[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
    return { child, closed: once(child, "close"), lines };
  };
  try {
    for (let round = 0; round < KILLS; round++) {
      const { child, closed, lines } = start(String(round));
      // Anywhere from its first steps to the middle of the crowd; once in the crowd for certain.
      if (round === 0) await once(child.stdout, "data");
      await wait(60 + Math.random() * 500);
      child.kill("SIGKILL");
      await closed;
      for (const id of lines) taken.add(id);
    }
    const { closed, lines } = start("drain");
    assert.deepEqual(await closed, [0, null]);
    assert.equal((JSON.parse(lines[0] ?? "") as { pending: number }).pending, 0);
    assert.ok(taken.size > 0);
    assert.deepEqual([...taken].filter((id) => !mock.taken.has(id)), []);
    for (const { eventId, hashes } of mock.taken.values()) assert.equal(hashes.length, 1, eventId);
    const { repeated } = mock.stats();
    assert.ok(repeated <= KILLS * 2 * 50, `${repeated} events were repeated in ${KILLS} kills`);
    const store = sqliteStore({ path });
    assert.equal(store.events, 0);
    await store.close();
  } finally {
    await mock.close();
  }
});
