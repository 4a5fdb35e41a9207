// Garbage and memory: the share of the time that goes into collecting over 200,000 events, and whether linear memory grows. Each
// has a process of its own, for what else is on the heap is looked through as well.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

import { figure, table } from "../tables.mjs";

const EVENTS = 200_000;
const program = fileURLToPath(new URL("../collected.mjs", import.meta.url));

export function memory({ input, check, progress }) {
  const results = ["ours", "plain", "tuned"].map((who) => {
    progress(`${EVENTS} events, ${who}`)(0, 1);
    const args = ["--expose-gc", program, who, String(input.count), String(check ? 1 : EVENTS)];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  });
  const rows = results.map(({ name, share, collections, blocked }) => [name, `${figure(share)} %`, collections, figure(blocked)]);
  const [few, many] = results[0].linear;
  const garbage = table([`Batches of 500, ${EVENTS.toLocaleString("en")} events`, "Time in collections", "Collections", "A batch blocks, ms (99 %)"], rows);
  return { text: `${garbage}\n\nLinear memory: ${few} bytes after 10 batches, ${many} after 1,000 more.` };
}
