// What an attacker may try, as SECURITY.md lists it; and that each test it names is there.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { createServer, request, type RequestListener } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

import { collector } from "../dist/adapters/collector.js";
import { readEnvFile } from "../dist/cli/env_file.js";
import { ask } from "../dist/cli/http.js";
import { createAmazonEvents, memoryTokenStore, Transformer, type StoredToken } from "../dist/index.js";
import { startMock, type Mock, type MockOptions } from "../dist/mock/index.js";
import { redact, visible } from "../dist/redact.js";
import { runtimeOf } from "../dist/runtime.js";
import { post } from "../dist/delivery/transport.js";
import { event, World } from "./world.js";

const root = new URL("../../", import.meta.url);
const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));
const folder = (): string => mkdtempSync(join(tmpdir(), "amazon-dsp-events-"));
const fresh = (id: string): Record<string, unknown> => ({ ...event(id), timestamp: new Date().toISOString() });

const ends: (() => Promise<unknown>)[] = [];
after(() => Promise.all(ends.map((end) => end())));

async function amazon(options: MockOptions = {}): Promise<Mock> {
  const mock = await startMock(options);
  ends.push(() => mock.close());
  return mock;
}

/** A server of an attacker's; its URL. */
async function server(listener: RequestListener): Promise<string> {
  const made = createServer(listener);
  made.listen(0, "127.0.0.1");
  await once(made, "listening");
  ends.push(() => new Promise((resolve) => made.close(resolve).closeAllConnections()));
  return `http://127.0.0.1:${(made.address() as AddressInfo).port}`;
}

