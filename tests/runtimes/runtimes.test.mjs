// The packed package, installed in an empty project, in each runtime: the same bytes as in Node, every event delivered.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";

import { cases } from "./fixtures.mjs";
import { emptyProject } from "./project.mjs";
import { reference, runtimes } from "./runtimes.mjs";

const project = await emptyProject();
after(async () => {
  for (const runtime of runtimes) await runtime.dispose();
  project.remove();
});
const { Transformer } = await project.load("./core");
const { startMock } = await project.load("./mock");

const NOW = Date.parse("2026-11-21T00:00:00Z");
const hash = (lines) => createHash("sha256").update(lines.join("\n")).digest("hex");
const expected = await reference.run(project, "table", cases);

/** A test in each of the runtimes; one that is not installed is skipped by name. */
function testIn(some, sentence, run) {
  for (const runtime of some) test(`${runtime.name}: ${sentence}`, { skip: runtime.missing }, (t) => run(runtime, t));
}

/** Page views, each with its own id. */
const events = (count, prefix) =>
  Array.from({ length: count }, (_, index) => ({
    type: "page",
    messageId: `${prefix}-${index}`,
    timestamp: new Date().toISOString(),
    userId: "jane@example.com",
    properties: { country: "US" },
  }));

test("every case of the table holds in this Node", () => {
  assert.ok(cases.length > 700, `only ${cases.length} cases were found`);
  assert.equal(expected.lines.length, cases.length);
  cases.forEach((one, index) => {
    const [got, trace] = expected.lines[index].split("\t").map((text) => JSON.parse(text));
    if (one.configError) {
      assert.deepEqual(got, { configError: { path: one.configError.path, name: "ConfigError" } }, one.name);
      return;
    }
    assert.equal(got.outcome, one.outcome, one.name);
    assert.equal(got.reason, one.reason, one.name);
    assert.deepEqual(got.event, one.amazonEvent, one.name);
    if (one.detail !== undefined) assert.equal(got.detail, one.detail, one.name);
    for (const note of one.notes ?? []) assert.ok(got.notes.includes(note), `${one.name}: ${note}`);
    for (const note of one.notesAbsent ?? []) assert.ok(!got.notes.includes(note), `${one.name}: ${note}`);
    if (one.trace) assert.deepEqual(trace, one.trace, one.name);
  });
});

test("an object and its JSON text give the same outcome", () => {
  for (const one of cases.filter(({ event, configError }) => event !== undefined && !configError)) {
    const transformer = new Transformer(one.config);
    const now = one.now === undefined ? NOW : Date.parse(one.now);
    const fromText = JSON.parse(transformer.evaluateJson(new TextEncoder().encode(JSON.stringify(one.event)), now));
    assert.deepEqual(transformer.evaluate(one.event, now), fromText, one.name);
    assert.deepEqual(transformer.transform(one.event, now), fromText.event, one.name);
  }
});

testIn(runtimes, "outcomes and traces of the table are the same bytes", async (runtime, t) => {
  const got = await runtime.run(project, "table", cases);
  assert.equal(got.words, "");
  // One by one, so that a difference is told by the case's name.
  cases.forEach(({ name }, index) => assert.equal(got.lines[index], expected.lines[index], name));
  assert.equal(hash(got.lines), hash(expected.lines));
  t.diagnostic(`${got.lines.length} cases, SHA-256 ${hash(got.lines)}`);
});

testIn(runtimes, "1,000 events are delivered through faults, each once", async (runtime, t) => {
  const faults = { 429: 0.1, 500: 0.1, 503: 0.05, reset: 0.05, lost: 0.05, garbage: 0.05, missing: 0.02, item: 0.02, revoke: 0.03 };
  const mock = await startMock({ faults });
  t.after(() => mock.close());
  const { lines, words } = await runtime.run(project, "deliver", { parameters: mock.parameters, events: events(1000, "m") });
  assert.equal(words, "");
  assert.deepEqual(lines.map((line) => JSON.parse(line)), [
    { outcomes: { accepted: 1000 }, ids: 1000, mapped: 1000, accepted: 1000, pending: 0, retried: true },
  ]);
  assert.equal(mock.stats().accepted, 1000);
  assert.deepEqual([...mock.taken.values()].filter(({ hashes }) => hashes.length !== 1), []);
  t.diagnostic(`requests by status: ${JSON.stringify(mock.stats().statuses)}`);
});

