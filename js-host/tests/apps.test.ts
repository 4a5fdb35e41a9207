// The adapters in apps on the real frameworks, and beside and behind Segment's own client for servers.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, test } from "node:test";

import { Analytics } from "@segment/analytics-node";
import { default as express } from "express";
import { fastify } from "fastify";
import { Hono } from "hono";

import * as segment from "../dist/adapters/analytics_node.js";
import { collector } from "../dist/adapters/collector.js";
import * as forExpress from "../dist/adapters/express.js";
import * as forFastify from "../dist/adapters/fastify.js";
import * as forHono from "../dist/adapters/hono.js";
import { nodeHandler } from "../dist/adapters/node.js";
import { createAmazonEvents, type AmazonEvents, type AmazonEventsOptions, type EventOutcome } from "../dist/index.js";
import { startMock, type Mock } from "../dist/mock/index.js";

const ended: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ended.reverse()) await end();
});

interface Shop {
  readonly mock: Mock;
  readonly amazon: AmazonEvents;
  readonly outcomes: EventOutcome[];
  readonly errors: string[];
  /** Closes the client, and gives the ids of what Amazon has. */
  readonly accepted: () => Promise<string[]>;
}

async function shop(options: Partial<AmazonEventsOptions> = {}): Promise<Shop> {
  const mock = await startMock();
  const outcomes: EventOutcome[] = [];
  const amazon = createAmazonEvents({ ...mock.parameters, onOutcome: (outcome) => outcomes.push(outcome), ...options });
  ended.push(() => mock.close());
  const accepted = async (): Promise<string[]> => {
    await amazon.close();
    return [...mock.taken.keys()].sort();
  };
  return { mock, amazon, outcomes, errors: [], accepted };
}

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ended.push(() => new Promise((resolve) => server.close(resolve).closeAllConnections()));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const order = (messageId: string): Record<string, unknown> => ({
  type: "track",
  event: "Order Completed",
  messageId,
  userId: "jane@example.com",
  properties: { total: 30, currency: "USD", country: "US" },
});

const post = (url: string, body: unknown, type = "application/json"): Promise<Response> =>
  fetch(url, { method: "POST", headers: { "content-type": type }, body: JSON.stringify(body) });

const TAKEN = '{"success":true}';

interface AppUnderTest {
  readonly url: string;
  /** Requests that the app itself has answered. */
  readonly answered: string[];
}

/** An app with a collector, with `/order/:id` that makes an event of its own, and `/bad` whose events cannot be made. */
const apps: Record<string, (shop: Shop) => Promise<AppUnderTest>> = {
  async hono({ amazon, errors }) {
    const answered: string[] = [];
    const app = new Hono();
    const onError = (error: unknown): void => void errors.push(String(error));
    // Somebody who reads every body before.
    app.use("/v1/track", async (context, next) => {
      await context.req.json();
      await next();
    });
    app.use(forHono.collector({ writeKeys: ["wk"], amazon, onError }));
    app.use(
      forHono.amazonEvents({
        amazon,
        onError,
        events: (context) => {
          if (context.req.path === "/bad") throw new Error("no events");
          return context.req.path.startsWith("/order/") && order(context.req.path.slice(7));
        },
      }),
    );
    app.all("/*", async (context) => {
      answered.push(context.req.path);
      return context.text(`answered ${await context.req.text()}`);
    });
    return { url: await listening(createServer(nodeHandler((request) => app.fetch(request)))), answered };
  },

  async express({ amazon, errors }) {
    const answered: string[] = [];
    const app = express();
    const onError = (error: unknown): void => void errors.push(String(error));
    app.use("/before", forExpress.collector({ writeKeys: ["wk"], amazon, onError }));
    app.use(express.json());
    app.use(forExpress.collector({ writeKeys: ["wk"], amazon, onError }));
    app.use(
      forExpress.amazonEvents({
        amazon,
        onError,
        events: (request: { path: string }) => {
          if (request.path === "/bad") throw new Error("no events");
          return request.path.startsWith("/order/") && order(request.path.slice(7));
        },
      }),
    );
    app.use((request: { path: string; body: unknown }, response: { send(body: string): void }) => {
      answered.push(request.path);
      response.send(`answered ${JSON.stringify(request.body)}`);
    });
    return { url: await listening(createServer(app)), answered };
  },

  async fastify({ amazon, errors }) {
    const answered: string[] = [];
    const app = fastify();
    const onError = (error: unknown): void => void errors.push(String(error));
    await app.register(forFastify.collector({ writeKeys: ["wk"], amazon, onError }));
    await app.register(forFastify.collector({ writeKeys: ["wk"], amazon, onError }), { prefix: "/before" });
    await app.register(
      forFastify.amazonEvents({
        amazon,
        onError,
        events: (request: { url: string }) => {
          if (request.url === "/bad") throw new Error("no events");
          return request.url.startsWith("/order/") && order(request.url.slice(7));
        },
      }),
    );
    app.all("/*", async (request) => {
      answered.push(request.url);
      return `answered ${JSON.stringify(request.body)}`;
    });
    ended.push(() => app.close());
    return { url: await app.listen({ host: "127.0.0.1", port: 0 }), answered };
  },
};

