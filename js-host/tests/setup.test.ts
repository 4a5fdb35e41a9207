// The set-up as a person does it: `login`, `profiles`, `doctor`, `init` as processes, against a stand-in for Amazon, with every
// failure that they name.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { inWords } from "../dist/cli/checks.js";
import { regionCheck } from "../dist/cli/doctor.js";
import { consentUrlFor } from "../dist/cli/regions.js";
import { line } from "../dist/cli/progress.js";
import { Transformer } from "../dist/core.js";
import { startMock, type Mock, type MockOptions, type Plan } from "../dist/mock/index.js";
import { event } from "./world.js";

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));
const CONSOLE = "developer.amazon.com > Login with Amazon > your security profile > Web Settings";
const SECRETS = /amzn1\.oa2-cs\.v1|Atz[ar]\||ANmock/;

const mocks: Mock[] = [];
async function amazon(plan: Plan = {}, options: MockOptions = {}): Promise<Mock> {
  const mock = await startMock({ plan, ...options });
  mocks.push(mock);
  return mock;
}
after(() => Promise.all(mocks.map((mock) => mock.close())));

const folder = (): string => realpathSync(mkdtempSync(join(tmpdir(), "amazon-dsp-events-")));

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Options {
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string;
  readonly input?: string;
  /** Does what a person would, once the address is shown. */
  readonly onAddress?: (address: string, type: (text: string) => void) => unknown;
}

function run(args: readonly string[], { env, cwd = folder(), input, onAddress }: Options = {}): Promise<Result> {
  const child = spawn(process.execPath, [bin, ...args], { env: { PATH: process.env["PATH"], ...env }, cwd, stdio: "pipe" });
  let out = "";
  let err = "";
  let isShown = false;
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString();
    const [, address] = /\n {2}(http\S+)\n[^]*\n.*(?:Ctrl-C ends it|within 5 minutes)\.\n/.exec(err) ?? [];
    if (isShown || address === undefined) return;
    isShown = true;
    void onAddress?.(address, (text) => child.stdin.write(text));
  });
  child.stdin.on("error", () => undefined);
  if (input !== undefined) child.stdin.end(input);
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

/** The last line of standard error: what the command ends with. */
const last = ({ err }: Result): string => err.trimEnd().split("\n").at(-1) ?? "";

/** Without what is another one each time. */
const same = (text: string): string => text.replace(/localhost:\d+/g, "localhost:PORT").replace(/127\.0\.0\.1:\d+/g, "AMAZON").replace(/\d{4}-\d\d-\d\d/g, "DAY").replace(/\b3(?:59|60)\d s/, "AN HOUR");

const client = ({ parameters }: Mock): NodeJS.ProcessEnv => {
  const { CLIENT_ID, CLIENT_SECRET, BASE_URL, TOKEN_URL } = parameters;
  return { CLIENT_ID, CLIENT_SECRET, BASE_URL, TOKEN_URL };
};

/** As a browser: follows the redirects to their end. */
const browse = async (address: string): Promise<string> => (await fetch(address)).text();

test("login keeps the refresh token in .env, with the other lines, readable by its owner alone", async () => {
  const mock = await amazon();
  const cwd = folder();
  writeFileSync(join(cwd, ".env"), "# mine\nA='1'\nexport REFRESH_TOKEN=old # from before\nB=2", { mode: 0o644 });
  let page = "";
  const { code, out, err } = await run(["login", "--port", "0"], {
    env: client(mock),
    cwd,
    onAddress: async (address) => {
      const { searchParams, pathname, origin } = new URL(address);
      assert.deepEqual([origin, pathname], [mock.url, "/ap/oa"]);
      const { state, redirect_uri, ...rest } = Object.fromEntries(searchParams);
      assert.deepEqual(rest, { client_id: mock.parameters.CLIENT_ID, scope: "advertising::campaign_management", response_type: "code" });
      assert.match(redirect_uri ?? "", /^http:\/\/localhost:\d+\/callback$/);
      assert.match(state ?? "", /^[\w-]{32}$/);
      page = await browse(address);
    },
  });
  assert.deepEqual([code, out], [0, ""], err);
  assert.equal(page, "amazon-dsp-events has its answer; the terminal says how it ended. You may close this window.\n");
  assert.equal(
    same(readFileSync(join(cwd, ".env"), "utf8")),
    "# mine\nA='1'\n# REFRESH_TOKEN: of the consent of DAY; ends 365 days later, run `login` again before DAY\nexport REFRESH_TOKEN='Atzr|mock'\nB=2\n",
  );
  assert.equal(statSync(join(cwd, ".env")).mode & 0o777, 0o600);
  assert.equal(
    same(err).replace(/AMAZON\S+/, "ADDRESS"),
    "Let a user of the advertiser's DSP account consent here:\n\n  http://ADDRESS\n\n" +
      "(No browser was opened: open the address yourself. On another machine, use --no-browser.)\n" +
      "Waiting for Amazon's redirect to http://localhost:PORT/callback, at most 300 s. Ctrl-C ends it.\n" +
      "The refresh token is in .env as REFRESH_TOKEN, readable by you alone.\n" +
      "It ends 365 days after this consent: run `login` again before DAY.\n" +
      "Next: amazon-dsp-events profiles --dotenv .env --save\n",
  );
  const [, day] = /before (\S+)\.\n/.exec(err) ?? [];
  assert.equal(Math.round((Date.parse(day ?? "") - Date.now()) / 86_400_000 + 0.5), 365);
  assert.doesNotMatch(err + out, SECRETS);
});

