// Writes the events and the config for `cargo bench` into a folder, and prints the variables that name them.
import { mkdirSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

import { CONFIG } from "../config.mjs";
import { bytesOf, events } from "../events.mjs";

const folder = resolve(process.argv[2] ?? ".");
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/events.ndjson`, Buffer.concat(bytesOf(events(500)).chunks));
writeFileSync(`${folder}/config.json`, JSON.stringify(CONFIG));
console.log(`export BENCH_EVENTS=${folder}/events.ndjson BENCH_CONFIG=${folder}/config.json`);
