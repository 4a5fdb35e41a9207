// An empty project with the packed package in it, and Workers that are bundled and run from there.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Miniflare } from "miniflare";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

/** The template, a copy of it that has the packed package installed instead of the published one. */
export function installTemplate() {
  const folder = mkdtempSync(join(tmpdir(), "edge-"));
  cpSync(path("../../examples/worker"), folder, { recursive: true, filter: (source) => basename(source) !== "node_modules" });
  const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  const [{ filename }] = JSON.parse(npm(["pack", "--json", "--loglevel=error", "--ignore-scripts", "--pack-destination", folder], path("../../js-host")));
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  delete manifest.devDependencies;
  manifest.dependencies["amazon-dsp-events"] = `file:${filename}`;
  writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
  npm(["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund"], folder);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** Bundles a source as for workerd, with nothing of Node's; gives its modules, and what they were made of. */
export async function bundle(folder, source) {
  const outdir = mkdtempSync(join(folder, "out-"));
  const { metafile } = await build({
    stdin: { contents: source, resolveDir: join(folder, "src"), sourcefile: "worker.js" },
    outfile: join(outdir, "worker.js"),
    bundle: true,
    format: "esm",
    platform: "neutral",
    conditions: ["workerd", "worker", "browser"],
    loader: { ".wasm": "copy" },
    metafile: true,
    logLevel: "error",
  });
  const modules = readdirSync(outdir)
    .sort()
    .reverse()
    .map((name) => ({ type: name.endsWith(".wasm") ? "CompiledWasm" : "ESModule", path: name, contents: readFileSync(join(outdir, name), name.endsWith(".wasm") ? null : "utf8") }));
  return { modules, metafile, outdir };
}

/** A Miniflare that is gone when the test is. */
export function start(t, options) {
  const miniflare = new Miniflare({ compatibilityDate: "2026-01-01", cf: false, ...options });
  t.after(() => miniflare.dispose());
  return miniflare;
}

/** Waits until something holds. */
export async function until(holds, ms = 60_000) {
  const deadline = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`did not come to hold within ${ms / 1000} s: ${holds}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
