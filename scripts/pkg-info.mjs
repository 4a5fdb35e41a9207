// Writes pkg/'s package.json, and build.json: what the module was made from, and by what.
import { readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

const [, , folder, sources, std, stdFrom, rustc, wasmBindgen, wasmOpt] = process.argv;
const { version } = /^version = "(?<version>.+)"$/m.exec(readFileSync("Cargo.toml", "utf8")).groups;
const module = readFileSync(`${folder}/core_bg.wasm`);

const write = (name, value) => writeFileSync(`${folder}/${name}`, `${JSON.stringify(value, null, 2)}\n`);
write("package.json", { name: "amazon-dsp-events-core", version, private: true, type: "module", main: "core.js", types: "core.d.ts" });
write("build.json", {
  sources,
  std: { from: stdFrom, sha256: std },
  rustc,
  wasmBindgen,
  wasmOpt,
  bytes: { raw: module.length, gzip: gzipSync(module).length, brotli: brotliCompressSync(module).length },
});
