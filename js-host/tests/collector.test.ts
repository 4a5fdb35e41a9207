// The collector as a handler: what it takes, what it fills in, what it answers, and what it hands on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { collector, isCollectorPath, type CollectorOptions } from "../dist/adapters/collector.js";
import { AmazonEventsError, type AmazonEvents } from "../dist/index.js";
import { event as mappedEvent, World } from "./world.js";

const NOW = Date.parse("2026-11-21T00:00:10.000Z");

interface Collected {
  /** Events that were queued, by call. */
  readonly put: Record<string, unknown>[][];
  readonly errors: string[];
  readonly handle: ReturnType<typeof collector>;
  readonly post: (path: string, body: unknown, more?: Posted) => Promise<[number, unknown]>;
}

interface Posted {
  readonly headers?: Record<string, string>;
  readonly ip?: string;
}

const basic = (key: string): string => `Basic ${btoa(`${key}:`)}`;

function collected(options: Partial<CollectorOptions> = {}): Collected {
  const put: Record<string, unknown>[][] = [];
  const errors: string[] = [];
  let ids = 0;
  const handle = collector({
    writeKeys: ["wk_1", "wk_2"],
    ...(!options.amazon && {
      queue: { put: async (events) => void put.push(events.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>)) },
    }),
    clock: { now: () => NOW },
    messageId: () => `new-${++ids}`,
    onError: (error) => errors.push(String(error)),
    ...options,
  });
  const post: Collected["post"] = async (path, body, { headers, ip } = {}) => {
    const content = typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body);
    const request = new Request(`http://collector${path}`, {
      method: "POST",
      headers: { authorization: basic("wk_1"), ...headers },
      body: content as string,
    });
    const response = await handle(request, { ip });
    const text = await response.text();
    return [response.status, text.startsWith("{") ? JSON.parse(text) : text];
  };
  return { put, errors, handle, post };
}

const TAKEN = [200, { success: true }];
const refusal = (status: number, code: string, message: string): unknown => [status, { success: false, code, message }];
const UNAUTHORIZED = refusal(401, "unauthorized", "a write key is needed: as the user name of basic authentication, or as `writeKey` in the body");

test("each path gives its type, in its long form and in the one of browsers", async () => {
  const { post, put } = collected();
  for (const type of ["track", "page", "screen", "identify", "group", "alias"]) {
    for (const path of [`/v1/${type}`, `/v1/${type.charAt(0)}`, `/segment/v1/${type}/`]) assert.deepEqual(await post(path, { type: "other" }), TAKEN);
  }
  assert.deepEqual(
    put.map(([event]) => event?.["type"]),
    ["track", "page", "screen", "identify", "group", "alias"].flatMap((type) => [type, type, type]),
  );
});

test("what Segment's server fills in is filled in", async () => {
  const { post, put } = collected();
  await post("/v1/track", { event: "Product Added", writeKey: "wk_1" });
  await post("/v1/track", { event: "Product Added", messageId: "m-1", timestamp: "2026-11-20T23:00:00.000Z", sentAt: "2026-11-20T23:00:03.500Z" });
  assert.deepEqual(put, [
    [{ type: "track", event: "Product Added", messageId: "new-1", receivedAt: "2026-11-21T00:00:10.000Z", timestamp: "2026-11-21T00:00:10.000Z" }],
    [
      {
        type: "track",
        event: "Product Added",
        messageId: "m-1",
        originalTimestamp: "2026-11-20T23:00:00.000Z",
        sentAt: "2026-11-20T23:00:03.500Z",
        receivedAt: "2026-11-21T00:00:10.000Z",
        // The device's clock is an hour behind: it was 3.5 s before the event was sent.
        timestamp: "2026-11-21T00:00:06.500Z",
      },
    ],
  ]);
});

