// Sends what is in the queue to Amazon until it is told to stop. Start as many as you like, on as many machines.
import { readFileSync } from "node:fs";

import { Kvm } from "@nats-io/kv";
import { consume } from "amazon-dsp-events/queues/consumer";
import { jetStreamTokenStore } from "amazon-dsp-events/queues/jetstream";

import { openQueue } from "./queue.mjs";

const { connection, queue } = await openQueue();
const bucket = await new Kvm(connection).create("amazon_tokens", { allow_direct: false });
const log = (level) => (fields, message) => console.error(JSON.stringify({ level, message, ...fields }));
const logger = { debug: () => undefined, info: log("info"), warn: log("warn"), error: log("error") };

const consumer = consume(queue, {
  ...process.env, // ADVERTISER_ID, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
  config: JSON.parse(readFileSync(new URL("amazon-dsp-events.json", import.meta.url), "utf8")),
  logger,
  tokenStore: jetStreamTokenStore({ bucket, logger }), // one refresh for all workers
});
console.error("sending; Ctrl-C stops");

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await consumer.stop({ deadlineMs: 20_000 }); // what is left goes to the other workers
    console.log(JSON.stringify(consumer.stats()));
    await queue.close();
    await connection.drain();
  });
}
