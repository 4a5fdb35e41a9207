// The packed package through bundlers, and the README's programs as their users run them.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { createContext, runInContext } from "node:vm";

import { bundle, bundleWorker, filesOf, startWorker } from "./bundle.mjs";
import { cases } from "./fixtures.mjs";
import { emptyProject } from "./project.mjs";
import { execute, missing, reference, toolPath } from "./runtimes.mjs";

const project = await emptyProject();
after(project.remove);
const { startMock } = await project.load("./mock");
const expected = await reference.run(project, "table", cases);
const skip = missing("esbuild") || missing("miniflare");
const kib = (files) => files.map(({ name, contents }) => `${name} ${(contents.length / 1024).toFixed(0)} KiB`).join(", ");

const EVENT = { type: "page", userId: "jane@example.com", messageId: "m-1", properties: { country: "US" } };
const NOW = Date.parse("2026-11-21T00:00:00Z");
const write = (name, source) => writeFileSync(join(project.folder, name), source);
const contentsOf = (files) => Buffer.from(files[0].contents).toString();

test("esbuild bundles `transform` for a Worker, with the module beside it", { skip }, async (t) => {
  write(
    "transform_worker.mjs",
    `import { transform } from "amazon-dsp-events/core";
export default { fetch: async (request) => Response.json(transform(await request.json(), ${NOW})) };
`,
  );
  const files = await bundleWorker(project, "transform_worker.mjs");
  assert.deepEqual(files.map(({ name }) => name.replace(/-\w+\.wasm/u, ".wasm")), ["transform_worker.js", "core.wasm"]);
  const module = join(project.installed, project.manifest.exports["./core.wasm"].default);
  assert.deepEqual(Buffer.from(files[1].contents), readFileSync(module));
  t.diagnostic(kib(files));
  const worker = await startWorker(files);
  t.after(() => worker.dispose());
  const response = await worker.dispatchFetch("http://localhost/", { method: "POST", body: JSON.stringify(EVENT) });
  const { transform } = await project.load("./core");
  assert.deepEqual(await response.json(), transform(EVENT, NOW));
});

// Each is one file that runs where there is nothing else: no file system, no packages, no Node.
for (const platform of ["neutral", "browser"]) {
  test(`esbuild bundles the core for the platform ${platform}, and one file answers the same bytes`, { skip }, async (t) => {
    const files = await bundle(project, "table.mjs", { platform, format: "iife", globalName: "table", minify: true });
    t.diagnostic(kib(files));
    const page = createContext({ atob, TextDecoder, TextEncoder });
    runInContext(contentsOf(files), page);
    page.cases = cases;
    assert.deepEqual([...runInContext("table.run(cases)", page)], expected.lines);
  });
}

test("esbuild bundles the core into one CommonJS file, which answers the same bytes", { skip }, async (t) => {
  const files = await bundle(project, "table.mjs", { platform: "node", format: "cjs" });
  t.diagnostic(kib(files));
  const alone = join(project.folder, "alone");
  mkdirSync(alone);
  writeFileSync(join(alone, "table.cjs"), contentsOf(files));
  writeFileSync(
    join(alone, "use.cjs"),
    'const { run } = require("./table.cjs");\nconsole.log(run(JSON.parse(require("node:fs").readFileSync(0, "utf8"))).join("\\n"));\n',
  );
  const { stdout } = await execute(process.execPath, ["use.cjs"], { cwd: alone, input: JSON.stringify(cases) });
  assert.deepEqual(stdout.trimEnd().split("\n"), expected.lines);
});

test("wrangler bundles a Worker with no settings, and it answers the same bytes", { skip: skip || missing("wrangler") }, async (t) => {
  write("wrangler.json", '{ "name": "proxy", "main": "worker.mjs", "compatibility_date": "2026-01-01", "send_metrics": false }');
  const args = [toolPath("wrangler/bin/wrangler.js"), "deploy", "--dry-run", "--outdir", "out"];
  const { stdout } = await execute(process.execPath, args, { cwd: project.folder });
  t.diagnostic(/Total Upload: .*/u.exec(stdout)?.[0] ?? stdout);
  const files = filesOf(join(project.folder, "out"));
  assert.deepEqual(files.map(({ name }) => name.replace(/^\w+-core/u, "core")), ["worker.js", "core.wasm"]);
  const worker = await startWorker(files);
  t.after(() => worker.dispose());
  const response = await worker.dispatchFetch("http://localhost/table", { method: "POST", body: JSON.stringify(cases) });
  assert.deepEqual((await response.text()).split("\n"), expected.lines);
});

/** The program in the README under that heading. */
function program(heading) {
  const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  return new RegExp(`## ${heading}\n\n.*?\`\`\`js\n(.+?)\`\`\``, "su").exec(readme)[1];
}

test("the README's Worker delivers to Amazon", { skip }, async (t) => {
  const mock = await startMock();
  t.after(() => mock.close());
  write("readme_worker.mjs", program("In a Worker"));
  const worker = await startWorker(await bundleWorker(project, "readme_worker.mjs"), mock.parameters);
  t.after(() => worker.dispose());
  const body = JSON.stringify([{ ...EVENT, timestamp: new Date().toISOString() }]);
  const response = await worker.dispatchFetch("http://localhost/", { method: "POST", body });
  assert.equal(response.status, 202);
  const deadline = Date.now() + 10_000;
  while (mock.stats().accepted < 1 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(mock.stats().accepted, 1);
});

test("the README's Node program delivers to Amazon", async (t) => {
  const mock = await startMock();
  t.after(() => mock.close());
  write("readme_node.mjs", program("In Node"));
  const { stdout } = await execute(process.execPath, ["readme_node.mjs"], { cwd: project.folder, env: mock.parameters });
  assert.match(stdout, /outcome: 'accepted'/u);
  assert.equal(mock.stats().accepted, 1);
});
