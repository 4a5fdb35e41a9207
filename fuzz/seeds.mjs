// Makes the seeds that the fuzz targets start from, out of the fixtures:   node fuzz/seeds.mjs
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";

const fixtures = new URL("../tests/fixtures/", import.meta.url);
const cases = readdirSync(fixtures)
  .filter((name) => name.endsWith(".json"))
  .flatMap((name) => JSON.parse(readFileSync(new URL(name, fixtures), "utf8")));

/** Texts under these keys, wherever they stand. */
function texts(value, keys, found = []) {
  if (Array.isArray(value)) for (const one of value) texts(one, keys, found);
  else if (value !== null && typeof value === "object") {
    for (const [key, one] of Object.entries(value)) {
      if (keys.includes(key) && typeof one === "string") found.push(one);
      else texts(one, keys, found);
    }
  }
  return found;
}

// The targets' first bytes say how the rest is meant: 0 is the text itself; a normalizer's field and country.
const FIELDS = ["email", "phone", "firstName", "lastName", "street", "city", "state", "postalCode"];
const events = cases.map(({ event }) => event).filter(Boolean);
const seeds = {
  reader: [...events.map((event) => JSON.stringify(event)), ...cases.map(({ text }) => text).filter((text) => typeof text === "string")],
  tcf: texts(events, ["tcf", "tcString"]).map((text) => `\0${text}`),
  gpp: texts(events, ["gpp", "gppString"]).map((text) => `\0${text}`),
  normalizers: FIELDS.flatMap((field, index) => texts(events, [field]).map((text) => `${String.fromCharCode(index)}\0${text}`)),
  config: cases.map(({ config }) => config).filter(Boolean).map((config) => JSON.stringify(config)),
};
for (const [target, all] of Object.entries(seeds)) {
  const folder = new URL(`corpus/${target}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  for (const [index, seed] of [...new Set(all)].entries()) writeFileSync(new URL(`seed-${index}`, folder), seed);
}
