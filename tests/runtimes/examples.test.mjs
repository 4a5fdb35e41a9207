// The templates and queues of examples/, as a reader has them: copied, with the packed package installed, as real processes
// against the engine each is for and a stand-in for Amazon.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { emptyProject } from "./project.mjs";
import { runtimes } from "./runtimes.mjs";

const examples = fileURLToPath(new URL("../../examples/", import.meta.url));
const project = await emptyProject();
const { startMock } = await project.load("./mock");

const ends = [() => project.remove()];
after(async () => {
  for (const end of ends.reverse()) await end();
});

async function amazon(options) {
  const mock = await startMock(options);
  ends.push(() => mock.close());
  return mock;
}

/** A copy of an example after `npm install`. */
function installed(name) {
  const folder = mkdtempSync(join(tmpdir(), `amazon-dsp-events-${name}-`));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(examples, name), folder, { recursive: true });
  const args = ["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund", "--no-package-lock", project.tarball];
  const { status, stderr } = spawnSync("npm", args, { cwd: folder, encoding: "utf8" });
  assert.equal(status, 0, stderr);
  return folder;
}

/** A process that ends with the tests at the latest, and what it has said so far. */
function started(command, args, { cwd, env, stdin = "ignore" } = {}) {
  const child = spawn(command, args, { cwd, env: { PATH: process.env.PATH, ...env }, stdio: [stdin, "pipe", "pipe"] });
  const running = { child, out: "", err: "", code: undefined };
  child.stdout.setEncoding("utf8").on("data", (text) => (running.out += text));
  child.stderr.setEncoding("utf8").on("data", (text) => (running.err += text));
  running.end = once(child, "close").then(([code]) => (running.code = code));
  ends.push(() => {
    child.kill("SIGKILL");
    return running.end;
  });
  return running;
}

async function until(is, running, what) {
  for (let tries = 0; !is(); tries++) {
    assert.ok(tries < 1200 && (running === undefined || running.code === undefined), `${what}: ${running?.out} ${running?.err}`);
    await wait(50);
  }
}

async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** Where a program is: by a variable, or on the PATH; and why a test that needs it is skipped. */
function tool(name, variable, hint) {
  const set = process.env[variable];
  const { status, stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
  const path = set !== undefined && existsSync(set) ? set : status === 0 ? stdout.trim() : undefined;
  return { path, skip: path === undefined && `${name} is not here: \`${hint}\`, or set ${variable} to its path` };
}

const runtime = (name) => runtimes.find((one) => one.name.startsWith(name));

for (const name of ["Deno", "Bun"]) {
  const one = runtime(name);
  test(`examples/${name.toLowerCase()} delivers two events and says why the third is dropped`, { skip: one.missing }, async () => {
    const mock = await amazon();
    const file = `${name.toLowerCase()}.ts`;
    cpSync(join(examples, name.toLowerCase(), "main.ts"), join(project.folder, file));
    const { stdout } = await one.execute([file], { cwd: project.folder, env: mock.parameters });
    const outcomes = stdout.trimEnd().split("\n").map((line) => JSON.parse(line));
    assert.deepEqual(outcomes.map(({ outcome }) => outcome).sort(), ["accepted", "accepted", "dropped"]);
    assert.equal(mock.stats().accepted, 2);
  });
}

const event = (index) => ({
  type: "track",
  event: "Product Added",
  messageId: `m-${index}`,
  timestamp: new Date().toISOString(),
  context: { traits: { email: "jane.doe@example.com", address: { country: "US" } } },
});

const nats = tool("nats-server", "NATS_SERVER", "apt-get install nats-server");
test("examples/node-pipeline brings what a producer puts to Amazon, by two workers", { skip: nats.skip }, async () => {
  const folder = installed("node-pipeline");
  const port = await freePort();
  started(nats.path, ["-js", "-a", "127.0.0.1", "-p", String(port), "-sd", join(folder, "nats")]);
  const mock = await amazon({ faults: { 500: 0.05 } });
  const env = { ...mock.parameters, NATS_URL: `127.0.0.1:${port}` };
  const workers = [1, 2].map(() => started(process.execPath, ["worker.mjs"], { cwd: folder, env }));
  writeFileSync(join(folder, "events.ndjson"), Array.from({ length: 500 }, (_, index) => `${JSON.stringify(event(index))}\n`).join(""));
  const producer = started(process.execPath, ["producer.mjs", "events.ndjson"], { cwd: folder, env });
  assert.equal(await producer.end, 0, producer.err);
  assert.equal(producer.out, "500 events are in the queue\n");
  await until(() => mock.stats().accepted >= 500, workers[0], "the workers send");
  for (const { child } of workers) child.kill("SIGTERM");
  assert.deepEqual(await Promise.all(workers.map(({ end }) => end)), [0, 0]);
  const accepted = workers.map(({ out }) => JSON.parse(out).accepted);
  assert.equal(accepted.reduce((sum, count) => sum + count), 500);
});

/** Runs `main.mjs` of a queue's example, which ends when all its events are accepted, and gives what it says. */
async function figuresOf(name, env) {
  const folder = installed(name);
  const main = started(process.execPath, ["main.mjs"], { cwd: folder, env });
  await until(() => main.code !== undefined, undefined, "main.mjs ends");
  assert.equal(main.code, 0, main.err);
  return JSON.parse(main.out.trimEnd().split("\n").at(-1));
}

const kcat = tool("kcat", "KCAT", "apt-get install kafkacat");
test("examples/kafka brings 1,000 events through a topic", { skip: kcat.skip }, async () => {
  const args = ["-P", "-X", "test.mock.num.brokers=1", "-b", "x", "-t", "amazon-dsp-events-example", "-p", "0", "-d", "mock"];
  const broker = started(kcat.path, args, { stdin: "pipe" });
  const port = () => /127\.0\.0\.1:(\d+)/.exec(broker.err)?.[1];
  await until(() => port() !== undefined, broker, "the broker listens");
  const { consumer, amazon } = await figuresOf("kafka", { KAFKA: `127.0.0.1:${port()}`, KAFKAJS_NO_PARTITIONER_WARNING: "1" });
  assert.deepEqual([consumer.accepted, amazon.accepted], [1000, 1000]);
});

const moto = tool("moto_server", "MOTO_SERVER", "pip install 'moto[server,sqs]'");
test("examples/sqs brings 200 events through a queue", { skip: moto.skip }, async () => {
  const port = await freePort();
  const endpoint = `http://127.0.0.1:${port}`;
  const server = started(moto.path, ["-H", "127.0.0.1", "-p", String(port)]);
  await until(() => server.err.includes("Running on"), server, "moto listens");
  // The more messages it has, the longer moto takes for each.
  const { consumer, amazon } = await figuresOf("sqs", { EVENTS: "200", AWS_ENDPOINT_URL_SQS: endpoint, AWS_REGION: "us-east-1", AWS_ACCESS_KEY_ID: "x", AWS_SECRET_ACCESS_KEY: "x" });
  assert.deepEqual([amazon.accepted, consumer.held], [200, 0]);
  assert.ok(consumer.accepted >= 200, `${consumer.accepted} were accepted`);
});