test("login again changes nothing but the token and its date, and a link stays a link", async () => {
  const mock = await amazon({ token: { rotateRefreshToken: true } });
  const cwd = folder();
  mkdirSync(join(cwd, "kept"));
  symlinkSync("kept/real.env", join(cwd, "link.env"));
  writeFileSync(join(cwd, "kept/real.env"), `CLIENT_ID='${mock.parameters.CLIENT_ID}'\r\nCLIENT_SECRET="${mock.parameters.CLIENT_SECRET}" # ours\r\nREFRESH_TOKEN=a\r\nREFRESH_TOKEN=b\r\n`);
  const { BASE_URL, TOKEN_URL } = mock.parameters;
  for (let time = 1; time <= 2; time++) {
    const result = await run(["login", "--port", "0", "--dotenv", "link.env"], { env: { BASE_URL, TOKEN_URL }, cwd, onAddress: browse });
    assert.equal(result.code, 0, result.err);
    assert.equal(
      same(readFileSync(join(cwd, "kept/real.env"), "utf8")),
      `CLIENT_ID='${mock.parameters.CLIENT_ID}'\r\nCLIENT_SECRET="${mock.parameters.CLIENT_SECRET}" # ours\r\n` +
        `# REFRESH_TOKEN: of the consent of DAY; ends 365 days later, run \`login\` again before DAY\r\nREFRESH_TOKEN='Atzr|mock-${time}'\r\n`,
    );
  }
});

const noGit = spawnSync("git", ["--version"]).status === 0 ? false : "git is not installed";

test("login warns of what would give the token away, or keep it from being used", { skip: noGit }, async () => {
  const mock = await amazon();
  const cwd = folder();
  spawnSync("git", ["init", "--quiet"], { cwd });
  const open = await run(["login", "--port", "0"], { env: { ...client(mock), REFRESH_TOKEN: "Atzr|before" }, cwd, onAddress: browse });
  assert.match(
    open.err,
    /\nwarning: the environment has another REFRESH_TOKEN, which goes before the file: unset it\nwarning: git does not ignore \.env: put it into \.gitignore before you commit\nNext: /,
  );
  writeFileSync(join(cwd, ".gitignore"), ".env\n");
  const ignored = await run(["login", "--port", "0"], { env: client(mock), cwd, onAddress: browse });
  assert.deepEqual([ignored.code, /warning/.test(ignored.err)], [0, false], ignored.err);
});

test("each region has its page of consent, and a stand-in its own", () => {
  assert.deepEqual(
    ["https://advertising-api.amazon.com", "https://advertising-api-eu.amazon.com", "https://advertising-api-fe.amazon.com", "http://127.0.0.1:8787", "https://proxy.example.com"].map(consentUrlFor),
    ["https://www.amazon.com/ap/oa", "https://eu.account.amazon.com/ap/oa", "https://apac.account.amazon.com/ap/oa", "http://127.0.0.1:8787/ap/oa", "https://www.amazon.com/ap/oa"],
  );
});

test("login opens the browser that is named", async () => {
  const mock = await amazon();
  const cwd = folder();
  const browser = join(cwd, "browser.mjs");
  writeFileSync(browser, `#!${process.execPath}\nawait (await fetch(process.argv[2])).text();\n`);
  chmodSync(browser, 0o755);
  const { code, err } = await run(["login", "--port", "0"], { env: { ...client(mock), BROWSER: browser }, cwd });
  assert.deepEqual([code, existsSync(join(cwd, ".env"))], [0, true], err);
  assert.doesNotMatch(err, /No browser/);
});

test("login prints the token once if asked to, and nowhere else", async () => {
  const mock = await amazon();
  const cwd = folder();
  const { code, out, err } = await run(["login", "--port", "0", "--print"], { env: client(mock), cwd, onAddress: browse });
  assert.deepEqual([code, out, existsSync(join(cwd, ".env"))], [0, "Atzr|mock\n", false]);
  assert.match(err, /\nwarning: whoever has this token may send events and change campaigns\. Keep it where secrets are kept; it is not shown again\.\n/);
  assert.doesNotMatch(err, SECRETS);
  const json = await run(["login", "--port", "0", "--json"], { env: client(mock), cwd, onAddress: browse });
  const { renewBefore, ...shown } = JSON.parse(json.out) as Record<string, unknown>;
  assert.deepEqual(shown, { stored: ".env", baseUrl: mock.url });
  assert.match(String(renewBefore), /^\d{4}-\d\d-\d\d$/);
});

test("login names the commands that bring the token into a Worker, and they do", async () => {
  const mock = await amazon();
  const cwd = folder();
  const { code, out } = await run(["login", "--port", "0", "--wrangler", "--dotenv", "it's.env"], { env: client(mock), cwd, onAddress: browse });
  assert.deepEqual([code, out.trimEnd().split("\n").map((command) => command.replace(/.*\| /, ""))], [
    0,
    ["CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"].map((name) => `npx wrangler secret put ${name}`),
  ]);
  const [command = ""] = out.trimEnd().split("\n").slice(-1);
  const shell = spawn("sh", ["-c", command.replace("npx wrangler secret put REFRESH_TOKEN", "cat")], { cwd, stdio: ["ignore", "pipe", "inherit"] });
  let piped = "";
  shell.stdout.on("data", (data: Buffer) => (piped += data.toString()));
  await new Promise((resolve) => shell.once("close", resolve));
  assert.equal(piped, "Atzr|mock\n");
  assert.doesNotMatch(out, SECRETS);
});

test("login takes the pasted address or the code from standard input", async () => {
  const mock = await amazon();
  const redirected = async (address: string): Promise<URL> => new URL((await fetch(address, { redirect: "manual" })).headers.get("location") ?? "");
  for (const pasted of [(url: URL) => `\n "${url.href}" \n`, (url: URL) => `${url.searchParams.get("code") ?? ""}\n`, (url: URL) => `${url.search}\n`]) {
    const cwd = folder();
    const result = await run(["login", "--no-browser"], {
      env: client(mock),
      cwd,
      onAddress: async (address, type) => {
        assert.equal(new URL(address).searchParams.get("redirect_uri"), "http://localhost:8765/callback");
        type(pasted(await redirected(address)));
      },
    });
    assert.equal(result.code, 0, result.err);
    assert.match(readFileSync(join(cwd, ".env"), "utf8"), /\nREFRESH_TOKEN='Atzr\|mock'\n/);
    assert.doesNotMatch(result.err + result.out, SECRETS);
  }
  const other = await run(["login", "--redirect-uri", "https://example.com/amazon"], {
    env: client(mock),
    onAddress: async (address, type) => type(`${(await redirected(address)).href}\n`),
  });
  assert.equal(other.code, 0, other.err);
});

