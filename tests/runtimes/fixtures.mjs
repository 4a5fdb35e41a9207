// The cases of tests/fixtures/, in the order of their files.
import { readFileSync, readdirSync } from "node:fs";

const folder = new URL("../fixtures/", import.meta.url);
const files = readdirSync(folder).filter((name) => name.endsWith(".json")).sort();

export const cases = files.flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")));
