// The adapters for Cloudflare, without Cloudflare: what goes where, and that nothing stands in the proxy's way.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { amazonEventsConsumer, cloudflareQueue, NotQueuedError, type CloudflareMessage } from "../dist/adapters/queues.js";
import { AmazonEventsTokens, durableTokenStore, kvTokenStore } from "../dist/adapters/workers_tokens.js";
import { withAmazonEvents, type WorkersOptions } from "../dist/adapters/workers.js";
import type { EventOutcome } from "../dist/outcome.js";
import { CONNECTION as ENV, event, ok, World } from "./world.js";

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const track = (messageId: string): Record<string, unknown> => {
  const { type: _, ...body } = event(messageId);
  return body;
};
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Request =>
  new Request(`https://shop.example${path}`, { method: "POST", headers, body: body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body) });

/** The options that put an adapter into a world. */
function within(world: World, lines: string[] = []): WorkersOptions {
  const log = (fields: object, message: string): void => void lines.push(`${message} ${JSON.stringify(fields)}`);
  return {
    fetch: world.fetch,
    clock: world.time.clock,
    sleep: world.time.sleep,
    random: () => 0.5,
    logger: { debug: () => undefined, info: log, warn: log, error: log },
    onOutcome: (outcome) => world.outcomes.push(outcome),
  };
}

/** Sends a request through a Worker, and waits until all that it began has ended. */
async function through(world: World, worker: { fetch(request: Request, env: object, ctx: { waitUntil(work: Promise<unknown>): void }): Response | Promise<Response> }, request: Request, env: object = ENV): Promise<Response> {
  const begun: Promise<unknown>[] = [];
  const response = await worker.fetch(request, env, { waitUntil: (work) => void begun.push(work) });
  // Reading a body takes turns of the event loop, in which the world's time must not pass.
  await new Promise((resolve) => setTimeout(resolve, 20));
  await world.time.run(Promise.all(begun));
  return response;
}

const echo = async (request: Request): Promise<Response> => new Response(await request.text(), { status: 201 });

test("a Worker answers as it did, and its events are sent as well", async () => {
  const world = new World();
  const worker = withAmazonEvents(echo, within(world));
  const response = await through(world, worker, post("/v1/track", track("m-1")));
  assert.equal(response.status, 201);
  assert.deepEqual(await response.json(), track("m-1"));
  assert.deepEqual(world.outcomes, [{ outcome: "accepted", eventId: "m-1", attempts: 1 }]);
});

test("only POSTs to Segment's paths are copied, or what `match` says", async () => {
  const world = new World();
  const worker = withAmazonEvents(echo, within(world));
  for (const path of ["/v1/tracks", "/v2/track", "/track", "/v1/constructor"]) await through(world, worker, post(path, event("m-1")));
  await through(world, worker, new Request("https://shop.example/v1/track"));
  assert.equal(world.outcomes.length, 0);
  for (const path of ["/v1/track", "/v1/t", "/v1/track/", "/analytics/v1/t"]) await through(world, worker, post(path, event(path)));
  assert.equal(world.count("accepted"), 4);
  const other = withAmazonEvents(echo, { ...within(world), match: ({ url }) => url.endsWith("/collect"), events: async (request) => [await request.json()] });
  await through(world, other, post("/v1/track", event("m-5")));
  await through(world, other, post("/collect", event("m-6")));
  assert.deepEqual(world.outcomes.slice(4), [{ outcome: "accepted", eventId: "m-6", attempts: 1 }]);
});

test("an event that its sender keeps from Amazon is handed on, and not copied", async () => {
  const world = new World();
  const worker = withAmazonEvents(echo, within(world));
  const kept = { ...event("m-1"), integrations: { All: false } };
  assert.equal(await (await through(world, worker, post("/v1/track", kept))).text(), JSON.stringify(kept));
  await through(world, worker, post("/v1/batch", { integrations: { "Amazon DSP": false }, batch: [event("m-2"), { ...event("m-3"), integrations: { "Amazon DSP": true } }] }));
  assert.deepEqual(world.outcomes, [{ outcome: "accepted", eventId: "m-3", attempts: 1 }]);
});

