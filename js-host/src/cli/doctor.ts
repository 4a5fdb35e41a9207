// `doctor`: whether events will arrive, step by step: parameters, config, access token, clock, account, events endpoint.
import { createAmazonEvents } from "../client.js";
import { connectionOf, PARAMETERS, type Connection, type ParameterName } from "../connection.js";
import type { Config } from "../core.js";
import { AmazonEventsError, CredentialsError, UsageError } from "../errors.js";
import type { EventOutcome } from "../outcome.js";
import { redact } from "../redact.js";
import { DEFAULT_RETRY } from "../delivery/retry.js";
import { runtimeOf, type Fetch } from "../runtime.js";
import { memoryTokenStore, Tokens } from "../delivery/tokens.js";
import { AdsApi, AdsApiError, baseUrlOf, isDsp, type Advertiser, type Profile } from "./ads_api.js";
import { Checkup, failed, ok, skipped, warning, type Result } from "./checks.js";
import { CommandError, type ExitCode } from "./errors.js";
import { answerInWords, ask } from "./http.js";
import { loadConfig, Output, say } from "./io.js";
import { missingHint, parametersFrom } from "./parameters.js";
import { REGIONS, regionOfCountry, regionOfUrl } from "./regions.js";

/** Options of `doctor`; connection parameters may be among them. */
export interface DoctorOptions {
  /** False: none, whatever the folder has. */
  readonly config?: string | false;
  /** The data set for a test event; true for the default. */
  readonly sendTest?: string | true;
  readonly json?: true;
  /** Seconds. */
  readonly timeout: number;
}

/** The data set that a test event goes to if none is named: its own, so that it counts nowhere else. */
export const TEST_DATA_SET = "amazon_dsp_events_test";

const SETTINGS = "developer.amazon.com > Login with Amazon > your security profile > Web Settings";
// A request takes its time.
const SKEW_NOTED_MS = 30_000;
const SKEW_WRONG_MS = 300_000;

/** Runs `doctor`. */
export async function doctor(options: DoctorOptions): Promise<ExitCode> {
  const dataSet = dataSetOf(options.sendTest);
  const output = new Output();
  const told: Promise<unknown>[] = [];
  const checkup = new Checkup((text) => {
    if (!options.json) told.push(output.writeStyled(`${text}\n`));
  });
  await new Doctor(checkup, options, dataSet).run();
  await Promise.all(told);
  const { checks, exitCode, isWell } = checkup;
  if (options.json) await output.write(`${JSON.stringify({ ok: isWell, checks })}\n`);
  else {
    const wrong = checks.filter(({ status }) => status === "failed").length;
    await output.write(isWell ? "\nAll is well.\n" : `\n${wrong} ${wrong === 1 ? "check" : "checks"} failed.\n`);
  }
  return exitCode;
}

function dataSetOf(sendTest: string | true | undefined): string | undefined {
  if (sendTest === undefined || sendTest === true) return sendTest && TEST_DATA_SET;
  if (/^[A-Za-z][A-Za-z0-9_-]{0,99}$/.test(sendTest)) return sendTest;
  throw new CommandError(2, `--send-test must be followed by a data set's name (1 to 100 letters, digits, _ and -, beginning with a letter) or nothing, got \`${redact(sendTest)}\``);
}

class Doctor {
  readonly #checkup: Checkup;
  readonly #options: DoctorOptions;
  readonly #dataSet: string | undefined;
  readonly #timeoutMs: number;
  /** How far the clock is ahead of Amazon's, by its last reply. Milliseconds. */
  #skewMs: number | undefined;

  constructor(checkup: Checkup, options: DoctorOptions, dataSet: string | undefined) {
    this.#checkup = checkup;
    this.#options = options;
    this.#dataSet = dataSet;
    this.#timeoutMs = options.timeout * 1000;
  }

