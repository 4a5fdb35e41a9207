// Runs the tests with a folder of their own for temporary files, which goes with them: node scripts/run-tests.mjs [FILE...]
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const build = fileURLToPath(new URL("../build/", import.meta.url));
const all = readdirSync(build).filter((name) => name.endsWith(".test.js")).map((name) => join(build, name));
const files = process.argv.length > 2 ? process.argv.slice(2) : all;
const folder = mkdtempSync(join(tmpdir(), "amazon-dsp-events-tests-"));
try {
  const { status } = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit", env: { ...process.env, TMPDIR: folder } });
  process.exitCode = status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
