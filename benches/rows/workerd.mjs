// The same batches in workerd, Cloudflare's runtime: CPU time of its process, where the system tells it (Linux), else the time
// that it takes.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { sameBytes } from "../equal.mjs";
import { ours } from "../peers/ours.mjs";
import { best, comparison, inTurns } from "../rounds.mjs";
import { row } from "../tables.mjs";

async function bundle() {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL("../workerd/worker.mjs", import.meta.url))],
    bundle: true,
    write: false,
    format: "esm",
    outdir: "out",
    platform: "neutral",
    conditions: ["workerd"],
    external: ["node:*"],
    loader: { ".wasm": "copy" },
  });
  const isWasm = ({ path }) => path.endsWith(".wasm");
  return outputFiles
    .sort((a, b) => isWasm(a) - isWasm(b))
    .map((file) => ({ type: isWasm(file) ? "CompiledWasm" : "ESModule", path: file.path.split("/").at(-1), contents: isWasm(file) ? file.contents : file.text }));
}

/** The CPU time of our child workerd, in microseconds, by all its threads. */
function clockOf() {
  try {
    const isOurs = (pid) => {
      try {
        const [, name, parent] = /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, "utf8"));
        return name.startsWith("workerd") && Number(parent) === process.pid;
      } catch {
        return false;
      }
    };
    const pid = readdirSync("/proc").find((name) => /^\d+$/.test(name) && isOurs(name));
    const cpu = () => readdirSync(`/proc/${pid}/task`).reduce((sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]), 0) / 1000;
    cpu();
    return cpu;
  } catch {
    return () => performance.now() * 1000;
  }
}

export async function workerd({ input, now, rounds, progress }) {
  const { Miniflare } = await import("miniflare");
  const miniflare = new Miniflare({ modules: await bundle(), compatibilityDate: "2026-01-01", compatibilityFlags: ["nodejs_compat"], cf: false });
  try {
    const url = await miniflare.ready;
    const get = async (path, init) => {
      const response = await fetch(new URL(path, url), init);
      if (response.status !== 200) throw new Error(`workerd: ${response.status}, ${await response.text()}`);
      return response;
    };
    for (const chunk of input.chunks) await get("/chunk", { method: "POST", body: chunk });
    const names = await (await get("/peers")).json();
    const right = names.filter((name) => !name.includes("without hashing"));
    for (const name of right) {
      for (const [index, chunk] of input.chunks.entries()) {
        const body = new Uint8Array(await (await get(`/body?peer=${encodeURIComponent(name)}&chunk=${index}`)).arrayBuffer());
        sameBytes(`workerd, ${name}, batch ${index}`, ours.batch(chunk, now), body);
      }
    }
    const cpu = clockOf();
    const runners = names.map((name) => ({ name, cpu, run: async () => (await get(`/run?peer=${encodeURIComponent(name)}`)).text() }));
    const samples = await inTurns(runners, { events: input.count, rounds, progress: progress("workerd") });
    const peers = names.filter((name) => name !== ours.name);
    const winner = best(samples, right.filter((name) => name !== ours.name));
    return {
      rows: peers.map((name) => row("workerd, batch of 500", name === winner ? `${name} (the best)` : name === "plain JS" ? "plain JS (createHash)" : name, comparison(samples, ours.name, name))),
    };
  } finally {
    await miniflare.dispose();
  }
}
