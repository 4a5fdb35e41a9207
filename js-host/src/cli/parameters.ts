// Connection parameters from options, the environment, and a file of environment variables, in this order.
import { existsSync } from "node:fs";

import { connectionOf, PARAMETERS, type Connection, type ParameterName } from "../connection.js";
import { UsageError } from "../errors.js";
import { readEnvFile } from "./env_file.js";
import { CommandError } from "./errors.js";
import { say } from "./io.js";
import { regionOf } from "./regions.js";

/** The file that `login` writes, if it is told no other. */
export const ENV_FILE = ".env";

/** `CLIENT_ID` as an option: `client-id`. */
export function optionOf(name: ParameterName): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** The same as commander calls it: `clientId`. */
function keyOf(name: ParameterName): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The parameters that are given: by options first, the environment second, `--dotenv` third. */
export function parametersFrom(options: Readonly<Record<string, unknown>>): Partial<Record<ParameterName, string>> {
  const { dotenv, region } = options;
  const filed = typeof dotenv === "string" ? readEnvFile(dotenv) : {};
  const given: Partial<Record<ParameterName, string>> = {};
  for (const { name, secret } of PARAMETERS) {
    const option = options[keyOf(name)];
    // An empty variable is one that is not set.
    const value = typeof option === "string" ? option : process.env[name] || filed[name] || process.env[name];
    if (value !== undefined) given[name] = value;
    if (secret && typeof option === "string") {
      say(`warning: --${optionOf(name)} can be read by everybody on this machine (\`ps\`); set ${name} in the environment instead`);
    }
  }
  if (typeof region === "string") given.BASE_URL ??= regionOf(region).baseUrl;
  return given;
}

/** The connection, from options first, the environment second, `--dotenv` third. */
export function connectionFrom(options: Readonly<Record<string, unknown>>): Connection {
  return inWords(parametersFrom(options), options, "`--dry-run` needs none.");
}

/** A connection to ask about the account with, where nobody knows the advertiser yet. */
export function accountConnectionFrom(options: Readonly<Record<string, unknown>>): Connection {
  return inWords({ ...parametersFrom(options), ADVERTISER_ID: "unknown" }, options, "");
}

function inWords(given: Partial<Record<ParameterName, string>>, options: Readonly<Record<string, unknown>>, more: string): Connection {
  try {
    return connectionOf(given);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint = error.code === "ERR_MISSING_PARAMETERS" ? `\n${missingHint(options)} ${more}`.trimEnd() : "";
    throw new CommandError(2, `${error.message}${hint}`, { cause: error });
  }
}

/** What to do about missing parameters. A file in the folder is pointed out and never read unasked: it decides where events go. */
export function missingHint(options: Readonly<Record<string, unknown>>): string {
  const set = "Set them in the environment (or as options such as --client-id).";
  return options["dotenv"] === undefined && existsSync(ENV_FILE) ? `${set} \`--dotenv ${ENV_FILE}\` reads the ${ENV_FILE} of this folder.` : set;
}
