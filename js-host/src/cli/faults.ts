// Faults of access tokens as the end of a command.
import { AmazonEventsError, CredentialsError } from "../errors.js";
import { CommandError } from "./errors.js";

/** The end of a command for a token that was refused (2) or could not be had (1); undefined for any other error. */
export function credentialsFault(error: unknown): CommandError | undefined {
  if (!(error instanceof AmazonEventsError)) return undefined;
  return new CommandError(error instanceof CredentialsError ? 2 : 1, error.message, { cause: error });
}
