// Puts the events of NDJSON files, or of standard input, into the queue: node producer.mjs [FILE...]
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";

import { openQueue } from "./queue.mjs";

const { connection, queue } = await openQueue();
const files = process.argv.slice(2);
let put = 0;
let waiting = [];

async function flush() {
  const events = waiting;
  waiting = [];
  await queue.put(events); // safe with the broker when this has resolved; if it rejects, run it all again
  put += events.length;
}

for (const input of files.length > 0 ? files.map((file) => createReadStream(file)) : [process.stdin]) {
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    waiting.push(Buffer.from(line));
    if (waiting.length >= 1000) await flush();
  }
}
await flush();
console.log(`${put} events are in the queue`);
await queue.close();
await connection.drain();
