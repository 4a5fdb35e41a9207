// Reads what V8 has counted in every process of the host's tests, and prints the lines of js-host/dist that ran, by source:
// node scripts/host-coverage.mjs FOLDER [LEAST]
//
// Of our own, because Node's report looks at its own process alone, and most of the command line runs in others. A line counts if
// it has code, and as run if any of its code ran in any process. What runs in a browser or in Cloudflare's runtime alone is tested
// there (tests/browser, tests/edge), and is not counted here.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const dist = new URL("../js-host/dist/", import.meta.url);
const ELSEWHERE = /^playground\/page\/|^module\.workerd\.js$|^wasm\//u;

/** Marks what ran: outer ranges come before inner ones, whose counts stand. */
export function markRun(ran, functions) {
  const now = new Uint8Array(ran.length);
  for (const { ranges } of functions) {
    for (const { startOffset, endOffset, count } of ranges) now.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  }
  for (let at = 0; at < ran.length; at++) ran[at] |= now[at];
}

/** The lines with code, and those of them that did not run. */
export function linesOf(source, ran) {
  const uncovered = [];
  let count = 0;
  let at = 0;
  let isInComment = false;
  for (const [index, line] of source.split("\n").entries()) {
    const code = line.trim();
    const starts = at + line.length - line.trimStart().length;
    at += line.length + 1;
    if (isInComment || code.startsWith("/*")) {
      isInComment = !code.includes("*/");
      continue;
    }
    // Closing signs and names alone are no code of their own.
    if (code === "" || code.startsWith("//") || /^[\])};,]*$|^export \{\};$/u.test(code)) continue;
    count++;
    if (!ran.subarray(starts, starts + code.length).includes(1)) uncovered.push(index + 1);
  }
  return { count, uncovered };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , folder, least = "0"] = process.argv;
  const sources = new Map();
  for (const name of readdirSync(dist, { recursive: true })) {
    if (!name.endsWith(".js") || ELSEWHERE.test(name)) continue;
    const text = readFileSync(new URL(name, dist), "utf8");
    sources.set(new URL(name, dist).href, { name, text, ran: new Uint8Array(text.length) });
  }
  for (const file of readdirSync(folder).filter((name) => name.endsWith(".json"))) {
    let result;
    try {
      ({ result } = JSON.parse(readFileSync(join(folder, file), "utf8")));
    } catch {
      // Of a process that was killed while it wrote.
      continue;
    }
    for (const { url, functions } of result) {
      const source = sources.get(url);
      if (source) markRun(source.ran, functions);
    }
  }
  let all = 0;
  let run = 0;
  const percent = (part, whole) => `${whole === 0 ? "100.0" : ((100 * part) / whole).toFixed(1)} %`.padStart(8);
  for (const { name, text, ran } of [...sources.values()].sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { count, uncovered } = linesOf(text, ran);
    all += count;
    run += count - uncovered.length;
    const shown = uncovered.length > 12 ? `${uncovered.slice(0, 12).join(" ")} …` : uncovered.join(" ");
    console.log(`${percent(count - uncovered.length, count)} ${String(count).padStart(6)}  js-host/src/${name.replace(/js$/u, "ts")}${shown && `   not: ${shown}`}`);
  }
  console.log(`${percent(run, all)} ${String(all).padStart(6)}  the host (lines are those of dist/)`);
  if ((100 * run) / all < Number(least)) {
    console.error(`coverage: the host should have ${least} %`);
    process.exit(1);
  }
}
