// The packed package in workerd: the template from its tarball to delivered events, a proxy that nothing disturbs, a
// queue that loses nothing, a token that all share.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { unstable_getMiniflareWorkerOptions } from "wrangler";

import { startMock } from "../../js-host/dist/mock/index.js";
import { bundle, installTemplate, start, until } from "./project.mjs";

process.env.WRANGLER_SEND_METRICS = "false";
// Of its configuration it warns that `secrets` is new.
process.env.WRANGLER_LOG = "error";
const project = installTemplate();
after(() => project.remove());

const read = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const template = readFileSync(join(project.folder, "src/index.js"), "utf8");

const event = (messageId, more = {}) => ({
  type: "track",
  event: "Product Added",
  messageId,
  timestamp: new Date().toISOString(),
  context: { traits: { email: `${messageId}@example.com` } },
  ...more,
});

/** An origin that keeps what it was asked. */
async function startOrigin(t, answer = (_, response) => response.end("ok")) {
  const asked = [];
  const server = createServer(async (request, response) => {
    const one = { method: request.method, url: request.url, headers: request.headers, chunks: 0, body: createHash("sha256") };
    asked.push(one);
    answer(request, response);
    for await (const chunk of request) {
      one.chunks++;
      one.body.update(chunk);
    }
    one.body = one.body.digest("hex");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.closeAllConnections() ?? server.close());
  return { asked, url: `http://127.0.0.1:${server.address().port}` };
}

test("what runs at the edge needs nothing of Node", async () => {
  for (const entry of ["workers", "queues", "workers-tokens"].map((name) => `adapters/${name}`).concat("core")) {
    const { metafile, modules } = await bundle(project.folder, `export * from "amazon-dsp-events/${entry}";`);
    const imports = Object.values(metafile.inputs).flatMap(({ imports }) => imports);
    assert.deepEqual(imports.filter(({ path, external }) => external || path.startsWith("node:")), [], entry);
    assert.ok(!modules.some(({ contents }) => typeof contents === "string" && /\bprocess\.|\brequire\(|\bBuffer\./u.test(contents)), entry);
  }
});

/** What wrangler says of a deployment that it does not make. */
function dryRun(folder) {
  const wrangler = fileURLToPath(new URL("node_modules/wrangler/bin/wrangler.js", import.meta.url));
  const env = { ...process.env, CI: "true", WRANGLER_LOG: "log" };
  return execFileSync(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", "dry"], { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

test("wrangler bundles the template as it stands", () => {
  assert.match(dryRun(project.folder), /env\.EVENTS \(amazon-events\)/u);
  const files = readdirSync(join(project.folder, "dry")).map((name) => name.replace(/^[0-9a-f]{40}-/u, "")).sort();
  assert.deepEqual(files, ["README.md", "core.wasm", "index.js", "index.js.map"]);
});

test("the template proxies, and delivers through its queue", async (t) => {
  const [mock, origin] = [await startMock(), await startOrigin(t)];
  t.after(() => mock.close());
  const { modules } = await bundle(project.folder, template);
  const { queueProducers, queueConsumers } = unstable_getMiniflareWorkerOptions(join(project.folder, "wrangler.jsonc")).workerOptions;
  const bindings = { ...mock.parameters, UPSTREAM: origin.url };
  const miniflare = start(t, { modules, bindings, queueProducers, queueConsumers });
  const response = await miniflare.dispatchFetch("http://shop.example/v1/track?a=1", {
    method: "POST",
    body: JSON.stringify(event("m-1")),
    cf: { country: "CA" },
  });
  assert.equal(await response.text(), "ok");
  assert.deepEqual(origin.asked.map(({ method, url }) => `${method} ${url}`), ["POST /v1/track?a=1"]);
  await until(() => mock.taken.size > 0);
  const { events } = JSON.parse(mock.requests.at(-1).body);
  assert.deepEqual(events.map(({ eventId, countryCode, eventDescription }) => ({ eventId, countryCode, dataSetName: eventDescription.dataSetName })), [
    { eventId: "m-1", countryCode: "CA", dataSetName: "web_events" },
  ]);
});

const PROXY = `
  import { withAmazonEvents } from "amazon-dsp-events/adapters/workers";
  const proxy = {
    fetch(request, env) {
      const { pathname, search } = new URL(request.url);
      return fetch(new Request(env.UPSTREAM + pathname + search, request));
    },
  };
  export default withAmazonEvents(proxy, { config: { defaults: { countryCode: "US" } } });
`;

test("request and response are those of the bare proxy, byte for byte and as they come", async (t) => {
  const held = [];
  const origin = await startOrigin(t, (request, response) => {
    response.writeHead(request.url === "/v1/track?teapot" ? 418 : 200, { "X-Origin": "yes", "Set-Cookie": ["a=1", "b=2"] });
    response.write("first ");
    if (request.url === "/v1/track?slow") held.push(response);
    else response.end("last");
  });
  const mock = await startMock();
  t.after(() => mock.close());
  const bindings = { ...mock.parameters, UPSTREAM: origin.url };
  const { modules } = await bundle(project.folder, PROXY);
  const quiet = { bindings, handleRuntimeStdio: () => undefined };
  const { modules: bare } = await bundle(project.folder, PROXY.replace(/withAmazonEvents\(proxy.*\);/u, "proxy;"));
  const wrappedUrl = await start(t, { modules, ...quiet }).ready;
  const bareUrl = await start(t, { modules: bare, ...quiet }).ready;
  const large = randomBytes(5 * 2 ** 20);
  const requests = [
    ["/v1/track", { body: JSON.stringify(event("m-1")) }],
    ["/v1/track?teapot", { body: JSON.stringify(event("m-2")), headers: { "Content-Type": "text/plain", "X-Own": "1" } }],
    ["/v1/batch", { body: large }],
    ["/v1/batch", { body: new Blob([large]).stream(), duplex: "half" }],
    ["/v1/track", { body: "" }],
    ["/v1/track", { method: "GET" }],
    ["/other", { body: "{}" }],
  ];
  const results = [];
  for (const base of [bareUrl, wrappedUrl]) {
    const seen = [];
    for (const [path, init] of requests) {
      const fresh = init.body instanceof ReadableStream ? { ...init, body: new Blob([large]).stream() } : init;
      const response = await fetch(new URL(path, base), { method: "POST", ...fresh });
      const headers = Object.fromEntries(response.headers);
      delete headers.date;
      seen.push([response.status, headers, await response.text()]);
    }
    const asked = origin.asked.splice(0);
    await until(() => asked.every(({ body }) => typeof body === "string"));
    for (const one of asked) {
      delete one.chunks;
      for (const name of ["host", "cf-ray", "cf-connecting-ip", "cf-ew-via", "cdn-loop", "mf-original-hostname"]) delete one.headers[name];
    }
    results.push({ seen, asked });
  }
  assert.deepEqual(results[1], results[0]);
  assert.equal(results[1].asked.length, requests.length);

  // The first half reaches the origin, and its answer the client, before the second half is sent.
  const upload = httpRequest(new URL("/v1/track?slow", wrappedUrl), { method: "POST" });
  const body = JSON.stringify(event("m-3"));
  upload.write(body.slice(0, 20));
  const response = await new Promise((resolve, reject) => upload.on("response", resolve).on("error", reject));
  const chunks = response[Symbol.asyncIterator]();
  assert.equal(String((await chunks.next()).value), "first ");
  await until(() => origin.asked[0]?.chunks === 1);
  upload.end(body.slice(20));
  await until(() => typeof origin.asked[0].body === "string");
  held[0].end("last");
  assert.equal(String((await chunks.next()).value), "last");
  await until(() => mock.taken.size === 3);
});

test("neither a dead Amazon nor missing secrets reach the proxied request", async (t) => {
  const origin = await startOrigin(t);
  const { modules } = await bundle(project.folder, PROXY);
  // Takes requests, and never answers.
  const dead = await startOrigin(t, () => undefined);
  for (const parameters of [{ ADVERTISER_ID: "1", CLIENT_ID: "c", CLIENT_SECRET: "s", REFRESH_TOKEN: "r", BASE_URL: dead.url, TOKEN_URL: dead.url }, {}]) {
    const miniflare = start(t, { modules, bindings: { ...parameters, UPSTREAM: origin.url }, handleRuntimeStdio: () => undefined });
    for (let count = 0; count < 20; count++) {
      const response = await miniflare.dispatchFetch("http://shop.example/v1/track", { method: "POST", body: JSON.stringify(event("m-1")) });
      assert.equal(await response.text(), "ok");
    }
  }
  assert.equal(origin.asked.length, 40);
  assert.ok(dead.asked.length > 0);
});

test("10,000 events pass a queue whose consumer throws and an Amazon with faults, and each has one outcome", async (t) => {
  const EVENTS = 10_000;
  const mock = await startMock({ faults: { 500: 0.02, 503: 0.02, 429: 0.01, reset: 0.02, lost: 0.02, garbage: 0.02, missing: 0.0003, item: 0.0003 }, seed: 5 });
  t.after(() => mock.close());
  const acknowledged = [];
  const dead = [];
  const { modules } = await bundle(project.folder, read("worker_delivery.js"));
  const miniflare = start(t, {
    workers: [
      {
        name: "proxy",
        modules,
        compatibilityDate: "2026-01-01",
        bindings: mock.parameters,
        queueProducers: { EVENTS: "events" },
        queueConsumers: { events: { maxBatchSize: 100, maxBatchTimeout: 1, maxRetries: 50, deadLetterQueue: "dead" } },
        serviceBindings: {
          REPORT: async (request) => {
            acknowledged.push(...(await request.json()));
            return new Response();
          },
        },
      },
      {
        name: "dead",
        modules: true,
        script: "export default { queue: (batch, env) => env.REPORT.fetch('http://report/', { method: 'POST', body: String(batch.messages.length) }) }",
        queueConsumers: { dead: { maxBatchTimeout: 0 } },
        serviceBindings: {
          REPORT: async (request) => {
            dead.push(await request.text());
            return new Response();
          },
        },
      },
    ],
    handleRuntimeStdio: () => undefined,
  });
  const began = Date.now();
  // One event of a hundred has nobody to be matched with, and is dropped.
  const ids = Array.from({ length: EVENTS }, (_, index) => `m-${index}`);
  const events = ids.map((id, index) => event(id, index % 100 === 99 ? { context: {} } : {}));
  for (let at = 0; at < EVENTS; at += 100) {
    const response = await miniflare.dispatchFetch("http://shop.example/v1/batch", { method: "POST", body: JSON.stringify({ batch: events.slice(at, at + 100) }) });
    assert.equal(await response.text(), "passed");
  }
  await until(() => new Set(acknowledged).size >= EVENTS, 180_000);
  const { accepted, repeated, eventRequests, statuses } = mock.stats();
  assert.deepEqual(acknowledged.sort(), [...ids].sort());
  assert.deepEqual([...mock.taken.keys()].sort(), ids.filter((_, index) => index % 100 !== 99).sort());
  assert.ok([...mock.taken.values()].every(({ hashes }) => hashes.length === 1), "a resend was another event");
  assert.deepEqual(dead, []);
  t.diagnostic(
    `${EVENTS} events in ${((Date.now() - began) / 1000).toFixed(1)} s: ${accepted} accepted once or more, ${EVENTS - accepted} dropped, ` +
      `${repeated} sent again, ${eventRequests} requests ${JSON.stringify(statuses)}`,
  );
});

test("what cannot be delivered is in the dead-letter queue after the last retry, as it was put", async (t) => {
  const mock = await startMock();
  t.after(() => mock.close());
  const dead = [];
  const { modules } = await bundle(
    project.folder,
    `import { amazonEventsConsumer } from "amazon-dsp-events/adapters/queues";
    const consume = amazonEventsConsumer({ firstRetryMs: 1000, config: { defaults: { countryCode: "US" } } });
    export default {
      fetch: async (request, env) => new Response(String(await env.EVENTS.send(await request.json()))),
      queue: (batch, env) => (batch.queue === "events" ? consume(batch, env) : env.REPORT.fetch("http://report/", { method: "POST", body: JSON.stringify(batch.messages) })),
    };`,
  );
  const miniflare = start(t, {
    modules,
    bindings: { ...mock.parameters, CLIENT_SECRET: "wrong" },
    queueProducers: { EVENTS: "events" },
    queueConsumers: { events: { maxBatchTimeout: 0, maxRetries: 1, deadLetterQueue: "dead" }, dead: { maxBatchTimeout: 0 } },
    serviceBindings: {
      REPORT: async (request) => {
        dead.push(...(await request.json()).map(({ body }) => body));
        return new Response();
      },
    },
    handleRuntimeStdio: () => undefined,
  });
  const sent = event("m-1");
  await miniflare.dispatchFetch("http://shop.example/", { method: "POST", body: JSON.stringify(sent) });
  await until(() => dead.length > 0);
  assert.deepEqual(dead, [sent]);
  assert.equal(mock.stats().tokenRequests, 2);
});

/** Fifty workers of the same code, each in its own isolate. */
async function fifty(t, shared) {
  const mock = await startMock({ tokenLifetime: 12 });
  t.after(() => mock.close());
  const { modules } = await bundle(project.folder, read("worker_tokens.js"));
  const names = Array.from({ length: 50 }, (_, index) => `worker${index}`);
  const worker = { modules, compatibilityDate: "2026-01-01", bindings: mock.parameters };
  const miniflare = start(t, { workers: names.map((name, index) => ({ ...worker, name, ...shared(index) })) });
  const workers = await Promise.all(names.map((name) => miniflare.getWorker(name)));
  // What is no event is dropped without a token: all are awake before the race begins.
  await Promise.all(workers.map((one) => one.fetch("http://worker/", { method: "POST", body: "{}" })));
  return {
    mock,
    all: async (round) => {
      const answers = await Promise.all(
        workers.map(async (one, index) => (await one.fetch("http://worker/", { method: "POST", body: JSON.stringify(event(`${round}-${index}`)) })).json()),
      );
      assert.deepEqual([...new Set(answers.map(({ outcome }) => outcome))], ["accepted"]);
    },
  };
}

test("fifty workers share one token by a Durable Object: one refresh for each expiry, and for each refusal", async (t) => {
  const { mock, all } = await fifty(t, (index) =>
    index === 0
      ? { durableObjects: { TOKENS: { className: "AmazonEventsTokens", useSQLite: true } } }
      : { durableObjects: { TOKENS: { className: "AmazonEventsTokens", scriptName: "worker0", useSQLite: true } } },
  );
  await all("first");
  assert.equal(mock.stats().tokenRequests, 1);
  await all("again");
  assert.equal(mock.stats().tokenRequests, 1);
  // A token of twelve seconds is renewed after six.
  await new Promise((resolve) => setTimeout(resolve, 6500));
  await all("expired");
  assert.equal(mock.stats().tokenRequests, 2);
  mock.script({ kind: "revoke" });
  await all("revoked");
  assert.equal(mock.stats().tokenRequests, 3);
});

test("workers share one token by KV", async (t) => {
  const { mock, all } = await fifty(t, () => ({ kvNamespaces: { KV: "tokens" } }));
  await all("first");
  const { tokenRequests } = mock.stats();
  assert.ok(tokenRequests >= 1 && tokenRequests <= 50);
  t.diagnostic(`KV has no lock: ${tokenRequests} refreshes where fifty workers began in the same moment`);
  await all("again");
  assert.equal(mock.stats().tokenRequests, tokenRequests);
});

/** The blocks of that language in the page on Cloudflare. */
const snippets = (language) =>
  [...readFileSync(new URL("../../docs/cloudflare.md", import.meta.url), "utf8").matchAll(new RegExp(`\`\`\`${language}\n(.+?)\`\`\``, "gsu"))].map(([, code]) => code);

test("the page's programs hold for the compiler, beside Cloudflare's own types", () => {
  const sources = snippets("js");
  assert.equal(sources.length, 3);
  const folder = join(project.folder, "types");
  mkdirSync(folder);
  sources.forEach((source, index) => writeFileSync(join(folder, `snippet${index}.js`), source));
  writeFileSync(join(folder, "types.ts"), read("types.ts"));
  const compilerOptions = {
    allowJs: true,
    checkJs: true,
    strict: true,
    noImplicitAny: false,
    noEmit: true,
    module: "ES2022",
    moduleResolution: "bundler",
    customConditions: ["workerd"],
    target: "ES2022",
    lib: ["ESNext"],
    types: [fileURLToPath(new URL("node_modules/@cloudflare/workers-types", import.meta.url))],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  const tsc = fileURLToPath(new URL("../../js-host/node_modules/typescript/bin/tsc", import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [tsc, "-p", folder], { encoding: "utf8" });
  assert.equal(stdout, "");
  assert.equal(status, 0);
});

test("the page's Worker with a shared token deploys with the page's configuration", () => {
  const [, , source] = snippets("js");
  const [more] = snippets("json");
  const folder = join(project.folder, "shared");
  mkdirSync(folder);
  writeFileSync(join(folder, "index.js"), source);
  writeFileSync(join(folder, "wrangler.json"), JSON.stringify({ name: "shared", main: "index.js", compatibility_date: "2026-01-01", ...JSON.parse(more) }));
  assert.match(dryRun(folder), /env\.TOKENS \(AmazonEventsTokens\)/u);
});
