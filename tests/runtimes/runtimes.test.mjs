// Node runs the fixture table through the built package and checks every case; workerd must answer the same bytes.
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { Miniflare } from "miniflare";

import { Transformer } from "../../js-host/dist/core.js";
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

test("workerd answers the same bytes as Node", async (t) => {
  const dist = new URL("../../js-host/dist/", import.meta.url);
  const module = (path, contents) => ({ type: "ESModule", path, contents });
  const read = (url) => readFileSync(url, "utf8");
  // What a bundler does with the package's `exports` and `imports` under the condition `workerd`.
  const linked = (source) => source.replace("amazon-dsp-events/core", "./core.js").replace("#module", "./module.workerd.js");
  const persist = mkdtempSync(join(tmpdir(), "runtimes-"));
  const miniflare = new Miniflare({
    modules: [
      module("worker.mjs", linked(read(new URL("worker.mjs", import.meta.url)))),
      module("table.mjs", read(new URL("table.mjs", import.meta.url))),
      ...["core.js", "module.workerd.js", "wasm/core.js"].map((path) => module(path, linked(read(new URL(path, dist))))),
      { type: "CompiledWasm", path: "wasm/core.wasm", contents: readFileSync(new URL("wasm/core.wasm", dist)) },
    ],
    compatibilityDate: "2026-01-01",
    cf: false,
    defaultPersistRoot: persist,
  });
  t.after(async () => {
    await miniflare.dispose();
    rmSync(persist, { recursive: true, force: true });
  });
  const response = await miniflare.dispatchFetch("http://localhost/", { method: "POST", body: JSON.stringify(cases) });
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), inNode);
});