test("what is no event is dropped with a reason, and costs its neighbours nothing", async () => {
  const world = new World();
  const worker = withAmazonEvents(echo, within(world));
  await through(world, worker, post("/v1/track", bytes("{")));
  await through(world, worker, post("/v1/batch", { batch: [7, event("m-1")] }));
  assert.deepEqual(world.outcomes, [
    { outcome: "dropped", reason: "invalid_event", detail: "not_json" },
    { outcome: "dropped", reason: "invalid_event", detail: "not_an_object" },
    { outcome: "accepted", eventId: "m-1", attempts: 1 },
  ]);
});

test("a packed body is unpacked, and one that is too large is left alone", async () => {
  const world = new World();
  const lines: string[] = [];
  const worker = withAmazonEvents(() => new Response("ok"), { ...within(world, lines), maxBodyBytes: 1000 });
  await through(world, worker, post("/v1/track", gzipSync(JSON.stringify(event("m-1"))), { "content-encoding": "gzip" }));
  await through(world, worker, post("/v1/track", { ...event("m-2"), padding: "x".repeat(1000) }));
  await through(world, worker, post("/v1/track", gzipSync(JSON.stringify({ ...event("m-3"), padding: "x".repeat(1000) })), { "content-encoding": "gzip" }));
  assert.deepEqual(world.outcomes, [{ outcome: "accepted", eventId: "m-1", attempts: 1 }]);
  const line = "events of a request could not be sent: the body is larger than 1000 bytes (`maxBodyBytes`) {}";
  assert.deepEqual(lines, [line, line]);
});

test("country and IP address come from Cloudflare if asked, and where the event names none", async () => {
  const sent = async (options: WorkersOptions, given: object): Promise<object[]> => {
    const world = new World();
    const { context: _, ...bare } = event("m-1");
    const request = post("/v1/track", { ...bare, userId: "jane@example.com", ...given }, { "cf-connecting-ip": "192.0.2.1" });
    Object.defineProperty(Request.prototype, "cf", { value: { country: "CA" }, configurable: true });
    await through(world, withAmazonEvents(echo, { ...within(world), ...options }), request);
    delete (Request.prototype as { cf?: unknown }).cf;
    return world.asked.flatMap(({ wires }) => wires).map((wire) => {
      const { countryCode, consent } = JSON.parse(wire) as { countryCode: string; consent?: { geo?: object } };
      return { countryCode, geo: consent?.geo };
    });
  };
  assert.deepEqual(await sent({}, {}), []);
  assert.deepEqual(await sent({ country: "cf" }, {}), [{ countryCode: "CA", geo: undefined }]);
  assert.deepEqual(await sent({ country: "cf", ip: "cf" }, {}), [{ countryCode: "CA", geo: { ipAddress: "192.0.2.1" } }]);
  assert.deepEqual(await sent({ country: "cf", ip: "cf" }, { context: { ip: "192.0.2.9", location: { country: "US" } } }), [
    { countryCode: "US", geo: { ipAddress: "192.0.2.9" } },
  ]);
});

test("whatever is wrong, the request passes, and a line says why; once, if it is the options", async () => {
  const said = async (options: unknown, env: object): Promise<string[]> => {
    const errors: string[] = [];
    const { error } = console;
    console.error = (line: string) => void errors.push(line);
    try {
      const world = new World();
      const worker = withAmazonEvents(echo, options as WorkersOptions);
      for (const id of ["m-1", "m-2"]) assert.equal((await through(world, worker, post("/v1/track", event(id)), env)).status, 201);
    } finally {
      console.error = error;
    }
    return errors;
  };
  const { CLIENT_SECRET: _, ...without } = ENV;
  assert.deepEqual(await said({}, without), [
    "amazon-dsp-events: events of a request could not be sent: missing connection parameter:\n  CLIENT_SECRET  on the same page, behind Show Secret (amzn1.oa2-cs.…)",
  ]);
  assert.deepEqual(await said({ config: { preset: "none" } }, ENV), [
    'amazon-dsp-events: events of a request could not be sent: config `preset` must be one of `metarouter`, `segment`, not "none"',
  ]);
  assert.deepEqual(await said(() => { throw new Error("no binding"); }, ENV), ["amazon-dsp-events: no event is sent, the options are wrong: no binding"]);
  assert.deepEqual(await said({ match: () => { throw new Error("no match"); } }, ENV), [
    "amazon-dsp-events: events of a request could not be copied: no match",
    "amazon-dsp-events: events of a request could not be copied: no match",
  ]);
  assert.deepEqual(await said({ country: "US" }, ENV), ["amazon-dsp-events: no event is sent, the options are wrong: `country` must be `cf`, got `US`"]);
  assert.deepEqual(await said({ events: () => 7 }, ENV), [
    "amazon-dsp-events: events of a request could not be sent: `events` must be a function that gives a list of events, got `7`",
  ]);
});

