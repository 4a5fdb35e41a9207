// A consumer process: takes from the stream until it is killed or told to stop (by the end of its input). Writes a line
// for each outcome to a file, and its figures to standard output in the end.
import { openSync, writeSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";

import { jetstream } from "@nats-io/jetstream";
import { Kvm } from "@nats-io/kv";
import { connect } from "@nats-io/transport-node";

import type { ConnectionParameters } from "../dist/index.js";
import { consume } from "../dist/queues/consumer.js";
import { jetStreamQueue, jetStreamTokenStore } from "../dist/queues/jetstream.js";

const [port = "", ledger = "", concurrency = "", maxBatchEvents = ""] = process.argv.slice(2);
const parameters = JSON.parse(process.env["PARAMETERS"] ?? "") as ConnectionParameters;
const connection = await connect({ port: Number(port), maxReconnectAttempts: -1, reconnectTimeWait: 100, waitOnFirstConnect: true });
// The broker may be killed at this moment as well.
const opened = async <T>(open: () => Promise<T>): Promise<T> => open().catch(() => wait(200).then(() => opened(open)));
const queue = await opened(() => jetStreamQueue({ jetstream: jetstream(connection), ackWaitMs: 1500 }));
const bucket = await opened(() => new Kvm(connection).create("tokens", { allow_direct: false }));
const file = openSync(ledger, "a");
const consumer = consume(queue, {
  ...parameters,
  tokenStore: jetStreamTokenStore({ bucket, leaseMs: 5000 }),
  concurrency: Number(concurrency),
  maxBatchEvents: Number(maxBatchEvents),
  extendEveryMs: 400,
  // One write for each line: what has been told must not be lost with the process.
  onOutcome: (outcome) => void writeSync(file, `${"eventId" in outcome ? outcome.eventId : "-"} ${outcome.outcome}\n`),
});
writeSync(1, "ready\n");

process.stdin.resume();
process.stdin.on("end", () => {
  // Also when the test is gone, and broker and Amazon with it.
  setTimeout(() => process.exit(1), 60_000).unref();
  void (async () => {
    await consumer.stop();
    writeSync(1, `${JSON.stringify(consumer.stats())}\n`);
    await queue.close();
    await connection.drain();
    process.exit(0);
  })();
});