test("a time that cannot be corrected stays as it is", async () => {
  const { post, put } = collected();
  const sentAt = "2026-11-20T23:00:00Z";
  for (const [timestamp, expected] of [
    ["2026-11-20", "2026-11-20"],
    [1_700_000_000, 1_700_000_000],
    ["nonsense", "nonsense"],
  ]) {
    await post("/v1/page", { timestamp, sentAt });
    assert.equal(put.at(-1)?.[0]?.["timestamp"], expected);
  }
  await post("/v1/page", { timestamp: "2026-11-20T10:00:00Z" });
  assert.equal(put.at(-1)?.[0]?.["timestamp"], "2026-11-20T10:00:00Z");
  await post("/v1/page", { timestamp: "2026-11-20T10:00:00Z", sentAt: null });
  assert.equal(put.at(-1)?.[0]?.["timestamp"], "2026-11-20T10:00:00Z");
  // It has been through a collector before.
  await post("/v1/page", { timestamp: "2026-11-20T10:00:00Z", originalTimestamp: "2026-11-20T09:00:00Z", sentAt });
  assert.equal(put.at(-1)?.[0]?.["timestamp"], "2026-11-20T10:00:00Z");
  // RudderStack's clients name the device's time alone.
  await post("/v1/page", { originalTimestamp: "2026-11-20T22:59:50Z", sentAt });
  assert.equal(put.at(-1)?.[0]?.["timestamp"], "2026-11-21T00:00:00.000Z");
});

test("a batch gives its events what they do not say themselves", async () => {
  const { post, put } = collected();
  const body = {
    sentAt: "2026-11-21T00:00:10Z",
    context: { ip: "198.51.100.7", library: { name: "batch" } },
    integrations: { All: true },
    batch: [
      { type: "page", messageId: "a" },
      { type: "track", event: "Product Added", messageId: "b", sentAt: "2026-11-21T00:00:09Z", context: { library: { name: "own" } }, integrations: { Slack: false } },
    ],
  };
  for (const path of ["/v1/batch", "/v1/import", "/v1/b"]) assert.deepEqual(await post(path, body), TAKEN);
  assert.deepEqual(put[0], put[2]);
  const common = { receivedAt: "2026-11-21T00:00:10.000Z", timestamp: "2026-11-21T00:00:10.000Z" };
  assert.deepEqual(put[0], [
    { type: "page", messageId: "a", sentAt: "2026-11-21T00:00:10Z", context: body.context, integrations: { All: true }, ...common },
    {
      type: "track", event: "Product Added", messageId: "b", sentAt: "2026-11-21T00:00:09Z",
      context: { ip: "198.51.100.7", library: { name: "own" } }, integrations: { All: true, Slack: false }, ...common,
    },
  ]);
});

test("the address is the user's only from the user's device, and from proxies only where they are trusted", async () => {
  const ipOf = async (options: Partial<CollectorOptions>, event: object, posted: Posted): Promise<unknown> => {
    const { post, put } = collected(options);
    assert.deepEqual(await post("/v1/page", event, posted), TAKEN);
    return (put[0]?.[0]?.["context"] as { ip?: unknown } | undefined)?.ip;
  };
  const browser = { origin: "https://shop.example" };
  const through = { ...browser, "x-forwarded-for": "203.0.113.9, 198.51.100.1, 198.51.100.2" };
  assert.equal(await ipOf({}, {}, { headers: browser, ip: "198.51.100.7" }), "198.51.100.7");
  assert.equal(await ipOf({}, {}, { headers: browser, ip: "::ffff:198.51.100.7" }), "198.51.100.7");
  assert.equal(await ipOf({}, { context: { direct: true } }, { ip: "2001:db8::7" }), "2001:db8::7");
  assert.equal(await ipOf({}, { context: { ip: "192.0.2.1" } }, { headers: browser, ip: "198.51.100.7" }), "192.0.2.1");
  assert.equal(await ipOf({}, {}, { headers: through, ip: "198.51.100.7" }), "198.51.100.7");
  assert.equal(await ipOf({ trustProxy: 1 }, {}, { headers: through, ip: "198.51.100.7" }), "198.51.100.2");
  assert.equal(await ipOf({ trustProxy: 3 }, {}, { headers: through }), "203.0.113.9");
  // A server's own address, a neighbour's, none at all.
  assert.equal(await ipOf({}, {}, { ip: "198.51.100.7" }), undefined);
  assert.equal(await ipOf({}, {}, { headers: browser, ip: "127.0.0.1" }), undefined);
  assert.equal(await ipOf({}, {}, { headers: browser, ip: "::ffff:10.1.2.3" }), undefined);
  assert.equal(await ipOf({ trustProxy: 4 }, {}, { headers: through, ip: "198.51.100.7" }), undefined);
  assert.equal(await ipOf({ trustProxy: 1 }, {}, { headers: { ...browser, "x-forwarded-for": "<script>" } }), undefined);
});

