// A file of environment variables: read, and changed line by line, readable by its owner alone.
import { accessSync, constants, existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { CommandError } from "./errors.js";
import { reasonOf } from "./io.js";

const LINE = /^\s*(export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/;

/**
 * The variables of a file: `NAME=value`, with or without quotes or `export`; the last of a name counts.
 *
 * @param option - what names the file, for messages
 * @throws {@link CommandError} if it cannot be read
 */
export function readEnvFile(file: string, option = "--dotenv"): Record<string, string> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new CommandError(2, `cannot read ${option} ${file}: ${reasonOf(error)}`);
  }
  const variables: Record<string, string> = {};
  for (const line of text.replace(/^\ufeff/, "").split(/\r?\n/)) {
    const [, , name, raw = ""] = LINE.exec(line) ?? [];
    if (name !== undefined) variables[name] = valueOf(raw);
  }
  return variables;
}

function valueOf(raw: string): string {
  const [, quote, quoted = ""] = /^(['"`])(.*?)\1\s*(?:#.*)?$/.exec(raw) ?? [];
  return quote === undefined ? raw.replace(/(^|\s+)#.*$/, "") : quoted;
}

/**
 * Makes sure that a file can be written later: after the user has consented is too late.
 *
 * @throws {@link CommandError} if it cannot
 */
export function checkEnvFile(file: string): void {
  try {
    if (existsSync(file) && !statSync(file).isFile()) throw new Error("it is no file");
    // The file is replaced as a whole: its folder is what is written to.
    accessSync(dirname(existsSync(file) ? realpathSync(file) : file), constants.W_OK | constants.X_OK);
    if (existsSync(file)) accessSync(file, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new CommandError(2, `cannot write --dotenv ${file}: ${reasonOf(error)}`);
  }
}

/** A variable to set. */
export interface Setting {
  readonly name: string;
  /** Printable, without quotes. */
  readonly value: string;
  /** What stands above it, for people. */
  readonly comment?: string;
}

/**
 * Sets variables; other lines stay as they are. The file is replaced at once, so that no moment leaves half of it, and
 * only its owner may read it from then on.
 *
 * @throws {@link CommandError} if it cannot be written
 */
export function setInEnvFile(file: string, settings: readonly Setting[]): void {
  try {
    const path = existsSync(file) ? realpathSync(file) : file;
    const before = existsSync(path) ? readFileSync(path, "utf8") : "";
    const next = `${path}.${process.pid}.new`;
    try {
      writeFileSync(next, settings.reduce(withSetting, before), { mode: 0o600, flag: "wx" });
      renameSync(next, path);
    } finally {
      rmSync(next, { force: true });
    }
  } catch (error) {
    throw new CommandError(2, `cannot write --dotenv ${file}: ${reasonOf(error)}`);
  }
}

/** A text with a variable set where it stood, or at its end; once. */
function withSetting(text: string, { name, value, comment }: Setting): string {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const lines = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/);
  const isOwn = (line: string): boolean => line.startsWith(`# ${name}: `) || LINE.exec(line)?.[2] === name;
  const at = lines.findIndex((line) => LINE.exec(line)?.[2] === name);
  const exported = LINE.exec(lines[at] ?? "")?.[1] ?? "";
  const own = [...(comment === undefined ? [] : [`# ${name}: ${comment}`]), `${exported}${name}='${value}'`];
  const kept = (part: readonly string[]): string[] => part.filter((line) => !isOwn(line));
  const all = at < 0 ? [...kept(lines), ...own] : [...kept(lines.slice(0, at)), ...own, ...kept(lines.slice(at + 1))];
  return `${all.join(end)}${end}`;
}
