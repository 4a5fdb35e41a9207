// Node runs the fixture table through the built package and checks every case; workerd must answer the same bytes, and
// run the README's own Worker.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";

import { Miniflare } from "miniflare";

import { Transformer } from "../../js-host/dist/core.js";
import { startMock } from "../../js-host/dist/mock/index.js";
import { cases } from "./fixtures.mjs";
import { run } from "./table.mjs";

const inNode = run(Transformer, cases);

test("in Node every case of the table holds", () => {
  assert.ok(cases.length > 400, `only ${cases.length} cases were found`);
  cases.forEach((one, index) => {
    const got = JSON.parse(inNode[index]);
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
    if (one.trace) {
      const now = Date.parse(one.now ?? "2026-11-21T00:00:00Z");
      const text = new TextEncoder().encode(one.text ?? JSON.stringify(one.event));
      assert.deepEqual(JSON.parse(new Transformer(one.config).explainJson(text, now)), one.trace, one.name);
    }
  });
});

test("an object and its JSON text give the same outcome", () => {
  for (const one of cases.filter(({ event, configError }) => event !== undefined && !configError)) {
    const transformer = new Transformer(one.config);
    const now = Date.parse(one.now ?? "2026-11-21T00:00:00Z");
    const fromText = JSON.parse(transformer.evaluateJson(new TextEncoder().encode(JSON.stringify(one.event)), now));
    assert.deepEqual(transformer.evaluate(one.event, now), fromText, one.name);
    assert.deepEqual(transformer.transform(one.event, now), fromText.event, one.name);
  }
});

/** The program in the README under that heading. */
function program(heading) {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  return new RegExp(`## ${heading}\n\n.*?\`\`\`js\n(.+?)\`\`\``, "su").exec(readme)[1];
}

/** A Worker of that source beside the package's files, linked as a bundler would under the condition `workerd`. */
async function startWorker(t, source, bindings = {}) {
  const dist = new URL("../../js-host/dist/", import.meta.url);
  const linked = (code) =>
    code.replace("amazon-dsp-events/core", "./core.js").replace("amazon-dsp-events", "./index.js").replace("#module", "./module.workerd.js");
  const module = (path, contents) => ({ type: "ESModule", path, contents: linked(contents) });
  // What runs at the edge: neither the command line nor the stand-in, which need Node.
  const files = readdirSync(dist, { recursive: true }).filter(
    (path) => path.endsWith(".js") && !/^(?:cli|mock)[/\\]/u.test(path) && !path.includes("base64") && path !== "module.js",
  );
  const persist = mkdtempSync(join(tmpdir(), "runtimes-"));
  const miniflare = new Miniflare({
    modules: [
      module("worker.mjs", source),
      module("table.mjs", readFileSync(new URL("table.mjs", import.meta.url), "utf8")),
      ...files.map((path) => module(path, readFileSync(new URL(path, dist), "utf8"))),
      { type: "CompiledWasm", path: "wasm/core.wasm", contents: readFileSync(new URL("wasm/core.wasm", dist)) },
    ],
    bindings,
    compatibilityDate: "2026-01-01",
    cf: false,
    defaultPersistRoot: persist,
  });
  t.after(async () => {
    await miniflare.dispose();
    rmSync(persist, { recursive: true, force: true });
  });
  return miniflare;
}

test("workerd answers the same bytes as Node", async (t) => {
  const miniflare = await startWorker(t, readFileSync(new URL("worker.mjs", import.meta.url), "utf8"));
  const response = await miniflare.dispatchFetch("http://localhost/", { method: "POST", body: JSON.stringify(cases) });
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), inNode);
});

test("the README's Worker delivers to Amazon", async (t) => {
  const mock = await startMock();
  t.after(() => mock.close());
  const miniflare = await startWorker(t, program("In a Worker"), mock.parameters);
  const event = { type: "page", userId: "jane@example.com", messageId: "m-1", timestamp: new Date().toISOString() };
  const response = await miniflare.dispatchFetch("http://localhost/", { method: "POST", body: JSON.stringify([event]) });
  assert.equal(response.status, 202);
  const deadline = Date.now() + 10_000;
  while (mock.stats().accepted < 1 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(mock.stats().accepted, 1);
});

test("the README's Node program delivers to Amazon", async (t) => {
  const mock = await startMock();
  t.after(() => mock.close());
  const source = program("In Node").replace('"amazon-dsp-events"', JSON.stringify(new URL("../../js-host/dist/index.js", import.meta.url)));
  const env = { PATH: process.env.PATH, ...mock.parameters };
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", source], { env });
  assert.match(stdout, /outcome: 'accepted'/u);
  assert.equal(mock.stats().accepted, 1);
});
