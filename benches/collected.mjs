// A process of its own: maps 200,000 events in batches, and prints what the collections of garbage took, and what became of linear
// memory. `collected.mjs ours 10000 200000`: who, how many different events, how many in all.
import { constants, PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";

import * as glue from "../js-host/dist/wasm/core.js";
import { inputOf, NOW } from "./events.mjs";
import { at } from "./rounds.mjs";

const [who, different, all] = process.argv.slice(2);
const { chunks, count } = inputOf(Number(different));
const module = { ours: "ours", plain: "plain", tuned: "tuned_node" }[who];
const { [who]: peer } = await import(`./peers/${module}.mjs`);

let collecting = 0;
let collections = 0;
const observer = new PerformanceObserver((list) => {
  for (const { duration, detail } of list.getEntries()) {
    // Those that were asked for are not the peer's.
    if (detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) continue;
    collecting += duration;
    collections++;
  }
});

const times = [];
let busy = 0;
const pass = async () => {
  for (const chunk of chunks) {
    const began = performance.now();
    peer.batch(chunk, NOW);
    times.push(performance.now() - began);
    busy += times.at(-1);
    await setImmediate();
  }
};

// Compiled by then.
await pass();
globalThis.gc();
await setImmediate();
[times.length, busy] = [0, 0];
observer.observe({ entryTypes: ["gc"] });
for (let done = 0; done < Number(all); done += count) await pass();
await new Promise((resolve) => setTimeout(resolve, 20));
observer.disconnect();
const result = { name: peer.name, share: (100 * collecting) / busy, collections, blocked: at(times, 0.99) };

if (who === "ours") {
  const linear = glue.initSync({ module: undefined }).memory;
  const after = (batches) => {
    for (let done = 0; done < batches; done++) peer.batch(chunks[done % chunks.length], NOW);
    return linear.buffer.byteLength;
  };
  result.linear = [after(10), after(Number(all) < 1000 ? 10 : 1000)];
}
console.log(JSON.stringify(result));
