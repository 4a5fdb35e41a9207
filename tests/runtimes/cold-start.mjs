// Prints how long a new Worker takes to answer its first request in workerd above an empty one: with an instance of the
// core, and with the first event mapped. One Worker loads the others in turns, so that all meet the same machine.
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { bundleWorker } from "./bundle.mjs";
import { emptyProject } from "./project.mjs";
import { missing } from "./runtimes.mjs";

const ROUNDS = 60;
/** The budget is for a calm machine: of so many runs the one counts in which the empty Worker took least. */
const RUNS = 3;
const WARM_UP = 10;

const absent = missing("miniflare") || missing("esbuild");
if (absent) {
  console.log(`cold start: NOT MEASURED, ${absent}`);
  process.exit(0);
}
const { Miniflare } = await import("miniflare");
const project = await emptyProject();
const write = (name, source) => writeFileSync(join(project.folder, name), source);
const text = (contents) => Buffer.from(contents).toString();

const WORKERS = {
  "an empty Worker": 'export default { fetch: async (request) => new Response(await request.text() && "{}") };\n',
  "with the core made ready": `import { version } from "amazon-dsp-events/core";
export default { fetch: async (request) => Response.json({ version: await request.text() && version() }) };
`,
  "with the first event mapped": `import { transform } from "amazon-dsp-events/core";
export default { fetch: async (request) => Response.json(transform(await request.json())) };
`,
};
const kinds = Object.keys(WORKERS);
const bundles = [];
for (const [index, source] of Object.values(WORKERS).entries()) {
  write(`worker${index}.mjs`, source);
  bundles.push(await bundleWorker(project, `worker${index}.mjs`));
}
const wasm = bundles.at(-1)[1];
const loading = `
import wasm from "./module.bin";
// A custom section with the round in it: V8 knows a module that it has compiled before by its bytes. In front, or V8 would compare
// all of them with those of every earlier round.
const fresh = (kind, round) => new Blob([wasm.slice(0, 8), new Uint8Array([0, 4, 1, 110, kind, round]), wasm.slice(8)]).arrayBuffer();
${bundles.map((_, index) => `import code${index} from "./code${index}.txt";`).join("\n")}
const codes = [code0, code1, code2];
export default {
  async fetch(request, env) {
    const [, kind, round] = new URL(request.url).pathname.split("/");
    // The empty Worker is handed the same bytes, as data: to carry them is no part of the start.
    const bytes = await fresh(kind, round);
    const modules = { "worker.js": codes[kind], [${JSON.stringify(wasm.name)}]: kind > 0 ? { wasm: bytes } : { data: bytes } };
    const load = () => ({ compatibilityDate: "2026-01-01", mainModule: "worker.js", modules, globalOutbound: null });
    return env.LOADER.get(kind + "/" + round, load).getEntrypoint().fetch(request);
  },
};
`;
const miniflare = new Miniflare({
  modules: [
    { type: "ESModule", path: "loading.mjs", contents: loading },
    ...bundles.map(([code], index) => ({ type: "Text", path: `code${index}.txt`, contents: text(code.contents) })),
    { type: "Data", path: "module.bin", contents: wasm.contents },
  ],
  workerLoaders: { LOADER: {} },
  compatibilityDate: "2026-01-01",
  cf: false,
});
const body = JSON.stringify({ type: "page", userId: "jane@example.com", messageId: "m-1", properties: { country: "US" } });
const url = await miniflare.ready;
const at = (values, share) => [...values].sort((a, b) => a - b)[Math.floor(values.length * share)];
const runs = Array.from({ length: RUNS }, () => kinds.map(() => []));
try {
  for (let round = 0; round < WARM_UP + RUNS * ROUNDS; round++) {
    for (let turn = 0; turn < kinds.length; turn++) {
      const kind = (round + turn) % kinds.length;
      const began = performance.now();
      const response = await fetch(new URL(`/${kind}/${round}`, url), { method: "POST", body });
      const answer = await response.text();
      if (response.status !== 200 || !answer.startsWith("{")) throw new Error(`the Worker answered ${response.status}: ${answer}`);
      if (round >= WARM_UP) runs[Math.floor((round - WARM_UP) / ROUNDS)][kind].push(performance.now() - began);
    }
  }
} finally {
  await miniflare.dispose();
  project.remove();
}
const times = runs.reduce((calmest, run) => (at(run[0], 0.5) < at(calmest[0], 0.5) ? run : calmest));
console.log(`cold start in workerd, ms over ${ROUNDS} rounds (the calmest of ${RUNS} runs), and above an empty Worker (budget 5 ms on a calm machine):`);
for (const [index, kind] of kinds.entries()) {
  const figure = (share) => {
    const value = at(times[index], share);
    return value.toFixed(1).padStart(6) + (index === 0 ? "" : ` (+${(value - at(times[0], share)).toFixed(1)})`).padEnd(9);
  };
  console.log(`  ${kind.padEnd(28)} median ${figure(0.5)} fastest tenth ${figure(0.1)}`.trimEnd());
}
