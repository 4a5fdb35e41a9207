// The first event of a fresh process in Node. (For workerd: node tests/runtimes/cold-start.mjs.)
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { median } from "../rounds.mjs";
import { figure, table } from "../tables.mjs";

const PROCESSES = 15;
const STEPS = ["import", "compile and instantiate", "compile the config", "first event"];
const program = fileURLToPath(new URL("../first.mjs", import.meta.url));

export function cold({ check, progress }) {
  const show = progress("fresh processes");
  const all = { ours: [], plain: [] };
  for (let round = 0; round < (check ? 1 : PROCESSES); round++) {
    show(round, PROCESSES);
    for (const [who, runs] of Object.entries(all)) runs.push(JSON.parse(execFileSync(process.execPath, [program, who], { encoding: "utf8" })));
  }
  const rows = Object.entries({ ours: "amazon-dsp-events", plain: "plain JS" }).map(([who, name]) => {
    const of = (step) => all[who].map((steps) => steps[step] ?? 0);
    const sum = median(all[who].map((steps) => Object.values(steps).reduce((total, ms) => total + ms, 0)));
    return [name, ...STEPS.map((step) => (who === "plain" && step.startsWith("compile") ? "" : figure(median(of(step))))), figure(sum)];
  });
  return { text: table(["A fresh process in Node, ms", ...STEPS, "All"], rows) };
}
