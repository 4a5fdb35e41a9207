// The documents: their links lead somewhere, their programs compile, their JSON is right, and what they name is there.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Transformer, type Config } from "../dist/core.js";
import { documents, ROOT } from "./markdown.js";

const host = fileURLToPath(new URL("../", import.meta.url));
const snippetsIn = (...languages: string[]) => documents.flatMap(({ snippets }) => snippets).filter(({ language }) => languages.includes(language));

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

test("every program in the documents compiles against the package", () => {
  const folder = join(host, "build/snippets");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  // Loose: a snippet has no types of its own.
  const compilerOptions = {
    module: "NodeNext", target: "ES2023", lib: ["ES2023", "ESNext.Disposable"], types: ["node"], rootDir: ROOT, strict: false, noEmit: true, skipLibCheck: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, include: ["./*"] }));
  writeFileSync(join(folder, "given.ts"), GIVEN);
  const programs = snippetsIn("js", "ts");
  assert.ok(programs.length > 10);
  for (const { text, at } of programs) writeFileSync(join(folder, `${at.replace(/[^\w]+/g, "_")}.ts`), `// ${at}\n${text}\nexport {};\n`);
  const { status, stdout } = spawnSync(process.execPath, [join(host, "node_modules/typescript/bin/tsc"), "-p", folder], { encoding: "utf8", cwd: host });
  assert.equal(status, 0, stdout);
});

// Objects of JSON that are for others than the core.
const OTHERS = ["docs/cloudflare.md", "docs/migration.md", "docs/mock.md"];

test("every JSON in the documents is JSON, and a config is one that the core takes", () => {
  for (const { text, at } of snippetsIn("json")) {
    const value = JSON.parse(text) as Config;
    if (!OTHERS.some((path) => at.startsWith(path))) assert.doesNotThrow(() => new Transformer(value), at);
  }
});

test("every command line in the documents is a shell's", () => {
  const scripts = snippetsIn("sh", "bash");
  assert.ok(scripts.length > 15);
  for (const { text, at } of scripts) {
    const { status, stderr } = spawnSync("bash", ["-n"], { input: text, encoding: "utf8" });
    assert.equal(status, 0, `${at}: ${stderr}`);
  }
});
