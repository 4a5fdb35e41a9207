// `serve` as a process: it takes events, says how it is, drains before it ends, and refuses what cannot be right.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startMock, type Mock, type MockOptions } from "../dist/mock/index.js";
import { event as mappedEvent } from "./world.js";

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));

const ended: (() => Promise<unknown>)[] = [];
after(async () => {
  for (const end of ended.reverse()) await end();
});

async function amazon(options: MockOptions = {}): Promise<Mock> {
  const mock = await startMock(options);
  ended.push(() => mock.close());
  return mock;
}

interface Serving {
  readonly url: string;
  readonly words: () => string;
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>;
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Starts the command; resolves when it serves, or with its end if it does not. */
function start(mock: Mock | undefined, args: readonly string[] = [], env: NodeJS.ProcessEnv = { WRITE_KEY: "wk_1, wk_2" }): Promise<Serving & Ended> {
  const child = spawn(process.execPath, [bin, "serve", "--port", "0", ...args], {
    env: { PATH: process.env["PATH"], ...mock?.parameters, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let err = "";
  const closed = new Promise<number | null>((resolve) => child.once("close", resolve));
  ended.push(async () => {
    child.kill("SIGKILL");
    await closed;
  });
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  return new Promise((resolve) => {
    const stop: Serving["stop"] = (signal = "SIGTERM") => {
      child.kill(signal);
      return closed;
    };
    child.stdout.on("data", (data: Buffer) => {
      out += data.toString();
      if (out.endsWith("\n")) resolve({ url: out.trim(), words: () => err, stop, code: null, out, err });
    });
    void closed.then((code) => resolve({ url: "", words: () => err, stop, code, out, err }));
  });
}

const event = (messageId: string): object => ({ ...mappedEvent(messageId), timestamp: new Date().toISOString() });

const post = (url: string, body: unknown, key = "wk_1"): Promise<Response> =>
  fetch(url, { method: "POST", headers: { authorization: `Basic ${btoa(`${key}:`)}` }, body: JSON.stringify(body) });

test("serve takes events, says how it is, and delivers all of them before it ends", async () => {
  const mock = await amazon();
  const serving = await start(mock);
  const { url } = serving;
  const response = await post(`${url}/v1/batch`, { batch: [event("a"), event("b"), { type: "identify" }] }, "wk_2");
  assert.deepEqual([response.status, await response.text()], [200, '{"success":true}']);
  assert.equal((await post(`${url}/v1/track`, event("c"), "wk_3")).status, 401);
  const health = await fetch(`${url}/healthz`);
  assert.deepEqual([health.status, await health.text()], [200, "ok\n"]);
  assert.equal(await serving.stop(), 0);
  assert.deepEqual([...mock.taken.keys()].sort(), ["a", "b"]);
  assert.equal(
    serving.words(),
    "Takes events at /v1/track, /v1/batch and their like; /healthz and /metrics tell how it is. Ctrl-C ends it.\n" +
      "3 events: 2 accepted, 0 rejected, 1 dropped, 0 given up\n",
  );
});

/** The lines of `/metrics` with numbers other than of time, when all that came has its outcome. */
async function measuredBy(url: string, events: number): Promise<string[]> {
  for (let look = 1; ; look++) {
    const lines = (await (await fetch(`${url}/metrics`)).text()).split("\n").filter((line) => /^[^#]/.test(line) && !line.includes("_seconds_"));
    const ended = lines.flatMap((line) => (line.startsWith("amazon_dsp_events_events_total") ? [Number(line.split(" ")[1])] : []));
    const isOver = ended.reduce((sum, count) => sum + count, 0) === events && lines.includes("amazon_dsp_events_queue_events 0");
    if (isOver || look === 500) return lines.filter((line) => !line.includes("_bucket"));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test("/metrics has all that a client measures, with the reason of each outcome, and nothing of an event", async () => {
  const mock = await amazon();
  const { url } = await start(mock);
  mock.script({ kind: "item", code: "BAD_REQUEST", indexes: [1] });
  await post(`${url}/v1/batch`, { batch: [event("a"), event("b"), { type: "identify" }] });
  await post(`${url}/v1/track`, event("c"), "wk_3");
  assert.deepEqual(await measuredBy(url, 3), [
    'amazon_dsp_events_events_total{outcome="dropped",reason="unmapped_event"} 1',
    'amazon_dsp_events_events_total{outcome="accepted",reason="none"} 1',
    'amazon_dsp_events_events_total{outcome="rejected",reason="bad_request"} 1',
    'amazon_dsp_events_requests_total{status="2xx"} 1',
    "amazon_dsp_events_requests_retried_total 0",
    "amazon_dsp_events_token_refreshes_total 1",
    "amazon_dsp_events_request_events_sum 2",
    "amazon_dsp_events_request_events_count 1",
    "amazon_dsp_events_queue_events 0",
    'amazon_dsp_events_http_requests_total{status="200"} 1',
    'amazon_dsp_events_http_requests_total{status="401"} 1',
  ]);
});

test("what cannot be delivered in time stays in the store, and the next one takes it up", async () => {
  const mock = await amazon();
  const store = join(mkdtempSync(join(tmpdir(), "amazon-dsp-events-")), "queue.db");
  mock.script({ kind: "slow", ms: 3000 });
  const first = await start(mock, ["--store", store, "--grace", "1"]);
  assert.equal((await post(`${first.url}/v1/track`, event("kept"))).status, 200);
  assert.equal(await first.stop("SIGINT"), 0);
  assert.match(first.words(), /\n1 event: 0 accepted, 0 rejected, 0 dropped, 0 given up, 1 left in the store\n$/);
  assert.ok(existsSync(store));
  const healthy = await amazon();
  const second = await start(healthy, ["--store", store]);
  assert.equal(await second.stop(), 0);
  assert.deepEqual([...healthy.taken.keys()], ["kept"]);
});

test("what is given up is in the file of dead letters, or said to be lost", async () => {
  const mock = await amazon({ credentials: { REFRESH_TOKEN: "Atzr|other" } });
  const file = join(mkdtempSync(join(tmpdir(), "amazon-dsp-events-")), "dead.ndjson");
  const parameters = { ...mock.parameters, REFRESH_TOKEN: "Atzr|mine", WRITE_KEY: "wk_1" };
  for (const [args, end] of [[["--dead-letters", file], "1 given up"], [[], "1 given up (lost: there is no --dead-letters file)"]] as const) {
    const serving = await start(undefined, args, parameters);
    assert.equal((await post(`${serving.url}/v1/track`, event("dead"))).status, 200);
    assert.deepEqual((await measuredBy(serving.url, 1)).slice(0, 2), [
      'amazon_dsp_events_events_total{outcome="dead_lettered",reason="credentials_refused"} 1',
      "amazon_dsp_events_requests_retried_total 0",
    ]);
    assert.equal(await serving.stop(), 0);
    assert.ok(serving.words().endsWith(`1 event: 0 accepted, 0 rejected, 0 dropped, ${end}\n`), serving.words());
    assert.match(serving.words(), /^events are given up: Amazon refused REFRESH_TOKEN/m);
    assert.doesNotMatch(serving.words(), /Atzr\||jane@example\.com|wk_1/);
  }
  assert.equal((JSON.parse(readFileSync(file, "utf8")) as { eventId: string }).eventId, "dead");
});

test("a request under way when it is told to stop gets its answer", async () => {
  const mock = await amazon();
  const serving = await start(mock);
  const { port } = new URL(serving.url);
  const body = JSON.stringify({ writeKey: "wk_1", batch: [event("late")] });
  const socket = connect(Number(port), "127.0.0.1");
  let answer = "";
  socket.on("data", (data: Buffer) => (answer += data.toString()));
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.write(`POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
  // The server has the beginning when it has answered somebody who came later.
  assert.equal((await fetch(`${serving.url}/healthz`)).status, 200);
  const stopped = serving.stop();
  await refusing(Number(port));
  socket.write(body.slice(10));
  await closed;
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n[^]*\{"success":true\}$/);
  assert.equal(await stopped, 0);
  assert.deepEqual([...mock.taken.keys()], ["late"]);
});

/** Resolves when nobody listens there any more. */
async function refusing(port: number): Promise<void> {
  for (;;) {
    const isOpen = await new Promise<boolean>((resolve) => {
      const probe = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
      probe.on("connect", () => probe.destroy());
    });
    if (!isOpen) return;
  }
}

test("a server behind gets every request, and its answer is given back", async () => {
  const mock = await amazon();
  const seen: [string | undefined, string | undefined, string][] = [];
  const behind = createServer((request, response) => {
    let body = "";
    request.on("data", (data: Buffer) => (body += data.toString()));
    request.on("end", () => {
      seen.push([request.url, request.headers.authorization, body]);
      response.writeHead(202, { "x-own": "1" }).end("from behind");
    });
  });
  await new Promise<void>((resolve) => behind.listen(0, "127.0.0.1", resolve));
  ended.push(() => new Promise((resolve) => behind.close(resolve).closeAllConnections()));
  const serving = await start(mock, ["--upstream", `http://127.0.0.1:${(behind.address() as AddressInfo).port}`], {});
  const body = event("through");
  const response = await post(`${serving.url}/v1/track`, body);
  assert.deepEqual([response.status, response.headers.get("x-own"), await response.text()], [202, "1", "from behind"]);
  assert.deepEqual(seen, [["/v1/track", `Basic ${btoa("wk_1:")}`, JSON.stringify(body)]]);
  assert.equal(await serving.stop(), 0);
  assert.deepEqual([...mock.taken.keys()], ["through"]);
  assert.match(serving.words(), /^No WRITE_KEY is set: any write key will do, on this machine alone\.\n/);
});

test("a body that is too large is refused before it is there", async () => {
  const serving = await start(await amazon(), ["--max-body", "1000"]);
  const response = await post(`${serving.url}/v1/track`, { pad: "x".repeat(100_000) });
  assert.deepEqual(await response.json(), { success: false, code: "too_large", message: "the body must have at most 1000 bytes" });
  assert.equal(await serving.stop(), 0);
});

test("wrong use is said in one sentence", async () => {
  const mock = await amazon();
  const wrong = async (args: readonly string[], message: RegExp, env?: NodeJS.ProcessEnv): Promise<void> => {
    const { code, err } = await start(mock, args, env);
    assert.equal(code, 2, err);
    assert.match(err, message);
  };
  await wrong(["--host", "0.0.0.0"], /^error: set WRITE_KEY: with --host 0\.0\.0\.0, anybody who reaches this machine could send events\n$/, {});
  await wrong(["--upstream", "segment"], /^error: `upstream` must be a URL such as https:\/\/api\.segment\.io, without user name, query and fragment\n$/);
  await wrong(["--config", "/nowhere.json"], /^error: cannot read the config \/nowhere\.json: there is no such file\n$/);
  await wrong(["--dead-letters", "/nowhere/dead"], /^error: cannot write dead letters to \/nowhere\/dead: /);
  await wrong(["--write-key", "a key"], /error: `writeKeys` must be `any`, or a list of keys of letters, digits and signs without colons\n$/);
  const taken = await start(mock);
  await wrong(["--port", new URL(taken.url).port], /^error: cannot listen on 127\.0\.0\.1 port \d+: another program listens there; choose another port, or 0 for a free one\n$/);
  const none = await start(undefined);
  assert.deepEqual([none.code, none.err.split("\n")[0]], [2, "error: missing connection parameters:"]);
});