test("a write key is needed, in the header or in the body", async () => {
  const { post, put } = collected();
  const none = { authorization: "" };
  assert.deepEqual(await post("/v1/page", {}, { headers: { authorization: basic("wk_2") } }), TAKEN);
  assert.deepEqual(await post("/v1/page", {}, { headers: { authorization: `basic ${btoa("wk_1")}` } }), TAKEN);
  assert.deepEqual(await post("/v1/batch", { writeKey: "wk_2", batch: [] }, { headers: none }), TAKEN);
  assert.deepEqual(await post("/v1/page", { writeKey: "wk_2" }, { headers: { authorization: "Bearer token" } }), TAKEN);
  for (const wrong of ["wk_", "wk_11", "", "wk_1\u0000", "WK_1"]) {
    assert.deepEqual(await post("/v1/page", { writeKey: "wk_1" }, { headers: { authorization: basic(wrong) } }), UNAUTHORIZED, wrong);
    assert.deepEqual(await post("/v1/page", { writeKey: wrong }, { headers: none }), UNAUTHORIZED, wrong);
  }
  assert.deepEqual(await post("/v1/page", {}, { headers: { authorization: "Basic ???" } }), UNAUTHORIZED);
  assert.deepEqual(await post("/v1/page", { writeKey: 7 }, { headers: none }), UNAUTHORIZED);
  assert.equal(put.flat().length, 3);
  const open = collected({ writeKeys: "any" });
  assert.deepEqual(await open.post("/v1/page", {}, { headers: none }), TAKEN);
});

test("what is no request for events is refused, and says why", async () => {
  const { post, handle, put, errors } = collected();
  assert.deepEqual(await post("/v1/batch", "{"), refusal(400, "invalid_body", "the body must be JSON"));
  assert.deepEqual(await post("/v1/track", "[]"), refusal(400, "invalid_body", "the body must be a JSON object"));
  assert.deepEqual(await post("/v1/batch", {}), refusal(400, "invalid_body", "`batch` must be a list of events"));
  assert.deepEqual(await post("/v1/other", {}), refusal(404, "not_found", "there is no such path: events go to /v1/track, /v1/batch and their like"));
  const got = await handle(new Request("http://collector/v1/track"));
  assert.deepEqual([got.status, got.headers.get("allow")], [405, "POST"]);
  const broken = new Request("http://collector/v1/track", {
    method: "POST",
    headers: { authorization: basic("wk_1") },
    body: new ReadableStream({ start: (controller) => controller.error(new Error("reset")) }),
    duplex: "half",
  } as RequestInit);
  assert.deepEqual(await (await handle(broken)).json(), { success: false, code: "invalid_body", message: "the body broke off" });
  assert.deepEqual([put, errors], [[], []]);
});

test("a body may be packed, and is never larger than allowed, as it comes or unpacked", async () => {
  const { post, put } = collected({ maxBodyBytes: 1000 });
  const gzip = { headers: { "content-encoding": "gzip" } };
  const packed = gzipSync(JSON.stringify({ messageId: "packed" }));
  assert.deepEqual(await post("/v1/page", packed, gzip), TAKEN);
  assert.equal(put[0]?.[0]?.["messageId"], "packed");
  const tooLarge = refusal(413, "too_large", "the body must have at most 1000 bytes");
  assert.deepEqual(await post("/v1/page", JSON.stringify({ pad: "x".repeat(1000) })), tooLarge);
  assert.deepEqual(await post("/v1/page", gzipSync("x".repeat(10_000_000)).subarray(0, 900), gzip), tooLarge);
  // Packed data that unpacks to nothing, over and over.
  assert.deepEqual(await post("/v1/page", Buffer.concat(Array.from({ length: 100 }, () => gzipSync(""))), gzip), tooLarge);
  const notGzip = refusal(400, "invalid_body", "the body is not gzip, as its content-encoding says");
  assert.deepEqual(await post("/v1/page", packed.subarray(0, 20), gzip), notGzip);
  assert.deepEqual(await post("/v1/page", "{}", gzip), notGzip);
  assert.deepEqual(
    await post("/v1/page", "{}", { headers: { "content-encoding": "br" } }),
    refusal(415, "unsupported_encoding", "the body's content-encoding must be gzip, or none"),
  );
  assert.equal(put.length, 1);
});

