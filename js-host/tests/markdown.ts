// The repository's documents as tests read them: headings, links, snippets; and the examples in the sources.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A block of code. */
export interface Snippet {
  /** Such as `js`. */
  readonly language: string;
  readonly text: string;
  /** Where it stands, for who reads a failure: `README.md:32`. */
  readonly at: string;
  /** By the place among those of its document, from 1: `README.md#2`. */
  readonly name: string;
}

/** One document. */
export interface Document {
  /** From the repository's root. */
  readonly path: string;
  readonly text: string;
  readonly snippets: readonly Snippet[];
  /** The text without its snippets. */
  readonly prose: string;
  /** What its headings are called in links. */
  readonly anchors: ReadonlySet<string>;
}

const SKIPPED = new Set(["node_modules", "target", "dist", "build"]);

function files(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) || entry.name.startsWith(".") ? [] : files(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

function read(path: string): Document {
  const text = readFileSync(join(ROOT, path), "utf8");
  const snippets: Snippet[] = [];
  const prose = text.replace(/^ *```(\w*)\n([^]*?)^ *```$/gm, (block: string, language: string, code: string, offset: number) => {
    const name = `${path}#${snippets.length + 1}`;
    snippets.push({ language, text: code, at: `${path}:${text.slice(0, offset).split("\n").length}`, name });
    return block.replace(/[^\n]/g, "");
  });
  // As GitHub makes them: letters, digits and hyphens of the heading, lower case.
  const anchors = new Set(
    Array.from(prose.matchAll(/^#+ (.*)$/gm), ([, heading = ""]) => heading.toLowerCase().replace(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-")),
  );
  return { path, text, snippets, prose, anchors };
}

/** All of them. */
export const documents: readonly Document[] = files(".").map(read);

/** The programs under `@example` in the host's sources. */
export const examples: readonly Snippet[] = readdirSync(join(ROOT, "js-host/src"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .flatMap((file) => {
    const path = join("js-host/src", file);
    const source = readFileSync(join(ROOT, path), "utf8");
    return Array.from(source.matchAll(/^ *\* @example\n *\* ```(\w+)\n([^]*?)^ *\* ```$/gm), ({ index, 1: language = "", 2: code = "" }, place) => {
      const at = `${path}:${source.slice(0, index).split("\n").length}`;
      return { language, text: code.replace(/^ *\* ?/gm, ""), at, name: `${path}#${place + 1}` };
    });
  });
