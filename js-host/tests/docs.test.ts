// The documents: their links lead somewhere, their programs compile, their JSON is right, and what they name is there.
import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { importText } from "../dist/cli/import_config.js";
import { Transformer, type Config } from "../dist/core.js";
import { FAULT_CODES, USAGE_ERROR_CODES } from "../dist/errors.js";
import { parsePlan, startMock } from "../dist/mock/index.js";
import { documents, examples, ROOT } from "./markdown.js";

const host = fileURLToPath(new URL("../", import.meta.url));
const snippetsIn = (...languages: string[]) => documents.flatMap(({ snippets }) => snippets).filter(({ language }) => languages.includes(language));

function named(name: string): string {
  const snippet = documents.flatMap(({ snippets }) => snippets).find((one) => one.name === name);
  assert.ok(snippet, `there is no snippet ${name}`);
  return snippet.text;
}

/** Runs a program to its end. */
function run(file: string, args: readonly string[], options: { cwd?: string; env?: object }): Promise<{ code: number; said: string }> {
  const env = { PATH: process.env["PATH"], HOME: tmpdir(), ...options.env };
  return new Promise((resolve) => {
    execFile(file, args, { cwd: options.cwd ?? host, env, timeout: 120_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? -1) : 0, said: stdout + stderr }),
    ).stdin?.end();
  });
}

test("every link within the repository leads to a file, and to a heading of it", () => {
  const anchorsOf = new Map(documents.map(({ path, anchors }) => [path, anchors]));
  const broken: string[] = [];
  for (const { path, prose } of documents) {
    for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const to = file === "" ? path : normalize(join(dirname(path), file));
      if (!existsSync(join(ROOT, to)) || (anchor !== undefined && !anchorsOf.get(to)?.has(anchor))) broken.push(`${path}: ${target}`);
    }
  }
  assert.deepEqual(broken, []);
});

test("what the documents name in backticks as a file of the repository is there", () => {
  const missing: string[] = [];
  for (const { path, prose } of documents) {
    // The changes of earlier versions may name what has gone.
    if (path === "CHANGELOG.md") continue;
    for (const [, name = ""] of prose.matchAll(/`((?:src|js-host|examples|docs|scripts|tests|pkg|benches|fuzz|\.ci|\.github)\/[\w./-]*)`/g)) {
      const isBuilt = /\/(dist|build|node_modules|artifacts)(\/|$)/.test(name);
      if (!isBuilt && !existsSync(join(ROOT, name)) && !existsSync(join(ROOT, dirname(path), name))) missing.push(`${path}: ${name}`);
    }
  }
  assert.deepEqual(missing, []);
});

