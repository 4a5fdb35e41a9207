// Packs the package, compares its files with what should be in it, installs it in an empty project and uses it there;
// prints what it weighs, and holds it to its limits.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const root = fileURLToPath(new URL("../", import.meta.url));
// Every module of the sources and nothing else: a leftover of an earlier build is no part of the package.
const sources = readdirSync(join(root, "src"), { recursive: true });
const modules = sources
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.slice(0, -".ts".length));
const expected = [
  "LICENSE-APACHE",
  "LICENSE-MIT",
  "README.md",
  "bin/amazon-dsp-events.js",
  "dist/config.schema.json",
  "dist/mock-plan.schema.json",
  "package.json",
  ...["core.js", "core.d.ts", "core.wasm", "core.d.wasm.ts", "core.base64.js", "core.base64.d.ts"].map((name) => `dist/wasm/${name}`),
  ...sources.filter((name) => /\.(?:html|css|svg)$/u.test(name)).map((name) => `dist/${name}`),
  // Nobody imports a page or a command, so their modules come without types.
  ...modules.flatMap((name) => [`dist/${name}.js`, ...(/^(cli|playground)\//.test(name) ? [] : [`dist/${name}.d.ts`])]),
].sort();
const MAX_UNPACKED = 1.5 * 2 ** 20;
const MAX_PAGE = 100 * 1024;
const MAX_MODULE = { raw: 300 * 1024, brotli: 110 * 1024 };

const empty = mkdtempSync(join(tmpdir(), "amazon-dsp-events-package-"));
const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

try {
  const [packed] = JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", empty], root));
  const files = packed.files.map(({ path }) => path).sort();
  const extra = files.filter((path) => !expected.includes(path));
  const missing = expected.filter((path) => !files.includes(path));
  if (extra.length + missing.length > 0) throw new Error(`the package's files differ: extra [${extra}], missing [${missing}]`);
  if (packed.unpackedSize > MAX_UNPACKED) throw new Error(`the package has ${packed.unpackedSize} bytes unpacked, over ${MAX_UNPACKED}`);

  const page = packed.files.filter(({ path }) => path.startsWith("dist/playground/")).reduce((sum, { size }) => sum + size, 0);
  if (page > MAX_PAGE) throw new Error(`the playground has ${page} bytes, over ${MAX_PAGE}`);

  writeFileSync(join(empty, "package.json"), '{ "name": "empty", "private": true, "type": "module" }');
  npm(["install", "--silent", "--prefer-offline", join(empty, packed.filename)], empty);
  writeFileSync(
    join(empty, "use.js"),
    `import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { createAmazonEvents, transform } from "amazon-dsp-events";
import { transform as alone, Transformer } from "amazon-dsp-events/core";
import { amazonEvents as plugin } from "amazon-dsp-events/adapters/analytics-node";
import { collector } from "amazon-dsp-events/adapters/collector";
import * as forExpress from "amazon-dsp-events/adapters/express";
import * as forFastify from "amazon-dsp-events/adapters/fastify";
import * as forHono from "amazon-dsp-events/adapters/hono";
import { nodeHandler } from "amazon-dsp-events/adapters/node";
import { fileDeadLetters } from "amazon-dsp-events/dead-letters/file";
import { startMock } from "amazon-dsp-events/mock";
import { consume } from "amazon-dsp-events/queues/consumer";
import { jetStreamQueue, jetStreamTokenStore } from "amazon-dsp-events/queues/jetstream";
import { sqliteStore } from "amazon-dsp-events/stores/sqlite";

const event = { type: "page", messageId: "m-1", timestamp: new Date().toISOString(), userId: "jane@example.com", properties: { country: "US" } };
assert.equal(transform(event)?.eventId, "m-1");
assert.deepEqual(alone(event), transform(event));
assert.equal(new Transformer({ dataSetName: "web" }).transform(event)?.eventDescription.dataSetName, "web");
const require = createRequire(import.meta.url);
assert.ok(require.resolve("amazon-dsp-events/core.wasm").endsWith("core.wasm"));
assert.equal(require("amazon-dsp-events/config.schema.json").type, "object");
assert.equal(typeof fileDeadLetters("dead.ndjson").put, "function");
assert.equal(typeof sqliteStore, "function");
assert.equal(require("amazon-dsp-events/mock-plan.schema.json").type, "object");
for (const made of [consume, jetStreamQueue, jetStreamTokenStore]) assert.equal(typeof made, "function");

const mock = await startMock();
const amazon = createAmazonEvents({ ...mock.parameters });
assert.deepEqual(await amazon.send(event, { wait: true }), { outcome: "accepted", eventId: "m-1", attempts: 1 });
const collect = collector({ writeKeys: "any", amazon });
assert.equal((await collect(new Request("http://x/v1/page", { method: "POST", body: JSON.stringify(event) }))).status, 200);
for (const { collector } of [forExpress, forFastify, forHono]) assert.equal(typeof collector({ writeKeys: "any", amazon }), "function");
for (const { amazonEvents } of [forExpress, forFastify, forHono]) assert.equal(typeof amazonEvents({ amazon, events: () => event }), "function");
assert.equal(typeof nodeHandler(collect), "function");
assert.equal(plugin({ amazon }).type, "destination");
await amazon.close();
await mock.close();
`,
  );
  execFileSync(process.execPath, ["use.js"], { cwd: empty, stdio: "inherit" });
  const help = execFileSync(join(empty, "node_modules/.bin/amazon-dsp-events"), ["--version"], { encoding: "utf8" });
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  if (help.trim() !== version) throw new Error(`the command says ${help.trim()}, not ${version}`);

  const module = readFileSync(join(root, "dist/wasm/core.wasm"));
  const bytes = { raw: module.length, brotli: brotliCompressSync(module).length };
  for (const [form, limit] of Object.entries(MAX_MODULE)) {
    if (bytes[form] > limit) throw new Error(`the module has ${bytes[form]} bytes ${form}, over ${limit}`);
  }
  const kib = (size) => `${(size / 1024).toFixed(1)} KiB`;
  console.log(`package: ${files.length} files, ${kib(packed.size)} packed; installs and runs`);
  console.log(`unpacked: ${kib(packed.unpackedSize)} (limit ${kib(MAX_UNPACKED)})`);
  console.log(`module: ${kib(bytes.raw)} raw (limit ${kib(MAX_MODULE.raw)}), ${kib(bytes.brotli)} brotli (limit ${kib(MAX_MODULE.brotli)})`);
  console.log(`playground: ${kib(page)} (limit ${kib(MAX_PAGE)})`);
  console.log("files, largest first:");
  for (const { path, size } of packed.files.toSorted((a, b) => b.size - a.size)) console.log(`  ${kib(size).padStart(10)}  ${path}`);
} finally {
  rmSync(empty, { recursive: true, force: true });
}
