// `login`: the advertiser's consent at Login with Amazon, and the refresh token that comes of it.
import { spawn, spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { connectionOf, PARAMETERS } from "../connection.js";
import { UsageError } from "../errors.js";
import { redact } from "../redact.js";
import { runtimeOf } from "../runtime.js";
import { baseUrlOf } from "./ads_api.js";
import { codeOf, listenForRedirect, pastedRedirect, type Redirect } from "./consent_redirect.js";
import { checkEnvFile, readEnvFile, setInEnvFile, type Setting } from "./env_file.js";
import { CommandError } from "./errors.js";
import { answerInWords, ask, fieldsOf, type Answer } from "./http.js";
import { Output, say } from "./io.js";
import { ENV_FILE, missingHint, parametersFrom } from "./parameters.js";
import { consentUrlFor, isTrusted, regionOfUrl } from "./regions.js";

/** Options of `login`; connection parameters may be among them. */
export interface LoginOptions {
  readonly browser: boolean;
  readonly port: number;
  readonly redirectUri?: string;
  readonly dotenv?: string;
  readonly print?: true;
  readonly wrangler?: true;
  readonly region?: string;
  readonly json?: true;
  /** Seconds. */
  readonly timeout: number;
}

const SCOPE = "advertising::campaign_management";
const CONSOLE = "developer.amazon.com > Login with Amazon > your security profile > Web Settings";
const REQUEST_MS = 30_000;
const DAY_MS = 86_400_000;
/** Of refresh tokens that are issued now, from the consent on, however often they are used. */
const LIFETIME_DAYS = 365;

/** What a login is made with. */
interface Client {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly tokenUrl: string;
  readonly consentUrl: string;
  readonly baseUrl: string;
}

/** Runs `login`. */
export async function login(options: LoginOptions): Promise<0> {
  if (options.print && options.wrangler) throw new CommandError(2, "--print and --wrangler exclude each other: name one place for the token");
  const file = options.print ? undefined : (options.dotenv ?? ENV_FILE);
  const client = clientOf(options);
  if (file !== undefined) checkEnvFile(file);

  const state = randomBytes(24).toString("base64url");
  const { redirectUri, redirect } = await consent(client, state, options);
  const code = codeOf(redirect, state);
  const token = await exchange(client, code, redirectUri);
  await store(token, file, client, options);
  return 0;
}

function clientOf(options: LoginOptions): Client {
  const file = options.dotenv ?? ENV_FILE;
  // The file may not be there yet: what is in it is found, and what will be in it is the token.
  const { dotenv: _, ...others } = options;
  const given = parametersFrom(existsSync(file) ? { ...others, dotenv: file } : (others as Readonly<Record<string, unknown>>));
  const missing = PARAMETERS.filter(({ name }) => (name === "CLIENT_ID" || name === "CLIENT_SECRET") && !given[name]?.trim());
  if (missing.length > 0) {
    const lines = missing.map(({ name, where }) => `  ${name.padEnd(14)} ${where}`);
    throw new CommandError(
      2,
      `missing connection ${missing.length === 1 ? "parameter" : "parameters"}:\n${lines.join("\n")}\n${missingHint({ dotenv: file })} ` +
        `\`login\` finds them in ${file} as well.`,
    );
  }
  try {
    // What a login does not need is filled in, so that the rest is checked as everywhere.
    const connection = connectionOf({ ...given, ADVERTISER_ID: "unknown", REFRESH_TOKEN: "unknown" });
    const baseUrl = baseUrlOf(connection);
    const { clientId, clientSecret, tokenUrl } = connection;
    // The file of a folder is read unasked, and whose folder it is nobody knows.
    const distrusted = [tokenUrl, baseUrl].find((url) => options.dotenv === undefined && !isTrusted(url) && isOfFile(url, file));
    if (distrusted !== undefined) {
      throw new CommandError(
        2,
        `${file} sends secrets to ${new URL(distrusted).host}, which is not Amazon's: take it out, or if it is right, say so with --dotenv ${file}`,
      );
    }
    return { clientId, clientSecret, tokenUrl, baseUrl, consentUrl: consentUrlFor(baseUrl) };
  } catch (error) {
    if (error instanceof UsageError) throw new CommandError(2, error.message, { cause: error });
    throw error;
  }
}

/** Whether a URL stands in the file alone: what options and the environment say, the user has said. */
function isOfFile(url: string, file: string): boolean {
  if (!existsSync(file)) return false;
  const { BASE_URL, TOKEN_URL } = readEnvFile(file);
  const { host } = new URL(url);
  return [BASE_URL, TOKEN_URL].some((text) => text !== undefined && URL.canParse(text.trim()) && new URL(text.trim()).host === host);
}

/** Lets the user consent; what came back. */
async function consent(client: Client, state: string, options: LoginOptions): Promise<{ redirectUri: string; redirect: Redirect }> {
  const isPasted = !options.browser || options.redirectUri !== undefined;
  const callback = isPasted ? undefined : await listenForRedirect(options.port);
  const redirectUri = callback?.redirectUri ?? checkedRedirect(options);
  const query = { client_id: client.clientId, scope: SCOPE, response_type: "code", redirect_uri: redirectUri, state };
  const url = `${client.consentUrl}?${new URLSearchParams(query).toString().replaceAll("+", "%20")}`;
  try {
    await probe(url, client, redirectUri);
    say(`Let a user of the advertiser's DSP account consent here:\n\n  ${url}\n`);
    if (callback) {
      if (!openBrowser(url)) say("(No browser was opened: open the address yourself. On another machine, use --no-browser.)");
      say(`Waiting for Amazon's redirect to ${redirectUri}, at most ${options.timeout} s. Ctrl-C ends it.`);
    } else {
      say(`Then paste the address that the browser ends at (the page itself need not load), or the code in it, within 5 minutes.`);
    }
    const came = callback?.redirect ?? pastedRedirect("> ");
    return { redirectUri, redirect: await within(options.timeout, came, redirectUri) };
  } finally {
    callback?.close();
    // Whoever waits for a line would keep the process.
    if (!callback) process.stdin.destroy();
  }
}

function checkedRedirect({ redirectUri, port }: LoginOptions): string {
  if (redirectUri === undefined) return `http://localhost:${port}/callback`;
  if (URL.canParse(redirectUri) && /^https?:/.test(redirectUri)) return redirectUri;
  throw new CommandError(2, `--redirect-uri must be a URL that is among the Allowed Return URLs, got \`${redact(redirectUri)}\``);
}

/**
 * Looks at the page before the user does. Amazon answers a request that cannot be with a page of its own, and never
 * redirects: nobody would hear of it here.
 */
async function probe(url: string, client: Client, redirectUri: string): Promise<void> {
  const answer = await ask(runtimeOf({}).fetch, { url, headers: { Accept: "text/html" }, timeoutMs: 10_000, attempts: 1 });
  if (answer.status === 0) {
    say(`warning: this machine cannot reach ${new URL(url).origin} (${answer.problem}); the browser may`);
    return;
  }
  if (answer.status !== 400) return;
  const said = answer.body.replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");
  if (/redirect URI[^.]*not been (whitelisted|allowed)/i.test(said)) {
    throw new CommandError(
      2,
      `Amazon does not know the return URL ${redirectUri}. Enter it, exactly so, among the Allowed Return URLs: ${CONSOLE}. ` +
        "Or name one that is there with --redirect-uri",
    );
  }
  if (/unknown scope/i.test(said)) {
    throw new CommandError(
      2,
      `Amazon does not let CLIENT_ID ask for ${SCOPE}. The application must be approved for the Amazon Ads API: ` +
        "advertising.amazon.com > Amazon Ads API > Apply for access, with the security profile of CLIENT_ID",
    );
  }
  throw new CommandError(2, `Amazon refuses the request for consent (HTTP 400). Check CLIENT_ID: ${CONSOLE} (${client.clientId.slice(0, 31)}…)`);
}

async function within<T>(seconds: number, waiting: Promise<T>, redirectUri: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(
        new CommandError(
          1,
          `nobody consented within ${seconds} s. If Amazon showed an error instead of a question, see that ${redirectUri} is among the ` +
            `Allowed Return URLs: ${CONSOLE}. If the browser is on another machine, use --no-browser`,
        ),
      );
    }, seconds * 1000);
  });
  try {
    return await Promise.race([waiting, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Exchanges the code for a refresh token. */
async function exchange(client: Client, code: string, redirectUri: string): Promise<string> {
  const { clientId, clientSecret, tokenUrl } = client;
  const answer = await ask(runtimeOf({}).fetch, {
    url: tokenUrl,
    method: "POST",
    headers: { "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8", Accept: "application/json" },
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code,
      redirect_uri: redirectUri,
      client_id: clientId,
      client_secret: clientSecret,
    }).toString(),
    timeoutMs: REQUEST_MS,
  });
  const { refresh_token: token } = fieldsOf(answer.body);
  // What could not stand in a file between quotes is no token of Amazon's.
  if (answer.status === 200 && typeof token === "string" && /^[\x21-\x7e]+$/.test(token) && !/['"\\]/.test(token)) return token;
  throw notExchanged(answer, client, redirectUri, [code, clientSecret]);
}

function notExchanged(answer: Answer, { tokenUrl }: Client, redirectUri: string, secrets: readonly string[]): CommandError {
  const said = redact(answerInWords(answer), secrets);
  if (answer.status === 200) return new CommandError(1, `${tokenUrl} answered without a refresh token. Check TOKEN_URL, then run \`login\` again`);
  if (answer.status === 0 || answer.status === 429 || answer.status >= 500) {
    return new CommandError(1, `no refresh token from ${tokenUrl}: ${said}. Check TOKEN_URL and the network, then run \`login\` again`);
  }
  switch (fieldsOf(answer.body)["error"]) {
    case "invalid_grant":
      return new CommandError(
        1,
        `Amazon refused the code (${said}). A code lives 5 minutes, works once, and only with the return URL it was asked with ` +
          `(${redirectUri}). Run \`login\` again`,
      );
    case "invalid_client":
      return new CommandError(2, `Amazon refused CLIENT_ID or CLIENT_SECRET (${said}). Copy both anew from ${CONSOLE}; they belong together`);
    case "unauthorized_client":
      return new CommandError(
        2,
        `Amazon does not let CLIENT_ID exchange codes (${said}). See that it is approved for the Amazon Ads API: advertising.amazon.com > ` +
          "Amazon Ads API > Apply for access",
      );
    default:
      return new CommandError(2, `${tokenUrl} refused the code (${said}). Check TOKEN_URL, CLIENT_ID and CLIENT_SECRET, then run \`login\` again`);
  }
}

/** Puts the token where the user said. */
async function store(token: string, file: string | undefined, client: Client, options: LoginOptions): Promise<void> {
  const today = new Date();
  const day = (at: number): string => new Date(at).toISOString().slice(0, 10);
  const renewBefore = day(today.getTime() + LIFETIME_DAYS * DAY_MS);
  const output = new Output();
  if (options.json) {
    const shown = { stored: file ?? null, renewBefore, baseUrl: client.baseUrl, ...(file === undefined && { refreshToken: token }) };
    await output.write(`${JSON.stringify(shown)}\n`);
  } else if (file === undefined) await output.write(`${token}\n`);
  if (file === undefined) {
    say("warning: whoever has this token may send events and change campaigns. Keep it where secrets are kept; it is not shown again.");
    say(`It ends ${LIFETIME_DAYS} days after this consent: run \`login\` again before ${renewBefore}.`);
    return;
  }
  const settings: Setting[] = [
    { name: "REFRESH_TOKEN", value: token, comment: `of the consent of ${day(today.getTime())}; ends ${LIFETIME_DAYS} days later, run \`login\` again before ${renewBefore}` },
  ];
  // Whoever names a region means it for what comes next as well.
  if (options.region !== undefined && regionOfUrl(client.baseUrl)) settings.push({ name: "BASE_URL", value: client.baseUrl });
  setInEnvFile(file, settings);
  say(`The refresh token is in ${file} as REFRESH_TOKEN, readable by you alone.`);
  say(`It ends ${LIFETIME_DAYS} days after this consent: run \`login\` again before ${renewBefore}.`);
  const kept = process.env["REFRESH_TOKEN"];
  if (kept !== undefined && kept !== "" && kept !== token) {
    say("warning: the environment has another REFRESH_TOKEN, which goes before the file: unset it");
  }
  if (isOpenToGit(file)) say(`warning: git does not ignore ${file}: put it into .gitignore before you commit`);
  if (options.wrangler) {
    if (!options.json) await output.write(wranglerCommands(file));
    return;
  }
  say(`Next: amazon-dsp-events profiles --dotenv ${file} --save`);
}

/** The token goes from the file into the command, and is seen neither on a screen nor in a list of processes. */
function wranglerCommands(file: string): string {
  const quoted = `'${file.replaceAll("'", "'\\''")}'`;
  return [
    "npx wrangler secret put CLIENT_ID",
    "npx wrangler secret put CLIENT_SECRET",
    `sed -n "s/^\\(export \\)\\{0,1\\}REFRESH_TOKEN='\\(.*\\)'\\$/\\2/p" ${quoted} | npx wrangler secret put REFRESH_TOKEN`,
    "",
  ].join("\n");
}

/** Whether a repository would take the file in. */
function isOpenToGit(file: string): boolean {
  const { status } = spawnSync("git", ["check-ignore", "--quiet", resolve(file)], { cwd: dirname(resolve(file)), stdio: "ignore" });
  return status === 1;
}

/** Opens the address in a browser, if there is one. Whether it opened, nobody can know: the address is shown in any case. */
function openBrowser(url: string): boolean {
  const { BROWSER, DISPLAY, WAYLAND_DISPLAY } = process.env;
  const [program, ...args] =
    BROWSER !== undefined && BROWSER !== ""
      ? [BROWSER]
      : process.platform === "darwin"
        ? ["open"]
        : process.platform === "win32"
          ? ["rundll32", "url.dll,FileProtocolHandler"]
          : // Without a screen it would start a browser of text on this terminal.
            DISPLAY || WAYLAND_DISPLAY
            ? ["xdg-open"]
            : [];
  if (program === undefined) return false;
  spawn(program, [...args, url], { stdio: "ignore", detached: true })
    .on("error", () => say("(The browser did not open: open the address yourself.)"))
    .unref();
  return true;
}