for (const [name, start] of Object.entries(apps)) {
  test(`${name}: the collector stands beside the app's own routes, and requests make events`, async () => {
    const one = await shop();
    const { url, answered } = await start(one);
    const event = (messageId: string): object => ({ ...order(messageId), writeKey: "wk" });
    assert.equal(await (await post(`${url}/v1/track`, event("json"))).text(), TAKEN);
    assert.equal(await (await post(`${url}/v1/t`, event("text"), "text/plain;charset=UTF-8")).text(), TAKEN);
    if (name !== "hono") assert.equal(await (await post(`${url}/before/v1/batch`, { batch: [order("batch")], writeKey: "wk" })).text(), TAKEN);
    assert.equal((await post(`${url}/v1/track`, { ...order("refused"), writeKey: "other" })).status, 401);
    assert.deepEqual(answered, []);

    assert.equal(await (await post(`${url}/order/one`, { a: 1 })).text(), 'answered {"a":1}');
    assert.equal(await (await post(`${url}/other`, { a: 1 })).text(), 'answered {"a":1}');
    assert.equal((await post(`${url}/bad`, {})).status, 200);
    assert.deepEqual(answered, ["/order/one", "/other", "/bad"]);
    // The events of a request are made when its response has gone.
    while (one.errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await one.accepted(), name === "hono" ? ["json", "one", "text"] : ["batch", "json", "one", "text"]);
    assert.deepEqual(one.errors, ["Error: no events"]);
  });

  test(`${name}: a queue that is full or dead is not the app's trouble`, async () => {
    const one = await shop({ maxQueueEvents: 1, flushIntervalMs: 3_600_000 });
    await one.amazon.send(order("first"));
    const { url } = await start(one);
    assert.equal((await post(`${url}/order/second`, {})).status, 200);
    const refused = await post(`${url}/v1/track`, { ...order("third"), writeKey: "wk" });
    assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "5"]);
    while (one.errors.length === 0) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(await one.accepted(), ["first"]);
    assert.deepEqual(one.errors, ["AmazonEventsError: the queue is full (1 event): the event was not taken"]);
  });
}

test("hono: where the runtime ends with the response, it is asked to wait", async () => {
  const one = await shop();
  const app = new Hono();
  app.use(forHono.amazonEvents({ amazon: one.amazon, events: () => [order("a"), order("b")] }));
  const work: Promise<unknown>[] = [];
  const response = await app.fetch(new Request("http://app/"), {}, { waitUntil: (one: Promise<unknown>) => void work.push(one), passThroughOnException: () => undefined, props: {} } as never);
  assert.equal(response.status, 404);
  assert.equal(work.length, 1);
  await Promise.all(work);
  assert.deepEqual(await one.accepted(), ["a", "b"]);
});

