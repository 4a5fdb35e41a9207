// A fresh process: imports a mapping, maps one event, and prints the milliseconds of each step. `first.mjs ours` or `first.mjs plain`.
import { CONFIG } from "./config.mjs";
import { bytesOf, events, NOW } from "./events.mjs";

const [bytes] = bytesOf(events(40).filter(({ type }) => type === "page"), 1).each;
const steps = {};
let began = performance.now();
const step = (name) => {
  steps[name] = performance.now() - began;
  began = performance.now();
};
if (process.argv[2] === "ours") {
  const { Transformer, version } = await import("../js-host/dist/core.js");
  step("import");
  version();
  step("compile and instantiate");
  const transformer = new Transformer(CONFIG);
  step("compile the config");
  transformer.transformJson(bytes, NOW);
} else {
  const { plain } = await import("./peers/plain.mjs");
  step("import");
  plain.json(bytes, NOW);
}
step("first event");
console.log(JSON.stringify(steps));
