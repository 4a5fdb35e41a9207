// What a release stands on: reasons of dependencies, one version everywhere, a list of what ships.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, root), "utf8");
const script = (name: string): Promise<never> => import(new URL(`scripts/${name}`, root).href) as Promise<never>;

interface Row {
  readonly names: readonly string[];
  readonly folders: readonly string[];
  readonly reason: string;
}

const dependencies = await script("dependencies.mjs") as {
  dependenciesOf: (name: string, text: string) => string[];
  rowsOf: (document: string) => Row[];
  problemsOf: (rows: readonly Row[], found: ReadonlySet<string>) => string[];
  found: () => Set<string>;
  rows: () => Row[];
};
const sbom = await script("sbom.mjs") as {
  cratesOf: (metadata: object, lock: string) => { top: string; components: object[]; dependencies: object[] };
  npmPackagesOf: (lock: object) => { top: object; components: object[]; dependencies: object[] };
  ofCrate: (crates: object, timestamp: string) => Record<string, unknown>;
  ofPackage: (npm: object, crates: object, module: Uint8Array, timestamp: string) => Record<string, unknown>;
};
const versions = await script("set-version.mjs") as {
  withVersion: (text: string, place: { file: string; pattern: RegExp; times: number }, version: string) => string;
  differing: (version: string) => string[];
};

test("every dependency has its reason in DESIGN.md, and each reason its dependency", () => {
  assert.deepEqual(dependencies.problemsOf(dependencies.rows(), dependencies.found()), []);
  const rows = dependencies.rowsOf("# D\n\n## Dependencies\n\n| a | b | c |\n| --- | --- | --- |\n| `x`, `y` | `.`, `f` | why |\n| `z` | `.` |  |\n\n## Next\n\n| `no` | `.` | row |\n");
  assert.deepEqual(rows, [
    { names: ["x", "y"], folders: [".", "f"], reason: "why" },
    { names: ["z"], folders: ["."], reason: "" },
  ]);
  assert.deepEqual(dependencies.problemsOf(rows, new Set(["x of .", "x of f", "y of .", "new of f"])), [
    "z has no reason",
    "new of f has no row",
    "y of f is gone, and its row is not",
    "z of . is gone, and its row is not",
  ]);
});

test("a dependency is found in whatever form a manifest names it", () => {
  const cargo = `[package]\nname = "a"\n[dependencies]\none = "1"\ntwo = { version = "2" } # note\nthree.workspace = true\n[dev-dependencies.four]\nversion = "4"
[target.'cfg(not(target_arch = "wasm32"))'.dev-dependencies]\nfive = "5"\n[build-dependencies]\nsix = "6"\n[features]\nseven = []\n[[bin]]\nname = "eight"\n`;
  assert.deepEqual(dependencies.dependenciesOf("Cargo.toml", cargo), ["one", "two", "three", "four", "five", "six"]);
  const npm = { dependencies: { a: "1" }, devDependencies: { b: "1", a: "1" }, peerDependencies: { c: "1" }, optionalDependencies: { d: "1" }, imports: { "#e": "./e.js" } };
  assert.deepEqual(dependencies.dependenciesOf("package.json", JSON.stringify(npm)), ["a", "b", "c", "d"]);
  assert.deepEqual(dependencies.dependenciesOf("x/deno.json", '{"imports":{"a":"npm:@s/a@^1","b":"jsr:b","c":"npm:c@1"}}'), ["@s/a", "b", "c"]);
});

