// `profiles`: what the consent gives access to, and which ids of it to use.
import { DEFAULT_RETRY } from "../delivery/retry.js";
import { runtimeOf } from "../runtime.js";
import { memoryTokenStore, Tokens } from "../delivery/tokens.js";
import { AdsApi, AdsApiError, baseUrlOf, isDsp, type Advertiser, type Profile } from "./ads_api.js";
import { setInEnvFile } from "./env_file.js";
import { CommandError, type ExitCode } from "./errors.js";
import { credentialsFault } from "./faults.js";
import { Output, say } from "./io.js";
import { accountConnectionFrom, parametersFrom } from "./parameters.js";
import { REGIONS, regionOfUrl } from "./regions.js";
import { table } from "./table.js";

/** Options of `profiles`; connection parameters may be among them. */
export interface ProfilesOptions {
  readonly json?: true;
  readonly dotenv?: string;
  /** The advertiser whose ids go into the `--dotenv` file; true: the only one. */
  readonly save?: string | true;
  readonly timeout: number;
}

/** Runs `profiles`. */
export async function profiles(options: ProfilesOptions): Promise<ExitCode> {
  if (options.save !== undefined && options.dotenv === undefined) {
    throw new CommandError(2, "--save goes with --dotenv: the file that the ids are put into");
  }
  const given = options as unknown as Record<string, unknown>;
  const connection = accountConnectionFrom(given);
  const runtime = runtimeOf({});
  const timeoutMs = options.timeout * 1000;
  const retry = { ...DEFAULT_RETRY, maxAttempts: 3 };
  const tokens = new Tokens({ connection, runtime, retry, timeoutMs, store: memoryTokenStore() });
  const api = new AdsApi(connection, tokens, runtime.fetch, timeoutMs);
  let found: Profile[];
  const advertisers: Advertiser[] = [];
  const problems: string[] = [];
  try {
    found = await api.profiles();
    for (const { profileId } of found.filter(isDsp)) {
      // One seat that is closed must not hide the others.
      await api.advertisers(profileId).then(
        (list) => advertisers.push(...list),
        (error: unknown) => {
          if (!(error instanceof AdsApiError)) throw error;
          problems.push(`the advertisers of profile ${profileId} cannot be listed: ${error.message}. ${error.remedy}`);
        },
      );
    }
  } catch (error) {
    if (error instanceof AdsApiError) {
      throw new CommandError(error.status === 401 || error.status === 403 ? 2 : 1, `${error.message}. ${error.remedy}`, { cause: error });
    }
    throw credentialsFault(error) ?? error;
  }
  const base = baseUrlOf(connection);
  const { ADVERTISER_ID, PROFILE_ID } = parametersFromQuietly(given);
  if (options.json) await new Output().write(`${JSON.stringify({ baseUrl: base, profiles: found, advertisers, problems })}\n`);
  else await new Output().write(`${inWords(found, advertisers, { ADVERTISER_ID, PROFILE_ID }).join("\n")}\n`);
  for (const problem of problems) say(`warning: ${problem}`);
  if (advertisers.length === 0) {
    say(`error: ${nothing(found, base)}`);
    return 1;
  }
  if (options.save !== undefined && options.dotenv !== undefined) save(options.save, advertisers, options.dotenv);
  return 0;
}

function save(chosen: string | true, advertisers: readonly Advertiser[], file: string): void {
  const own = advertisers.filter(({ advertiserId }) => chosen === true || advertiserId === chosen);
  const [one] = own;
  if (!one || own.length > 1) {
    const came = chosen === true ? `--save must be followed by one of the ${own.length} advertisers' ids` : `--save must be followed by the id of an advertiser above, got \`${chosen}\``;
    throw new CommandError(2, `${came}; nothing was saved`);
  }
  const settings = [
    { name: "ADVERTISER_ID", value: one.advertiserId },
    { name: "PROFILE_ID", value: one.profileId },
  ];
  // From outside, and into a file that shells read.
  if (!settings.every(({ value }) => /^[\w.-]+$/.test(value))) throw new CommandError(1, "an id is no id (letters, digits, `_`, `.`, `-`); nothing was saved");
  setInEnvFile(file, settings);
  say(`ADVERTISER_ID and PROFILE_ID of ${one.name} are in ${file}.`);
  say(`Next: amazon-dsp-events init, then amazon-dsp-events doctor --dotenv ${file}`);
}

/** The parameters without another word about secrets among the options. */
function parametersFromQuietly(options: Readonly<Record<string, unknown>>): ReturnType<typeof parametersFrom> {
  const { clientSecret: _, refreshToken: __, ...others } = options;
  return parametersFrom(others);
}

/** Why there is nothing to use, and what to do. */
function nothing(found: readonly Profile[], base: string): string {
  const here = regionOfUrl(base);
  const others = REGIONS.filter((region) => region !== here).map(({ baseUrl, name }) => `${baseUrl} (${name})`);
  const elsewhere = `If the account is in another region, set BASE_URL: ${others.join(", ")}`;
  if (found.length === 0) return `the user who consented has no profile at ${base}. ${elsewhere}`;
  if (!found.some(isDsp)) {
    return `no profile at ${base} is of a DSP account (type agency): let a user of the DSP account consent, with \`amazon-dsp-events login\`. ${elsewhere}`;
  }
  return `no DSP advertiser at ${base} can be seen: in Amazon DSP, create one, or give the user who consented access to one. ${elsewhere}`;
}

function inWords(found: readonly Profile[], advertisers: readonly Advertiser[], used: { ADVERTISER_ID: string | undefined; PROFILE_ID: string | undefined }): string[] {
  const mark = (isUsable: boolean, isUsed: boolean): string => (isUsed ? "*" : isUsable ? ">" : "");
  const lines: string[] = [];
  if (found.length > 0) {
    lines.push(
      ...table([
        ["", "PROFILE_ID", "country", "currency", "type", "account", "name"],
        ...found.map((one) => [
          mark(advertisers.some(({ profileId }) => profileId === one.profileId), one.profileId === used.PROFILE_ID),
          one.profileId,
          one.countryCode,
          one.currencyCode,
          one.type,
          one.accountId,
          one.name,
        ]),
      ]),
    );
  } else lines.push("no profiles");
  if (advertisers.length > 0) {
    lines.push(
      "",
      ...table([
        ["", "ADVERTISER_ID", "country", "currency", "profile", "name"],
        ...advertisers.map((one) => [mark(true, one.advertiserId === used.ADVERTISER_ID), one.advertiserId, one.country, one.currency, one.profileId, one.name]),
      ]),
      "",
      "> can be used   * is what ADVERTISER_ID or PROFILE_ID says now",
    );
    const [only] = advertisers;
    if (only && advertisers.length === 1) lines.push("", "Set:", `  ADVERTISER_ID=${only.advertiserId}`, `  PROFILE_ID=${only.profileId}`);
    else lines.push("", "Set ADVERTISER_ID to the advertiser whose events you send, and PROFILE_ID to the profile beside it.");
  }
  return lines;
}