test("a handler's error is the caller's to see, and the event is sent all the same", async () => {
  const world = new World();
  const worker = withAmazonEvents(
    () => {
      throw new Error("the origin is down");
    },
    within(world),
  );
  await assert.rejects(async () => through(world, worker, post("/v1/track", event("m-1"))), new Error("the origin is down"));
  const begun: Promise<unknown>[] = [];
  assert.throws(() => worker.fetch(post("/v1/track", event("m-2")), ENV, { waitUntil: (work) => void begun.push(work) }), new Error("the origin is down"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  await world.time.run(Promise.all(begun));
  assert.ok(world.outcomes.some((outcome) => outcome.outcome === "accepted" && outcome.eventId === "m-2"));
});

test("a dead Amazon is given up before the Worker's time ends", async () => {
  const ends: unknown[] = [];
  for (const dead of ["answer", "answerToken"] as const) {
    const world = new World();
    const lines: string[] = [];
    world[dead] = () => "hang";
    const began = world.time.clock.now();
    const response = await through(world, withAmazonEvents(echo, within(world, lines)), post("/v1/track", event("m-1")));
    assert.equal(response.status, 201);
    ends.push([world.time.clock.now() - began, world.outcomes.map((one) => one.outcome === "dead_lettered" && one.reason), lines.at(-1)]);
  }
  const line = (reason: string): string => `events were given up {"events":1,"accepted":0,"dropped":{},"rejected":{},"undelivered":{"${reason}":1}}`;
  assert.deepEqual(ends, [
    [20_375, ["deadline_exceeded"], line("deadline_exceeded")],
    [25_000, ["closed"], line("closed")],
  ]);
});

test("the other handlers stay, and find their object", async () => {
  class Shop {
    #name = "shop";
    fetch(): Response {
      return new Response(this.#name);
    }
    scheduled(): string {
      return this.#name;
    }
  }
  const worker = withAmazonEvents(new Shop());
  assert.equal(worker.scheduled(), "shop");
  assert.equal(await (await worker.fetch(new Request("https://shop.example/"), ENV, { waitUntil: () => undefined })).text(), "shop");
  assert.throws(() => withAmazonEvents({} as never), {
    name: "UsageError",
    message: "`handler` must be a Worker's handler with `fetch`, or a function, got a value of type object",
  });
});

test("events go through a queue, and past it when it does not take them", async () => {
  const world = new World();
  const lines: string[] = [];
  const sent: string[][] = [];
  let broken = false;
  const binding = {
    sendBatch: async (messages: { body: string }[]) => {
      if (broken) throw new Error("queue is overloaded (the-client-secret)");
      sent.push(messages.map(({ body }) => body));
    },
  };
  const worker = withAmazonEvents(echo, { ...within(world, lines), queue: () => binding });
  await through(world, worker, post("/v1/batch", { batch: [event("m-1"), event("m-2")] }));
  assert.deepEqual(sent, [[event("m-1"), event("m-2")].map((one) => JSON.stringify({ receivedAt: "2026-11-21T00:00:00.000Z", ...one }))]);
  assert.equal(world.outcomes.length, 0);
  broken = true;
  await through(world, worker, post("/v1/track", event("m-3")));
  broken = false;
  await through(world, worker, post("/v1/batch", { batch: [event("m-4"), { ...event("m-5"), padding: "x".repeat(128_000) }] }));
  assert.deepEqual(world.outcomes.map((outcome) => "eventId" in outcome && outcome.eventId), ["m-3", "m-5"]);
  assert.equal(sent.length, 2);
  assert.deepEqual(lines, [
    'events are sent past the queue: 1 of 1 events are not in the queue: queue is overloaded ([secret]) {"events":1}',
    'events are sent past the queue: 1 of 2 events are not in the queue: larger than 127900 bytes {"events":1}',
  ]);
});

test("a queue is given at most 100 messages and 256 KB at once", async () => {
  const calls: { messages: number; bytes: number }[] = [];
  const queue = cloudflareQueue({
    sendBatch: async (messages) => void calls.push({ messages: messages.length, bytes: messages.reduce((sum, { body }) => sum + body.length, 0) }),
  });
  await queue.put(Array.from({ length: 250 }, () => bytes("x".repeat(100))));
  await queue.put(Array.from({ length: 5 }, () => bytes("x".repeat(100_000))));
  assert.deepEqual(calls.splice(0), [
    { messages: 100, bytes: 10_000 },
    { messages: 100, bytes: 10_000 },
    { messages: 50, bytes: 5000 },
    { messages: 2, bytes: 200_000 },
    { messages: 2, bytes: 200_000 },
    { messages: 1, bytes: 100_000 },
  ]);
  const large = bytes("x".repeat(127_901));
  await assert.rejects(queue.put([bytes("x"), large]), (error: unknown) => {
    assert.ok(error instanceof NotQueuedError);
    assert.deepEqual(error.events, [large]);
    assert.equal(error.message, "1 of 2 events are not in the queue: larger than 127900 bytes");
    return true;
  });
  assert.deepEqual(calls, [{ messages: 1, bytes: 1 }]);
  await assert.rejects(queue.take(1, 0), {
    name: "UsageError",
    message: "`batch` must be what the `queue` handler was called with, to take from it, got `undefined`",
  });
});

/** A batch of Cloudflare's, and what was said of each message. */
function batchOf(bodies: readonly unknown[], attempts = 1): { batch: { queue: string; messages: CloudflareMessage[] }; said: string[] } {
  const said: string[] = [];
  const messages = bodies.map((body, index) => ({
    body,
    attempts,
    timestamp: new Date("2026-11-20T10:00:00Z"),
    ack: () => void (said[index] = `${said[index] ?? ""}ack`),
    retry: (options?: { delaySeconds?: number }) => void (said[index] = `${said[index] ?? ""}retry ${options?.delaySeconds}`),
  }));
  return { batch: { queue: "events", messages }, said };
}

test("a consumer acknowledges each message by what became of its event", async () => {
  const world = new World();
  const lines: string[] = [];
  world.answer = ({ ids }) => ({
    status: 207,
    body: {
      success: ids.flatMap((id, index) => (id === "m-1" ? [{ index, event: {} }] : [])),
      error: ids.flatMap((id, index) => (id === "m-1" ? [] : [{ index, errors: [{ code: id === "m-2" ? "BAD_REQUEST" : "INTERNAL_ERROR", message: "no" }] }])),
    },
  });
  const { batch, said } = batchOf([JSON.stringify(event("m-1")), bytes(event("m-2")), event("m-3"), "{", { type: "identify" }], 3);
  await world.time.run(amazonEventsConsumer({ ...within(world, lines), firstRetryMs: 8000 })(batch, ENV));
  assert.deepEqual(said, ["ack", "ack", "retry 24", "ack", "ack"]);
  assert.deepEqual(world.asked.map(({ ids }) => ids), [["m-1", "m-2", "m-3"], ["m-3"], ["m-3"], ["m-3"]]);
  const outcomes = world.outcomes.map((one: EventOutcome) => one.outcome).sort();
  assert.deepEqual(outcomes, ["accepted", "dropped", "dropped", "rejected"]);
  assert.equal(
    lines.at(-1),
    'a batch of the queue is done {"queue":"events","events":5,"accepted":1,"dropped":{"invalid_event":1,"unmapped_event":1},"rejected":{"BAD_REQUEST":1},"undelivered":{"attempts_exhausted":1}}',
  );
});

test("an event without a time is the same one each time that its message comes", async () => {
  const world = new World();
  world.answer = (asked, call) => (call <= 4 ? { status: 503 } : ok(asked));
  const consumer = amazonEventsConsumer(within(world));
  const { messageId: _, timestamp: __, ...bare } = event("m-1");
  await world.time.run(consumer(batchOf([bare], 1).batch, ENV));
  await world.time.run(consumer(batchOf([bare], 2).batch, ENV));
  assert.equal(world.asked.length, 5);
  assert.equal(new Set(world.asked.flatMap(({ wires }) => wires)).size, 1);
});

test("a consumer that cannot send gives every message back", async () => {
  const world = new World();
  const lines: string[] = [];
  const { REFRESH_TOKEN: _, ...without } = ENV;
  const { batch, said } = batchOf([event("m-1"), event("m-2")]);
  await world.time.run(amazonEventsConsumer(within(world, lines))(batch, without));
  assert.deepEqual(said, ["retry 8", "retry 8"]);
  assert.match(lines[0] ?? "", /^no event could be sent, they go back to the queue: missing connection parameter:\n {2}REFRESH_TOKEN/);
  world.answerToken = () => ({ status: 400, body: { error: "invalid_grant" } });
  const second = batchOf([event("m-1")]);
  await world.time.run(amazonEventsConsumer(within(world, lines))(second.batch, ENV));
  assert.deepEqual(second.said, ["retry 8"]);
  assert.equal(world.outcomes.length, 0);
});

test("a message that cannot be acknowledged does not keep the others from it", async () => {
  const world = new World();
  const lines: string[] = [];
  const { batch, said } = batchOf([event("m-1"), event("m-2")]);
  (batch.messages[0] as CloudflareMessage).ack = () => {
    throw new Error("gone");
  };
  await world.time.run(amazonEventsConsumer(within(world, lines))(batch, ENV));
  assert.deepEqual(said, [, "ack"]);
  assert.equal(lines[0], "a message could not be acknowledged and will come again: gone {}");
});

test("a shared store of tokens that fails is done without", async () => {
  const lines: string[] = [];
  const log = (_: object, message: string): void => void lines.push(message);
  const logger = { debug: log, info: log, warn: log, error: log };
  const broken = async (): Promise<never> => {
    throw new Error("overloaded");
  };
  const token = { accessToken: "t", refreshAt: 2000 };
  for (const store of [
    kvTokenStore({ get: broken, put: broken }, { logger, clock: { now: () => 1000 } }),
    durableTokenStore({ idFromName: (name) => name, get: () => ({ fetch: broken }) }, { logger, clock: { now: () => 1000 } }),
  ]) {
    assert.equal(await store.get(), undefined);
    await store.set(token);
    assert.deepEqual(await store.get(), token);
    assert.equal(await store.get("t"), undefined);
  }
  assert.deepEqual(new Set(lines), new Set(["the shared store of access tokens failed, this worker goes on with its own: overloaded"]));
  assert.equal(lines.length, 6);
});

test("KV is told when a token ends, and gives none that Amazon has refused", async () => {
  const puts: unknown[] = [];
  const token = { accessToken: "t", refreshAt: 3_000_500 };
  const store = kvTokenStore({ get: async () => token, put: async (...args) => void puts.push(args) }, { name: "shop", clock: { now: () => 1_000_000 } });
  assert.deepEqual(await store.get(), token);
  assert.equal(await store.get("t"), undefined);
  await store.set(token);
  await store.set({ accessToken: "u", refreshAt: 1_010_000 });
  assert.deepEqual(puts, [
    ["shop", JSON.stringify(token), { expiration: 3001 }],
    ["shop", '{"accessToken":"u","refreshAt":1010000}', { expiration: 1061 }],
  ]);
});

test("one worker at a time is told to fetch a token, and the others wait for it, but not for ever", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  let kept: unknown;
  const tokens = new AmazonEventsTokens({ storage: { get: async () => kept, put: async (_, value) => void (kept = value) } });
  const answers: Record<string, unknown> = {};
  const ask = (name: string, refused = ""): void => {
    const request = new Request("https://tokens/", { method: "POST", body: refused });
    tokens.fetch(request).then(async (response) => (answers[name] = response.status === 200 ? await response.json() : response.status));
  };
  const put = (accessToken: string, refreshAt: number): Promise<Response> =>
    tokens.fetch(new Request("https://tokens/", { method: "PUT", body: JSON.stringify({ accessToken, refreshAt }) }));
  const tick = async (ms: number): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await settle();
    t.mock.timers.tick(ms);
    for (let turn = 0; turn < 20; turn++) await settle();
  };

  for (const name of ["a", "b", "c"]) ask(name);
  await tick(0);
  assert.deepEqual(Object.values(answers), [204]);
  // Whoever was told so has not come back: another one is.
  await tick(15_000);
  assert.deepEqual(Object.values(answers), [204, 204]);
  await tick(5000);
  assert.deepEqual(Object.values(answers).sort(), [204, 204, 503]);

  const first = { accessToken: "first", refreshAt: 2_000_000 };
  assert.equal((await put("first", 2_000_000)).status, 204);
  ask("d");
  await tick(0);
  assert.deepEqual(answers["d"], first);
  ask("e", "first");
  ask("f", "first");
  ask("g");
  await tick(0);
  assert.deepEqual([answers["e"], answers["f"], answers["g"]], [204, undefined, first]);
  await put("second", 3_000_000);
  await tick(0);
  assert.deepEqual(answers["f"], { accessToken: "second", refreshAt: 3_000_000 });
});
