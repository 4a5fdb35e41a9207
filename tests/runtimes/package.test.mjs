// The packed package, as tools, compilers and `import` find it.
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { emptyProject } from "./project.mjs";
import { execute, missing, reference, runtimes } from "./runtimes.mjs";

const project = await emptyProject();
after(project.remove);
const { exports, imports } = project.manifest;

test("publint finds nothing", { skip: missing("publint") }, async () => {
  const { publint } = await import("publint");
  const { messages } = await publint({ pkgDir: project.installed, pack: false, strict: true });
  assert.deepEqual(messages, []);
});

// What "are the types wrong" may find, and why it stays: the same as its profile `esm-only`.
const ACCEPTED = {
  "NoResolution node10": "TypeScript's oldest resolution knows no `exports`; no supported Node resolves so",
  "CJSResolvesToESM node16-cjs": "CommonJS reaches the ES module by `require`, as Node 20.19 and 22.12 load it; `module: nodenext` allows it",
};

test("attw finds nothing but what is accepted", { skip: missing("@arethetypeswrong/core") }, async () => {
  const { checkPackage, createPackageFromTarballData } = await import("@arethetypeswrong/core");
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(project.tarball))));
  assert.deepEqual(Object.keys(result.entrypoints).sort(), Object.keys(exports).sort());
  const found = result.problems.map(({ kind, resolutionKind, entrypoint }) => ({ finding: `${kind} ${resolutionKind}`, entrypoint }));
  assert.deepEqual(found.filter(({ finding }) => !(finding in ACCEPTED)), []);
  // One that is found no more is accepted no more.
  assert.deepEqual([...new Set(found.map(({ finding }) => finding))].sort(), Object.keys(ACCEPTED).sort());
});

test("in `exports` and `imports` types come first and the default last, and only runtimes that are tested are named", () => {
  for (const [entry, conditions] of Object.entries({ ...exports, ...imports })) {
    if (typeof conditions === "string") continue;
    const names = Object.keys(conditions);
    assert.deepEqual([names.at(0), names.at(-1)], ["types", "default"], entry);
    assert.deepEqual(names.slice(1, -1).filter((name) => name !== "workerd"), [], entry);
  }
});

/** Type-checks a file of the project, and resolves to what the compiler says of it. */
async function check(name, source, options) {
  writeFileSync(join(project.folder, name), source);
  const tsc = fileURLToPath(new URL("../../js-host/node_modules/typescript/bin/tsc", import.meta.url));
  const args = [tsc, "--noEmit", "--strict", "--target", "es2022", "--lib", "es2022,dom", "--types", "", "--ignoreConfig", ...options, name];
  const { stdout } = await execute(process.execPath, args, { cwd: project.folder }).catch(({ message }) => ({ stdout: message }));
  return stdout;
}

const MODES = {
  node16: ["--module", "node16", "--moduleResolution", "node16"],
  nodenext: ["--module", "nodenext", "--moduleResolution", "nodenext"],
  bundler: ["--module", "esnext", "--moduleResolution", "bundler"],
};
// An `any` in the place of the type would take every property.
const USE = `import { createAmazonEvents, type AmazonEventsOptions, type EventOutcome } from "amazon-dsp-events";
import { transform, type AmazonEvent } from "amazon-dsp-events/core";
import module from "amazon-dsp-events/core.wasm";
export const event: AmazonEvent | undefined = transform({ type: "page" });
export const options = (more: AmazonEventsOptions) => createAmazonEvents(more);
export const sent = (outcome: EventOutcome): "accepted" | "rejected" | "dropped" | "dead_lettered" => outcome.outcome;
export const compiled: object = module;
// @ts-expect-error: there is no such field
event?.nothing;
`;

for (const mode of ["node16", "nodenext", "bundler"]) {
  test(`what the front door declares holds with moduleResolution ${mode}, without the types of Node`, async () => {
    assert.equal(await check(`use-${mode}.mts`, USE, MODES[mode]), "");
  });

  test(`every entry has types with moduleResolution ${mode}`, async () => {
    const source = project.entries.map(({ specifier }, index) => `export * as e${index} from "${specifier}";\n`).join("");
    assert.equal(await check(`entries-${mode}.mts`, source, [...MODES[mode], "--skipLibCheck"]), "");
  });
}

test("CommonJS in TypeScript has types by `import` with module nodenext", async () => {
  assert.equal(await check("use.cts", USE.replace(/^import module.*\n/mu, "").replace(/^.*compiled.*\n/mu, ""), MODES.nodenext), "");
});

test("no module waits at its top level, which `require` could not load", { skip: missing("esbuild") }, async () => {
  const { transform } = await import("esbuild");
  const modules = readdirSync(join(project.installed, "dist"), { recursive: true }).filter((name) => name.endsWith(".js"));
  assert.ok(modules.length > 40, `only ${modules.length} modules were found`);
  // A form that has no such waiting; esbuild refuses to translate a module that has.
  // The playground's page is a browser's; nobody requires it.
  for (const name of modules.filter((module) => !module.includes("playground/page/"))) {
    await transform(readFileSync(join(project.installed, "dist", name), "utf8"), { format: "cjs", sourcefile: name });
  }
  await assert.rejects(transform("await 0;", { format: "cjs" }), /Top-level await/u);
});

for (const runtime of [...runtimes.filter(({ node }) => node), reference]) {
  test(`${runtime.name}: importing an entry does nothing`, { skip: runtime.missing }, async () => {
    const specifiers = project.entries.map(({ specifier }) => specifier);
    const { lines, words } = await runtime.run(project, "import", specifiers);
    assert.equal(words, "");
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      specifiers.map((entry) => ({ entry, called: [], globals: [], listeners: [], resources: [] })),
    );
  });
}

test("an entry that cannot be imported alone needs an optional peer", (t) => {
  assert.deepEqual(project.needing.filter(([, peer]) => !project.manifest.peerDependenciesMeta[peer].optional), []);
  t.diagnostic(`entries that need one: ${project.needing.map(([entry, peer]) => `${entry} ${peer}`).join(", ") || "none"}`);
});

test("the edge's entries and what they import have no package to install", { skip: missing("esbuild") }, async () => {
  const { build } = await import("esbuild");
  for (const entry of [".", "./core"]) {
    const { metafile } = await build({
      entryPoints: [join(project.installed, exports[entry].default)],
      bundle: true,
      write: false,
      metafile: true,
      platform: "neutral",
      logLevel: "silent",
    });
    const outside = Object.keys(metafile.inputs).filter((path) => !path.includes("node_modules/amazon-dsp-events/dist/"));
    assert.deepEqual(outside, []);
  }
});

test("docs/runtimes.md has a row for every entry", () => {
  const text = readFileSync(new URL("../../docs/runtimes.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `([^`]+)`/gmu)].map(([, entry]) => entry);
  const entries = Object.keys(exports).map((entry) => entry.replace(".", project.manifest.name));
  assert.deepEqual(entries.filter((entry) => !rows.includes(entry)), []);
});