test("one bad event costs none of its neighbours", async () => {
  const world = new World();
  const amazon = world.client();
  const { post, errors } = collected({ amazon });
  const deep = `${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}`;
  const good = (id: string): string => JSON.stringify(mappedEvent(id));
  assert.deepEqual(await post("/v1/batch", `{"batch":[${good("a")},null,7,"text",[],${deep},{"type":"track","event":7},${good("b")}]}`), TAKEN);
  await world.time.run(amazon.close());
  assert.deepEqual(world.asked.map(({ ids }) => ids), [["a", "b"]]);
  const { accepted, dropped, events } = amazon.stats();
  assert.deepEqual({ accepted, dropped, events }, { accepted: 2, dropped: { invalid_event: 6 }, events: 8 });
  assert.deepEqual(errors, []);
});

test("a full queue makes clients keep their events, whatever the client does when it is full", async () => {
  const world = new World();
  world.answer = () => "hang";
  for (const whenFull of ["wait", "refuse"] as const) {
    const amazon = world.client({ maxQueueEvents: 2, whenFull });
    const { handle, post, errors } = collected({ amazon, retryAfterSeconds: 7 });
    assert.deepEqual(await post("/v1/batch", { batch: [mappedEvent("a"), mappedEvent("b"), mappedEvent("c")] }), TAKEN);
    assert.deepEqual(await post("/v1/track", mappedEvent("d")), refusal(503, "queue_full", "the queue is full (3 events): the event was not taken"));
    const response = await handle(new Request("http://collector/v1/t", { method: "POST", body: JSON.stringify({ writeKey: "wk_1" }) }));
    assert.equal(response.headers.get("retry-after"), "7");
    assert.deepEqual(errors, []);
    assert.equal(amazon.stats().events, 3);
  }
});

test("what is left in the store holds up nobody who is not to wait", async () => {
  const world = new World();
  world.answer = () => "hang";
  const wire = new TextEncoder().encode('{"eventId":"old"}');
  const amazon = world.client({
    maxQueueEvents: 2,
    store: { add: async () => [9], remove: async () => undefined, pending: () => [1, 2, 3].map((id) => ({ id, wire })), close: () => undefined },
  });
  amazon.flush().catch(() => undefined);
  await new Promise((resolve) => setImmediate(resolve));
  await assert.rejects(amazon.send(mappedEvent("new") as never, { whenFull: "refuse" }), {
    code: "ERR_QUEUE_FULL",
    message: "the queue is full (2 events): the event was not taken",
  });
});

test("a queue that fails is told to whoever runs it, and clients keep their events", async () => {
  const fault = new Error("no connection");
  const { post, errors } = collected({ queue: { put: () => Promise.reject(fault) } });
  assert.deepEqual(await post("/v1/page", {}), refusal(503, "unavailable", "the events could not be queued"));
  assert.deepEqual(errors, ["Error: no connection"]);
  const broken: Pick<AmazonEvents, "sendBatch"> = {
    sendBatch: () => Promise.reject(new AmazonEventsError("ERR_STORE", "the disk is gone")),
  };
  const other = collected({ amazon: broken });
  assert.deepEqual(await other.post("/v1/page", {}), refusal(503, "unavailable", "the events could not be queued"));
  assert.deepEqual(other.errors, ["AmazonEventsError: the disk is gone"]);
});

