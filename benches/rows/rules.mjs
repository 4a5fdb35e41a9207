// A config of one's own with fifty rules, beside the preset's few: both make the same of these events.
import { CONFIG } from "../config.mjs";
import { sameBytes } from "../equal.mjs";
import { CONVERSION_TYPES } from "../peers/words.mjs";
import { ours, oursWith } from "../peers/ours.mjs";
import { comparison, inTurns } from "../rounds.mjs";
import { row } from "../tables.mjs";

/** Rules for all events of the preset, and for as many others as it takes, with inputs and attributes of their own. */
function fiftyRules() {
  const rules = {};
  for (const [name, conversionType] of CONVERSION_TYPES) rules[name] = { conversionType, dataSetName: CONFIG.dataSetName };
  for (let number = Object.keys(rules).length; number < 50; number++) {
    rules[`Step ${number} Done`] = { conversionType: "OTHER", value: [`properties.score_${number % 7}`], customData: { step: `properties.step_${number % 5}` } };
  }
  return rules;
}

export async function rules({ input, now, rounds, progress }) {
  const own = oursWith({ ...CONFIG, events: fiftyRules() }, "a config with 50 rules");
  input.chunks.forEach((chunk, index) => sameBytes(`50 rules, batch ${index}`, ours.batch(chunk, now), own.batch(chunk, now)));
  const runners = [ours, own].map(({ name, batch }) => ({
    name,
    run: () => {
      for (const chunk of input.chunks) batch(chunk, now);
    },
  }));
  const samples = await inTurns(runners, { events: input.count, rounds, progress: progress("50 rules") });
  return { rows: [row("the preset, batch of 500", "our own, with a config of 50 rules", comparison(samples, ours.name, own.name))] };
}
