// Runs the fixture table in one runtime and prints a line per case, and a hash of all lines.
//   node tests/runtimes/run.mjs NAME     where NAME begins a runtime's name: `node 22`, deno, bun, workerd
import { createHash } from "node:crypto";

import { cases } from "./fixtures.mjs";
import { emptyProject } from "./project.mjs";
import { runtimes } from "./runtimes.mjs";

const wanted = process.argv.slice(2).join(" ").toLowerCase();
const runtime = wanted === "" ? undefined : runtimes.find(({ name }) => name.toLowerCase().startsWith(wanted));
if (runtime === undefined) {
  console.error(`expected a runtime, one of ${runtimes.map(({ name }) => name).join(", ")}; got \`${wanted}\``);
  process.exit(2);
}
if (runtime.missing) {
  console.error(runtime.missing);
  process.exit(1);
}
const project = await emptyProject();
try {
  const { lines } = await runtime.run(project, "table", cases);
  console.log(lines.join("\n"));
  console.log(`${createHash("sha256").update(lines.join("\n")).digest("hex")}  ${lines.length} cases, ${runtime.name}`);
} finally {
  await runtime.dispose();
  project.remove();
}
