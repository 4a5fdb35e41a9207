// The runtimes, each with a way to run a program of the empty project in it.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { bundleWorker, startWorker } from "./bundle.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const { devDependencies, optionalDependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const platform = `${process.platform}-${process.arch}`;

/** Runs a command and resolves to what it wrote; rejects if it fails. */
export function execute(command, args, { cwd, input = "" }) {
  return new Promise((resolve, reject) => {
    // Nothing of the machine's settings: what a runtime keeps for itself, it keeps in the project's folder.
    const env = { PATH: process.env.PATH, HOME: cwd, DENO_DIR: join(cwd, ".deno"), DENO_NO_UPDATE_CHECK: "1", DO_NOT_TRACK: "1", NO_COLOR: "1" };
    const child = spawn(command, args, { cwd, env, stdio: "pipe" });
    const output = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (output[name] += text));
    child.once("error", reject).once("close", (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${command} ${args.join(" ")}: ${signal ?? `exit ${code}`}\n${output.stdout.slice(-2000)}${output.stderr}`));
    });
    child.stdin.on("error", () => undefined).end(input);
  });
}

/** A runtime that is a command. `flags` are what a program needs to be allowed. */
function command(name, version, path, flags = () => []) {
  return {
    name: `${name} ${version}`,
    missing: existsSync(path) ? false : `${name} ${version} is not installed: npm has no build for ${platform}, or could not fetch it`,
    /** Its own arguments, as they are. */
    execute: (args, options) => execute(path, args, options),
    async run(project, program, argument) {
      const args = [...flags(program), "main.mjs", program];
      const { stdout, stderr } = await execute(path, args, { cwd: project.folder, input: JSON.stringify(argument) });
      // An experimental API is a warning of the runtime's own; anything else is ours.
      return { lines: stdout.trimEnd().split("\n"), words: stderr.replace(/^\(node.*ExperimentalWarning: SQLite.*\n\(Use .*\n/mu, "") };
    },
    dispose: () => undefined,
  };
}

function node(major) {
  const name = `node-${major}-${platform}`;
  const version = optionalDependencies[`node-${major}-linux-x64`].split("@").at(-1);
  return { ...command("Node", version, join(here, "node_modules", name, "bin/node")), node: true };
}

// What each program may do in Deno: the mapping needs nothing.
const PERMISSIONS = { table: [], deliver: ["--allow-net=127.0.0.1"], store: ["--allow-net=127.0.0.1", "--allow-read=.", "--allow-write=."] };

const deno = command(
  "Deno",
  optionalDependencies.deno,
  join(here, `node_modules/@deno/${platform}${process.platform === "linux" ? "-glibc" : ""}/deno`),
  (program) => ["run", "--quiet", "--no-prompt", "--no-remote", ...PERMISSIONS[program]],
);

const bun = command("Bun", optionalDependencies.bun, join(here, `node_modules/@oven/bun-${platform.replace("arm64", "aarch64")}/bin/bun`));

/** Each program runs in a Worker made from the package by a bundler: there is no other way into workerd. */
function workerd() {
  const require = createRequire(import.meta.url);
  const workers = new Map();
  let version = `of Miniflare ${devDependencies.miniflare}`;
  let missing = false;
  try {
    ({ version } = JSON.parse(readFileSync(require.resolve("workerd/package.json"), "utf8")));
  } catch {
    missing = "workerd is not installed: npm could not fetch it";
  }
  return {
    name: `workerd ${version}`,
    missing,
    async run(project, program, argument) {
      if (!workers.has(project)) workers.set(project, startWorker(await bundleWorker(project, "worker.mjs")));
      const worker = await workers.get(project);
      const response = await worker.dispatchFetch(`http://localhost/${program}`, { method: "POST", body: JSON.stringify(argument) });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`the Worker answered ${response.status}: ${text}`);
      return { lines: text.split("\n"), words: "" };
    },
    async dispose() {
      for (const worker of workers.values()) await (await worker).dispose();
    },
  };
}

/** The Node that runs this, by which the others are measured. */
export const reference = { ...command("Node", process.versions.node, process.execPath), node: true };

/** Every runtime of the matrix. */
export const runtimes = [node(20), node(22), node(24), deno, bun, workerd()];
