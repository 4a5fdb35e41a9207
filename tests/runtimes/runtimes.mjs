// The runtimes, each with a way to run a program of the empty project in it.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { bundleWorker, startWorker } from "./bundle.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));

/** The path of a file of one of this folder's packages. */
export const toolPath = (path) => join(here, "node_modules", path);

/** Why a test that needs a package is skipped, or false if it is there. */
export const missing = (name) => (existsSync(toolPath(`${name}/package.json`)) ? false : `${name} is not installed: run \`npm --prefix tests/runtimes ci\`; if it was, npm could not fetch it`);

const { devDependencies, optionalDependencies } = JSON.parse(readFileSync(join(here, "package.json"), "utf8"));
const platform = `${process.platform}-${process.arch}`;

/** Runs a command and resolves to what it wrote; rejects if it fails. */
export function execute(command, args, { cwd, input = "", env: more }) {
  return new Promise((resolve, reject) => {
    // Nothing of the machine's settings: what a runtime keeps for itself, it keeps in the project's folder.
    const quiet = { DENO_DIR: join(cwd, ".deno"), DENO_NO_UPDATE_CHECK: "1", DO_NOT_TRACK: "1" };
    const env = { PATH: process.env.PATH, HOME: cwd, ...quiet, ...more };
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

/** A runtime that is a command. `flags` say what a program may do, or, without one, that it may do all. */
function command(name, version, path, flags = () => []) {
  return {
    name: `${name} ${version}`,
    missing: existsSync(path) ? false : `not installed: run \`npm --prefix tests/runtimes ci\`; if it was, npm has no build of it for ${platform}, or could not fetch it`,
    /** Runs a script, with its arguments. */
    execute: (args, options) => execute(path, [...flags(), ...args], options),
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
  return { ...command("Node", version, toolPath(`${name}/bin/node`)), node: true };
}

// What each program may do in Deno: the mapping needs nothing.
const NET = "--allow-net=127.0.0.1";
const FILES = ["--allow-read=.", "--allow-write=."];
const PERMISSIONS = { table: [], deliver: [NET], files: [NET, ...FILES], store: [NET, ...FILES] };

const deno = command(
  "Deno",
  optionalDependencies.deno,
  toolPath(`@deno/${platform}${process.platform === "linux" ? "-glibc" : ""}/deno`),
  (program) => ["run", "--quiet", "--no-prompt", "--no-remote", ...(program === undefined ? ["--allow-all"] : PERMISSIONS[program])],
);

const bun = command("Bun", optionalDependencies.bun, toolPath(`@oven/bun-${platform.replace("arm64", "aarch64")}/bin/bun`));

/** Each program runs in a Worker made from the package by a bundler: there is no other way into workerd. */
function workerd() {
  let worker;
  const absent = missing("miniflare") || missing("workerd") || missing("esbuild");
  const version = absent ? `of Miniflare ${devDependencies.miniflare}` : JSON.parse(readFileSync(toolPath("workerd/package.json"), "utf8")).version;
  return {
    name: `workerd ${version}`,
    missing: absent,
    async run(project, program, argument) {
      worker ??= await startWorker(await bundleWorker(project, "worker.mjs"));
      const response = await worker.dispatchFetch(`http://localhost/${program}`, { method: "POST", body: JSON.stringify(argument) });
      const text = await response.text();
      if (response.status !== 200) throw new Error(`the Worker answered ${response.status}: ${text}`);
      return { lines: text.split("\n"), words: "" };
    },
    dispose: () => worker?.dispose(),
  };
}

/** The Node that runs this, by which the others are measured. */
export const reference = { ...command("Node", process.versions.node, process.execPath), node: true };

/** Every runtime of the matrix. */
export const runtimes = [node(20), node(22), node(24), deno, bun, workerd()];
