// Where dead letters go, and that an event keeps its bytes there and back.
import assert from "node:assert/strict";
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { fileDeadLetters } from "../dist/dead_letter_file.js";
import { deadLetterLine, readDeadLetter } from "../dist/dead_letter_line.js";
import { callbackDeadLetters, memoryDeadLetters, queueDeadLetters, UsageError, type AmazonEvent, type DeadLetter } from "../dist/index.js";
import { World } from "./world.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (wire: Uint8Array): string => new TextDecoder().decode(wire);
const file = (): string => join(mkdtempSync(join(tmpdir(), "amazon-dsp-events-letters-")), "dead.ndjson");

function letter(eventId: string, wire = `{"eventId":"${eventId}","value":1.10}`): DeadLetter {
  return { eventId, reason: "closed", attempts: 2, lastError: "HTTP 500", event: JSON.parse(wire) as AmazonEvent, wire: bytes(wire) };
}

test("a line keeps the event's bytes: its numbers, its order, its blanks, whatever stands beside it", () => {
  const wires = [
    '{"eventId":"m","value":1.10,"a":1e2,"b":12345678901234567890}',
    '{ "z" : {"event":{"eventId":"inner"}} , "eventId":"m" }',
    '{"eventId":"m","text":"\\",\\"event\\":{}}]}","more":"\\\\"}',
    '{"eventId":"m","text":"ü\\u00fc\u2028😀"}',
  ];
  for (const wire of wires) {
    const line = deadLetterLine(letter("m", wire));
    assert.equal(line, `{"eventId":"m","reason":"closed","attempts":2,"lastError":"HTTP 500","event":${wire}}`);
    const { event, wire: read, ...rest } = readDeadLetter(bytes(line));
    assert.equal(text(read), wire);
    assert.deepEqual(event, JSON.parse(wire));
    assert.deepEqual(rest, { eventId: "m", reason: "closed", attempts: 2, lastError: "HTTP 500" });
  }
  // As another program, or a person, might write it.
  const foreign = readDeadLetter(bytes('\ufeff { "ev\\u0065nt" : 1, "more": ["event", {"event": 2}], "event" :  {"eventId":"m", "value": 1.10}\t}'));
  assert.deepEqual({ ...foreign, wire: text(foreign.wire) }, {
    eventId: "m", reason: "unknown", attempts: 0, lastError: "", event: { eventId: "m", value: 1.1 }, wire: '{"eventId":"m", "value": 1.10}',
  });
});

const broken: [string, string | Uint8Array, string][] = [
  ["a torn line", '{"eventId":"m","event":{"eventId":"jane@exa', "it is not JSON"],
  ["bytes that are no text", Uint8Array.of(0x7b, 0xff, 0x7d), "it is not UTF-8"],
  ["a list", "[1]", "it is no JSON object"],
  ["null", "null", "it is no JSON object"],
  ["a letter without an event", '{"eventId":"m"}', "it has no `event`"],
  ["a text for an event", '{"event":"m"}', "its `event` is no JSON object"],
  ["an event without an id", '{"eventId":"m","event":{}}', "its `event` has no `eventId`"],
  ["a number for an id", '{"event":{"eventId":7}}', "its `event` has no `eventId`"],
  ["another event's id", '{"eventId":"m","event":{"eventId":"n"}}', "its `eventId` is not the one of its `event`"],
];
for (const [name, line, message] of broken) {
  test(`${name} is no dead letter, and says so in plain words`, () => {
    assert.throws(() => readDeadLetter(typeof line === "string" ? bytes(line) : line), { name: "Error", message });
  });
}

test("in memory they are there to be looked at and taken, and more than the limit is refused", () => {
  const sink = memoryDeadLetters(2);
  void sink.put([letter("a")]);
  void sink.put([letter("b")]);
  assert.deepEqual(sink.letters, [letter("a"), letter("b")]);
  assert.throws(() => void sink.put([letter("c")]), { code: "ERR_STORE", message: "the dead letters in memory are full (2): `take()` them" });
  assert.deepEqual(sink.take(), [letter("a"), letter("b")]);
  void sink.put([letter("c")]);
  assert.deepEqual(sink.letters, [letter("c")]);
});

test("a function is given one after the other, and its failure is the sink's", async () => {
  const told: string[] = [];
  const sink = callbackDeadLetters(async ({ eventId }) => {
    told.push(`${eventId} begins`);
    await Promise.resolve();
    if (eventId === "c") throw new Error("no more");
    told.push(`${eventId} ends`);
  });
  await sink.put([letter("a"), letter("b")]);
  await assert.rejects(async () => sink.put([letter("c"), letter("d")]), /^Error: no more$/);
  assert.deepEqual(told, ["a begins", "a ends", "b begins", "b ends", "c begins"]);
});

