// Sends many events through one client to a fast stand-in in another process, and watches memory:
//   node scripts/soak.mjs [EVENTS]     (default 1,000,000; run `npm run build` first)
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { createAmazonEvents } from "../dist/index.js";
import * as glue from "../dist/wasm/core.js";

const total = Number(process.argv[2] ?? 1_000_000);
const PER_CALL = 2000;
const number = (value) => Math.round(value).toLocaleString("en-US");
const mebibytes = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));
const faults = "429:0.001,500:0.001,reset:0.001,item:0.000002,missing:0.000002";
const mock = spawn(process.execPath, [bin, "mock", "--remember", "counts", "--no-validate", "--faults", faults], {
  stdio: ["ignore", "pipe", "ignore"],
});
const parameters = {};
for await (const line of createInterface({ input: mock.stdout })) {
  const [, name, value] = /^(\w+)='(.*)'$/.exec(line) ?? [];
  if (name) parameters[name] = value;
  if (name === "TOKEN_URL") break;
}

const outcomes = {};
const amazon = createAmazonEvents({
  ...parameters,
  config: { defaults: { countryCode: "US" } },
  onOutcome: ({ outcome }) => (outcomes[outcome] = (outcomes[outcome] ?? 0) + 1),
});
const time = new Date().toISOString();
const encoder = new TextEncoder();
const batch = (from) =>
  encoder.encode(
    Array.from({ length: PER_CALL }, (_, index) =>
      JSON.stringify({ type: "track", event: "Product Added", messageId: `soak-${from + index}`, timestamp: time, userId: `user-${(from + index) % 5000}@example.com` }),
    ).join("\n"),
  );

// The module is made ready by the first call; from then on this hands out the instance there is.
await amazon.sendBatch(batch(0));
const { memory } = glue.initSync({ module: undefined });
const began = Date.now();
console.log("events".padStart(12), "per second".padStart(12), "heap".padStart(12), "resident".padStart(12), "linear memory".padStart(14));
for (let sent = PER_CALL; sent < total; sent += PER_CALL) {
  await amazon.sendBatch(batch(sent));
  if ((sent + PER_CALL) % (total / 10) >= PER_CALL) continue;
  globalThis.gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const rate = (1000 * sent) / (Date.now() - began);
  console.log(number(sent + PER_CALL).padStart(12), number(rate).padStart(12), mebibytes(heapUsed).padStart(12), mebibytes(rss).padStart(12), mebibytes(memory.buffer.byteLength).padStart(14));
}
await amazon.close();
const seen = await (await fetch(`${parameters.BASE_URL}/__stats`)).json();
mock.kill();
await once(mock, "exit");
const { events, accepted, rejected, deadLettered, pending, requests, retriedRequests } = amazon.stats();
console.log({ events, accepted, rejected, deadLettered, pending, requests, retriedRequests, outcomes, seen });
// fetch keeps idle sockets for some seconds; nothing of ours may be left.
const left = process.getActiveResourcesInfo().filter((name) => !/^(TTYWrap|PipeWrap|ProcessWrap|TCPSocketWrap|Timeout)$/.test(name));
console.log(`left after close(): ${left.length === 0 ? "nothing" : left.join(", ")}; timers: ${process.getActiveResourcesInfo().filter((name) => name === "Timeout").length}`);
const sum = Object.values(outcomes).reduce((all, count) => all + count, 0);
if (sum !== events || events !== total || pending !== 0) throw new Error(`${total} events in, ${sum} outcomes`);
process.exit(0);
