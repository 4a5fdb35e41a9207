// An empty project with the packed package installed, and the programs beside it: what a user has.
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const host = fileURLToPath(new URL("../../js-host/", import.meta.url));
const npm = (args, cwd) => execFileSync("npm", args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });

/** Packs js-host, or takes the file that `PACKED` names, and installs it in a new folder, which `remove` takes away. */
export async function emptyProject() {
  const folder = mkdtempSync(join(tmpdir(), "amazon-dsp-events-project-"));
  const tarball = process.env.PACKED ?? join(folder, JSON.parse(npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], host))[0].filename);
  writeFileSync(join(folder, "package.json"), '{ "name": "empty", "private": true, "type": "module" }');
  npm(["install", "--silent", "--prefer-offline", "--no-audit", "--no-fund", tarball], folder);
  cpSync(new URL("programs/", import.meta.url), folder, { recursive: true });
  const installed = join(folder, "node_modules/amazon-dsp-events");
  const manifest = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
  const modules = Object.entries(manifest.exports)
    .filter(([, { default: path }]) => path?.endsWith(".js"))
    .map(([entry, { default: path }]) => ({ specifier: entry.replace(".", manifest.name), path: join(installed, path) }));
  const needing = {};
  for (const { specifier, path } of modules) needing[specifier] = await peerOf(path, manifest);
  return {
    folder,
    tarball,
    /** The package as it is installed. */
    installed,
    manifest,
    /** The entries that are modules, as a user imports them, but for those of `needing`. */
    entries: modules.filter(({ specifier }) => needing[specifier] === undefined),
    /** Entries that cannot be imported without an optional peer, with its name. */
    needing: Object.entries(needing).filter(([, peer]) => peer !== undefined),
    /** Imports an entry, by its key in `exports`. */
    load: (entry) => import(join(installed, manifest.exports[entry].default)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The optional peer without which a module cannot be imported, if there is one. */
async function peerOf(path, { peerDependenciesMeta = {} }) {
  try {
    await import(path);
  } catch (error) {
    const peer = Object.keys(peerDependenciesMeta).find((name) => error.message.includes(`Cannot find package '${name}'`));
    if (peer === undefined) throw error;
    return peer;
  }
}