test("a queue is given lines, one by one or in batches that it takes", async () => {
  const single: unknown[] = [];
  await queueDeadLetters({ send: async (...message) => single.push(message) }).put([letter("a"), letter("b")]);
  assert.deepEqual(single, ["a", "b"].map((id) => [deadLetterLine(letter(id)), { contentType: "text" }]));
  const batches: string[][] = [];
  const queue = {
    send: () => Promise.reject(new Error("not this one")),
    sendBatch: async (messages: { body: string; contentType: "text" }[]) => {
      assert.ok(messages.every(({ contentType }) => contentType === "text"));
      batches.push(messages.map(({ body }) => readDeadLetter(bytes(body)).eventId));
    },
  };
  const ids = Array.from({ length: 230 }, (_, index) => `m-${index}`);
  await queueDeadLetters(queue).put(ids.map((id) => letter(id)));
  assert.deepEqual(batches.map(({ length }) => length), [100, 100, 30]);
  assert.deepEqual(batches.flat(), ids);
  batches.length = 0;
  const large = (id: string): DeadLetter => letter(id, `{"eventId":"${id}","pad":"${"ü".repeat(45_000)}"}`);
  await queueDeadLetters(queue).put(["a", "b", "c", "d", "e"].map(large));
  assert.deepEqual(batches, [["a", "b"], ["c", "d"], ["e"]]);
  await queueDeadLetters(queue).put([]);
  assert.equal(batches.length, 3);
});

test("a file is appended to, for the owner alone, and a torn line costs no other", () => {
  const path = file();
  const sink = fileDeadLetters(path);
  assert.deepEqual([readFileSync(path, "utf8"), statSync(path).mode & 0o777], ["", 0o600]);
  void sink.put([letter("a"), letter("b")]);
  appendFileSync(path, '{"eventId":"torn","ev');
  void fileDeadLetters(path).put([letter("c")]);
  const line = (id: string): string => deadLetterLine(letter(id));
  assert.equal(readFileSync(path, "utf8"), `${line("a")}\n${line("b")}\n{"eventId":"torn","ev\n${line("c")}\n`);
  chmodSync(path, 0o640);
  void sink.put([letter("d")]);
  // What the owner has opened for others is theirs to say.
  assert.equal(statSync(path).mode & 0o777, 0o640);
});

test("a file that cannot be written is said at once", () => {
  const path = join(file(), "dead.ndjson");
  assert.throws(() => fileDeadLetters(path), {
    code: "ERR_STORE",
    message: `cannot write dead letters to ${path}: ENOENT: no such file or directory, open '${path}'`,
  });
});

const wrong: [string, () => unknown, string][] = [
  ["limit", () => memoryDeadLetters(0), "`maxLetters` must be a whole number from 1, got `0`"],
  ["function", () => callbackDeadLetters(undefined as never), "`take` must be a function, got `undefined`"],
  ["queue", () => queueDeadLetters({} as never), "`queue` must be a queue with `send`, got a value of type object"],
];
for (const [name, make, message] of wrong) {
  test(`a wrong ${name} is refused with one sentence`, () => {
    assert.throws(make, (error) => error instanceof UsageError && error.message === message);
  });
}

test("what a client gives up is in its sink, as it was sent", async () => {
  const world = new World();
  world.answer = () => ({ status: 500 });
  const deadLetters = memoryDeadLetters();
  await world.deliver(2, { deadLetters, maxAttempts: 4 });
  assert.deepEqual(
    deadLetters.letters.map(({ eventId, reason, attempts, lastError }) => ({ eventId, reason, attempts, lastError })),
    ["m-0", "m-1"].map((eventId) => ({ eventId, reason: "attempts_exhausted", attempts: 4, lastError: "HTTP 500" })),
  );
  assert.deepEqual(deadLetters.letters.map(({ wire }) => text(wire)), world.asked[0]?.wires);
});

test("a sink that fails stops the client, and says so to all who send", async () => {
  const world = new World();
  world.answer = () => ({ status: 500 });
  const client = world.client({ maxAttempts: 4, deadLetters: callbackDeadLetters(() => { throw new Error("no room"); }) });
  const fault = { code: "ERR_STORE", message: "could not write dead letters: no room" };
  const event = { type: "page", userId: "jane@example.com", messageId: "m", timestamp: "2026-11-20T10:00:00Z", properties: { country: "US" } };
  await assert.rejects(world.time.run(client.send(event as never, { wait: true })), fault);
  await assert.rejects(client.send(event as never), fault);
  await assert.rejects(world.time.run(client.close()), { code: "ERR_STORE", message: `no outcome of 1 event: ${fault.message}` });
  assert.deepEqual([world.outcomes, client.stats().pending], [[], 1]);
});