  async run(): Promise<void> {
    const checkup = this.#checkup;
    const given = parametersFrom(this.#options as unknown as Record<string, unknown>);
    const connection = this.#parameters(given);
    await this.#config();
    const rest = ["access token", "clock", "profiles", "advertiser", "region", "events"];
    if (this.#dataSet !== undefined) rest.push("test event");
    const skip = (names: readonly string[], why: string): void => {
      for (const name of names) checkup.add(name, skipped(why));
    };
    if (!connection) return skip(rest, "not checked: the parameters come first");

    const tokens = this.#tokens(connection);
    const hasToken = checkup.add("access token", await this.#token(tokens));
    checkup.add("clock", this.#clock());
    if (!hasToken) return skip(rest.slice(2), "not checked: there is no access token");

    const api = new AdsApi(connection, tokens, this.#fetch, this.#timeoutMs);
    const profiles = await answered(() => api.profiles());
    checkup.add("profiles", profiles instanceof AdsApiError ? refused(profiles) : profileCheck(profiles, connection));
    const seen = profiles instanceof AdsApiError ? [] : profiles;
    const advertisers = seen.some(isDsp) ? await this.#advertisers(api, seen, connection) : undefined;
    checkup.add("advertiser", advertiserCheck(advertisers, connection));
    const own = Array.isArray(advertisers) ? advertisers.find(({ advertiserId }) => advertiserId === connection.advertiserId) : undefined;
    checkup.add("region", regionCheck(baseUrlOf(connection), own ? [own.country] : seen.filter(isDsp).map(({ countryCode }) => countryCode)));
    checkup.add("events", await this.#events(connection, tokens));
    if (this.#dataSet === undefined) return;
    if (!checkup.isWell) return skip(["test event"], "not sent: a check before it failed");
    checkup.add("test event", await this.#sendTest(given, this.#dataSet));
  }

  #parameters(given: Partial<Record<ParameterName, string>>): Connection | undefined {
    let connection: Connection;
    try {
      connection = connectionOf(given);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      const remedy = error.code === "ERR_MISSING_PARAMETERS" ? missingHint(this.#options as unknown as Record<string, unknown>) : whereOf(error.message);
      this.#checkup.add("parameters", failed(error.message, remedy, 2));
      return undefined;
    }
    this.#checkup.add("parameters", formCheck(connection));
    return connection;
  }

  async #config(): Promise<void> {
    try {
      const { file, text } = await loadConfig(this.#options.config);
      this.#checkup.add("config", file === undefined ? ok("none: the built-in mapping holds") : ok(`${file} is valid`));
      this.#checkup.add("data sets", dataSetCheck(JSON.parse(text) as Config));
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      this.#checkup.add("config", failed(error.message, "Mend it there; docs/mapping.md has every key, and `$schema` shows them in an editor", 2));
      this.#checkup.add("data sets", skipped("not checked: the config comes first"));
    }
  }

  #tokens(connection: Connection): Tokens {
    const runtime = runtimeOf({ fetch: this.#fetch });
    return new Tokens({ connection, runtime, retry: { ...DEFAULT_RETRY, maxAttempts: 3 }, timeoutMs: this.#timeoutMs, store: memoryTokenStore() });
  }

  /** Notes what each reply says of the time. */
  readonly #fetch: Fetch = async (url, init) => {
    const asked = Date.now();
    const response = await fetch(url, init);
    const date = Date.parse(response.headers.get("date") ?? "");
    // In the middle of the exchange, as near as one can tell, and of the second that the header has.
    if (!Number.isNaN(date)) this.#skewMs = (asked + Date.now()) / 2 - (date + 500);
    return response;
  };

  async #token(tokens: Tokens): Promise<Result> {
    try {
      await tokens.get();
      return ok("Amazon gives one for REFRESH_TOKEN");
    } catch (error) {
      if (error instanceof CredentialsError) {
        const isGrant = error.parameters.length === 1 && error.parameters[0] === "REFRESH_TOKEN";
        return failed(error.message, isGrant ? "`amazon-dsp-events login` gets a new REFRESH_TOKEN" : `${error.parameters.join(", ")}: ${SETTINGS}`, 2);
      }
      if (error instanceof AmazonEventsError) return failed(error.message, "A firewall, a proxy, or a TOKEN_URL that is none");
      throw error;
    }
  }

  #clock(): Result {
    if (this.#skewMs === undefined) return skipped("not checked: no reply had a date");
    const seconds = Math.round(Math.abs(this.#skewMs) / 1000);
    const says = `the clock of this machine is ${seconds} s ${this.#skewMs > 0 ? "ahead of" : "behind"} Amazon's`;
    const remedy = "Set the clock (NTP): events without a time of their own get the wrong one, and access tokens are renewed at the wrong time";
    if (Math.abs(this.#skewMs) > SKEW_WRONG_MS) return failed(says, remedy);
    return Math.abs(this.#skewMs) > SKEW_NOTED_MS ? warning(says, remedy) : ok("in step with Amazon's");
  }

  async #advertisers(api: AdsApi, profiles: readonly Profile[], { profileId }: Connection): Promise<Advertiser[] | AdsApiError> {
    const seats = profiles.filter(isDsp);
    const own = seats.filter((one) => one.profileId === profileId);
    const asked = own.length > 0 ? own : seats;
    const all: Advertiser[] = [];
    let fault: AdsApiError | undefined;
    for (const one of asked) {
      const list = await answered(() => api.advertisers(one.profileId));
      if (list instanceof AdsApiError) fault ??= list;
      else all.push(...list);
    }
    return fault && all.length === 0 ? fault : all;
  }

  /** An empty list is refused as one, after whoever sends it has been let in: nothing is sent. */
  async #events(connection: Connection, tokens: Tokens): Promise<Result> {
    const { eventsUrl, advertiserId, clientId, profileId, secrets } = connection;
    const answer = await ask(this.#fetch, {
      url: eventsUrl,
      method: "POST",
      headers: {
        Authorization: `Bearer ${await tokens.get()}`,
        "Amazon-Ads-ClientId": clientId,
        "Amazon-Ads-AccountId": advertiserId,
        "Content-Type": "application/json",
        Accept: "application/json",
        ...(profileId !== undefined && { "Amazon-Advertising-API-Scope": profileId }),
      },
      body: '{"events":[]}',
      timeoutMs: this.#timeoutMs,
    });
    const said = redact(answerInWords(answer), secrets);
    switch (answer.status) {
      case 0:
        return failed(`no answer from ${eventsUrl}: ${said}`, "Check BASE_URL, and that a firewall or a proxy lets it through");
      case 200:
      case 207:
      case 400:
      case 422:
        return ok(`${new URL(eventsUrl).host} takes events for ADVERTISER_ID ${advertiserId}, as far as an empty list tells`);
      case 401:
        return failed(`Amazon does not take the access token (${said})`, `CLIENT_ID must be the one that consent was given to, and approved for the Amazon Ads API: ${SETTINGS}`, 2);
      case 403:
        return failed(
          `Amazon does not allow events for ADVERTISER_ID ${advertiserId} (${said})`,
          "The user who consented needs the right to view and edit events (Amazon DSP > Manage users > Event manager), and the advertiser " +
            "must have accepted the terms (Amazon DSP > Events Manager)",
          2,
        );
      case 404:
        return failed(`there is no events endpoint or no such account at ${eventsUrl} (${said})`, "Check BASE_URL and ADVERTISER_ID (`amazon-dsp-events profiles`)");
      default:
        return failed(`${eventsUrl} answered ${said}`, "Run it again in a while; if it stays so, check BASE_URL");
    }
  }

  async #sendTest(given: Partial<Record<ParameterName, string>>, dataSet: string): Promise<Result> {
    const now = new Date();
    const eventId = `amazon-dsp-events-test-${now.getTime()}`;
    say(`Sending one test event (${eventId}) to the data set ${dataSet} of ADVERTISER_ID ${given.ADVERTISER_ID?.trim() ?? ""}.`);
    const name = "amazon dsp events test";
    const config = { dataSetName: dataSet, events: { [name]: { conversionType: "OTHER" } } } as Config;
    const amazon = createAmazonEvents({ ...given, config, maxBatchEvents: 1, maxAttempts: 4, timeoutMs: this.#timeoutMs });
    try {
      // Nobody: the domain is reserved for examples, and no conversion comes of it.
      const traits = { email: "amazon-dsp-events-test@example.com", address: { country: "US" } };
      const outcome = await amazon.send({ type: "track", event: name, messageId: eventId, timestamp: now.toISOString(), traits }, { wait: true });
      return testOutcome(outcome, dataSet);
    } catch (error) {
      if (error instanceof AmazonEventsError) return failed(error.message, "The checks above say whether it passes; then run it again");
      throw error;
    } finally {
      await amazon.close({ deadlineMs: 0 });
    }
  }
}

function testOutcome(outcome: EventOutcome, dataSet: string): Result {
  switch (outcome.outcome) {
    case "accepted":
      return ok(`accepted: ${outcome.eventId} is in the data set ${dataSet}; Events Manager shows it within 2 hours`);
    case "rejected":
      return failed(`rejected: ${outcome.code}: ${redact(outcome.message)}`, "Amazon DSP > Events Manager > the data set may not take events from a server; try another name for --send-test");
    case "dead_lettered":
      return failed(`given up: ${outcome.reason}: ${redact(outcome.lastError)}`, "Run it again in a while");
    default:
      return failed(`not sent: ${outcome.outcome}`, "Update the package: its own event was not mapped");
  }
}

/** What is well-formed and still looks like something else. */
function formCheck({ advertiserId, clientId, clientSecret, refreshToken, profileId }: Connection): Result {
  if (/^Atza\|/.test(refreshToken)) {
    return failed("REFRESH_TOKEN has an access token (Atza|…), which lives an hour", "Set the refresh token (Atzr|…): `amazon-dsp-events login` gets one", 2);
  }
  const odd: string[] = [];
  if (!/^\d+$/.test(advertiserId) && !/^amzn1\.ads-account\./.test(advertiserId)) odd.push("ADVERTISER_ID is no number and no amzn1.ads-account.… id");
  if (!/^amzn1\.application-oa2-client\./.test(clientId)) odd.push("CLIENT_ID does not begin with amzn1.application-oa2-client.");
  if (/^amzn1\.application-oa2-client\./.test(clientSecret)) odd.push("CLIENT_SECRET looks like a client id");
  if (!/^Atzr\|/.test(refreshToken)) odd.push("REFRESH_TOKEN does not begin with Atzr|");
  if (profileId !== undefined && !/^\d+$/.test(profileId)) odd.push("PROFILE_ID is no number");
  if (odd.length === 0) return ok("present and well-formed");
  return warning(odd.join("; "), "See that each value stands under its own name, whole and without quotes");
}

/** Where the parameter that a message begins with is found. */
function whereOf(message: string): string {
  const parameter = PARAMETERS.find(({ name }) => message.startsWith(name));
  return parameter ? `${parameter.name}: ${parameter.where}` : "Copy the value anew";
}

function dataSetCheck({ dataSetName, events }: Config): Result {
  const rules = Object.entries(events ?? {});
  const named = rules.flatMap(([, rule]) => (typeof rule === "object" && rule.dataSetName !== undefined ? [rule.dataSetName] : []));
  const names = [...new Set([...(dataSetName === undefined ? [] : [dataSetName]), ...named])];
  if (dataSetName !== undefined) return ok(`${names.join(", ")} (made with the first event, if Amazon does not have them yet)`);
  const rest = "Amazon puts them into its default data set";
  return warning(
    names.length === 0 ? `no dataSetName: ${rest}` : `${names.join(", ")}; events whose rule names none: ${rest}`,
    "Set dataSetName in the config (`amazon-dsp-events init` writes one), so that Events Manager shows them apart",
  );
}

function profileCheck(profiles: readonly Profile[], connection: Connection): Result {
  const base = baseUrlOf(connection);
  if (profiles.length === 0) return failed(`the user who consented has no profile at ${base}`, elsewhere(base));
  const { profileId } = connection;
  const list = profiles.map((one) => `${one.profileId} (${one.countryCode}, ${one.type})`);
  const shown = list.length > 5 ? `${list.slice(0, 5).join(", ")} and ${list.length - 5} more` : list.join(", ");
  const used = profiles.find((one) => one.profileId === profileId);
  if (profileId !== undefined && !used) {
    return failed(`PROFILE_ID ${profileId} is none of those at ${base}: ${shown}`, "Set one of them, or leave PROFILE_ID away; `amazon-dsp-events profiles` has them all");
  }
  if (!profiles.some(isDsp)) {
    return warning(`${shown}: none is of a DSP account (agency)`, "Let a user of the advertiser's DSP account consent: `amazon-dsp-events login`");
  }
  return ok(used ? `${used.profileId} (${used.countryCode}, ${used.type}) is there` : shown);
}

function advertiserCheck(advertisers: readonly Advertiser[] | AdsApiError | undefined, connection: Connection): Result {
  const { advertiserId } = connection;
  if (!/^\d+$/.test(advertiserId)) return skipped("not checked: only numbers are in the list of DSP advertisers");
  if (advertisers === undefined) return skipped("not checked: no profile of a DSP account to ask with");
  // The right to send events is another one than to read this list.
  if (advertisers instanceof AdsApiError) return warning(`the list cannot be read: ${advertisers.message}`, advertisers.remedy);
  const own = advertisers.find((one) => one.advertiserId === advertiserId);
  if (own) return ok(`${advertiserId} is ${own.name} (${own.country}, ${own.currency})`);
  const base = baseUrlOf(connection);
  const list = advertisers.slice(0, 5).map((one) => `${one.advertiserId} (${one.name})`);
  const shown = list.length === 0 ? "there is none" : `there ${list.length === 1 ? "is" : "are"} ${list.join(", ")}`;
  const more = advertisers.length > 5 ? ` and ${advertisers.length - 5} more` : "";
  return failed(
    `ADVERTISER_ID ${advertiserId} is not among the DSP advertisers at ${base}: ${shown}${more}`,
    `Set one of them (\`amazon-dsp-events profiles\`; Amazon DSP > Advertisers shows the number beside the name). ${elsewhere(base)}`,
  );
}

/** Whether the account is where BASE_URL points. */
export function regionCheck(baseUrl: string, countries: readonly string[]): Result {
  const region = regionOfUrl(baseUrl);
  if (!region) return skipped(`not checked: ${new URL(baseUrl).host} is none of Amazon's three hosts`);
  const known = [...new Set(countries)].filter((country) => regionOfCountry(country) !== undefined);
  if (known.length === 0) return skipped("not checked: no account says its country");
  if (known.some((country) => regionOfCountry(country) === region)) return ok(`${region.name}, as the account (${known.join(", ")})`);
  const right = regionOfCountry(known[0] ?? "");
  return failed(`BASE_URL is ${region.name}'s, and the account is in ${known.join(", ")}`, `Set BASE_URL to ${right?.baseUrl} (${right?.name})`);
}

function elsewhere(base: string): string {
  const here = regionOfUrl(base);
  const others = REGIONS.filter((region) => region !== here).map(({ baseUrl, name }) => `${baseUrl} (${name})`);
  return `If the account is in another region, set BASE_URL: ${others.join(", ")}`;
}

function refused({ status, message, remedy }: AdsApiError): Result {
  return failed(message, remedy, status === 401 || status === 403 ? 2 : 1);
}

async function answered<T>(call: () => Promise<T>): Promise<T | AdsApiError> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof AdsApiError) return error;
    throw error;
  }
}
