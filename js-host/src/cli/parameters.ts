// Connection parameters from the environment and from options.
import { connectionOf, PARAMETERS, type Connection, type ParameterName } from "../connection.js";
import { UsageError } from "../errors.js";
import { CommandError } from "./errors.js";
import { say } from "./io.js";

/** `CLIENT_ID` as an option: `client-id`. */
export function optionOf(name: ParameterName): string {
  return name.toLowerCase().replaceAll("_", "-");
}

/** The same as commander calls it: `clientId`. */
function keyOf(name: ParameterName): string {
  return name.toLowerCase().replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The parameters that are given, by options first and the environment second. */
export function parametersFrom(options: Readonly<Record<string, unknown>>): Partial<Record<ParameterName, string>> {
  const given: Partial<Record<ParameterName, string>> = {};
  for (const { name, secret } of PARAMETERS) {
    const option = options[keyOf(name)];
    const value = typeof option === "string" ? option : process.env[name];
    if (value !== undefined) given[name] = value;
    if (secret && typeof option === "string") {
      say(`warning: --${optionOf(name)} can be read by everybody on this machine (\`ps\`); set ${name} in the environment instead`);
    }
  }
  return given;
}

/** The connection, from options first and the environment second. */
export function connectionFrom(options: Readonly<Record<string, unknown>>): Connection {
  const given = parametersFrom(options);
  try {
    return connectionOf(given);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const hint =
      error.code === "ERR_MISSING_PARAMETERS"
        ? "\nSet them in the environment (or as options such as --advertiser-id). `--dry-run` needs none."
        : "";
    throw new CommandError(2, `${error.message}${hint}`, { cause: error });
  }
}
