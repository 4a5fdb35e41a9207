// Builds dist/: puts the core of ../pkg there in the two forms that runtimes can load, then compiles the TypeScript.
// Silent when all is well, and quick when nothing has changed.
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const pkg = fileURLToPath(new URL("../../pkg/", import.meta.url));
const wasm = `${root}dist/wasm/`;

/** Leaves a file that is right already alone, so that the compiler does not look at it again. */
function write(name, content) {
  const bytes = Buffer.from(content);
  if (existsSync(wasm + name) && readFileSync(wasm + name).equals(bytes)) return;
  writeFileSync(wasm + name, bytes);
}

function fail(message) {
  console.error(`build: ${message}`);
  process.exit(1);
}

if (!existsSync(`${pkg}core_bg.wasm`)) fail("../pkg/core_bg.wasm is missing: run `make pkg`");
mkdirSync(wasm, { recursive: true });
const module = readFileSync(`${pkg}core_bg.wasm`);
write("core.js", readFileSync(`${pkg}core.js`));
// What makes the module ready is called here alone, and is declared by types of browsers that not every project has.
const [declared, loader] = readFileSync(`${pkg}core.d.ts`, "utf8").split("export type InitInput = ");
if (loader === undefined) fail("../pkg/core.d.ts declares no `InitInput`: the glue has changed, and so must this script");
write("core.d.ts", `${declared}export function initSync(source: { module: unknown }): void;\n`);
write("core.wasm", module);
// As in src/web.ts, for the same reason.
write(
  "core.d.wasm.ts",
  `type Module = typeof globalThis extends { WebAssembly: { Module: { prototype: infer Instance } } } ? Instance : object;
declare const module: Module;
export default module;
`,
);
// Text can be bundled, moved and imported everywhere; a file beside the code cannot.
write("core.base64.js", `export default "${module.toString("base64")}";\n`);
write("core.base64.d.ts", "declare const base64: string;\nexport default base64;\n");

// Editors complete a config or a plan by them; the licences go into the package as well.
for (const schema of ["../../src/config.schema.json", "../src/mock/mock-plan.schema.json"]) {
  const text = JSON.stringify(JSON.parse(readFileSync(new URL(schema, import.meta.url), "utf8")));
  writeFileSync(`${root}dist/${schema.split("/").at(-1)}`, text);
}
for (const name of ["LICENSE-MIT", "LICENSE-APACHE"]) copyFileSync(fileURLToPath(new URL(`../../${name}`, import.meta.url)), root + name);

// What the compiler does not make of the playground's page.
const page = "playground/page/";
mkdirSync(`${root}dist/${page}`, { recursive: true });
for (const name of readdirSync(`${root}src/${page}`)) {
  if (/\.(?:html|css|svg)$/u.test(name)) copyFileSync(`${root}src/${page}${name}`, `${root}dist/${page}${name}`);
}

const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
if (!existsSync(tsc)) fail("the compiler is missing: run `npm ci` in js-host");
const compiled = spawnSync(process.execPath, [tsc, "--build", root], { stdio: ["ignore", "inherit", "inherit"] });
// Left alone, the next build would take what failed for up to date.
if (compiled.status !== 0) for (const name of [".library", ".node", ".cli", ".page"]) rmSync(`${root}dist/${name}.tsbuildinfo`, { force: true });
process.exit(compiled.status ?? 1);