interface Options {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string;
  readonly input?: string;
}

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], { env, cwd = folder(), input = "" }: Options = {}): Promise<Result> {
  // With an umask that hides nothing, a file has the mode that it was made with.
  const child = spawn("sh", ["-c", 'umask 000; exec "$@"', "sh", process.execPath, bin, ...args], { env: { PATH: process.env["PATH"], ...env }, cwd });
  let out = "";
  let err = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

/** Starts `serve`; its URL. */
async function serving(mock: Mock, args: readonly string[], env: NodeJS.ProcessEnv): Promise<URL> {
  const child = spawn(process.execPath, [bin, "serve", "--port", "0", ...args], { env: { PATH: process.env["PATH"], ...mock.parameters, ...env } });
  const closed = once(child, "close");
  ends.push(() => (child.kill("SIGKILL"), closed));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  return new URL(line.toString().trim());
}

/** The status of a request with exactly these headers. */
async function status(url: URL | string, headers: Record<string, string>, method = "GET", body = ""): Promise<number | undefined> {
  const { hostname, port, pathname } = new URL(url);
  const asked = request({ hostname, port, path: pathname, method, headers });
  asked.end(body);
  const [response] = (await once(asked, "response")) as [import("node:http").IncomingMessage];
  response.resume();
  return response.statusCode;
}

// --- The document -------------------------------------------------------------------------------------------------

/** The names of all tests, those of templates as patterns. */
function testNames(): RegExp[] {
  const names: RegExp[] = [];
  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const look = (directory: URL): void => {
    for (const name of readdirSync(directory, { recursive: true }) as string[]) {
      if (name.includes("node_modules") || !/\.(rs|ts|mjs)$/.test(name)) continue;
      const source = readFileSync(join(fileURLToPath(directory), name), "utf8");
      for (const [, , title = ""] of source.matchAll(/\btest\(\s*(["'`])((?:\\.|(?!\1).)*)\1/g)) {
        names.push(new RegExp(`^${title.replace(/\\(["'`])/g, "$1").split(/\$\{[^}]*\}/).map(escaped).join(".+")}$`));
      }
      for (const [, title = ""] of source.matchAll(/#\[test\]\s+fn (\w+)\(/g)) names.push(new RegExp(`^${title}$`));
      for (const [, body = ""] of source.matchAll(/proptest!\s*\{([^]*)/g)) {
        for (const [, title = ""] of body.matchAll(/#\[test\]\s+fn (\w+)\(/g)) names.push(new RegExp(`^${title}$`));
      }
    }
  };
  for (const place of ["src/", "tests/", "js-host/tests/"]) look(new URL(place, root));
  return names;
}

test("every defence in SECURITY.md names tests, and each of them is there", () => {
  const rows = readFileSync(new URL("SECURITY.md", root), "utf8")
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (---|Threat)/.test(line))
    .map((line) => line.slice(2, -2).split(" | "))
    .filter((cells) => cells.length === 3);
  assert.ok(rows.length >= 30, `only ${rows.length} threats are listed`);
  const names = testNames();
  for (const [threat = "", , proof = ""] of rows) {
    const tests = [...proof.matchAll(/“([^”]+)”|`(\w+)`/g)].map(([, title, name]) => title ?? name ?? "");
    assert.ok(tests.length > 0, `no test proves the defence against: ${threat}`);
    for (const title of tests) assert.ok(names.some((name) => name.test(title)), `there is no test “${title}”, which is to prove the defence against: ${threat}`);
  }
});

// --- A hostile answer ---------------------------------------------------------------------------------------------

test("a reply is read up to 16 MiB and no further, packed or not", async () => {
  let written = 0;
  const chunk = Buffer.alloc(2 ** 20, " ");
  const endless = await server((_, response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(chunk)) written += chunk.length;
    };
    response.on("drain", more);
    more();
  });
  const packed = gzipSync(Buffer.alloc(64 * 2 ** 20));
  const bomb = await server((_, response) => void response.writeHead(207, { "content-encoding": "gzip" }).end(packed));
  const runtime = runtimeOf({});
  for (const url of [endless, bomb]) {
    assert.deepEqual(await post(runtime, { url, headers: {}, body: "", timeoutMs: 30_000 }), { status: 0, problem: "the reply has more than 16 MiB" });
    assert.deepEqual(await ask(runtime.fetch, { url, timeoutMs: 30_000, attempts: 1 }), { status: 0, body: "", problem: "the reply has more than 16 MiB" });
  }
  assert.ok(written < 64 * 2 ** 20, `${written} bytes were taken`);
});

test("a redirect is not followed, so that no credential leaves for another host", async () => {
  let stolen = 0;
  const thief = await server((_, response) => (stolen++, response.end("{}")));
  const asked: string[] = [];
  const redirecting = await server((incoming, response) => {
    asked.push(incoming.url ?? "");
    if (incoming.url === "/token") response.end('{"access_token":"Atza|1","expires_in":3600}');
    else response.writeHead(307, { location: `${thief}${incoming.url}` }).end();
  });
  const parameters = { ADVERTISER_ID: "1", CLIENT_ID: "c", CLIENT_SECRET: "the-client-secret", REFRESH_TOKEN: "Atzr|x", BASE_URL: redirecting };
  for (const TOKEN_URL of [`${redirecting}/token`, `${redirecting}/elsewhere`]) {
    const client = createAmazonEvents({ ...parameters, TOKEN_URL, maxAttempts: 4 });
    const outcome = await client.send(fresh(TOKEN_URL) as never, { wait: true });
    assert.equal(outcome.outcome === "dead_lettered" && outcome.reason, "credentials_refused");
    await client.close();
  }
  assert.equal((await ask(runtimeOf({}).fetch, { url: `${redirecting}/v2/profiles`, headers: { Authorization: "Bearer x" }, timeoutMs: 5000 })).status, 307);
  assert.deepEqual(asked, ["/token", "/adsApi/v1/create/events", "/elsewhere", "/v2/profiles"]);
  assert.equal(stolen, 0);
});

test("what Amazon says comes in one line, and is cut where nobody would read on", async () => {
  const world = new World();
  const message = `\u001b[2Jfirst\r\nerror: second\u0000 ${"x".repeat(2000)}`;
  world.answer = () => ({ status: 207, body: { error: [{ index: 0, errors: [{ code: "BAD\n\u001b[31mCODE", message }] }] } });
  const client = world.client();
  const outcome = await world.time.run(client.send(event("m-1") as never, { wait: true }));
  await world.time.run(client.close());
  assert.deepEqual(outcome, { outcome: "rejected", eventId: "m-1", attempts: 1, code: "BAD [31mCODE", message: `${`[2Jfirst error: second ${"x".repeat(2000)}`.slice(0, 1000)}…` });
});

test("an access token that cannot stand in a header is not used, whoever gives it", async () => {
  const world = new World();
  const kept: StoredToken[] = [];
  const poisoned = { accessToken: "Atza|x\r\nX-Evil: 1", refreshAt: Number.MAX_SAFE_INTEGER };
  const client = world.client({ tokenStore: { get: () => kept.at(-1) ?? poisoned, set: (token) => void kept.push(token) } });
  await world.time.run(client.send(event("m-1") as never, { wait: true }));
  await world.time.run(client.close());
  assert.deepEqual(world.asked.map(({ token }) => token), ["Bearer Atza|1"]);
  world.answerToken = () => ({ status: 200, body: { access_token: "Atza|x\r\nX-Evil: 1" } });
  const another = world.client({ tokenStore: memoryTokenStore() });
  const outcome = await world.time.run(another.send(event("m-2") as never, { wait: true }));
  await world.time.run(another.close());
  assert.equal(outcome.outcome === "dead_lettered" && outcome.reason, "token_unavailable");
});

// --- The terminal -------------------------------------------------------------------------------------------------

// Clears the screen, names the window, reverses the text; the one-byte form of the first; deletes.
const ESCAPES = "\u001b[2J\u001b]0;pwned\u0007\u202e\u009b2J\u007f\u0008\r";
const MOVING = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/;

test("nothing that an event, a config, a file or a reply holds moves a terminal", async () => {
  const mock = await amazon();
  mock.script({ kind: "item", indexes: [0, 1], code: `BAD${ESCAPES}`, message: `no${ESCAPES}` } as never);
  const cwd = folder();
  const hostile = { ...fresh(`id${ESCAPES}`), event: `Product Added`, properties: { currency: ESCAPES, [ESCAPES]: ESCAPES } };
  const odd = { ...hostile, event: `x${ESCAPES}`, messageId: `other${ESCAPES}` };
  writeFileSync(join(cwd, "events.ndjson"), `${JSON.stringify(hostile)}\n${JSON.stringify({ ...hostile, messageId: "m-2" })}\n${JSON.stringify(odd)}\n${ESCAPES}\n`);
  const letter = { eventId: `id${ESCAPES}`, reason: "attempts_exhausted", attempts: 4, lastError: ESCAPES, event: { eventId: `id${ESCAPES}`, eventTime: ESCAPES } };
  writeFileSync(join(cwd, "dead.ndjson"), `${JSON.stringify(letter)}\n{"${ESCAPES}\n`);
  writeFileSync(join(cwd, "config.json"), JSON.stringify({ [`dataSetName${ESCAPES}`]: ESCAPES }));
  writeFileSync(join(cwd, "table.csv"), `event,type\n"x${ESCAPES}","y${ESCAPES}"\n`);
  const commands: [string[], number][] = [
    [["transform", "events.ndjson"], 0],
    [["explain", "events.ndjson"], 0],
    [["explain", "events.ndjson", "--event-id", ESCAPES.replace("\0", "")], 1],
    [["coverage", "events.ndjson"], 0],
    [["send", "events.ndjson", "--json"], 1],
    [["send", `no${ESCAPES}.ndjson`], 2],
    [["replay", "dead.ndjson", "--list"], 1],
    [["replay", "dead.ndjson", "--list", "--json"], 1],
    [["transform", "events.ndjson", "--config", "config.json"], 2],
    [["import-config", "table.csv"], 2],
    [["doctor", "--config", "config.json"], 2],
  ];
  for (const [args, expected] of commands) {
    const { code, out, err } = await run(args, { cwd, env: mock.parameters });
    assert.equal(code, expected, `${args[0]}: ${err}`);
    assert.doesNotMatch(out + err, MOVING, args.join(" "));
  }
  // As data it is what it was.
  const { out } = await run(["transform", "events.ndjson"], { cwd });
  const [line = ""] = out.split("\n");
  assert.deepEqual((JSON.parse(line) as { event: unknown }).event, new Transformer().transform(hostile as never));
});

test("a text is visible when nothing in it moves a terminal, and stays the same JSON", () => {
  const text = JSON.stringify({ a: `tab\t line\n ${ESCAPES} ünï 👍🏽 \u2028` });
  assert.doesNotMatch(visible(text), MOVING);
  assert.deepEqual(JSON.parse(visible(text)), JSON.parse(text));
  assert.equal(visible("a\tb\nc"), "a\tb\nc");
  assert.equal(visible("\u001b[2J"), "\\u001b[2J");
});

// --- The collector's port -----------------------------------------------------------------------------------------

test("a write key is compared in whole, however much of it is right", async () => {
  const amazonEvents = { sendBatch: async () => ({ events: 1, queued: 1, dropped: [] }) } as never;
  const handle = collector({ writeKeys: ["wk_0123456789", "wk_another"], amazon: amazonEvents });
  const looked = async (key: string): Promise<[number, number]> => {
    const { charCodeAt } = String.prototype;
    let times = 0;
    String.prototype.charCodeAt = function (this: string, at: number) {
      times++;
      return charCodeAt.call(this, at);
    };
    try {
      const response = await handle(new Request("http://c/v1/track", { method: "POST", headers: { authorization: `Basic ${btoa(`${key}:`)}` }, body: "{}" }));
      return [response.status, times];
    } finally {
      String.prototype.charCodeAt = charCodeAt;
    }
  };
  const [wrong, times] = await looked("nothing_alike");
  assert.equal(wrong, 401);
  assert.ok(times >= 26, "every character is looked at, against every key");
  assert.deepEqual(await looked("wk_012345678x"), [401, times]);
  assert.deepEqual(await looked("xk_0123456789"), [401, times]);
});

test("who is slow on purpose loses the place, and the others are served", { timeout: 60_000 }, async () => {
  const url = await serving(await amazon(), [], { WRITE_KEY: "wk" });
  const slow = connect(Number(url.port), "127.0.0.1");
  slow.write("POST /v1/track HTTP/1.1\r\nHost: c\r\nX-Slow: ");
  const drip = setInterval(() => slow.write("x"), 500);
  slow.on("error", () => undefined);
  let answer = "";
  slow.on("data", (data: Buffer) => (answer += data.toString()));
  assert.equal(await status(new URL("/healthz", url), {}), 200);
  await once(slow, "close");
  clearInterval(drip);
  assert.match(answer, /^(HTTP\/1\.1 408 |$)/);
});

test("there are no more connections than --max-connections, and those that are there go on", { timeout: 60_000 }, async () => {
  const url = await serving(await amazon(), ["--max-connections", "2"], { WRITE_KEY: "wk" });
  const open = async (): Promise<import("node:net").Socket> => {
    const socket = connect(Number(url.port), "127.0.0.1").on("error", () => undefined);
    await once(socket, "connect");
    ends.push(async () => socket.destroy());
    return socket;
  };
  const ask = async (socket: import("node:net").Socket): Promise<string> => {
    socket.write("GET /healthz HTTP/1.1\r\nHost: c\r\n\r\n");
    const [data] = (await once(socket, "data")) as [Buffer];
    return data.toString().slice(0, 15);
  };
  const [first, second] = [await open(), await open()];
  assert.deepEqual([await ask(first), await ask(second)], ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK"]);
  const third = await open();
  await once(third, "close");
  assert.equal(await ask(first), "HTTP/1.1 200 OK");
});

test("without a write key no page of the web may send, whatever name it came by", async () => {
  const mock = await amazon();
  const url = new URL("/v1/track", await serving(mock, ["--cors", "https://shop.example"], {}));
  const send = (headers: Record<string, string>): Promise<number | undefined> => status(url, { host: url.host, ...headers }, "POST", JSON.stringify(fresh("m")));
  assert.equal(await send({ origin: "https://evil.example" }), 403);
  assert.equal(await send({ origin: "null" }), 403);
  assert.equal(await send({ host: "evil.example", origin: "http://evil.example" }), 403);
  assert.equal(await send({ host: "localhost.evil.example" }), 403);
  assert.equal(await send({ origin: "https://shop.example" }), 200);
  assert.equal(await send({ origin: `http://localhost:${url.port}` }), 200);
  assert.equal(await send({}), 200);
  assert.equal(await status(new URL("/metrics", url), { host: "evil.example" }), 403);
  // Who mirrors requests to it says so, and passes on what browsers sent.
  const mirrored = new URL("/v1/track", await serving(mock, ["--trust-proxy", "1"], {}));
  assert.equal(await status(mirrored, { host: "shop.example", origin: "https://shop.example" }, "POST", "{}"), 200);
});

// --- The stand-in -------------------------------------------------------------------------------------------------

test("the stand-in answers programs of this machine, and no page of the web", async () => {
  const { url } = await amazon();
  const { host, port } = new URL(url);
  assert.equal(await status(`${url}/__requests`, { host }), 200);
  assert.equal(await status(`${url}/__requests`, { host: `localhost:${port}`, origin: `http://127.0.0.1:${port}` }), 200);
  assert.equal(await status(`${url}/__requests`, { host: `evil.example:${port}` }), 403);
  assert.equal(await status(`${url}/__reset`, { host, origin: "https://evil.example" }, "POST"), 403);
});

// --- Files and parameters -----------------------------------------------------------------------------------------

test("files with events are for their owner alone, whatever the umask", async () => {
  const mock = await amazon({ plan: { faults: { 500: 1 } } });
  const cwd = folder();
  writeFileSync(join(cwd, "events.ndjson"), `${JSON.stringify(fresh("m-1"))}\n`);
  const args = ["send", "events.ndjson", "--max-attempts", "4", "--report", "report.json", "--dead-letters", "dead.ndjson", "--state", "job"];
  assert.equal((await run(args, { cwd, env: mock.parameters })).code, 1);
  const modes = ["report.json", "dead.ndjson", "job", "job/journal.ndjson"].map((name) => (statSync(join(cwd, name)).mode & 0o777).toString(8));
  assert.deepEqual(modes, ["600", "600", "700", "600"]);
});

test("secrets go over https alone, but for this machine", () => {
  const parameters = { ADVERTISER_ID: "1", CLIENT_ID: "c", CLIENT_SECRET: "s3cr3t", REFRESH_TOKEN: "Atzr|x" };
  for (const name of ["BASE_URL", "TOKEN_URL"]) {
    for (const url of ["http://advertising-api.amazon.com", "http://127.0.0.1.evil.example/", "http://localhost.evil.example", "http://10.0.0.1", "ftp://127.0.0.1/"]) {
      assert.throws(() => createAmazonEvents({ ...parameters, [name]: url }), {
        message: `${name} must begin with https:// (http:// is for loopback alone), got \`${redact(url)}\``,
      });
    }
    for (const url of ["http://127.0.0.1:8787", "http://localhost:8787/", "http://[::1]:8787", "https://proxy.example/amazon"]) {
      assert.doesNotThrow(() => createAmazonEvents({ ...parameters, [name]: url }));
    }
  }
});

test("login sends no secret to a host that only the folder's .env names", async () => {
  let asked = 0;
  const evil = await server((_, response) => (asked++, response.end("{}")));
  const cwd = folder();
  const secrets = { CLIENT_ID: "amzn1.application-oa2-client.x", CLIENT_SECRET: "amzn1.oa2-cs.v1.x" };
  writeFileSync(join(cwd, ".env"), "TOKEN_URL=https://evil.example/token\n");
  const refused = await run(["login", "--no-browser"], { cwd, env: secrets });
  assert.equal(
    refused.err,
    "error: .env sends secrets to evil.example, which is not Amazon's: take it out, or if it is right, say so with --dotenv .env\n",
  );
  assert.equal(refused.code, 2);
  writeFileSync(join(cwd, ".env"), "BASE_URL=https://advertising-api.evil.example\n");
  assert.equal((await run(["login", "--no-browser"], { cwd, env: secrets })).code, 2);
  // What is on this machine may be asked; with a browser's answer missing it goes no further.
  writeFileSync(join(cwd, ".env"), `BASE_URL=${evil}\n`);
  assert.match((await run(["login", "--no-browser"], { cwd, env: secrets })).err, /no address and no code came/);
  assert.equal(asked, 1);
});

test("a file of environment variables is data: nothing in it is run, and nothing but parameters taken", async () => {
  const cwd = folder();
  writeFileSync(join(cwd, ".env"), "A=$(touch ran)\nB=`touch ran`\nNODE_OPTIONS=--require=./ran.js\n__proto__=x\nconstructor=y\nADVERTISER_ID=\"1; touch ran\"\n");
  assert.deepEqual(Object.entries(readEnvFile(join(cwd, ".env"))).filter(([name]) => name !== "__proto__"), [
    ["A", "$(touch ran)"],
    ["B", "touch ran"],
    ["NODE_OPTIONS", "--require=./ran.js"],
    ["constructor", "y"],
    ["ADVERTISER_ID", "1; touch ran"],
  ]);
  assert.equal(({} as Record<string, unknown>)["x"], undefined);
  const { code, err } = await run(["send", "-", "--dotenv", ".env"], { cwd });
  assert.equal(code, 2);
  assert.match(err, /^error: missing connection parameters:/);
  assert.ok(!existsSync(join(cwd, "ran")));
});

test("a store of tokens is given access tokens and their end, and nothing to make others from", async () => {
  const world = new World();
  const kept: StoredToken[] = [];
  const client = world.client({ tokenStore: { get: () => kept.at(-1), set: (token) => void kept.push(token) } });
  await world.time.run(client.send(event("m-1") as never, { wait: true }));
  await world.time.run(client.close());
  assert.deepEqual(kept, [{ accessToken: "Atza|1", refreshAt: kept[0]?.refreshAt }]);
});

test("a hostile config ends in one error, and changes nothing beyond itself", () => {
  const nested = (depth: number, inner: string): string => `${'{"events":'.repeat(depth)}${inner}${"}".repeat(depth)}`;
  const configs = [
    '{"__proto__":{"polluted":1}}',
    '{"constructor":{"prototype":{"polluted":1}}}',
    '{"events":{"__proto__":{"polluted":1}}}',
    '{"events":{"X":{"conversionType":"LEAD","customData":{"__proto__":{"polluted":1}}}}}',
    nested(200, "1"),
    `{"inputs":{"email":[${'"a.b",'.repeat(10)}1]}}`,
    `{"dataSetName":"${"x".repeat(100_000)}"}`,
    '{"defaults":{"countryCode":"\\u001b[2J"}}',
    '{"consent":{"categories":{"amznUserData":"/etc/passwd"}}}',
  ];
  for (const text of configs) {
    assert.throws(() => new Transformer(JSON.parse(text) as never), (error: Error) => {
      assert.ok(error.message.length < 1000, `${error.message.length} characters`);
      return true;
    }, text.slice(0, 80));
  }
  assert.equal(({} as Record<string, unknown>)["polluted"], undefined);
});

// --- The package --------------------------------------------------------------------------------------------------

test("the package runs nothing when it is installed, and needs nothing that does", () => {
  const read = (name: string): Record<string, unknown> => JSON.parse(readFileSync(new URL(name, new URL("js-host/", root)), "utf8")) as Record<string, unknown>;
  const { scripts, dependencies } = read("package.json") as { scripts: Record<string, string>; dependencies: Record<string, string> };
  for (const name of ["preinstall", "install", "postinstall", "prepare"]) assert.equal(scripts[name], undefined);
  const { packages } = read("package-lock.json") as { packages: Record<string, { dev?: boolean; hasInstallScript?: boolean; integrity?: string; resolved?: string; peer?: boolean }> };
  const shipped = Object.entries(packages).filter(([name, { dev, peer }]) => name !== "" && !dev && !peer);
  assert.deepEqual(shipped.map(([name]) => name.replace("node_modules/", "")), Object.keys(dependencies));
  for (const [name, { hasInstallScript, integrity }] of shipped) {
    assert.equal(hasInstallScript, undefined, name);
    assert.match(integrity ?? "", /^sha512-/, name);
  }
});
