// One version in every manifest:   node scripts/set-version.mjs x.y.z
// Says which have another one, and exits with 1:   node scripts/set-version.mjs --check x.y.z
// pkg/package.json has it from Cargo.toml, by `make pkg`.
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const VERSION = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?$/u;

/** A place with the version between two texts; each must be found so many times. */
const places = [
  { file: "Cargo.toml", pattern: /(^\[package\]\nname = "amazon_dsp_events"\nversion = ")([^"]+)(?=")/gmu, times: 1 },
  { file: "Cargo.lock", pattern: /(^name = "amazon_dsp_events"\nversion = ")([^"]+)(?=")/gmu, times: 1 },
  { file: "fuzz/Cargo.lock", pattern: /(^name = "amazon_dsp_events"\nversion = ")([^"]+)(?=")/gmu, times: 1 },
  { file: "js-host/package.json", pattern: /(^ {2}"version": ")([^"]+)(?=")/gmu, times: 1 },
  // Of the package at its top, and of the same among its packages.
  { file: "js-host/package-lock.json", pattern: /("name": "amazon-dsp-events",\n\s+"version": ")([^"]+)(?=")/gu, times: 2 },
  ...readdirSync(`${root}examples`, { recursive: true })
    .filter((name) => /(?:^|\/)(?:package|deno)\.json$/u.test(name) && !name.includes("node_modules"))
    .map((name) => ({ file: `examples/${name}`, pattern: /("amazon-dsp-events": "(?:npm:amazon-dsp-events@)?\^)([^"]+)(?=")/gu, times: 1 })),
];
const made = { file: "pkg/package.json", pattern: /(^ {2}"version": ")([^"]+)(?=")/gmu, times: 1 };

/**
 * A text with another version in it.
 *
 * @throws an error if the version does not stand there as often as it should
 */
export function withVersion(text, { file, pattern, times }, version) {
  const found = [...text.matchAll(pattern)];
  if (found.length !== times) throw new Error(`${file} has the version ${found.length} times, and should have it ${times} times`);
  return text.replace(pattern, (_, before) => before + version);
}

/** The files that have another version. */
export function differing(version) {
  return [...places, made].filter((place) => {
    const text = readFileSync(root + place.file, "utf8");
    return withVersion(text, place, version) !== text;
  }).map(({ file }) => file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const isCheck = process.argv[2] === "--check";
  const version = process.argv[isCheck ? 3 : 2] ?? "";
  if (!VERSION.test(version)) {
    console.error(`set-version: the version must be like 1.2.3 or 1.2.3-rc.1, got \`${version}\``);
    process.exit(2);
  }
  if (isCheck) {
    const others = differing(version);
    for (const file of others) console.error(`set-version: ${file} has another version than ${version}`);
    process.exit(others.length > 0 ? 1 : 0);
  }
  // All are read before one is written.
  const next = places.map((place) => ({ file: root + place.file, text: withVersion(readFileSync(root + place.file, "utf8"), place, version) }));
  for (const { file, text } of next) writeFileSync(file, text);
  console.log(`${next.length} files have ${version}; now \`make pkg\` for pkg/package.json, and CHANGELOG.md by hand`);
}
