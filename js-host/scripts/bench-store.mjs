// Measures the SQLite store: durable adds with many senders, and how long a restart takes with a full file.
//   node scripts/bench-store.mjs [FOLDER] [EVENTS]
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { sqliteStore } from "../dist/stores/sqlite.js";

const SENDERS = 100;
const folder = mkdtempSync(join(process.argv[2] ?? tmpdir(), "bench-store-"));
const count = Number(process.argv[3] ?? 100_000);
const path = join(folder, "queue.db");
const wire = new TextEncoder().encode(JSON.stringify({ eventId: "0".repeat(36), pad: "x".repeat(600) }));
const seconds = (from) => (performance.now() - from) / 1000;
const say = (what, events, time) => console.log(`${what.padEnd(28)}${time.toFixed(2).padStart(8)} s ${Math.round(events / time).toLocaleString("en-US").padStart(12)} events/s`);

try {
  let store = sqliteStore({ path });
  let left = count;
  let began = performance.now();
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (left-- > 0) await store.add([wire]);
    }),
  );
  say(`durable adds, ${SENDERS} senders`, count, seconds(began));
  store.close();
  console.log(`the file has ${(statSync(path).size / 2 ** 20).toFixed(1)} MiB`);

  began = performance.now();
  store = sqliteStore({ path });
  say("open", count, seconds(began));
  began = performance.now();
  let ids = [];
  let restored = 0;
  for (const { id } of store.pending()) {
    restored++;
    ids.push(id);
  }
  say("restore", restored, seconds(began));
  began = performance.now();
  while (ids.length > 0) await store.remove(ids.splice(0, 500));
  say("remove, 500 at once", restored, seconds(began));
  store.close();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
