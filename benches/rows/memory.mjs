// Garbage and memory: the share of the time that goes into collecting over 200,000 events, and whether linear memory grows.
import { constants, PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";

import * as glue from "../../js-host/dist/wasm/core.js";
import { ours } from "../peers/ours.mjs";
import { plain } from "../peers/plain.mjs";
import { tuned } from "../peers/tuned_node.mjs";
import { at } from "../rounds.mjs";
import { figure, table } from "../tables.mjs";

const EVENTS = 200_000;

async function collected({ batch }, { input, now, check }) {
  let collecting = 0;
  let count = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration, detail } of list.getEntries()) {
      // Those that were asked for are not the peer's.
      if (detail.flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) continue;
      collecting += duration;
      count++;
    }
  });
  globalThis.gc?.();
  await setImmediate();
  observer.observe({ entryTypes: ["gc"] });
  const times = [];
  let busy = 0;
  for (let done = 0; done < (check ? 1 : EVENTS); ) {
    for (const chunk of input.chunks) {
      const began = performance.now();
      batch(chunk, now);
      times.push(performance.now() - began);
      busy += times.at(-1);
      await setImmediate();
    }
    done += input.count;
  }
  await new Promise((resolve) => setTimeout(resolve, 20));
  observer.disconnect();
  return { share: (100 * collecting) / busy, count, blocked: at(times, 0.99) };
}

export async function memory(context) {
  const { input, now, check, progress } = context;
  const rows = [];
  for (const peer of [ours, plain, tuned]) {
    progress(`${EVENTS} events, ${peer.name}`)(0, 1);
    const { share, count, blocked } = await collected(peer, context);
    rows.push([peer.name, `${figure(share)} %`, count, figure(blocked)]);
  }
  const linear = glue.initSync({ module: undefined }).memory;
  const after = (batches) => {
    for (let done = 0; done < batches; done++) ours.batch(input.chunks[done % input.chunks.length], now);
    return linear.buffer.byteLength;
  };
  const [few, many] = [after(10), after(check ? 10 : 1000)];
  const garbage = table([`Batches of 500, ${EVENTS.toLocaleString("en")} events`, "Time in collections", "Collections", "A batch blocks, ms (99 %)"], rows);
  return { text: `${garbage}\n\nLinear memory: ${few} bytes after 10 batches, ${many} after 1,000 more.` };
}