const refused: [string, Plan, Record<string, string>, number, string][] = [
  ["a user who does not consent", { consent: { faults: { denied: 1 } } }, {}, 1, "error: the user did not consent (access_denied: Access not permitted.). Run `login` again and choose Allow"],
  [
    "a redirect of another login",
    { consent: { faults: { wrong_state: 1 } } },
    {},
    1,
    "error: the redirect is not of this login: its `state` is another one or missing. Nothing of it was used. Run `login` again, and consent at the address that it shows",
  ],
  [
    "a return URL that Amazon does not know",
    { consent: { returnUrls: ["https://example.com/"] } },
    {},
    2,
    `error: Amazon does not know the return URL http://localhost:PORT/callback. Enter it, exactly so, among the Allowed Return URLs: ${CONSOLE}. Or name one that is there with --redirect-uri`,
  ],
  [
    "a client that nobody knows",
    {},
    { CLIENT_ID: "amzn1.application-oa2-client.other" },
    2,
    `error: Amazon refuses the request for consent (HTTP 400). Check CLIENT_ID: ${CONSOLE} (amzn1.application-oa2-client.ot…)`,
  ],
  [
    "a code that has expired",
    { token: { faults: { invalid_grant: 1 } } },
    {},
    1,
    "error: Amazon refused the code (HTTP 400 invalid_grant: The request has an invalid grant parameter : code). A code lives 5 minutes, works once, and only with the return URL it was asked with (http://localhost:PORT/callback). Run `login` again",
  ],
  [
    "a wrong secret",
    {},
    { CLIENT_SECRET: "not-this-one" },
    2,
    `error: Amazon refused CLIENT_ID or CLIENT_SECRET (HTTP 401 invalid_client: Client authentication failed). Copy both anew from ${CONSOLE}; they belong together`,
  ],
  [
    "a client that may not exchange codes",
    { token: { faults: { unauthorized_client: 1 } } },
    {},
    2,
    "error: Amazon does not let CLIENT_ID exchange codes (HTTP 400 unauthorized_client: The client is not authorized to use this grant). See that it is approved for the Amazon Ads API: advertising.amazon.com > Amazon Ads API > Apply for access",
  ],
  [
    "a token endpoint that is down",
    { token: { faults: { 503: 1 } } },
    {},
    1,
    "error: no refresh token from http://AMAZON/auth/o2/token: HTTP 503 ServerError. Check TOKEN_URL and the network, then run `login` again",
  ],
  ["an answer without a token", { token: { faults: { no_token: 1 } } }, {}, 1, "error: http://AMAZON/auth/o2/token answered without a refresh token. Check TOKEN_URL, then run `login` again"],
];
for (const [name, plan, wrong, exitCode, message] of refused) {
  test(`login says what to do about ${name}, and keeps nothing`, async () => {
    const mock = await amazon(plan);
    const cwd = folder();
    const result = await run(["login", "--port", "0"], { env: { ...client(mock), ...wrong }, cwd, onAddress: browse });
    assert.deepEqual([same(last(result)), result.code, result.out, existsSync(join(cwd, ".env"))], [message, exitCode, "", false]);
    assert.doesNotMatch(result.err, /not-this-one|amzn1\.oa2-cs|Atz[ar]\||ANmock/);
  });
}

