// Holds the table of dependencies in DESIGN.md against every manifest of the repository: each direct dependency has a row with
// its reason and the folders that have it, and no row is left of one that is gone.   node scripts/dependencies.mjs
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));
const PASSED_OVER = new Set([".git", "node_modules", "target", "dist", "build", "pkg"]);
const OURS = new Set(["amazon-dsp-events", "amazon_dsp_events"]);

/** Every manifest below a folder. */
function* manifests(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory() && !PASSED_OVER.has(entry.name)) yield* manifests(join(folder, entry.name));
    else if (["Cargo.toml", "package.json", "deno.json"].includes(entry.name)) yield join(folder, entry.name);
  }
}

/** The direct dependencies of a manifest, of whatever kind. */
export function dependenciesOf(name, text) {
  if (name.endsWith(".toml")) return fromCargo(text);
  const { dependencies, devDependencies, peerDependencies, optionalDependencies, imports } = JSON.parse(text);
  // `imports` of a package.json are its own files.
  const mapped = Object.values((name.endsWith("deno.json") && imports) || {}).map((target) => /^(?:npm|jsr):((?:@[^/]+\/)?[^@/]+)/u.exec(target)?.[1] ?? target);
  return [...new Set([...[dependencies, devDependencies, peerDependencies, optionalDependencies].flatMap((part) => Object.keys(part ?? {})), ...mapped])];
}

function fromCargo(text) {
  const names = new Set();
  let isIn = false;
  for (const line of text.split("\n")) {
    // A table, or one of several of a name, such as `[[bench]]`.
    const [, table] = /^\[\[?([^[\]].*?)\]?\]\s*(?:#.*)?$/u.exec(line) ?? [];
    if (table !== undefined) {
      const [, , alone] = /(^|\.)(?:dev-|build-)?dependencies(?:\.(.+))?$/u.exec(table) ?? [];
      isIn = /(^|\.)(?:dev-|build-)?dependencies$/u.test(table);
      if (alone) names.add(alone);
      continue;
    }
    const [, name] = (isIn && /^([\w-]+)(?:\.[\w-]+)*\s*=/u.exec(line)) || [];
    if (name) names.add(name);
  }
  return [...names];
}

/** The rows of the table: names, folders, reason. */
export function rowsOf(document) {
  const [, section = ""] = /\n## Dependencies\n([^]*?)(?=\n## |$)/u.exec(document) ?? [];
  const quoted = (cell) => [...cell.matchAll(/`([^`]+)`/gu)].map(([, text]) => text);
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) => line.slice(2, -2).split(" | "))
    .map(([names, folders, reason = ""]) => ({ names: quoted(names), folders: quoted(folders), reason: reason.trim() }));
}

/** What is wrong with a table, in sentences. */
export function problemsOf(rows, found) {
  const problems = [];
  const listed = new Set();
  for (const { names, folders, reason } of rows) {
    if (reason === "") problems.push(`${names.join(", ")} has no reason`);
    for (const name of names) {
      for (const folder of folders) {
        const pair = `${name} of ${folder}`;
        if (listed.has(pair)) problems.push(`${pair} has two rows`);
        listed.add(pair);
      }
    }
  }
  for (const pair of found) if (!listed.has(pair)) problems.push(`${pair} has no row`);
  for (const pair of listed) if (!found.has(pair)) problems.push(`${pair} is gone, and its row is not`);
  return problems;
}

/** Every direct dependency of the repository, as `name of folder`. */
export function found() {
  const pairs = new Set();
  for (const path of manifests(root)) {
    const folder = relative(root, dirname(path)) || ".";
    for (const name of dependenciesOf(path, readFileSync(path, "utf8"))) if (!OURS.has(name)) pairs.add(`${name} of ${folder}`);
  }
  return pairs;
}

/** The table as it stands. */
export const rows = () => rowsOf(readFileSync(join(root, "DESIGN.md"), "utf8"));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const all = found();
  const problems = problemsOf(rows(), all);
  for (const problem of problems) console.error(`dependencies: ${problem} (DESIGN.md, Dependencies)`);
  if (problems.length > 0) process.exit(1);
  console.log(`each of ${all.size} dependencies has its reason in DESIGN.md`);
}
