// A nats-server of the test's own on loopback, that can be killed and started again on the same files.
import { spawn, spawnSync, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";

import { connect, type NatsConnection } from "@nats-io/transport-node";

/** Why tests with a broker are skipped here, if they are. */
export const NO_BROKER: string | false =
  spawnSync("nats-server", ["--version"]).error === undefined
    ? false
    : "there is no nats-server here; on Debian: apt-get install -y nats-server";

/** Kills nats-server when the input ends, and so also when the process that started it has ended, in whatever way. */
const GUARD = 'nats-server "$@" & cat >/dev/null; kill -9 $!; wait';

export class Broker {
  readonly port: number;
  readonly #folder = mkdtempSync(join(tmpdir(), "amazon-dsp-events-nats-"));
  readonly #connections: NatsConnection[] = [];
  #process: ChildProcessByStdio<Writable, null, null> | undefined;
  #stopped = false;

  private constructor(port: number) {
    this.port = port;
  }

  static async start(): Promise<Broker> {
    const broker = new Broker(await freePort());
    await broker.start();
    return broker;
  }

  async start(): Promise<void> {
    if (this.#stopped) throw new Error("the broker was stopped");
    const args = ["-js", "-a", "127.0.0.1", "-p", String(this.port), "-sd", this.#folder];
    this.#process = spawn("sh", ["-c", GUARD, "sh", ...args], { stdio: ["pipe", "ignore", "ignore"] });
    for (let tries = 0; !(await this.#answers()); tries++) {
      if (tries > 400) throw new Error("nats-server does not answer");
      await wait(25);
    }
  }

  /** SIGKILL, and it is gone when this resolves. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (!process || process.exitCode !== null || process.signalCode !== null) return;
    process.stdin.end();
    await once(process, "exit");
  }

  async connect(): Promise<NatsConnection> {
    const connection = await connect({ port: this.port, maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    this.#connections.push(connection);
    return connection;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.kill();
    for (const connection of this.#connections) await connection.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #answers(): Promise<boolean> {
    const socket = connectSocket(this.port, "127.0.0.1");
    try {
      // The first thing a server says is INFO.
      await once(socket, "data");
      return true;
    } catch {
      return false;
    } finally {
      socket.destroy();
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
