// A program that sends through a store until it is killed: says each event that `send` has taken. With `drain` it sends
// what is left, and ends.
import { writeSync } from "node:fs";

import { createAmazonEvents, type ConnectionParameters } from "../dist/index.js";
import { sqliteStore } from "../dist/stores/sqlite.js";
import { event } from "./world.js";

const [path = "", round = ""] = process.argv.slice(2);
const parameters = JSON.parse(process.env["PARAMETERS"] ?? "") as ConnectionParameters;
const client = createAmazonEvents({
  ...parameters,
  store: sqliteStore({ path }),
  concurrency: 2,
  maxBatchEvents: 50,
  flushIntervalMs: 20,
  maxQueueEvents: 500,
});

if (round === "drain") {
  await client.close();
  writeSync(1, `${JSON.stringify(client.stats())}\n`);
} else {
  let next = 0;
  const sender = async (): Promise<never> => {
    for (;;) {
      const id = `${round}-${next++}`;
      await client.send({ ...event(id), timestamp: new Date().toISOString() } as never);
      // Not by process.stdout: what has been said must not be lost with the process.
      writeSync(1, `${id}\n`);
    }
  };
  await Promise.all(Array.from({ length: 20 }, sender));
}
