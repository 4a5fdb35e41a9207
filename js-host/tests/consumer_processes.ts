// Consumer processes on one stream, what is put for them, and the ledgers they leave.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { ConnectionParameters } from "../dist/index.js";
import type { ConsumerStats, Queue } from "../dist/queues/consumer.js";
import { event } from "./world.js";

const encoder = new TextEncoder();

export const eventOf = (id: string): Uint8Array => encoder.encode(JSON.stringify({ ...event(id), timestamp: new Date().toISOString() }));

/** What a consumer process is started with. */
export interface ConsumerProcessOptions {
  /** The broker's. */
  readonly port: number;
  readonly parameters: ConnectionParameters;
  /** The file for its outcomes. */
  readonly ledger: string;
  readonly concurrency: number;
  readonly maxBatchEvents: number;
}

export class ConsumerProcess {
  static readonly #running = new Set<ConsumerProcess>();

  readonly ready: Promise<void>;
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: Interface;
  readonly #exited: Promise<unknown>;

  constructor({ port, parameters, ledger, concurrency, maxBatchEvents }: ConsumerProcessOptions) {
    const program = fileURLToPath(new URL("consumer_child.js", import.meta.url));
    this.#child = spawn(process.execPath, [program, String(port), ledger, String(concurrency), String(maxBatchEvents)], {
      env: { ...process.env, PARAMETERS: JSON.stringify(parameters) },
      stdio: ["pipe", "pipe", "inherit"],
    });
    this.#child.stdin.on("error", () => undefined);
    this.#lines = createInterface(this.#child.stdout);
    ConsumerProcess.#running.add(this);
    this.#exited = once(this.#child, "exit").then(() => ConsumerProcess.#running.delete(this));
    this.ready = Promise.race([once(this.#lines, "line"), this.#exited]).then(() => undefined);
  }

  /** For what a failed test has left. */
  static killAll(): void {
    for (const one of ConsumerProcess.#running) void one.kill();
  }

  /** SIGKILL, at whatever it is doing. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async stop(): Promise<ConsumerStats> {
    await this.ready;
    const said = once(this.#lines, "line") as Promise<[string]>;
    this.#child.stdin.end();
    const silent = once(this.#lines, "close").then(() => Promise.reject(new Error("a consumer ended without its figures")));
    const [line] = await Promise.race([said, silent]);
    await this.#exited;
    return JSON.parse(line) as ConsumerStats;
  }
}

/** Puts events, again and again until the broker has them, or the signal comes. */
export async function putAll(queue: Queue, ids: readonly string[], signal?: AbortSignal): Promise<void> {
  for (let from = 0; from < ids.length; from += 500) {
    const events = ids.slice(from, from + 500).map(eventOf);
    while (
      !(await queue.put(events).then(
        () => true,
        () => false,
      ))
    ) {
      await wait(100, undefined, signal && { signal });
    }
  }
}

/** Each outcome that was told, by event id. Removes the ledgers. */
export function readLedgers(folder: string): Map<string, string[]> {
  const outcomes = new Map<string, string[]>();
  for (const name of readdirSync(folder)) {
    for (const line of readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1)) {
      const [id = "", outcome = ""] = line.split(" ");
      const told = outcomes.get(id);
      if (told) told.push(outcome);
      else outcomes.set(id, [outcome]);
    }
  }
  rmSync(folder, { recursive: true });
  return outcomes;
}
