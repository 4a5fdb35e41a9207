// Bundles a program of an empty project, as its user would, and runs a Worker's bundle in workerd.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";

const moduleLast = (a, b) => a.name.endsWith(".wasm") - b.name.endsWith(".wasm");

/** esbuild's output files, the entry first. `.wasm` files stay files, as wrangler leaves them. */
export async function bundle(project, entry, options) {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(project.folder, entry)],
    absWorkingDir: project.folder,
    bundle: true,
    write: false,
    format: "esm",
    outdir: "out",
    logLevel: "warning",
    ...options,
  });
  return outputFiles.map(({ path, contents }) => ({ name: basename(path), contents })).sort(moduleLast);
}

/** The same, for a Worker. */
export const bundleWorker = (project, entry) =>
  bundle(project, entry, { platform: "neutral", conditions: ["workerd"], loader: { ".wasm": "copy" } });

/** Runs the bundle of a Worker; the first file is its entry. */
export async function startWorker(files, bindings = {}) {
  const { Miniflare } = await import("miniflare");
  return new Miniflare({
    modules: files.map(({ name, contents }) => ({
      type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule",
      path: name,
      contents: name.endsWith(".wasm") ? contents : Buffer.from(contents).toString(),
    })),
    bindings,
    compatibilityDate: "2026-01-01",
    cf: false,
  });
}

/** The code and the module that a bundler left in a folder, the entry first. */
export const filesOf = (folder) =>
  readdirSync(folder)
    .filter((name) => /\.(?:js|wasm)$/u.test(name))
    .map((name) => ({ name, contents: readFileSync(join(folder, name)) }))
    .sort(moduleLast);
