// Figures: what the wrapper adds to a proxied request, alone and with a dead Amazon, and what it adds to a cold start.
// Each beside its counterpart, in turns, in one run. Prints medians and ratios; judges nothing.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { writeFileSync } from "node:fs";
import { createServer as createTcpServer } from "node:net";
import { join } from "node:path";

import { Miniflare } from "miniflare";
import workerd from "workerd";

import { bundle, installTemplate } from "./project.mjs";

const REQUESTS = Number(process.env.REQUESTS ?? 1000);
const STARTS = Number(process.env.STARTS ?? 40);

const BARE = `
  const proxy = {
    fetch(request, env) {
      const { pathname, search } = new URL(request.url);
      return fetch(new Request(env.UPSTREAM + pathname + search, request));
    },
  };
  export default proxy;
`;
const WRAPPED = `import { withAmazonEvents } from "amazon-dsp-events/adapters/workers";
${BARE.replace("export default proxy", 'export default withAmazonEvents(proxy, { config: { defaults: { countryCode: "US" } }, logger: { debug() {}, info() {}, warn() {}, error() {} } })')}`;
const QUEUED = WRAPPED.replace("config:", "queue: (env) => env.EVENTS, config:").replace("export default", "const worker =") + "\nexport default { fetch: worker.fetch };";

const body = (index) =>
  JSON.stringify({
    type: "track",
    event: "Order Completed",
    messageId: `m-${index}-${Math.random()}`,
    timestamp: new Date().toISOString(),
    context: { traits: { email: "jane@example.com" }, userAgent: "Mozilla/5.0", page: { url: "https://shop.example/checkout" } },
    properties: { order_id: "o-1", total: 59.97, currency: "USD", products: [{ product_id: "p-1", price: 19.99, quantity: 3 }] },
  });

const sorted = (values) => values.toSorted((a, b) => a - b);
const median = (values) => sorted(values)[values.length >> 1];
const p95 = (values) => sorted(values)[Math.floor(values.length * 0.95)];
const ms = (value) => `${value.toFixed(2)} ms`;

/** Listens, and keeps nobody from ending. */
const listen = (server) =>
  new Promise((resolve) => {
    server.on("connection", (socket) => socket.unref()).unref();
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });

