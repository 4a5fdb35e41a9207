// What the package costs beside its peers. scripts/bench.sh calls this, and has what is told here in its help.
//   --check       prove that all peers make the same, and run every row once: seconds, and no figure means anything
//   --write       put the tables into docs/performance.md
//   --rounds N    rounds in turns, default 11
//   --only NAME   some of the parts, with commas between
//   --all         everything, also what takes long: workerd, Segment's destination, a file of 1 GB
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

import { sameInNode } from "./equal.mjs";
import { inputOf, NOW } from "./events.mjs";
import { cold } from "./rows/cold.mjs";
import { memory } from "./rows/memory.mjs";
import { native } from "./rows/native.mjs";
import { node } from "./rows/node.mjs";
import { rules } from "./rows/rules.mjs";
import { segment } from "./rows/segment.mjs";
import { sending } from "./rows/sending.mjs";
import { sizes } from "./rows/sizes.mjs";
import { workerd } from "./rows/workerd.mjs";
import { COMPARISON, table, write } from "./tables.mjs";

const PARTS = { node, native, sending, rules, sizes, memory, cold, workerd, segment };
const LONG = ["workerd", "segment"];

const { values: options } = parseArgs({
  options: { check: { type: "boolean" }, write: { type: "boolean" }, all: { type: "boolean" }, rounds: { type: "string", default: "11" }, only: { type: "string" } },
});
const names = options.only?.split(",") ?? Object.keys(PARTS).filter((name) => options.all || options.check || !LONG.includes(name));
for (const name of names) if (!(name in PARTS)) throw new Error(`--only: expected ${Object.keys(PARTS).join(", ")}, got ${name}`);

const count = options.check ? 500 : 10_000;
const input = inputOf(count);
const bytes = input.chunks.reduce((sum, chunk) => sum + chunk.length, 0);
sameInNode(input, NOW);
console.error(`all peers in Node make the same of ${count} events (${(bytes / count / 1000).toFixed(2)} kB each)`);

const isTerminal = process.stderr.isTTY;
const progress = (name) => (round, rounds) => {
  if (isTerminal) process.stderr.write(`\r\u001b[K${name}: round ${round + 1} of ${rounds}`);
  else if (round === 0) process.stderr.write(`${name}\n`);
};
const context = { input, now: NOW, rounds: options.check ? 1 : Number(options.rounds), progress, check: options.check, all: options.all };

const rows = [];
const texts = [];
for (const name of names) {
  const { rows: more = [], text } = await PARTS[name](context);
  rows.push(...more);
  if (text) texts.push(text);
  // A run that is cut short has told what it had.
  if (!options.check) console.error(`\n${[more.length > 0 ? table(COMPARISON, more) : "", text ?? ""].join("\n")}`);
}
if (isTerminal) process.stderr.write("\r\u001b[K");
if (options.check) {
  console.log(`every row of the benchmarks ran once: ${names.join(", ")}`);
  process.exit(0);
}
const machine = `${cpus()[0].model.trim()}, ${availableParallelism()} cores, ${process.platform} ${process.arch}`;
const about = `${new Date().toISOString().slice(0, 10)}; ${machine}; Node ${process.versions.node}; ${context.rounds} rounds in turns; ${count} events.`;
const report = [about, table(COMPARISON, rows), ...texts].join("\n\n");
console.log(report);
if (options.write) {
  write(fileURLToPath(new URL("../docs/performance.md", import.meta.url)), report);
  console.error("the tables are in docs/performance.md");
}
process.exit(0);