test("every manifest has the version of the crate", () => {
  const [, version = ""] = /^version = "(.+)"$/m.exec(read("Cargo.toml")) ?? [];
  assert.deepEqual(versions.differing(version), []);
  assert.deepEqual(versions.differing("999.0.0").filter((name) => !name.startsWith("examples/")), [
    "Cargo.toml", "Cargo.lock", "fuzz/Cargo.lock", "js-host/package.json", "js-host/package-lock.json", "pkg/package.json",
  ]);
  const place = { file: "f", pattern: /("v": ")([^"]+)(?=")/g, times: 1 };
  assert.equal(versions.withVersion('{ "v": "1.0.0", "w": "1.0.0" }', place, "2.0.0"), '{ "v": "2.0.0", "w": "1.0.0" }');
  assert.throws(() => versions.withVersion("{}", place, "2.0.0"), { message: "f has the version 0 times, and should have it 1 times" });
});

test("an SBOM lists what ships, with its licence and its hash", () => {
  const crate = (name: string, license: string): object => ({ id: name, name, version: "1.0.0", license, description: `the\n ${name}`, repository: null });
  const dep = (pkg: string, ...kinds: (string | null)[]): object => ({ pkg, dep_kinds: kinds.map((kind) => ({ kind })) });
  const metadata = {
    packages: [crate("amazon_dsp_events", "MIT OR Apache-2.0"), crate("used", "MIT/Apache-2.0"), crate("built", "MIT"), crate("tested", "GPL-3.0")],
    resolve: {
      nodes: [
        { id: "amazon_dsp_events", deps: [dep("used", null, "dev"), dep("tested", "dev")] },
        { id: "used", deps: [dep("built", "build")] },
        { id: "built", deps: [] },
        { id: "tested", deps: [dep("used", null)] },
      ],
    },
  };
  const lock = ["used", "built", "tested"].map((name) => `[[package]]\nname = "${name}"\nversion = "1.0.0"\nsource = "registry+x"\nchecksum = "${name}00"\n`).join("\n");
  const crates = sbom.cratesOf(metadata, lock);
  const ofCrate = sbom.ofCrate(crates, "2026-11-21T00:00:00Z");
  const library = (name: string, expression: string, hash?: string): object => ({
    type: "library", "bom-ref": `pkg:cargo/${name}@1.0.0`, name, version: "1.0.0", description: `the ${name}`,
    ...(hash && { hashes: [{ alg: "SHA-256", content: hash }] }), licenses: [{ expression }], purl: `pkg:cargo/${name}@1.0.0`,
  });
  assert.deepEqual({ ...ofCrate, serialNumber: "" }, {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", bomFormat: "CycloneDX", specVersion: "1.6", serialNumber: "", version: 1,
    metadata: {
      timestamp: "2026-11-21T00:00:00Z",
      tools: { components: [{ type: "application", name: "scripts/sbom.mjs", group: "amazon-dsp-events" }] },
      component: library("amazon_dsp_events", "MIT OR Apache-2.0"),
    },
    components: [library("built", "MIT", "built00"), library("used", "MIT OR Apache-2.0", "used00")],
    dependencies: [
      { ref: "pkg:cargo/amazon_dsp_events@1.0.0", dependsOn: ["pkg:cargo/used@1.0.0"] },
      { ref: "pkg:cargo/built@1.0.0", dependsOn: [] },
      { ref: "pkg:cargo/used@1.0.0", dependsOn: ["pkg:cargo/built@1.0.0"] },
    ],
  });
  assert.match(String(ofCrate["serialNumber"]), /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(sbom.ofCrate(crates, "2026-11-21T00:00:00Z"), ofCrate);

  const npm = sbom.npmPackagesOf(JSON.parse(read("js-host/package-lock.json")) as object);
  const { dependencies: shipped } = JSON.parse(read("js-host/package.json")) as { dependencies: Record<string, string> };
  const ofPackage = sbom.ofPackage(npm, crates, new Uint8Array(), "2026-11-21T00:00:00Z") as { components: { name: string }[]; dependencies: { ref: string; dependsOn: string[] }[] };
  assert.deepEqual(ofPackage.components.map(({ name }) => name), [...Object.keys(shipped), "dist/wasm/core.wasm", "amazon_dsp_events", "built", "used"]);
  assert.deepEqual(ofPackage.dependencies[0]?.dependsOn, [...Object.entries(shipped).map(([name, version]) => `pkg:npm/${name}@${version}`), "core.wasm"]);
  for (const one of ofPackage.components as { name: string; licenses?: unknown; hashes?: unknown }[]) {
    assert.ok(one.hashes ?? one.name === "amazon_dsp_events", `${one.name} has no hash`);
    assert.ok(one.licenses ?? one.name.endsWith(".wasm"), `${one.name} has no licence`);
  }
});

test("publishing goes with provenance, and no action of the workflow can be changed behind our back", () => {
  const { publishConfig } = JSON.parse(read("js-host/package.json")) as { publishConfig: unknown };
  assert.deepEqual(publishConfig, { access: "public", provenance: true });
  const workflow = read(".github/workflows/release.yml");
  const actions = [...workflow.matchAll(/uses: (.+)/g)].map(([, action = ""]) => action);
  assert.equal(actions.length, 3);
  for (const action of actions) assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
  assert.match(workflow, /^permissions: \{\}$/m);
  assert.match(workflow, /^ {4}permissions:\n {6}contents: read\n {6}id-token: write\n {4}steps:/m);
});