/** A stand-in for Amazon in a process of its own, so that its work is not timed. */
function startMockBeside() {
  const code = `const { startMock } = await import(${JSON.stringify(new URL("../../js-host/dist/mock/index.js", import.meta.url).href)});
    console.log(JSON.stringify((await startMock()).parameters));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], { stdio: ["ignore", "pipe", "inherit"] });
  closing.unshift(() => child.kill());
  return new Promise((resolve) => child.stdout.once("data", (line) => resolve({ parameters: JSON.parse(String(line)) })));
}

const project = installTemplate();
const closing = [() => project.remove()];
try {
  const origin = createServer((request, response) => request.resume().on("end", () => response.end("ok")));
  const upstream = `http://127.0.0.1:${await listen(origin)}`;
  // Takes connections and never says a word.
  const dead = createTcpServer((socket) => socket.resume().on("error", () => undefined));
  const deadUrl = `http://127.0.0.1:${await listen(dead)}`;
  const mock = await startMockBeside();

  const start = async (source, bindings, more = {}) => {
    const { modules } = await bundle(project.folder, source);
    const miniflare = new Miniflare({ modules, compatibilityDate: "2026-01-01", cf: false, bindings: { UPSTREAM: upstream, ...bindings }, handleRuntimeStdio: () => undefined, ...more });
    closing.unshift(() => miniflare.dispose());
    return miniflare.ready;
  };
  const deadParameters = { ...mock.parameters, BASE_URL: deadUrl, TOKEN_URL: deadUrl };
  const urls = {
    bare: await start(BARE, {}),
    "bare again": await start(BARE, {}),
    wrapped: await start(WRAPPED, mock.parameters),
    "wrapped, queue": await start(QUEUED, mock.parameters, { queueProducers: { EVENTS: "events" } }),
    "wrapped, Amazon dead": await start(WRAPPED, deadParameters),
  };
  const times = Object.fromEntries(Object.keys(urls).map((name) => [name, []]));
  const once = async (name, index) => {
    const began = performance.now();
    const response = await fetch(new URL("/v1/track", urls[name]), { method: "POST", body: body(index) });
    await response.text();
    return performance.now() - began;
  };
  for (let index = -50; index < REQUESTS; index++) {
    const names = Object.keys(urls);
    // Each goes first as often as any other.
    for (let at = 0; at < names.length; at++) {
      // What the one before has begun is not timed with the next.
      await new Promise((resolve) => setTimeout(resolve, 3));
      const name = names[(at + index + names.length * 50) % names.length];
      const took = await once(name, index);
      if (index >= 0) times[name].push(took);
    }
  }
  console.log(`proxied request, ${REQUESTS} of each in turns:`);
  for (const [name, took] of Object.entries(times)) {
    console.log(`  ${name.padEnd(22)} median ${ms(median(took))}, p95 ${ms(p95(took))}, above bare ${ms(median(took) - median(times.bare))}, ratio ${(median(took) / median(times.bare)).toFixed(2)}`);
  }

  console.log(`cold start of workerd to its first answer, ${STARTS} of each in turns:`);
  const starts = {
    empty: "export default { fetch: () => new Response('ok') };",
    ours: `import { Transformer } from "amazon-dsp-events/core";
      import { withAmazonEvents } from "amazon-dsp-events/adapters/workers";
      const event = ${JSON.stringify(body(0))};
      const worker = withAmazonEvents(() => new Response(new Transformer({ defaults: { countryCode: "US" } }).transform(JSON.parse(event)).eventId));
      export default worker;`,
  };
  const cold = {};
  const configs = {};
  for (const [name, source] of Object.entries(starts)) {
    const { modules, outdir } = await bundle(project.folder, source);
    const list = modules.map(({ type, path }) => `(name = "${path}", ${type === "CompiledWasm" ? "wasm" : "esModule"} = embed "${path}")`).join(", ");
    configs[name] = join(outdir, "config.capnp");
    cold[name] = [];
    writeFileSync(
      configs[name],
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]);
const worker :Workerd.Worker = (modules = [${list}], compatibilityDate = "2026-01-01");`,
    );
  }
  const boot = (config) =>
    new Promise((resolve, reject) => {
      const began = performance.now();
      const child = spawn(workerd.default ?? workerd, ["serve", config, "--control-fd=3"], { stdio: ["ignore", "ignore", "inherit", "pipe"] });
      child.on("error", reject);
      child.stdio[3].once("data", async (line) => {
        const { port } = JSON.parse(String(line).split("\n")[0]);
        const listening = performance.now();
        const response = await fetch(`http://127.0.0.1:${port}/`);
        await response.text();
        const took = { all: performance.now() - began, first: performance.now() - listening };
        child.once("exit", () => resolve(took)).kill("SIGKILL");
      });
    });
  for (let index = -2; index < STARTS; index++) {
    for (const name of index % 2 ? ["empty", "ours"] : ["ours", "empty"]) {
      const took = await boot(configs[name]);
      if (index >= 0) cold[name].push(took);
    }
  }
  for (const [name, took] of Object.entries(cold)) {
    console.log(`  ${name.padEnd(22)} median ${ms(median(took.map(({ all }) => all)))}, of it the first request ${ms(median(took.map(({ first }) => first)))}`);
  }
  for (const part of ["all", "first"]) {
    const [ours, empty] = [cold.ours, cold.empty].map((took) => median(took.map((one) => one[part])));
    console.log(`  ours to empty ${(ours / empty).toFixed(2)}, above it, ${part === "all" ? "from the start of the process" : "the first request"}: ${ms(ours - empty)}`);
  }
} finally {
  for (const close of closing) await close();
}