test("every `make` that the documents name is a target", () => {
  const targets = new Set(Array.from(readFileSync(join(ROOT, "Makefile"), "utf8").matchAll(/^([a-z-]+):/gm), ([, target]) => target));
  for (const { path, text } of documents) {
    for (const [, target = ""] of text.matchAll(/(?:^|`|&& )make ([a-z-]+)/gm)) assert.ok(targets.has(target), `${path}: make ${target}`);
  }
});

// What a program leaves to its reader to have: names that a snippet does not make itself, and what they are.
const GIVEN = `
import type * as core from "amazon-dsp-events";
declare global {
  const amazon: core.AmazonEvents;
  const event: import("amazon-dsp-events/core").AnalyticsEvent;
  const config: import("amazon-dsp-events/core").Config;
  const report: (error: unknown) => void;
  const bytes: Uint8Array;
  const queue: import("amazon-dsp-events/queues/jetstream").Queue;
  const app: import("hono").Hono;
  const analytics: { register(plugin: import("amazon-dsp-events/adapters/analytics-node").AnalyticsPlugin): Promise<void> };
  const collector: typeof import("amazon-dsp-events/adapters/hono").collector;
  const amazonEvents: typeof import("amazon-dsp-events/adapters/hono").amazonEvents & typeof import("amazon-dsp-events/adapters/analytics-node").amazonEvents;
  const consume: typeof import("amazon-dsp-events/queues/consumer").consume;
  const jetStreamQueue: typeof import("amazon-dsp-events/queues/jetstream").jetStreamQueue;
  const jetStreamTokenStore: typeof import("amazon-dsp-events/queues/jetstream").jetStreamTokenStore;
  const jetstream: typeof import("@nats-io/jetstream").jetstream;
  const connect: typeof import("@nats-io/transport-node").connect;
  const connection: import("@nats-io/transport-node").NatsConnection;
  const Kvm: typeof import("@nats-io/kv").Kvm;
  const Analytics: typeof import("@segment/analytics-node").Analytics;
  const writeKey: string;
  const AnalyticsBrowser: { load(settings: { writeKey: string }, options: object): void };
  namespace Deno {
    function serve(handle: (request: Request, info: { remoteAddr: { hostname: string } }) => Response | Promise<Response>): void;
  }
}
`;

test("every program in the documents, and every example in the sources, compiles against the package", () => {
  const folder = join(host, "build/snippets");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Loose: a snippet has no types of its own.
  const compilerOptions = {
    module: "NodeNext", target: "ES2023", lib: ["ES2023", "ESNext.Disposable"], types: ["node"], rootDir: ROOT, strict: false, noEmit: true, skipLibCheck: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["./*"] }));
  writeFileSync(join(folder, "given.ts"), GIVEN);
  assert.ok(examples.length > 10);
  const programs = [...snippetsIn("js", "ts"), ...examples];
  assert.ok(programs.length > 25);
  for (const { text, at } of programs) writeFileSync(join(folder, `${at.replace(/[^\w]+/g, "_")}.ts`), `// ${at}\n${text}\nexport {};\n`);
  const { status, stdout } = spawnSync(process.execPath, [join(host, "node_modules/typescript/bin/tsc"), "-p", folder], { encoding: "utf8", cwd: host });
  assert.equal(status, 0, stdout);
});

// What is put around a program so that it runs and tells that it worked; the connection parameters are a stand-in's.
const EVENT = '{ type: "page", traits: { email: "jane.doe@example.com" }, properties: { country: "US" } }';
const RUN: Readonly<Record<string, { before?: string; after?: string }>> = {
  "README.md#2": {},
  "README.md#4": {
    after: `const request = new Request("https://shop.example", { method: "POST", body: JSON.stringify(${EVENT}) });
      const waits = []; const { status } = await worker.fetch(request, process.env, { waitUntil: (work) => waits.push(work) }); await Promise.all(waits);
      if (status !== 202) throw new Error(String(status));`,
  },
  "README.md#5": {
    before: `const event = ${EVENT}; const bytes = new TextEncoder().encode(JSON.stringify(event));`,
    after: 'if (!amazonEvent || outcome.outcome !== "mapped" || JSON.parse(new TextDecoder().decode(body)).events.length !== 1) throw new Error("not mapped");',
  },
  "docs/mock.md#2": {},
  "docs/operations.md#1": { after: `await amazon.send(${EVENT}); await amazon.close();` },
  "docs/operations.md#2": { after: `await amazon.send(${EVENT}); await amazon.close();` },
  "js-host/README.md#1": {},
};

test("programs that need nothing but Amazon run", async () => {
  const folder = join(host, "build/programs");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, { before = "", after = "" }] of Object.entries(RUN)) {
    const file = join(folder, `${name.replace(/\W+/g, "_")}.mjs`);
    writeFileSync(file, `${before}\n${named(name).replace("export default {", "const worker = {")}\n${after}\n`);
    const mock = await startMock();
    const { code, said } = await run(process.execPath, [file], { env: { ...mock.parameters } });
    await mock.close();
    assert.equal(code, 0, `${name}: ${said}`);
  }
});

// Run in a copy of examples/, those of a line one after the other in one shell.
const SCRIPTS: readonly (readonly string[])[] = [["README.md#6", "README.md#7"], ["docs/consent.md#1"], ["docs/mock.md#1"]];

test("command lines that need nothing but the package run", async () => {
  for (const names of SCRIPTS) {
    const cwd = mkdtempSync(join(tmpdir(), "amazon-dsp-events-docs-"));
    cpSync(join(ROOT, "examples"), join(cwd, "examples"), { recursive: true });
    mkdirSync(join(cwd, "bin"));
    symlinkSync(join(host, "bin/amazon-dsp-events.js"), join(cwd, "bin/amazon-dsp-events"));
    const text = names.map(named).join("\n").replaceAll("--port 8787", "--port 0");
    // The package is built already; a stand-in is there when it has said what it takes; what was started ends with the shell.
    const script = `set -e
make() { :; }
sleep() { for _ in {1..300}; do [ -s mock.env ] && return; command sleep 0.1; done; }
PATH="$PWD/bin:$PATH"
trap 'kill $(jobs -p) 2>/dev/null || :' EXIT
${/^cd examples\b/m.test(text) ? "" : "cd examples"}
${text}`;
    const { code, said } = await run("bash", ["-c", script], { cwd });
    rmSync(cwd, { recursive: true });
    assert.equal(code, 0, `${names.join(", ")}: ${said.slice(-2000)}`);
  }
});

// The JSON that is no config of the core's, and who takes it.
const READERS: Readonly<Record<string, (value: unknown) => unknown>> = {
  // A part of wrangler's configuration, with which the tests of the edge deploy.
  "docs/cloudflare.md#4": (value) => assert.deepEqual(Object.keys(value as object), ["durable_objects", "migrations"]),
  "docs/migration.md#1": (value) => importText(JSON.stringify(value), "it"),
  "docs/mock.md#3": (value) => parsePlan(value),
};

test("every JSON in the documents is taken by whom it is for: a config by the core", () => {
  const objects = snippetsIn("json");
  const names = objects.map(({ name }) => name);
  assert.deepEqual(Object.keys(READERS).filter((name) => !names.includes(name)), []);
  for (const { text, at, name } of objects) {
    const read = READERS[name] ?? ((value) => new Transformer(value as Config));
    assert.doesNotThrow(() => read(JSON.parse(text)), at);
  }
});

test("the table of errors is the list in the code", () => {
  const text = documents.find(({ path }) => path === "docs/operations.md")?.text ?? "";
  const rows = Array.from(text.matchAll(/^\| `(ERR_\w+)` \| `(\w+)` \|/gm), ([, code, name]) => [code, name]);
  const special: Readonly<Record<string, string>> = { ERR_CREDENTIALS: "CredentialsError", ERR_ACCESS_DENIED: "CredentialsError", ERR_NOT_QUEUED: "NotQueuedError" };
  assert.deepEqual(rows, [
    ...USAGE_ERROR_CODES.map((code) => [code, "UsageError"]),
    ["ERR_INVALID_CONFIG", "ConfigError"],
    ...FAULT_CODES.map((code) => [code, special[code] ?? "AmazonEventsError"]),
  ]);
});

test("every command line in the documents is a shell's", () => {
  const scripts = snippetsIn("sh", "bash");
  assert.ok(scripts.length > 15);
  for (const { text, at } of scripts) {
    const { status, stderr } = spawnSync("bash", ["-n"], { input: text, encoding: "utf8" });
    assert.equal(status, 0, `${at}: ${stderr}`);
  }
});