test("a queue of Cloudflare's is given batches that it takes", async () => {
  const batches: number[] = [];
  const { post, errors } = collected({
    queue: { sendBatch: async (messages) => void batches.push(messages.filter(({ contentType }) => contentType === "text").length) },
  });
  const events = (count: number, pad: number): object[] => Array.from({ length: count }, () => ({ type: "page", pad: "x".repeat(pad) }));
  assert.deepEqual(await post("/v1/batch", { batch: events(250, 1) }), TAKEN);
  assert.deepEqual(batches.splice(0), [100, 100, 50]);
  assert.deepEqual(await post("/v1/batch", { batch: events(4, 80_000) }), TAKEN);
  assert.deepEqual(batches.splice(0), [3, 1]);
  assert.deepEqual(await post("/v1/batch", { batch: [{ messageId: "a", pad: "x".repeat(130_000) }, ...events(1, 1)] }), TAKEN);
  assert.deepEqual(batches, [1]);
  assert.deepEqual(errors, ["AmazonEventsError: 1 of 2 events are not in the queue: larger than 127900 bytes"]);
});

test("pages of other origins may send where they are allowed to, and read the answer", async () => {
  const preflight = (origin: string): Request => new Request("http://collector/v1/t", { method: "OPTIONS", headers: { origin } });
  const some = collected({ cors: ["https://shop.example"] });
  const allowed = await some.handle(preflight("https://shop.example"));
  assert.equal(allowed.status, 204);
  assert.deepEqual(Object.fromEntries(allowed.headers), {
    "access-control-allow-headers": "authorization, content-encoding, content-type",
    "access-control-allow-methods": "POST",
    "access-control-allow-origin": "https://shop.example",
    "access-control-max-age": "86400",
    vary: "origin",
  });
  assert.equal((await some.handle(preflight("https://other.example"))).headers.get("access-control-allow-origin"), null);
  const every = collected({ cors: "*" });
  const wrong = await every.handle(new Request("http://collector/v1/t", { method: "POST", body: "{}", headers: { origin: "https://any.example" } }));
  assert.deepEqual([wrong.status, wrong.headers.get("access-control-allow-origin")], [401, "*"]);
  assert.equal((await collected().handle(preflight("https://shop.example"))).status, 405);
});

test("options that cannot be right are refused, and no key is shown", () => {
  const wrong = (options: object, message: string): void => {
    assert.throws(() => collected(options as never), { name: "UsageError", message });
  };
  const keys = "`writeKeys` must be `any`, or a list of keys of letters, digits and signs without colons";
  wrong({ writeKeys: undefined }, keys);
  wrong({ writeKeys: [] }, keys);
  wrong({ writeKeys: ["the key"] }, keys);
  wrong({ queue: undefined }, "`amazon` must be given, or else `queue`: one of the two");
  wrong({ queue: {} }, "`queue` must be a queue with `put` or `sendBatch`, got a value of type object");
  wrong({ amazon: {}, queue: undefined }, "`amazon` must be a client of createAmazonEvents, got a value of type object");
  wrong({ cors: ["shop.example"] }, "`cors` must be `*`, or a list of origins such as https://shop.example, got a list");
  wrong({ trustProxy: -1 }, "`trustProxy` must be a whole number from 0 to 100, got `-1`");
  wrong({ maxBodyBytes: 0 }, "`maxBodyBytes` must be a whole number from 1 to 1073741824, got `0`");
  wrong({ upstream: "api.segment.io" }, "`upstream` must be a URL such as https://api.segment.io, without user name, query and fragment");
  wrong({ upstream: "https://key:@api.segment.io" }, "`upstream` must be a URL such as https://api.segment.io, without user name, query and fragment");
  wrong({ onError: "log" }, "`onError` must be a function, got `log`");
});

test("only paths for events are for the collector", () => {
  assert.deepEqual(["/v1/track", "/a/v1/b/", "/v1/tracks", "/v2/track", "/track", "/v1/track/x", "/v1/constructor"].map(isCollectorPath), [
    true, true, false, false, false, false, false,
  ]);
});

