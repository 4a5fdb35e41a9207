// Figures: how many events a second two and eight consumer processes bring from one stream to Amazon, in turns, in one run.
// Prints medians and their ratio. Fails where an event has not exactly one outcome.
import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

import { jetstream } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";

import { startMock } from "../dist/mock/index.js";
import { jetStreamQueue } from "../dist/queues/jetstream.js";
import { Broker, NO_BROKER } from "./broker.js";
import { ConsumerProcess, putAll, readLedgers } from "./consumer_processes.js";

const EVENTS = Number(process.env["EVENTS"] ?? 5000);
const ROUNDS = Number(process.env["ROUNDS"] ?? 5);
/** What takes time is Amazon's answer; with more processes more of them are waited for at once. */
const LATENCY_MS = Number(process.env["LATENCY_MS"] ?? 100);
const BATCH = 25;

if (NO_BROKER) throw new Error(NO_BROKER);
const broker = await Broker.start();

async function eventsPerSecond(processes: number, round: number): Promise<number> {
  const mock = await startMock({ latencyMs: LATENCY_MS });
  const folder = mkdtempSync(join(tmpdir(), "amazon-dsp-events-ledger-"));
  const connection = await broker.connect();
  try {
    // The token of the stand-in before is none here.
    await (await new Kvm(connection).create("tokens")).destroy();
    const queue = await jetStreamQueue({ jetstream: jetstream(connection) });
    const ids = Array.from({ length: EVENTS }, (_, index) => `${round}-${processes}-${index}`);
    const consumers = Array.from({ length: processes }, (_, index) => {
      const { parameters } = mock;
      return new ConsumerProcess({ port: broker.port, parameters, ledger: join(folder, String(index)), concurrency: 1, maxBatchEvents: BATCH });
    });
    await Promise.all(consumers.map(({ ready }) => ready));
    const began = performance.now();
    await putAll(queue, ids);
    while (mock.stats().accepted < EVENTS) await wait(5);
    const seconds = (performance.now() - began) / 1000;
    await Promise.all(consumers.map((one) => one.stop()));
    const outcomes = readLedgers(folder);
    assert.deepEqual([...mock.taken.keys()].sort(), [...ids].sort());
    assert.deepEqual([mock.stats().accepted, mock.stats().repeated], [EVENTS, 0]);
    assert.deepEqual([...outcomes.keys()].sort(), [...ids].sort());
    assert.deepEqual([...outcomes].filter(([, told]) => told.length !== 1 || told[0] !== "accepted"), []);
    return EVENTS / seconds;
  } finally {
    await mock.close();
  }
}

const rates = new Map<number, number[]>([[2, []], [8, []]]);
const median = (values: readonly number[] = []): number => values.toSorted((one, other) => one - other)[values.length >> 1] ?? NaN;
try {
  for (let round = 0; round < ROUNDS; round++) {
    // Each goes first as often as the other.
    for (const processes of round % 2 ? [8, 2] : [2, 8]) rates.get(processes)?.push(await eventsPerSecond(processes, round));
  }
} finally {
  ConsumerProcess.killAll();
  await broker.stop();
}
console.log(`${ROUNDS} rounds of ${EVENTS} events, ${BATCH} in a request, one request at once for each process, ${LATENCY_MS} ms until Amazon answers:`);
for (const [processes, of] of rates) {
  console.log(`  ${processes} processes: median ${Math.round(median(of))} events/s (${of.map(Math.round).join(", ")}); one outcome for each event`);
}
console.log(`  eight to two: ${(median(rates.get(8)) / median(rates.get(2))).toFixed(2)}`);