/** Something that answers in the place of Segment. */
async function segmentServer(status = 200): Promise<{ url: string; bodies: { batch: { messageId: string }[] }[] }> {
  const bodies: { batch: { messageId: string }[] }[] = [];
  const url = await listening(
    createServer((request, response) => {
      let body = "";
      request.on("data", (data: Buffer) => (body += data.toString()));
      request.on("end", () => {
        bodies.push(JSON.parse(body) as (typeof bodies)[number]);
        response.writeHead(status).end();
      });
    }),
  );
  return { url, bodies };
}

const PAID = { event: "Order Completed", userId: "jane@example.com", properties: { total: 30, currency: "USD", country: "US" } };

test("segment: the official client, pointed at the collector, is served", async () => {
  const one = await shop();
  const url = await listening(createServer(nodeHandler(collector({ writeKeys: ["wk"], amazon: one.amazon }))));
  const statuses: number[] = [];
  const failures: unknown[] = [];
  const analytics = new Analytics({ writeKey: "wk", host: url, path: "/v1/batch", flushAt: 2 });
  analytics.on("http_response", (({ status }: { status: number }) => statuses.push(status)) as never).on("error", (error) => failures.push(error));
  for (const messageId of ["a", "b", "c"]) analytics.track({ ...PAID, messageId });
  analytics.page({ userId: "jane@example.com", messageId: "d", properties: { country: "US" } });
  await analytics.closeAndFlush();
  assert.deepEqual([statuses, failures], [[200, 200], []]);
  assert.deepEqual(await one.accepted(), ["a", "b", "c", "d"]);
});

test("segment: every event of an existing app goes to Amazon too, and closing waits for both", async () => {
  const one = await shop();
  const { url, bodies } = await segmentServer();
  const analytics = new Analytics({ writeKey: "wk", host: url, flushAt: 2 });
  await analytics.register(segment.amazonEvents({ amazon: one.amazon }));
  for (const messageId of ["a", "b"]) analytics.track({ ...PAID, messageId });
  analytics.page({ userId: "jane@example.com", messageId: "c", properties: { country: "US" } });
  analytics.track({ ...PAID, messageId: "denied", integrations: { All: false } });
  analytics.track({ ...PAID, messageId: "denied-by-name", integrations: { "Amazon DSP": false } });
  analytics.identify({ userId: "jane@example.com", messageId: "dropped" });
  await analytics.closeAndFlush();
  assert.deepEqual(bodies.flatMap(({ batch }) => batch.map(({ messageId }) => messageId)).sort(), ["a", "b", "c", "denied", "denied-by-name", "dropped"]);
  // Before the client is closed: closeAndFlush has waited for Amazon's answers.
  assert.deepEqual([...one.mock.taken.keys()].sort(), ["a", "b", "c"]);
  assert.deepEqual(one.outcomes.map(({ outcome }) => outcome).sort(), ["accepted", "accepted", "accepted", "dropped"]);
  await one.amazon.close();
});

test("segment: trouble with Amazon fails nothing at Segment", async () => {
  const one = await shop({ maxQueueEvents: 1, flushIntervalMs: 50 });
  one.mock.script({ kind: "status", status: 400 });
  const { url, bodies } = await segmentServer();
  const failures: unknown[] = [];
  const analytics = new Analytics({ writeKey: "wk", host: url, flushAt: 3 }).on("error", (error) => failures.push(error));
  await analytics.register(segment.amazonEvents({ amazon: one.amazon, onError: (error) => one.errors.push(String(error)) }));
  for (const messageId of ["a", "b", "c"]) analytics.track({ ...PAID, messageId });
  await analytics.closeAndFlush();
  await one.amazon.close();
  assert.deepEqual(failures, []);
  assert.deepEqual(bodies.map(({ batch }) => batch.length), [3]);
  assert.deepEqual(one.errors, Array(2).fill("AmazonEventsError: the queue is full (1 event): the event was not taken"));
  assert.deepEqual(one.outcomes.map(({ outcome }) => outcome), ["rejected"]);
});