interface Upstream {
  readonly seen: { url: string; method: string | undefined; headers: Record<string, string>; body: string }[];
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

function upstream(answer: () => Response | Promise<Response>): Upstream {
  const seen: Upstream["seen"] = [];
  return {
    seen,
    fetch: async (url, init) => {
      const body = init.body ? await new Response(init.body).text() : "";
      seen.push({ url, method: init.method, headers: Object.fromEntries(new Headers(init.headers)), body });
      return answer();
    },
  };
}

test("with a server behind, every request is handed on as it is, and its answer is the answer", async () => {
  const behind = upstream(() => new Response("made by upstream", { status: 201, headers: { "x-own": "1", "set-cookie": "a=b", connection: "close" } }));
  const { handle, put, errors } = collected({ upstream: "https://api.example/base/", fetch: behind.fetch });
  const work: Promise<unknown>[] = [];
  const body = '{ "messageId": "m-1",  "event": "Product Added" }';
  const response = await handle(
    new Request("http://collector/v1/track?x=1", { method: "POST", headers: { authorization: basic("wk_1"), "content-type": "text/plain", connection: "keep-alive" }, body }),
    { ip: "198.51.100.7", waitUntil: (one) => work.push(one) },
  );
  assert.deepEqual([response.status, await response.text(), response.headers.get("x-own"), response.headers.get("set-cookie")], [201, "made by upstream", "1", "a=b"]);
  await Promise.all(work);
  assert.deepEqual(behind.seen, [
    {
      url: "https://api.example/base/v1/track?x=1",
      method: "POST",
      headers: { "accept-encoding": "identity", authorization: basic("wk_1"), "content-type": "text/plain", "x-forwarded-for": "198.51.100.7" },
      body,
    },
  ]);
  assert.equal(put[0]?.[0]?.["messageId"], "m-1");
  // What is not for us passes as well.
  const other = await handle(new Request("http://collector/v1/projects/x/settings"));
  assert.equal(other.status, 201);
  assert.deepEqual([behind.seen[1]?.method, behind.seen[1]?.url, put.length, errors], ["GET", "https://api.example/base/v1/projects/x/settings", 1, []]);
});

test("nothing of ours reaches those who send through to the server behind", async () => {
  const behind = upstream(() => new Response("ok"));
  const failing = collected({ upstream: "https://api.example", fetch: behind.fetch, queue: { put: () => Promise.reject(new Error("no connection")) }, maxBodyBytes: 100 });
  const work: Promise<unknown>[] = [];
  const context = { waitUntil: (one: Promise<unknown>) => void work.push(one) };
  const send = (body: string, key = "wk_1"): Promise<Response> =>
    failing.handle(new Request("http://collector/v1/batch", { method: "POST", headers: { authorization: basic(key) }, body }), context);
  const bodies = ['{"batch":[{}]}', "{", "x".repeat(5000), '{"batch":[{}]}'];
  for (const [index, body] of bodies.entries()) assert.equal(await (await send(body, index === 3 ? "wk_3" : "wk_1")).text(), "ok");
  await Promise.all(work);
  assert.deepEqual(behind.seen.map(({ body }) => body), bodies);
  assert.deepEqual(failing.errors, [
    "Error: no connection",
    "Refusal: the body must be JSON",
    "Refusal: the body must have at most 100 bytes",
    "Refusal: a write key is needed: as the user name of basic authentication, or as `writeKey` in the body",
  ]);
  // A queue that never answers holds up nobody.
  const stuck = collected({ upstream: "https://api.example", fetch: behind.fetch, queue: { put: () => new Promise(() => undefined) } });
  assert.deepEqual(await stuck.post("/v1/page", {}), [200, "ok"]);
});

test("a server behind that is dead is said, and the events are taken all the same", async () => {
  const { post, put, errors } = collected({
    upstream: "https://api.example",
    fetch: () => Promise.reject(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") })),
  });
  assert.deepEqual(await post("/v1/page", {}), refusal(502, "no_upstream", "the server behind gave no answer"));
  assert.deepEqual([put.length, errors], [1, ["Error: the server behind gave no answer: connect ECONNREFUSED"]]);
});
