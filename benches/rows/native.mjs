// The same core compiled natively, and what one would write in Rust with serde_json and sha2, in a process that runs them in
// turns with us. Needs Rust; without it there are no such rows, which is said.
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { CONFIG } from "../config.mjs";
import { sameBytes } from "../equal.mjs";
import { ours } from "../peers/ours.mjs";
import { comparison, inTurns } from "../rounds.mjs";
import { row } from "../tables.mjs";

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));
const manifest = path("../native/Cargo.toml");
const target = path("../../target/benches");

export async function native({ input, now, rounds, progress, check }) {
  if (spawnSync("cargo", ["--version"], { cwd: path("../..") }).status !== 0) {
    console.error("NOT MEASURED: the native core, for there is no Rust here");
    return {};
  }
  progress("building the native core")(0, 1);
  // For a check it need not be fast.
  const profile = check ? [] : ["--release"];
  execFileSync("cargo", ["build", "--locked", "--quiet", ...profile, "--manifest-path", manifest, "--target-dir", target], { stdio: "inherit", cwd: path("../..") });
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  writeFileSync(join(folder, "events.ndjson"), Buffer.concat(input.chunks));
  writeFileSync(join(folder, "config.json"), JSON.stringify(CONFIG));
  const program = join(target, check ? "debug" : "release", "amazon_dsp_events_benches");
  const child = spawn(program, [join(folder, "events.ndjson"), join(folder, "config.json"), String(now)], { stdio: ["pipe", "pipe", "inherit"] });
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async () => {
    const { value, done } = await answers.next();
    if (done) throw new Error("the native program ended");
    return value;
  };
  try {
    const encoder = new TextEncoder();
    for (const who of ["core", "ordinary"]) {
      child.stdin.write(`${who}\n`);
      for (const [index, chunk] of input.chunks.entries()) sameBytes(`native, ${who}, batch ${index}`, ours.batch(chunk, now), encoder.encode(await answer()));
    }
    // It answers with the CPU time that a pass took; what it has taken so far is their sum.
    let spent = 0;
    const runner = (name, who) => ({
      name,
      cpu: () => spent,
      run: async () => {
        child.stdin.write(`${who} 1\n`);
        spent += Number(await answer()) / 1000;
      },
    });
    const mine = {
      name: ours.name,
      run: () => {
        for (const chunk of input.chunks) ours.batch(chunk, now);
      },
    };
    const runners = [mine, runner("our core, native", "core"), runner("serde_json and sha2, native", "ordinary")];
    const samples = await inTurns(runners, { events: input.count, rounds, progress: progress("native") });
    return { rows: runners.slice(1).map(({ name }) => row("batch of 500, bytes to body", name, comparison(samples, ours.name, name))) };
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}
