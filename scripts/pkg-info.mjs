// Writes pkg/'s package.json and build.json: what it was made from, by what, and how large the module is. Loads the
// module once, for an optimiser that breaks it would not say so.
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

const [, , folder, sources, std, rustc, wasmBindgen, wasmOpt] = process.argv;
const { version } = /^version = "(?<version>.+)"$/m.exec(readFileSync("Cargo.toml", "utf8")).groups;
const module = readFileSync(`${folder}/core_bg.wasm`);

const core = await import(`file://${folder}/core.js`);
core.initSync({ module });
if (core.version() !== version) throw new Error(`the module says it is ${core.version()}, not ${version}`);

const write = (name, value) => writeFileSync(`${folder}/${name}`, `${JSON.stringify(value, null, 2)}\n`);
write("package.json", { name: "amazon-dsp-events-core", version, private: true, type: "module", main: "core.js", types: "core.d.ts" });
write("build.json", {
  sources,
  std,
  rustc,
  wasmBindgen,
  wasmOpt,
  bytes: { raw: module.length, gzip: gzipSync(module).length, brotli: brotliCompressSync(module).length },
});
