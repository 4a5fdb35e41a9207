// The declarations: every one holds in projects of any kind, and where a project has the web's types, ours are the same.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const host = fileURLToPath(new URL("../", import.meta.url));
const { exports } = JSON.parse(readFileSync(join(host, "package.json"), "utf8")) as { exports: Record<string, string | { types: string }> };
const entries = Object.keys(exports).filter((entry) => typeof exports[entry] === "object");

/** What the compiler says of a program in a project of its own. Every declaration that it reaches is checked as well. */
function compile(name: string, program: string, lib: readonly string[], types: readonly string[]): string {
  const folder = join(host, "build/types", name);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const compilerOptions = { module: "NodeNext", target: "ES2022", lib, types, rootDir: host, strict: true, noEmit: true, skipLibCheck: false };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions }));
  writeFileSync(join(folder, "program.ts"), program);
  const { stdout, stderr } = spawnSync(process.execPath, [join(host, "node_modules/typescript/bin/tsc"), "-p", folder], { encoding: "utf8", timeout: 60_000 });
  return stdout + stderr;
}

const EVERY_ENTRY = entries.map((entry, index) => `export * as e${index} from "amazon-dsp-events${entry.slice(1)}";\n`).join("");

test("every entry's declarations hold in a project that has the language's types alone: no DOM, no Node", () => {
  assert.ok(entries.length > 15);
  assert.equal(compile("bare", EVERY_ENTRY, ["ES2022"], []), "");
});

// Both ways, and nothing else: an `any`, or an object of which nothing is known, would do one way alone.
const THEIRS = `
import type { Fetch, Sleep } from "amazon-dsp-events";
import type { Collector } from "amazon-dsp-events/adapters/collector";
import type { AmazonEventsTokens } from "amazon-dsp-events/adapters/workers-tokens";
type Same<Ours, Theirs> = 0 extends 1 & Ours ? "any" : [Ours, Theirs] extends [Theirs, Ours] ? true : "another";
export const same: [
  Same<Awaited<ReturnType<Fetch>>, Response>, Same<Parameters<Fetch>[1], RequestInit>, Same<NonNullable<Parameters<Sleep>[1]>, AbortSignal>,
  Same<Parameters<Collector>[0], Request>, Same<Awaited<ReturnType<Collector>>, Response>, Same<Parameters<AmazonEventsTokens["fetch"]>[0], Request>,
] = [true, true, true, true, true, true];
`;

for (const [project, lib, types] of [["dom", ["ES2022", "DOM"], []], ["worker", ["ES2022", "WebWorker"], []], ["node", ["ES2022"], ["node"]]] as const) {
  test(`where a project has the web's types (${project}), the declarations name these`, () => {
    assert.equal(compile(project, EVERY_ENTRY + THEIRS, lib, types), "");
  });
}