// Workers have no files, no servers, no `require`.
const processes = runtimes.filter(({ execute }) => execute !== undefined);
const fileOf = (runtime, name) => join(project.folder, `${runtime.name.replace(/\W/gu, "-")}.${name}`);

testIn(processes, "the stand-in runs there, and a file keeps what was given up", async (runtime) => {
  const path = fileOf(runtime, "ndjson");
  const { lines, words } = await runtime.run(project, "files", { events: events(20, "f"), path });
  assert.equal(words, "");
  assert.deepEqual(JSON.parse(lines.join("\n")), { accepted: 10, deadLettered: 10, rejected: 0, taken: 10 });
  assert.equal(readFileSync(path, "utf8").trimEnd().split("\n").length, 10);
});

testIn(processes, "what the SQLite store holds is delivered by the next client", async (runtime, t) => {
  const mock = await startMock();
  t.after(() => mock.close());
  const path = fileOf(runtime, "db");
  const { lines, words } = await runtime.run(project, "store", { parameters: mock.parameters, events: events(50, "s"), path });
  assert.equal(words, "");
  const got = JSON.parse(lines.join("\n"));
  if (runtime.name.startsWith("Node 20")) {
    assert.deepEqual(got, {
      code: "ERR_STORE",
      message: "the store needs SQLite, which this runtime does not have: use Node 22.13 or newer, or `npm install libsql`",
    });
    return;
  }
  assert.deepEqual(got, { left: 50, delivered: 50, after: 0 });
  assert.equal(mock.stats().accepted, 50);
});

const input = readFileSync(new URL("../../examples/events.ndjson", import.meta.url), "utf8");
const config = new URL("../../examples/amazon-dsp-events.json", import.meta.url).pathname;
const transformOnTheCommandLine = async (runtime) => {
  const bin = join(project.installed, project.manifest.bin["amazon-dsp-events"]);
  const args = [bin, "transform", "-", "--config", config, "--now", "2026-11-21T00:00:00Z"];
  return (await runtime.execute(args, { cwd: project.folder, input })).stdout;
};

testIn(processes, "the command line's `transform` writes the same bytes", async (runtime) => {
  const got = await transformOnTheCommandLine(runtime);
  assert.equal(got.trimEnd().split("\n").length, input.trimEnd().split("\n").length);
  assert.equal(got, await transformOnTheCommandLine(reference));
});

testIn(processes, "`require` gives what `import` gives, without a word", async (runtime) => {
  const specifiers = project.entries.map(({ specifier }) => specifier);
  const { stdout, stderr } = await runtime.execute(["require.cjs", ...specifiers], { cwd: project.folder });
  assert.equal(stderr, "");
  const imported = {};
  for (const { specifier, path } of project.entries) imported[specifier] = Object.keys(await import(path)).sort();
  assert.deepEqual(JSON.parse(stdout), imported);
});

const nodes = runtimes.filter(({ node }) => node);

testIn(nodes, "where `require` cannot load a module, Node says so", async (runtime) => {
  const args = ["--no-experimental-require-module", "require.cjs", project.manifest.name];
  await assert.rejects(runtime.execute(args, { cwd: project.folder }), ({ message }) => {
    const file = (name) => join(project.folder, name);
    const sentence =
      `Error [ERR_REQUIRE_ESM]: require() of ES Module ${file("node_modules/amazon-dsp-events/dist/index.js")} from ${file("require.cjs")} not supported.\n` +
      `Instead change the require of index.js in ${file("require.cjs")} to a dynamic import() which is available in all CommonJS modules.`;
    assert.ok(message.includes(sentence), message);
    return true;
  });
});
