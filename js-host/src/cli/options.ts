// Options that several commands share, and how their values are read.
import { InvalidArgumentError, Option, type Command } from "commander";

import { PARAMETERS, type ParameterName } from "../connection.js";
import { RANGES } from "../limits.js";
import { CONFIG_FILE } from "./io.js";
import { optionOf } from "./parameters.js";

/** The settings of the mapping, and the instant to map at. */
export function mapping(command: Command): Command {
  return configured(command).option("--now <instant>", "the instant to map at, in ISO 8601; default: the clock");
}

/** The settings of the mapping. */
export function configured(command: Command): Command {
  return command
    .option("--config <file>", `settings of the mapping, as JSON; default: ${CONFIG_FILE}, if this folder has one`)
    .option("--no-config", `map without settings, even if this folder has an ${CONFIG_FILE}`);
}

/** Connection parameters as options: all of them, or those that are named. */
export function connecting(command: Command, names: readonly ParameterName[] = PARAMETERS.map(({ name }) => name)): Command {
  const chosen = PARAMETERS.filter(({ name }) => names.includes(name));
  for (const { name, where, secret } of chosen) {
    command.option(`--${optionOf(name)} <value>`, `${name}${secret ? " (better in the environment)" : ""}: ${where}`);
  }
  return command.addHelpText("after", `\nConnection parameters are read from the environment (${chosen.map(({ name }) => name).join(", ")}).`);
}

/**
 * The file that has connection parameters, for commands that read it. `--env-file` would be the usual name: Node 20 takes an option of
 * that name for itself wherever it stands, and ends where there is no such file.
 */
export function dotenv(command: Command): Command {
  return command.option("--dotenv <file>", "read connection parameters there that neither options nor the environment have");
}

/** How long a request may take, as an option. */
export function timeout(): Option {
  const [, most, standard] = RANGES.timeoutMs;
  return new Option("--timeout <seconds>", "how long a request may take").argParser(whole(1, most / 1000)).default(standard / 1000);
}

/** A region's name, as an option. */
export function region(): Option {
  return new Option("--region <region>", "Amazon's region, where BASE_URL is not set: North America, Europe, Far East").choices(["na", "eu", "fe"]);
}

/** A whole number in a range. */
export function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** A number above 0. */
export function positive(max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= max) return value;
    throw new InvalidArgumentError(`It must be a number above 0, at most ${max}.`);
  };
}
