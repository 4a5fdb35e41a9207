// Standard streams and files: input as chunks, output with back-pressure, words to standard error.
import { createReadStream, existsSync, fstatSync, statSync } from "node:fs";
import { readFile } from "node:fs/promises";

import { isConfigError, Transformer, type Config } from "../core.js";
import { messageOf } from "../errors.js";
import { parseInstant } from "../instant.js";
import { RecordSplitter, type InputRecord } from "../records.js";
import { visible } from "../redact.js";
import { CommandError } from "./errors.js";

/** Where events come from. */
export interface Input {
  readonly name: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Ends the reading; whoever waits for a chunk gets an error. */
  readonly stop: () => void;
  /** Bytes in all; undefined where nobody knows. */
  readonly size: number | undefined;
}

/** Opens a file, or standard input for `-` or none. */
export function openInput(file: string | undefined): Input {
  if (file === undefined || file === "-") {
    if (process.stdin.isTTY && file === undefined) {
      throw new CommandError(2, "no input: name a file, or pipe events in (`-` reads what you type)");
    }
    const stat = fstatSync(0);
    return { name: "standard input", chunks: process.stdin, stop: () => process.stdin.destroy(), size: stat.isFile() ? stat.size : undefined };
  }
  try {
    const stat = statSync(file);
    if (stat.isDirectory()) throw new Error("it is a folder");
    const stream = createReadStream(file, { highWaterMark: 256 * 1024 });
    return { name: file, chunks: stream as AsyncIterable<Uint8Array>, stop: () => stream.destroy(), size: stat.isFile() ? stat.size : undefined };
  } catch (error) {
    throw new CommandError(2, `cannot read ${file}: ${reasonOf(error)}`);
  }
}

/** The events of an input, as many at a time as a chunk brings. */
export async function* recordsOf(input: Input): AsyncGenerator<readonly InputRecord[]> {
  const splitter = new RecordSplitter();
  try {
    for await (const chunk of input.chunks) yield splitter.push(chunk);
  } catch (error) {
    throw error instanceof CommandError ? error : new CommandError(2, `cannot read ${input.name}: ${reasonOf(error)}`, { cause: error });
  }
  yield splitter.end();
}

/** The config that is found where none is named. */
export const CONFIG_FILE = "amazon-dsp-events.json";

/** A config with its text. */
export interface LoadedConfig {
  readonly transformer: Transformer;
  /** The config as JSON, `{}` if there is none. */
  readonly text: string;
  /** Where it was read; undefined if there is none. */
  readonly file: string | undefined;
}

/**
 * The file of the config: the one that is named, else {@link CONFIG_FILE} of the current folder if it is there, which is said on
 * standard error.
 *
 * @param named - `--config`; false for `--no-config`
 */
export function configFile(named: string | false | undefined): string | undefined {
  const found = named === undefined && existsSync(CONFIG_FILE);
  if (found) say(`Config: ${CONFIG_FILE} of this folder (--config FILE names another, --no-config none).`);
  return found ? CONFIG_FILE : named || undefined;
}

/**
 * Reads and compiles the config of {@link configFile}.
 *
 * @param named - `--config`; false for `--no-config`
 */
export async function loadConfig(named: string | false | undefined): Promise<LoadedConfig> {
  const file = configFile(named);
  let config: unknown = {};
  if (file !== undefined) {
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      throw new CommandError(2, `cannot read the config ${file}: ${reasonOf(error)}`);
    }
    try {
      config = JSON.parse(text.replace(/^\ufeff/, ""));
    } catch (error) {
      throw new CommandError(2, `${file} is not JSON: ${jsonProblem(messageOf(error), text)}`);
    }
  }
  try {
    return { transformer: new Transformer(config as Config), text: JSON.stringify(config), file };
  } catch (error) {
    if (isConfigError(error) || error instanceof TypeError) throw new CommandError(2, `${file ?? "config"}: ${error.message}`);
    throw error;
  }
}

/** The instant that `--now` names, as epoch milliseconds. */
export function parseNow(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const millis = parseInstant(text);
  if (millis === undefined) {
    throw new CommandError(2, `--now must be an ISO 8601 instant such as 2026-11-21T00:00:00Z, got \`${text}\``);
  }
  return millis;
}

/**
 * Writes to standard output, waiting while the reader is slow. False when the reader has gone. What would move a terminal is
 * written as an escape of JSON's.
 */
export class Output {
  #gone = false;
  #fault: Error | undefined;

  constructor() {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      // `| head` has seen enough.
      if (error.code === "EPIPE") this.#gone = true;
      else this.#fault = error;
    });
  }

  async write(text: string): Promise<boolean> {
    return this.writeStyled(visible(text));
  }

  /** The same for a text with colours of our own, in which all else is {@link visible} already. */
  async writeStyled(text: string): Promise<boolean> {
    if (this.#gone) return false;
    await this.#put(text);
    if (this.#fault) throw new CommandError(1, `cannot write to standard output: ${reasonOf(this.#fault)}`, { cause: this.#fault });
    return !this.#gone;
  }

  async #put(text: string): Promise<void> {
    if (!process.stdout.write(text)) {
      await new Promise<void>((resolve) => {
        const proceed = (): void => {
          process.stdout.off("drain", proceed);
          process.stdout.off("close", proceed);
          process.stdout.off("error", proceed);
          resolve();
        };
        process.stdout.on("drain", proceed).on("close", proceed).on("error", proceed);
      });
    } else {
      // A file's error comes in a later turn.
      await new Promise<void>((resolve) => process.stdout.write("", () => resolve()));
    }
  }
}

/** A line to standard error. Whatever an event, a file or a reply has brought into it, a terminal only shows it. */
export function say(text: string): void {
  process.stderr.write(`${visible(text)}\n`);
}

/** An operating system's error in words. */
export function reasonOf(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOENT":
      return "there is no such file";
    case "EACCES":
    case "EPERM":
      return "permission denied";
    case "EISDIR":
      return "it is a folder";
    case "ENOSPC":
      return "the disk is full";
    default:
      return messageOf(error);
  }
}

/** Why a port cannot be listened on. */
export function listenReasonOf(error: unknown): string {
  switch ((error as NodeJS.ErrnoException).code) {
    case "EADDRINUSE":
      return "another program listens there; choose another port, or 0 for a free one";
    case "EACCES":
      return "permission denied; ports below 1024 are for the system, choose another one, or 0 for a free one";
    default:
      return messageOf(error);
  }
}

/** Why a file cannot be written, in words. */
export function writeReasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code === "ENOENT" ? "there is no such folder" : reasonOf(error);
}

function jsonProblem(message: string, text: string): string {
  const at = /position (\d+)/.exec(message)?.[1];
  if (at === undefined || /line \d+/.test(message)) return message;
  const before = text.slice(0, Number(at)).split("\n");
  return `${message} (line ${before.length} column ${(before.at(-1)?.length ?? 0) + 1})`;
}
