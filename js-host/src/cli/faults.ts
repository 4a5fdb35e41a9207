// Faults of access tokens as the end of a command.
import { AmazonEventsError, CredentialsError } from "../errors.js";
import { CommandError } from "./errors.js";

/** The end of a command for a token that was refused (2) or could not be had (1); undefined for any other error. */
export function credentialsFault(error: unknown): CommandError | undefined {
  if (!(error instanceof AmazonEventsError)) return undefined;
  const isGrant = error instanceof CredentialsError && error.parameters.join() === "REFRESH_TOKEN";
  return new CommandError(
    error instanceof CredentialsError ? 2 : 1,
    isGrant ? `${error.message}: \`amazon-dsp-events login\`` : error.message,
    { cause: error },
  );
}
