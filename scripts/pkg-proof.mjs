// Proves that a pkg/ folder's module loads and answers, and is within its budget. An optimiser that breaks a module
// does not say so: only loading it tells.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { brotliCompressSync } from "node:zlib";

const limit = { raw: 300 * 1024, brotli: 110 * 1024 };

const folder = resolve(process.argv[2]);
const module = readFileSync(`${folder}/core_bg.wasm`);
const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));

const core = await import(pathToFileURL(`${folder}/core.js`));
core.initSync({ module });
if (core.version() !== version) throw new Error(`the module says it is ${core.version()}, not ${version}`);

const size = { raw: module.length, brotli: brotliCompressSync(module).length };
for (const kind of ["raw", "brotli"]) {
  console.error(`pkg: core_bg.wasm, ${kind}: ${size[kind]} bytes of ${limit[kind]}`);
  if (size[kind] > limit[kind]) throw new Error("core_bg.wasm is over its budget");
}