/** A port where nobody listens. */
async function nobody(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

const plain = (text: string): string => same(text).replace(/(?:ECONNREFUSED )?connect ECONNREFUSED AMAZON/g, "REFUSED");

test("login says when an endpoint cannot be reached; the browser may be able to", async () => {
  const { parameters } = await amazon();
  const url = await nobody();
  const env = { CLIENT_ID: parameters.CLIENT_ID, CLIENT_SECRET: parameters.CLIENT_SECRET, BASE_URL: url, TOKEN_URL: `${url}/auth/o2/token` };
  const result = await run(["login", "--no-browser"], { env, onAddress: (_, type) => type("ANsome-code\n") });
  assert.deepEqual(
    [plain(result.err.split("\n")[0] ?? ""), plain(last(result)), result.code],
    [
      "warning: this machine cannot reach http://AMAZON (REFUSED); the browser may",
      "error: no refresh token from http://AMAZON/auth/o2/token: REFUSED. Check TOKEN_URL and the network, then run `login` again",
      1,
    ],
  );
});

test("login waits for the consent no longer than it says", async () => {
  const mock = await amazon();
  const result = await run(["login", "--port", "0", "--timeout", "1"], { env: client(mock) });
  assert.deepEqual(
    [same(last(result)), result.code],
    [
      "error: nobody consented within 1 s. If Amazon showed an error instead of a question, see that http://localhost:PORT/callback is among the Allowed Return URLs: " +
        `${CONSOLE}. If the browser is on another machine, use --no-browser`,
      1,
    ],
  );
});

test("login leaves alone what is no redirect, and takes none with a state of its own making", async () => {
  const mock = await amazon();
  const answers: number[] = [];
  const result = await run(["login", "--port", "0"], {
    env: client(mock),
    onAddress: async (address) => {
      const callback = new URL(new URL(address).searchParams.get("redirect_uri") ?? "");
      for (const path of ["/favicon.ico", "/"]) answers.push((await fetch(new URL(path, callback))).status);
      answers.push((await fetch(callback, { method: "POST" })).status);
      answers.push((await fetch(`${callback.href}?code=ANother&isCodeAlone=true`)).status);
    },
  });
  assert.deepEqual([answers, result.code], [[404, 404, 404, 200], 1]);
  assert.match(last(result), /^error: the redirect is not of this login/);
  assert.equal(mock.stats().tokenRequests, 0);
});

test("login needs a port of its own", async () => {
  const mock = await amazon();
  const port = new URL(mock.url).port;
  const result = await run(["login", "--port", port], { env: client(mock) });
  assert.deepEqual(
    [result.err, result.code],
    [
      `error: cannot listen on port ${port} for Amazon's redirect: another program listens there. Choose another with --port, and enter ` +
        `http://localhost:PORT/callback with it among the Allowed Return URLs (${CONSOLE}); or use --no-browser\n`,
      2,
    ],
  );
});

const NO_CLIENT =
  "error: missing connection parameters:\n" +
  "  CLIENT_ID      developer.amazon.com > Login with Amazon > your security profile > Web Settings (amzn1.application-oa2-client.…)\n" +
  "  CLIENT_SECRET  on the same page, behind Show Secret (amzn1.oa2-cs.…)\n" +
  "Set them in the environment (or as options such as --client-id). `login` finds them in .env as well.\n";
const wrongUse: [string, string[], NodeJS.ProcessEnv, string][] = [
  ["no client", ["login"], {}, NO_CLIENT],
  ["two places for the token", ["login", "--print", "--wrangler"], {}, "error: --print and --wrangler exclude each other: name one place for the token\n"],
  ["a folder as the file", ["login", "--dotenv", "."], { CLIENT_ID: "a", CLIENT_SECRET: "b" }, "error: cannot read --dotenv .: it is a folder\n"],
  ["a folder that is not there", ["login", "--dotenv", "nowhere/x.env"], { CLIENT_ID: "a", CLIENT_SECRET: "b" }, "error: cannot write --dotenv nowhere/x.env: there is no such file\n"],
  ["a return URL that is none", ["login", "--redirect-uri", "callback"], { CLIENT_ID: "a", CLIENT_SECRET: "b" }, "error: --redirect-uri must be a URL that is among the Allowed Return URLs, got `callback`\n"],
  ["a region that is none", ["login", "--region", "us"], {}, "error: option '--region <region>' argument 'us' is invalid. Allowed choices are na, eu, fe.\n"],
  ["a file that is not there", ["profiles", "--dotenv", "x.env"], {}, "error: cannot read --dotenv x.env: there is no such file\n"],
  ["a data set that cannot be", ["doctor", "--send-test", "9"], {}, "error: --send-test must be followed by a data set's name (1 to 100 letters, digits, _ and -, beginning with a letter) or nothing, got `9`\n"],
  ["a shell that is none", ["completion", "tcsh"], {}, "error: command-argument value 'tcsh' is invalid for argument 'shell'. Allowed choices are bash, zsh, fish.\n"],
];
for (const [name, args, env, message] of wrongUse) {
  test(`${name} is wrong use: one message, exit code 2`, async () => {
    const { code, out, err } = await run(args, { env });
    assert.deepEqual([err, out, code], [message, "", 2]);
  });
}

test("login gives up where nothing is pasted, and where what is pasted has no code", async () => {
  const mock = await amazon();
  const nothing = await run(["login", "--no-browser"], { env: client(mock), input: "\n\n" });
  assert.deepEqual([last(nothing), nothing.code], ["error: no address and no code came on standard input: paste what the browser's address bar shows", 2]);
  const half = await run(["login", "--no-browser"], {
    env: client(mock),
    onAddress: (address, type) => type(`http://localhost:8765/callback?state=${new URL(address).searchParams.get("state") ?? ""}\n`),
  });
  assert.deepEqual([last(half), half.code], ["error: the redirect has neither a code nor an error: paste the whole address, from http to its end", 1]);
});

test("profiles lists what there is, and marks what to use", async () => {
  const mock = await amazon();
  const { ADVERTISER_ID, ...env } = mock.parameters;
  const one = await run(["profiles"], { env });
  assert.deepEqual([one.code, one.err], [0, ""]);
  assert.equal(
    one.out,
    `   PROFILE_ID  country  currency  type    account  name
>  1           US       USD       agency  ENTITY1  Stand-in

   ADVERTISER_ID  country  currency  profile  name
>  1234567890     US       USD       1        Stand-in Shop

> can be used   * is what ADVERTISER_ID or PROFILE_ID says now

Set:
  ADVERTISER_ID=1234567890
  PROFILE_ID=1
`,
  );
  const used = await run(["profiles"], { env: { ...env, ADVERTISER_ID, PROFILE_ID: "1" } });
  assert.match(used.out, /\n\* {2}1 .*\n[^]*\n\* {2}1234567890 /);
  const json = await run(["profiles", "--json"], { env });
  assert.deepEqual(JSON.parse(json.out), {
    baseUrl: mock.url,
    profiles: [{ profileId: "1", countryCode: "US", currencyCode: "USD", timezone: "America/Los_Angeles", type: "agency", name: "Stand-in", accountId: "ENTITY1" }],
    advertisers: [{ advertiserId: "1234567890", name: "Stand-in Shop", country: "US", currency: "USD", profileId: "1" }],
    problems: [],
  });
});

test("profiles puts the ids of an advertiser into the file", async () => {
  const mock = await amazon({ accounts: { advertisers: 2 } });
  const cwd = folder();
  const { ADVERTISER_ID: _, ...parameters } = mock.parameters;
  const before = Object.entries(parameters).map(([name, value]) => `${name}='${value}'\n`).join("");
  writeFileSync(join(cwd, ".env"), before);
  const save = (...args: string[]): Promise<Result> => run(["profiles", "--dotenv", ".env", "--save", ...args], { cwd });
  const unclear = await save();
  assert.deepEqual([last(unclear), unclear.code], ["error: --save must be followed by one of the 2 advertisers' ids; nothing was saved", 2]);
  const unknown = await save("42");
  assert.deepEqual([last(unknown), unknown.code], ["error: --save must be followed by the id of an advertiser above, got `42`; nothing was saved", 2]);
  assert.equal(readFileSync(join(cwd, ".env"), "utf8"), before);
  const saved = await save("9000000001");
  assert.deepEqual(
    [saved.err, saved.code, readFileSync(join(cwd, ".env"), "utf8")],
    [
      "ADVERTISER_ID and PROFILE_ID of Stand-in Shop 2 are in .env.\nNext: amazon-dsp-events init, then amazon-dsp-events doctor --dotenv .env\n",
      0,
      `${before}ADVERTISER_ID='9000000001'\nPROFILE_ID='1'\n`,
    ],
  );
  const nowhere = await run(["profiles", "--save"], { cwd });
  assert.deepEqual([nowhere.err, nowhere.code], ["error: --save goes with --dotenv: the file that the ids are put into\n", 2]);
  mock.setFaults({ accounts: { advertisers: 1 } });
  assert.equal((await save()).code, 0);
  assert.match(readFileSync(join(cwd, ".env"), "utf8"), /\nADVERTISER_ID='1234567890'\nPROFILE_ID='1'\n$/);
});

test("profiles reads every page", async () => {
  const mock = await amazon({ accounts: { advertisers: 205 } });
  const { out } = await run(["profiles", "--json"], { env: mock.parameters });
  const { advertisers } = JSON.parse(out) as { advertisers: { advertiserId: string }[] };
  assert.equal(new Set(advertisers.map(({ advertiserId }) => advertiserId)).size, 205);
  assert.equal(mock.requests.filter(({ path }) => path === "/dsp/advertisers").length, 3);
});

const REGIONS =
  "If the account is in another region, set BASE_URL: https://advertising-api.amazon.com (North America), https://advertising-api-eu.amazon.com (Europe), https://advertising-api-fe.amazon.com (Far East)";
const APPLY = "The application must be approved for it: advertising.amazon.com > Amazon Ads API > Apply for access, with the security profile of CLIENT_ID";
const RIGHTS = "Let a user of the DSP account consent (`amazon-dsp-events login`), or give that user rights: Amazon DSP > Manage users";
const noProfiles: [string, Plan, Record<string, string>, number, string][] = [
  ["a region without the account", { accounts: { faults: { no_profiles: 1 } } }, {}, 1, `error: the user who consented has no profile at http://AMAZON. ${REGIONS}`],
  [
    "no advertiser",
    { accounts: { faults: { no_advertisers: 1 } } },
    {},
    1,
    `error: no DSP advertiser at http://AMAZON can be seen: in Amazon DSP, create one, or give the user who consented access to one. ${REGIONS}`,
  ],
  ["a 401", { accounts: { faults: { 401: 1 } } }, {}, 2, `error: Amazon does not let CLIENT_ID use the Amazon Ads API (HTTP 401 UNAUTHORIZED: by request). ${APPLY}`],
  ["a 403", { accounts: { faults: { 403: 1 } } }, {}, 2, `error: the user who consented may not read this account (HTTP 403 FORBIDDEN: by request). ${RIGHTS}`],
  ["a 503", { accounts: { faults: { 503: 1 } } }, {}, 1, "error: http://AMAZON/v2/profiles answered HTTP 503 INTERNAL_ERROR: by request. Run it again in a while; if it stays so, check BASE_URL"],
  ["a page instead of a list", { accounts: { faults: { html: 1 } } }, {}, 1, "error: http://AMAZON/v2/profiles answered what is no list. Check BASE_URL: something else answers there"],
  [
    "a refresh token that has ended",
    {},
    { REFRESH_TOKEN: "Atzr|ended" },
    2,
    "error: Amazon refused REFRESH_TOKEN (HTTP 400 invalid_grant: The request has an invalid grant parameter : refresh_token). It has expired (365 days after consent), was revoked, " +
      "was cut when copied, or belongs to another CLIENT_ID. Let the advertiser consent again and set the new token: `amazon-dsp-events login`",
  ],
];
for (const [name, plan, wrong, exitCode, message] of noProfiles) {
  test(`profiles says what to do about ${name}`, async () => {
    const mock = await amazon(plan);
    const result = await run(["profiles"], { env: { ...mock.parameters, ...wrong } });
    assert.deepEqual([same(last(result)), result.code], [message, exitCode]);
    assert.doesNotMatch(result.err + result.out, SECRETS);
  });
}

test("profiles and doctor wait no longer than they say, and name who does not answer", async () => {
  const mock = await amazon({ accounts: { faults: { hang: 1 } } });
  const hanging = await run(["profiles", "--timeout", "1"], { env: mock.parameters });
  const network = "Check BASE_URL and the network, then run it again";
  assert.deepEqual([same(last(hanging)), hanging.code], [`error: no answer from http://AMAZON/v2/profiles: no reply within 1 s. ${network}`, 1]);
  const { code, out } = await run(["doctor", "--json"], { env: { ...mock.parameters, BASE_URL: await nobody() } });
  const wrong = (JSON.parse(out) as Doctored).checks.filter(({ status }) => status === "failed");
  assert.deepEqual(
    [wrong.map(({ name, says, remedy }) => [name, plain(says), remedy]), code],
    [
      [
        ["profiles", "no answer from http://AMAZON/v2/profiles: REFUSED", network],
        ["events", "no answer from http://AMAZON/adsApi/v1/create/events: REFUSED", "Check BASE_URL, and that a firewall or a proxy lets it through"],
      ],
      1,
    ],
  );
});

test("profiles points out the file of the folder, and reads it when told to", async () => {
  const mock = await amazon();
  const cwd = folder();
  writeFileSync(join(cwd, ".env"), Object.entries(mock.parameters).map(([name, value]) => `${name}='${value}'\n`).join(""));
  const unread = await run(["profiles"], { cwd });
  assert.deepEqual(
    [last(unread), unread.code],
    ["Set them in the environment (or as options such as --client-id). `--dotenv .env` reads the .env of this folder.", 2],
  );
  assert.equal((await run(["profiles", "--dotenv", ".env"], { cwd })).code, 0);
  const stronger = await run(["profiles", "--dotenv", ".env"], { cwd, env: { CLIENT_SECRET: "other" } });
  assert.match(last(stronger), /^error: Amazon refused CLIENT_ID or CLIENT_SECRET/, "the environment goes before the file");
});

const WELL = `✓ parameters      present and well-formed
✓ config          amazon-dsp-events.json is valid
✓ data sets       web_events (made with the first event, if Amazon does not have them yet)
✓ access token    Amazon gives one for REFRESH_TOKEN
✓ clock           in step with Amazon's
✓ profiles        1 (US, agency)
✓ advertiser      1234567890 is Stand-in Shop (US, USD)
- region          not checked: AMAZON is none of Amazon's three hosts
✓ events          AMAZON takes events for ADVERTISER_ID 1234567890, as far as an empty list tells
`;

/** A folder with the config of `init`. */
async function begun(...args: string[]): Promise<string> {
  const cwd = folder();
  const { code, err } = await run(["init", "--yes", ...args], { cwd });
  assert.equal(code, 0, err);
  return cwd;
}

test("doctor finds a set-up well, and sends nothing unasked", async () => {
  const mock = await amazon();
  const { code, out } = await run(["doctor"], { env: mock.parameters, cwd: await begun() });
  assert.deepEqual([same(out), code, mock.taken.size], [`${WELL}\nAll is well.\n`, 0, 0]);
});

test("doctor sends one marked event to a data set of its own, or to the one that is named", async () => {
  const mock = await amazon();
  const cwd = await begun();
  const { code, out, err } = await run(["doctor", "--send-test"], { env: mock.parameters, cwd });
  const [eventId = ""] = mock.taken.keys();
  assert.match(eventId, /^amazon-dsp-events-test-\d{13}$/);
  assert.deepEqual(
    [same(out), code],
    [`${WELL}✓ test event      accepted: ${eventId} is in the data set amazon_dsp_events_test; Events Manager shows it within 2 hours\n\nAll is well.\n`, 0],
  );
  assert.match(err, new RegExp(`Sending one test event \\(${eventId}\\) to the data set amazon_dsp_events_test of ADVERTISER_ID 1234567890\\.\\n`));
  await run(["doctor", "--send-test", "trial"], { env: mock.parameters, cwd });
  const sent = mock.requests.flatMap(({ path, body }) => (path.endsWith("/create/events") ? (JSON.parse(body) as { events: Record<string, unknown>[] }).events : []));
  assert.deepEqual(
    sent.map(({ eventDescription }) => eventDescription),
    ["amazon_dsp_events_test", "trial"].map((dataSetName) => ({
      name: "amazon dsp events test", conversionType: "OTHER", eventSource: "WEBSITE", eventIngestionMethod: "SERVER_TO_SERVER", dataSetName,
    })),
  );
});

/** What is wrong, and each check that is not well: its lines. */
const ill: [string, Plan, Record<string, string>, number, string[]][] = [
  [
    "an entity id",
    {},
    { ADVERTISER_ID: "ENTITY1ABC" },
    2,
    [
      "✗ parameters: ADVERTISER_ID must be the advertiser's own id, got the entity id `ENTITY1ABC`: an entity holds advertisers. Open the entity in Amazon DSP and take the number beside the advertiser's name → ADVERTISER_ID: Amazon DSP > Advertisers > the number beside the advertiser's name (not the ENTITY… id)",
      ...["access token", "clock", "profiles", "advertiser", "region", "events"].map((name) => `- ${name}: not checked: the parameters come first`),
    ],
  ],
  [
    "a parameter that is missing",
    {},
    { CLIENT_SECRET: "" },
    2,
    [
      "✗ parameters: missing connection parameter:\n  CLIENT_SECRET  on the same page, behind Show Secret (amzn1.oa2-cs.…) → Set them in the environment (or as options such as --client-id).",
      ...["access token", "clock", "profiles", "advertiser", "region", "events"].map((name) => `- ${name}: not checked: the parameters come first`),
    ],
  ],
  [
    "an access token in the wrong place",
    {},
    { REFRESH_TOKEN: "Atza|short" },
    2,
    [
      "✗ parameters: REFRESH_TOKEN has an access token (Atza|…), which lives an hour → Set the refresh token (Atzr|…): `amazon-dsp-events login` gets one",
      "✗ access token: Amazon refused REFRESH_TOKEN (HTTP 400 invalid_grant: The request has an invalid grant parameter : refresh_token). It has expired (365 days after consent), was revoked, was cut when copied, or belongs to another CLIENT_ID. Let the advertiser consent again and set the new token → `amazon-dsp-events login` gets a new REFRESH_TOKEN",
      ...["profiles", "advertiser", "region", "events"].map((name) => `- ${name}: not checked: there is no access token`),
    ],
  ],
  [
    "a wrong secret",
    {},
    { CLIENT_SECRET: "not-this-one" },
    2,
    [
      `✗ access token: Amazon refused CLIENT_ID or CLIENT_SECRET (HTTP 401 invalid_client: Client authentication failed). Copy both anew from Login with Amazon > your security profile > Web Settings; they belong together → CLIENT_ID, CLIENT_SECRET: ${CONSOLE}`,
      ...["profiles", "advertiser", "region", "events"].map((name) => `- ${name}: not checked: there is no access token`),
    ],
  ],
  [
    "a token endpoint that is down",
    { token: { faults: { 503: 1 } } },
    {},
    1,
    [
      "✗ access token: no access token from http://AMAZON/auth/o2/token after 3 attempts: HTTP 503 ServerError. Check TOKEN_URL and the network, then run it again → A firewall, a proxy, or a TOKEN_URL that is none",
      ...["profiles", "advertiser", "region", "events"].map((name) => `- ${name}: not checked: there is no access token`),
    ],
  ],
  [
    "a clock that is wrong",
    { clockSkewSeconds: -3600 },
    {},
    1,
    ["✗ clock: the clock of this machine is AN HOUR ahead of Amazon's → Set the clock (NTP): events without a time of their own get the wrong one, and access tokens are renewed at the wrong time"],
  ],
  [
    "a client that is not approved",
    { accounts: { faults: { 401: 1 } } },
    {},
    2,
    [
      `✗ profiles: Amazon does not let CLIENT_ID use the Amazon Ads API (HTTP 401 UNAUTHORIZED: by request) → ${APPLY}`,
      "- advertiser: not checked: no profile of a DSP account to ask with",
    ],
  ],
  [
    "a user without rights",
    { accounts: { faults: { 403: 1 } } },
    {},
    2,
    [`✗ profiles: the user who consented may not read this account (HTTP 403 FORBIDDEN: by request) → ${RIGHTS}`, "- advertiser: not checked: no profile of a DSP account to ask with"],
  ],
  [
    "a region without the account",
    { accounts: { faults: { no_profiles: 1 } } },
    {},
    1,
    [`✗ profiles: the user who consented has no profile at http://AMAZON → ${REGIONS}`, "- advertiser: not checked: no profile of a DSP account to ask with"],
  ],
  ["a list of advertisers that may not be read", { accounts: { script: [{ request: 2, status: 403 }] } }, {}, 0, [`! advertiser: the list cannot be read: the user who consented may not read this account (HTTP 403 FORBIDDEN: by request) → ${RIGHTS}`]],
  [
    "an advertiser that nobody knows",
    {},
    { ADVERTISER_ID: "42" },
    2,
    [
      `✗ advertiser: ADVERTISER_ID 42 is not among the DSP advertisers at http://AMAZON: there is 1234567890 (Stand-in Shop) → Set one of them (\`amazon-dsp-events profiles\`; Amazon DSP > Advertisers shows the number beside the name). ${REGIONS}`,
      "✗ events: Amazon does not allow events for ADVERTISER_ID 42 (HTTP 403 FORBIDDEN: no event_manager permission) → The user who consented needs the right to view and edit events (Amazon DSP > Manage users > Event manager), and the advertiser must have accepted the terms (Amazon DSP > Events Manager)",
    ],
  ],
  ["a profile that nobody knows", {}, { PROFILE_ID: "7" }, 1, ["✗ profiles: PROFILE_ID 7 is none of those at http://AMAZON: 1 (US, agency) → Set one of them, or leave PROFILE_ID away; `amazon-dsp-events profiles` has them all"]],
  ["an events endpoint that is down", { faults: { 503: 1 } }, {}, 1, ["✗ events: http://AMAZON/adsApi/v1/create/events answered HTTP 503 INTERNAL_ERROR: by request → Run it again in a while; if it stays so, check BASE_URL"]],
  ["an events endpoint that is not there", { faults: { 404: 1 } }, {}, 1, ["✗ events: there is no events endpoint or no such account at http://AMAZON/adsApi/v1/create/events (HTTP 404 NOT_FOUND: by request) → Check BASE_URL and ADVERTISER_ID (`amazon-dsp-events profiles`)"]],
  ["a value under another name", {}, { PROFILE_ID: "ENTITY1" }, 1, [
    "! parameters: PROFILE_ID is no number → See that each value stands under its own name, whole and without quotes",
    "✗ profiles: PROFILE_ID ENTITY1 is none of those at http://AMAZON: 1 (US, agency) → Set one of them, or leave PROFILE_ID away; `amazon-dsp-events profiles` has them all",
  ]],
];
interface Doctored {
  ok: boolean;
  checks: { name: string; status: string; says: string; remedy?: string }[];
}
const MARKS: Record<string, string> = { ok: "✓", warning: "!", failed: "✗", skipped: "-" };
for (const [name, plan, wrong, exitCode, expected] of ill) {
  test(`doctor names ${name}, its cause and its remedy`, async () => {
    const mock = await amazon(plan);
    const { code, out, err } = await run(["doctor", "--json", "--send-test"], { env: { ...mock.parameters, ...wrong }, cwd: await begun() });
    const { ok, checks } = JSON.parse(out) as Doctored;
    const shown = checks
      .filter(({ status, name }) => status !== "ok" && name !== "test event" && !(name === "region" && status === "skipped" && !expected.join().includes("- region")))
      .map((check) => same(`${MARKS[check.status]} ${check.name}: ${check.says}${check.remedy === undefined ? "" : ` → ${check.remedy}`}`));
    assert.deepEqual(shown, expected);
    assert.deepEqual([code, ok], [exitCode, exitCode === 0]);
    assert.equal(mock.taken.size, exitCode === 0 ? 1 : 0, "a test event goes out where all is well, and only there");
    assert.doesNotMatch(err + out, /not-this-one|amzn1\.oa2-cs\.v1|Atz[ar]\|(?!…)/);
  });
}

test("doctor names a config that cannot be, and events without a data set", async () => {
  const mock = await amazon();
  const cwd = folder();
  writeFileSync(join(cwd, "amazon-dsp-events.json"), '{ "dataSet": "x" }');
  const wrong = await run(["doctor"], { env: mock.parameters, cwd });
  assert.match(
    wrong.out,
    /\n✗ config {10}amazon-dsp-events\.json: config `dataSet` is not a known key; known here are .*\n {18}→ Mend it there; docs\/mapping\.md has every key, and `\$schema` shows them in an editor\n- data sets {7}not checked: the config comes first\n/,
  );
  assert.deepEqual([wrong.code, wrong.out.endsWith("\n1 check failed.\n")], [2, true]);
  writeFileSync(join(cwd, "amazon-dsp-events.json"), '{ "events": { "Order Completed": { "dataSetName": "orders" } } }');
  const open = await run(["doctor"], { env: mock.parameters, cwd });
  assert.match(
    open.out,
    /\n! data sets {7}orders; events whose rule names none: Amazon puts them into its default data set\n {18}→ Set dataSetName in the config \(`amazon-dsp-events init` writes one\), so that Events Manager shows them apart\n/,
  );
  const none = await run(["doctor", "--no-config"], { env: mock.parameters, cwd });
  assert.match(none.out, /\n✓ config {10}none: the built-in mapping holds\n! data sets {7}no dataSetName: Amazon puts them into its default data set\n/);
  assert.deepEqual([open.code, none.code], [0, 0]);
});

test("doctor says when the test event is rejected or given up", async () => {
  const mock = await amazon({ script: [{ request: 2, item: "FIELD_VALUE_IS_INVALID", message: "no such data set" }] });
  const cwd = await begun();
  const rejected = await run(["doctor", "--send-test"], { env: mock.parameters, cwd });
  assert.match(
    rejected.out,
    /\n✗ test event {6}rejected: FIELD_VALUE_IS_INVALID: no such data set\n {18}→ Amazon DSP > Events Manager > the data set may not take events from a server; try another name for --send-test\n\n1 check failed\.\n$/,
  );
  assert.equal(rejected.code, 1);
});

test("a region is held against the countries of its accounts", () => {
  const check = (host: string, ...countries: string[]): string => {
    const { status, says, remedy } = regionCheck(`https://${host}`, countries);
    return [status, says, remedy].filter((part) => part !== undefined).join("; ");
  };
  assert.deepEqual(
    [
      check("advertising-api.amazon.com", "US", "CA"),
      check("advertising-api.amazon.com", "DE"),
      check("advertising-api-eu.amazon.com", "JP"),
      check("advertising-api-fe.amazon.com", "XX"),
      check("proxy.example.com", "US"),
    ],
    [
      "ok; North America, as the account (US, CA)",
      "failed; BASE_URL is North America's, and the account is in DE; Set BASE_URL to https://advertising-api-eu.amazon.com (Europe)",
      "failed; BASE_URL is Europe's, and the account is in JP; Set BASE_URL to https://advertising-api-fe.amazon.com (Far East)",
      "skipped; not checked: no account says its country",
      "skipped; not checked: proxy.example.com is none of Amazon's three hosts",
    ],
  );
});

test("a check fits its terminal, wide or narrow", () => {
  const check = { name: "clock", status: "failed", says: "the clock is wrong by an hour and more", remedy: "Set it" } as const;
  assert.deepEqual(
    [inWords(check, {}), inWords(check, { columns: 60, colours: true }), inWords(check, { columns: 30 })],
    [
      "✗ clock           the clock is wrong by an hour and more\n                  → Set it",
      "\x1b[31m✗\x1b[0m clock           the clock is wrong by an hour and more\n                  → Set it",
      "✗ clock\n    the clock is wrong by an\n    hour and more\n    → Set it",
    ],
  );
});

test("the line of progress fits its terminal, and what matters least goes first", () => {
  const parts = { events: "1,000 events", accepted: "900 accepted", failed: "1 failed", rate: "500/s", left: "0:02 left" };
  assert.deepEqual(
    [undefined, 120, 80, 64, 48, 40, 20].map((columns) => line(parts, 0.5, columns)),
    [
      "50%  1,000 events  900 accepted  1 failed  500/s  0:02 left",
      "[████████████░░░░░░░░░░░░]  50%  1,000 events  900 accepted  1 failed  500/s  0:02 left",
      "[████████░░░░░░░░]  50%  1,000 events  900 accepted  1 failed  500/s  0:02 left",
      " 50%  1,000 events  900 accepted  1 failed  500/s  0:02 left",
      " 50%  1,000 events  1 failed  500/s  0:02 left",
      " 50%  1,000 events  1 failed  0:02 left",
      " 50%  1,000 events ",
    ],
  );
  assert.equal(line(parts, undefined, 80), "1,000 events  900 accepted  1 failed  500/s  0:02 left");
});

test("init writes a config that changes nothing but what was asked, and overwrites none", async () => {
  const cwd = await begun("--country", "us", "--currency", "usd", "--data-set", "shop");
  const path = join(cwd, "amazon-dsp-events.json");
  const text = readFileSync(path, "utf8");
  const config = JSON.parse(text) as Record<string, unknown>;
  assert.equal(config["$schema"], "./node_modules/amazon-dsp-events/dist/config.schema.json");
  const [own, usual] = [config, { dataSetName: "shop", defaults: { countryCode: "US", currencyCode: "USD" } }].map((one) => new Transformer(one));
  const examples = readFileSync(new URL("../../examples/events.ndjson", import.meta.url), "utf8").trimEnd().split("\n");
  const now = Date.parse("2026-11-21T00:00:00Z");
  assert.deepEqual(
    examples.map((example) => own?.evaluateJson(Buffer.from(example), now)),
    examples.map((example) => usual?.evaluateJson(Buffer.from(example), now)),
  );
  const again = await run(["init"], { cwd });
  assert.deepEqual(
    [again.err, again.code, readFileSync(path, "utf8")],
    ["error: amazon-dsp-events.json exists already; --force overwrites it, --out names another file\n", 2, text],
  );
  const forced = await run(["init", "--force", "--json", "--preset", "segment"], { cwd });
  assert.equal((JSON.parse(forced.out) as { config: { preset: string } }).config.preset, "segment");
  const wrong = await run(["init", "--force", "--data-set", "9"], { cwd });
  assert.deepEqual([wrong.code, wrong.err], [2, "error: config `dataSetName` must be 1 to 100 letters, digits, `_` and `-`, beginning with a letter, not \"9\"\n"]);
});

test("the config of the folder is used, which is said; another or none if told so; data stays data", async () => {
  const cwd = await begun("--country", "US", "--data-set", "found");
  const input = `${JSON.stringify({ ...event("m"), context: { traits: { email: "jane@example.com" } } })}\n`;
  const now = ["--now", "2026-11-21T00:00:00Z"];
  const found = await run(["transform", ...now], { cwd, input });
  assert.match(found.out, /^\{"line":1,"outcome":"mapped",.*"dataSetName":"found".*\}\n$/);
  assert.deepEqual([found.err, found.code], ["Config: amazon-dsp-events.json of this folder (--config FILE names another, --no-config none).\n", 0]);
  const none = await run(["transform", "--no-config", ...now], { cwd, input });
  assert.deepEqual([none.out, none.err], ['{"line":1,"outcome":"dropped","reason":"country_missing","notes":[]}\n', ""]);
  writeFileSync(join(cwd, "other.json"), '{ "dataSetName": "named", "defaults": { "countryCode": "US" } }');
  const named = await run(["transform", "--config", "other.json", ...now], { cwd, input });
  assert.match(named.out, /"dataSetName":"named"/);
  assert.equal(named.err, "");
  for (const command of ["explain", "coverage", "send"]) {
    const { err } = await run([command, "-", ...now, ...(command === "send" ? ["--dry-run"] : [])], { cwd, input });
    assert.match(err, /^Config: amazon-dsp-events\.json of this folder/, command);
  }
});
