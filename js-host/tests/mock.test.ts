// The stand-in as its users meet it: every fault seen from an HTTP client, plans and their errors, and that the documents,
// the schema and the code say the same.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { Agent, request as httpRequest } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import { ERROR_CODES } from "../dist/mock/enums.js";
import { FAULTS, faultNames, MOCK_CREDENTIALS, parsePlan, parseShares, startMock, validateRequest, type Mock, type MockOptions, type Plan } from "../dist/mock/index.js";

const EVENTS = "/adsApi/v1/create/events";
const TOKEN = "/auth/o2/token";
const NOW = Date.parse("2026-11-21T00:00:00Z");
const HTML = "<html><body><h1>Service Unavailable</h1></body></html>\n";
const GARBAGE = '{"success":[{"ind';

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));
const docs = readFileSync(new URL("../../docs/mock.md", import.meta.url), "utf8");

const mocks: Mock[] = [];
async function start(options: MockOptions = {}): Promise<Mock> {
  const mock = await startMock({ clock: { now: () => NOW }, ...options });
  mocks.push(mock);
  return mock;
}
after(() => Promise.all(mocks.map((mock) => mock.close())));

/** What a client meets: a reply, or how the exchange failed. */
type Met = { status: number; body: string; headers?: Record<string, string> } | string;

function ask(mock: Mock, path: string, init: { method?: string; body?: string; headers?: Record<string, string>; timeout?: number } = {}): Promise<Met> {
  const { method = "POST", body = "", headers = {}, timeout } = init;
  return new Promise((resolve) => {
    const agent = new Agent({ keepAlive: false });
    const asked = httpRequest(mock.url + path, { method, headers: { ...headers, "Content-Length": Buffer.byteLength(body) }, agent });
    asked.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("error", () => resolve(`cut after ${response.statusCode}: ${text}`));
      response.on("end", () => {
        const shown = { "retry-after": response.headers["retry-after"], "content-type": response.headers["content-type"] };
        const kept = Object.entries(shown).filter(([name, value]) => value !== undefined && value !== "application/json" && name) as [string, string][];
        resolve({ status: response.statusCode ?? 0, body: text, ...(kept.length > 0 && { headers: Object.fromEntries(kept) }) });
      });
    });
    asked.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    if (timeout !== undefined) asked.setTimeout(timeout, () => asked.destroy(Object.assign(new Error(), { code: "TIMEOUT" })));
    asked.end(body);
  });
}

const amazonEvent = (eventId: string): Record<string, unknown> => ({
  eventDescription: { name: "page", conversionType: "PAGE_VIEW", eventSource: "WEBSITE", eventIngestionMethod: "SERVER_TO_SERVER" },
  eventId,
  eventTime: "2026-11-20T10:00:00Z",
  countryCode: "US",
  matchKeys: [{ type: "MAID", values: ["cdda802e-fb9c-47ad-9866-0794d394c912"] }],
});

const form = (more: Record<string, string> = {}): string => {
  const { CLIENT_ID: client_id, CLIENT_SECRET: client_secret, REFRESH_TOKEN: refresh_token } = MOCK_CREDENTIALS;
  return new URLSearchParams({ grant_type: "refresh_token", client_id, client_secret, refresh_token, ...more }).toString();
};
const askToken = (mock: Mock, more: Record<string, string> = {}, timeout?: number): Promise<Met> =>
  ask(mock, TOKEN, { body: form(more), ...(timeout !== undefined && { timeout }) });

const HEADERS = {
  Authorization: "Bearer Atza|mock-1",
  "Amazon-Ads-ClientId": MOCK_CREDENTIALS.CLIENT_ID,
  "Amazon-Ads-AccountId": MOCK_CREDENTIALS.ADVERTISER_ID,
  "Content-Type": "application/json",
};
const askEvents = (mock: Mock, ids: readonly string[], timeout?: number): Promise<Met> =>
  ask(mock, EVENTS, { body: JSON.stringify({ events: ids.map(amazonEvent) }), headers: HEADERS, ...(timeout !== undefined && { timeout }) });

const multi = (success: readonly [number, string][], error: readonly [number, string][] = []): string =>
  JSON.stringify({
    success: success.map(([index, id]) => ({ index, event: amazonEvent(id) })),
    error: error.map(([index, code]) => ({ index, errors: [{ code, message: "by request" }] })),
  });
const ALL = multi([[0, "a"], [1, "b"]]);
const problem = (code: string): string => JSON.stringify({ code, message: "by request" });
const tokenBody = (token: string, expires = 3600, refresh = "Atzr|mock"): string =>
  JSON.stringify({ access_token: token, token_type: "bearer", expires_in: expires, refresh_token: refresh });
const oauth = (error: string, error_description: string): string => JSON.stringify({ error, error_description });

/** By name: what a request of `a` and `b` meets if its share is 1, and the events that were taken. */
const met: Record<string, [Met, string]> = {
  reset: ["ECONNRESET", ""],
  lost: ["ECONNRESET", "a b"],
  slow: [{ status: 207, body: ALL }, "a b"],
  hang: ["TIMEOUT", ""],
  garbage: [{ status: 207, body: GARBAGE }, "a b"],
  truncated: [`cut after 207: ${ALL.slice(0, ALL.length >> 1)}`, "a b"],
  empty: [{ status: 207, body: "" }, "a b"],
  html: [{ status: 207, body: HTML, headers: { "content-type": "text/html" } }, "a b"],
  missing: [{ status: 207, body: multi([]) }, "a b"],
  item: [{ status: 207, body: multi([], [[0, "INTERNAL_ERROR"], [1, "INTERNAL_ERROR"]]) }, ""],
  unknown: [{ status: 207, body: multi([], [[0, "SOMETHING_NEW"], [1, "SOMETHING_NEW"]]) }, ""],
  revoke: [{ status: 401, body: '{"code":"UNAUTHORIZED","message":"token expired"}' }, ""],
  ...Object.fromEntries(
    ([[400, "BAD_REQUEST"], [401, "UNAUTHORIZED"], [403, "FORBIDDEN"], [404, "NOT_FOUND"], [408, "BAD_REQUEST"], [409, "CONFLICT"], [413, "CONTENT_TOO_LARGE"], [422, "FIELD_VALUE_IS_INVALID"], [425, "BAD_REQUEST"], [500, "INTERNAL_ERROR"], [502, "INTERNAL_ERROR"], [503, "INTERNAL_ERROR"], [504, "INTERNAL_ERROR"]] as const).map(
      ([status, code]): [string, [Met, string]] => [String(status), [{ status, body: problem(code) }, ""]],
    ),
  ),
  429: [{ status: 429, body: problem("TOO_MANY_REQUESTS"), headers: { "retry-after": "1" } }, ""],
};

test("every fault of the events endpoint is seen by a client, and takes the events or does not", async () => {
  const names = Object.keys(met);
  assert.deepEqual(faultNames("events").filter((name) => name !== "status" && !names.includes(name)), []);
  for (const [name, [expected, taken]] of Object.entries(met)) {
    const waits: number[] = [];
    const mock = await start({ faults: { [name]: 1 }, sleep: async (ms) => void waits.push(ms) });
    await askToken(mock);
    assert.deepEqual(await askEvents(mock, ["a", "b"], name === "hang" ? 100 : undefined), expected, name);
    assert.equal([...mock.taken.keys()].join(" "), taken, name);
    assert.deepEqual(waits, name === "slow" ? [200] : [], name);
    await mock.close();
  }
});

test("every fault of the token endpoint is seen by a client", async () => {
  const good = tokenBody("Atza|mock-1");
  const expected: Record<string, Met> = {
    reset: "ECONNRESET",
    lost: "ECONNRESET",
    slow: { status: 200, body: good },
    hang: "TIMEOUT",
    garbage: { status: 200, body: GARBAGE },
    truncated: `cut after 200: ${good.slice(0, good.length >> 1)}`,
    empty: { status: 200, body: "" },
    html: { status: 200, body: HTML, headers: { "content-type": "text/html" } },
    invalid_grant: { status: 400, body: oauth("invalid_grant", "The request has an invalid grant parameter : refresh_token") },
    invalid_client: { status: 401, body: oauth("invalid_client", "Client authentication failed") },
    unauthorized_client: { status: 400, body: oauth("unauthorized_client", "The client is not authorized to use this grant") },
    no_token: { status: 200, body: '{"token_type":"bearer","expires_in":3600}' },
    400: { status: 400, body: '{"error":"invalid_request"}' },
    429: { status: 429, body: '{"error":"ServerError"}', headers: { "retry-after": "1" } },
    503: { status: 503, body: '{"error":"ServerError"}' },
  };
  assert.deepEqual(faultNames("token").filter((name) => name !== "status" && !(name in expected)), []);
  for (const [name, reply] of Object.entries(expected)) {
    const mock = await start({ plan: { token: { faults: { [name]: 1 } } }, sleep: async () => undefined });
    assert.deepEqual(await askToken(mock, {}, name === "hang" ? 100 : undefined), reply, name);
    assert.deepEqual(await ask(mock, EVENTS, { body: "{}", headers: { ...HEADERS, Authorization: "Bearer Atza|never" } }), {
      status: 401,
      body: '{"code":"UNAUTHORIZED","message":"token expired"}',
    });
    await mock.close();
  }
});

/** Asks the consent page; where it leads, or what it says. */
const consent = async (mock: Mock, more: Record<string, string> = {}): Promise<string | Met> => {
  const query = { client_id: MOCK_CREDENTIALS.CLIENT_ID, scope: "advertising::campaign_management", response_type: "code", redirect_uri: "http://localhost:8765/callback", state: "s", ...more };
  const reply = await fetch(`${mock.url}/ap/oa?${new URLSearchParams(query).toString()}`, { redirect: "manual" });
  return reply.headers.get("location")?.replace(/ANmock[0-9a-f]+/, "CODE") ?? { status: reply.status, body: await reply.text() };
};

test("the consent page redirects with a code that is good once, or as a fault says", async () => {
  const page = (text: string): Met => ({ status: 400, body: `<html><body><h1>We're sorry!</h1><p>400 Bad Request</p><p>${text}</p></body></html>\n` });
  const back = "http://localhost:8765/callback";
  const mock = await start({ plan: { consent: { returnUrls: [back], script: [{ request: 6, denied: true }, { request: 7, wrong_state: true }, { request: 8, status: 503 }] } } });
  assert.deepEqual(
    [
      await consent(mock),
      await consent(mock, { client_id: "other" }),
      await consent(mock, { redirect_uri: "http://localhost:1/callback" }),
      await consent(mock, { scope: "profile" }),
      await consent(mock, { response_type: "token" }),
      await consent(mock),
      await consent(mock),
      await consent(mock),
    ],
    [
      `${back}?code=CODE&scope=advertising%3A%3Acampaign_management&state=s`,
      page("The client_id you provided is not known"),
      page("The redirect URI you provided has not been whitelisted for your application"),
      `${back}?error=invalid_scope&error_description=An+unknown+scope+was+requested&state=s`,
      `${back}?error=unsupported_response_type&error_description=response_type+must+be+code&state=s`,
      `${back}?error=access_denied&error_description=Access+not+permitted.&state=s`,
      `${back}?code=CODE&scope=advertising%3A%3Acampaign_management&state=not-the-state`,
      { status: 503, body: '{"message":"by request"}' },
    ],
  );
  const query = { client_id: MOCK_CREDENTIALS.CLIENT_ID, scope: "advertising::campaign_management", response_type: "code", redirect_uri: back };
  const { headers } = await fetch(`${mock.url}/ap/oa?${new URLSearchParams(query).toString()}`, { redirect: "manual" });
  const code = new URL(headers.get("location") ?? "").searchParams.get("code") ?? "";
  const redeem = (more: Record<string, string>): Promise<Met> => askToken(mock, { grant_type: "authorization_code", code, redirect_uri: back, ...more });
  const refused = { status: 400, body: oauth("invalid_grant", "The request has an invalid grant parameter : code") };
  assert.deepEqual(await redeem({}), { status: 200, body: tokenBody("Atza|mock-1") });
  assert.deepEqual(await redeem({}), refused);
  assert.doesNotMatch(JSON.stringify(mock.requests), new RegExp(code));
});

test("a code ends after five minutes, and is for the return URL it was asked with", async () => {
  let now = NOW;
  const mock = await start({ clock: { now: () => now } });
  const ask = async (redirect_uri: string, later: number): Promise<Met> => {
    const query = { client_id: MOCK_CREDENTIALS.CLIENT_ID, scope: "advertising::campaign_management", response_type: "code", redirect_uri: "http://localhost/a" };
    const { headers } = await fetch(`${mock.url}/ap/oa?${new URLSearchParams(query).toString()}`, { redirect: "manual" });
    now += later;
    return askToken(mock, { grant_type: "authorization_code", code: new URL(headers.get("location") ?? "").searchParams.get("code") ?? "", redirect_uri });
  };
  const refused = { status: 400, body: oauth("invalid_grant", "The request has an invalid grant parameter : code") };
  assert.deepEqual([await ask("http://localhost/a", 299_999), await ask("http://localhost/a", 300_000), await ask("http://localhost/b", 0)], [
    { status: 200, body: tokenBody("Atza|mock-1") },
    refused,
    refused,
  ]);
});

test("profiles and DSP advertisers come in pages, and as faults say", async () => {
  const mock = await start({ plan: { accounts: { advertisers: 102, countryCode: "DE" }, clockSkewSeconds: -600 } });
  await askToken(mock);
  const headers = { Authorization: "Bearer Atza|mock-1", "Amazon-Advertising-API-ClientId": MOCK_CREDENTIALS.CLIENT_ID, "Amazon-Advertising-API-Scope": "1" };
  const get = async (path: string, more: Record<string, string> = {}): Promise<[number, unknown, string | null]> => {
    const reply = await fetch(mock.url + path, { headers: { ...headers, ...more } });
    return [reply.status, await reply.json().catch(() => "not JSON"), reply.headers.get("date")];
  };
  const date = "Fri, 20 Nov 2026 23:50:00 GMT";
  const account = { id: "ENTITY1", type: "agency", name: "Stand-in" };
  assert.deepEqual(await get("/v2/profiles"), [200, [{ profileId: 1, countryCode: "DE", currencyCode: "USD", timezone: "America/Los_Angeles", accountInfo: account }], date]);
  const sizes: number[] = [];
  for (const start of [0, 100, 200]) {
    const [, page] = await get(`/dsp/advertisers?startIndex=${start}&count=100`);
    assert.equal((page as { totalResults: number }).totalResults, 102);
    sizes.push((page as { response: object[] }).response.length);
  }
  assert.deepEqual(sizes, [100, 2, 0]);
  assert.deepEqual(await get("/dsp/advertisers", { "Amazon-Advertising-API-Scope": "2" }), [403, { code: "FORBIDDEN", message: "no such profile" }, date]);
  assert.deepEqual(await get("/v2/profiles", { Authorization: "Bearer Atza|other" }), [401, { code: "UNAUTHORIZED", message: "token expired" }, date]);
  const met: [Plan["accounts"], string, unknown][] = [
    [{ faults: { no_profiles: 1 } }, "/v2/profiles", []],
    [{ faults: { no_advertisers: 1 } }, "/dsp/advertisers", { totalResults: 0, response: [] }],
    [{ faults: { 403: 1 } }, "/v2/profiles", { code: "FORBIDDEN", message: "by request" }],
    [{ faults: { html: 1 } }, "/v2/profiles", "not JSON"],
    [{ faults: { garbage: 1 } }, "/v2/profiles", "not JSON"],
  ];
  for (const [accounts, path, body] of met) {
    mock.setFaults({ ...(accounts && { accounts }) });
    assert.deepEqual((await get(path))[1], body);
  }
  mock.setFaults({});
  assert.equal((await get("/v2/profiles"))[2], date, "settings stay when faults are changed");
});

test("a script names requests and events, and the rest of the fault", async () => {
  const mock = await start({
    faults: { 500: 1 },
    plan: {
      script: [
        { request: 1, status: 503, retryAfter: 7, body: "down" },
        { requests: [2, 3], status: 429, retryAfterDate: 90 },
        { request: 4, item: "CONFLICT", message: "again", indexes: [1] },
        { request: 5, missing: true, indexes: [0], status: 200 },
        { request: 6, html: true, status: 502 },
        { request: 7, garbage: true, status: 200 },
        { request: 8, status: 429, retryAfter: "soon" },
        { eventId: "p", item: "BAD_REQUEST" },
        { eventId: "q", status: 400, times: 1 },
        { every: 12, reset: "after" },
      ],
    },
  });
  await askToken(mock);
  const two = multi([[0, "a"]]).slice(0, -'"error":[]}'.length);
  const replies: [string[], Met][] = [
    [["a", "b"], { status: 503, body: "down", headers: { "retry-after": "7" } }],
    [["a", "b"], { status: 429, body: problem("TOO_MANY_REQUESTS"), headers: { "retry-after": "Sat, 21 Nov 2026 00:01:30 GMT" } }],
    [["a", "b"], { status: 429, body: problem("TOO_MANY_REQUESTS"), headers: { "retry-after": "Sat, 21 Nov 2026 00:01:30 GMT" } }],
    [["a", "b"], { status: 207, body: `${two}"error":[{"index":1,"errors":[{"code":"CONFLICT","message":"again"}]}]}` }],
    [["a", "b"], { status: 200, body: multi([[1, "b"]]) }],
    [["a", "b"], { status: 502, body: HTML, headers: { "content-type": "text/html" } }],
    [["a", "b"], { status: 200, body: GARBAGE }],
    [["a", "b"], { status: 429, body: problem("TOO_MANY_REQUESTS"), headers: { "retry-after": "soon" } }],
    [["a", "p"], { status: 207, body: multi([[0, "a"]], [[1, "BAD_REQUEST"]]) }],
    [["q"], { status: 400, body: problem("BAD_REQUEST") }],
    [["q"], { status: 500, body: problem("INTERNAL_ERROR") }],
    [["a"], "ECONNRESET"],
  ];
  for (const [index, [ids, expected]] of replies.entries()) assert.deepEqual(await askEvents(mock, ids), expected, `request ${index + 1}`);
  assert.deepEqual(mock.stats().statuses, { 0: 1, 200: 2, 207: 2, 400: 1, 429: 3, 500: 1, 502: 1, 503: 1 });
  assert.deepEqual(mock.stats().faults, { 400: 1, 429: 3, 500: 1, 503: 1, BAD_REQUEST: 1, CONFLICT: 1, garbage: 1, html: 1, lost: 1, missing: 1 });
});

test("an event can get any code, Amazon's or another, by script and by chance", async () => {
  const codes = [...ERROR_CODES, "NEVER_SEEN"];
  const mock = await start({ plan: { script: codes.map((item, index) => ({ request: index + 1, item })) } });
  await askToken(mock);
  for (const code of codes) assert.deepEqual(await askEvents(mock, ["a"]), { status: 207, body: multi([], [[0, code]]) });
  mock.setFaults({ faults: { PAYMENT_ISSUE: 1 } });
  assert.deepEqual(await askEvents(mock, ["a"]), { status: 207, body: multi([], [[0, "PAYMENT_ISSUE"]]) });
  assert.equal(ERROR_CODES.size, 73);
});

test("faults that are queued come before the plan, one for each request", async () => {
  const mock = await start({ faults: { 500: 1 }, plan: { token: { faults: { 500: 1 } } } });
  mock.scriptToken({ kind: "status", status: 503 }, undefined);
  mock.script({ kind: "status", status: 418, body: "tea" }, undefined);
  assert.deepEqual(await askToken(mock), { status: 503, body: '{"error":"ServerError"}' });
  assert.deepEqual(await askToken(mock), { status: 200, body: tokenBody("Atza|mock-1") });
  assert.deepEqual(await askToken(mock), { status: 500, body: '{"error":"ServerError"}' });
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 418, body: "tea" });
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 207, body: ALL });
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 500, body: problem("INTERNAL_ERROR") });
});

test("the same seed and the same requests give the same replies, whatever the token endpoint was asked", async () => {
  const plan: Plan = { latencyMs: [5, 40], faults: { 429: 0.2, lost: 0.1, garbage: 0.1, item: 0.2, missing: 0.2, CONFLICT: 0.1 }, token: { faults: { 500: 0.3 } } };
  const replies = async (seed: number, tokens: number): Promise<unknown[]> => {
    const waits: number[] = [];
    const mock = await start({ plan, seed, sleep: async (ms) => void waits.push(ms) });
    mock.scriptToken(undefined);
    for (let index = 0; index < tokens; index++) await askToken(mock);
    const all: unknown[] = [];
    for (let index = 0; index < 40; index++) all.push(await askEvents(mock, ["a", "b", "c"]));
    return [...all, ...waits, mock.stats().accepted];
  };
  const first = await replies(7, 1);
  assert.deepEqual(await replies(7, 9), first);
  assert.notDeepEqual(await replies(8, 1), first);
});

test("several kinds of faults of events share a request", async () => {
  const mock = await start({ faults: { item: 0.3, missing: 0.3, CONFLICT: 0.3 } });
  await askToken(mock);
  await askEvents(mock, Array.from({ length: 100 }, (_, index) => `e-${index}`));
  assert.deepEqual(mock.stats().faults, { CONFLICT: 1, INTERNAL_ERROR: 1, missing: 1 });
});

test("latency is fixed or in a range, for each endpoint", async () => {
  const waits: number[] = [];
  const mock = await start({ latencyMs: [5, 40], plan: { token: { latencyMs: 20 } }, sleep: async (ms) => void waits.push(ms) });
  await askToken(mock);
  await askEvents(mock, ["a"]);
  assert.equal(waits[0], 20);
  assert.ok((waits[1] ?? 0) >= 5 && (waits[1] ?? 99) <= 40);
  assert.equal(waits.length, 2);
});

test("access tokens end with their life, and refresh tokens rotate when asked to", async () => {
  let now = NOW;
  const mock = await start({ clock: { now: () => now }, plan: { tokenLifetimeSeconds: 600, token: { rotateRefreshToken: true } } });
  assert.deepEqual(await askToken(mock), { status: 200, body: tokenBody("Atza|mock-1", 600, "Atzr|mock-1") });
  now += 599_999;
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 207, body: ALL });
  now += 1;
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 401, body: '{"code":"UNAUTHORIZED","message":"token expired"}' });
  assert.deepEqual(await askToken(mock), { status: 400, body: oauth("invalid_grant", "The request has an invalid grant parameter : refresh_token") });
  assert.equal(mock.parameters.REFRESH_TOKEN, "Atzr|mock-1");
  assert.deepEqual(await askToken(mock, { refresh_token: "Atzr|mock-1" }), { status: 200, body: tokenBody("Atza|mock-2", 600, "Atzr|mock-2") });
});

test("a refresh token stays the same by default", async () => {
  const mock = await start();
  for (const token of ["Atza|mock-1", "Atza|mock-2"]) assert.deepEqual(await askToken(mock), { status: 200, body: tokenBody(token) });
});

test("requests over the rate limit get a 429 that says when to come again", async () => {
  let now = NOW;
  const mock = await start({ clock: { now: () => now }, rateLimit: 2, plan: { script: [{ request: 3, status: 503 }] } });
  await askToken(mock);
  const over: Met = { status: 429, body: '{"code":"TOO_MANY_REQUESTS","message":"slow down"}', headers: { "retry-after": "1" } };
  const fine: Met = { status: 207, body: ALL };
  for (const expected of [fine, fine, over, over]) assert.deepEqual(await askEvents(mock, ["a", "b"]), expected);
  now += 500;
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 503, body: problem("INTERNAL_ERROR") });
  assert.deepEqual(await askEvents(mock, ["a", "b"]), over);
  mock.setFaults({ rateLimit: 0.1 });
  assert.deepEqual(await askEvents(mock, ["a", "b"]), fine);
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { ...over, headers: { "retry-after": "10" } });
});

test("the log has each request without secrets: in process, over HTTP, and in a file of its owner", async () => {
  const path = join(mkdtempSync(join(tmpdir(), "amazon-dsp-events-")), "requests.ndjson");
  const mock = await start({ log: path, faults: { lost: 1 } });
  await askToken(mock);
  await askEvents(mock, ["a"]);
  assert.deepEqual(
    mock.requests.map(({ headers: { authorization, "amazon-ads-clientid": client }, ...seen }) => ({ ...seen, authorization, client })),
    [
      {
        at: NOW,
        method: "POST",
        path: TOKEN,
        body: "grant_type=refresh_token&client_id=amzn1.application-oa2-client.mock&client_secret=%5Bsecret%5D&refresh_token=%5Bsecret%5D",
        status: 200,
        faults: [],
        authorization: undefined,
        client: undefined,
      },
      {
        at: NOW,
        method: "POST",
        path: EVENTS,
        body: JSON.stringify({ events: [amazonEvent("a")] }),
        status: 0,
        faults: ["lost"],
        authorization: "[secret]",
        client: MOCK_CREDENTIALS.CLIENT_ID,
      },
    ],
  );
  const lines = mock.requests.map((seen) => `${JSON.stringify(seen)}\n`).join("");
  assert.deepEqual(await ask(mock, "/__requests", { method: "GET" }), { status: 200, body: lines, headers: { "content-type": "application/x-ndjson" } });
  await mock.close();
  assert.equal(readFileSync(path, "utf8"), lines);
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("the log keeps the last 500 requests", async () => {
  const mock = await start();
  for (let index = 0; index < 510; index++) await ask(mock, `/${index}`, { method: "GET" });
  assert.deepEqual([mock.requests.length, mock.requests[0]?.path, mock.requests.at(-1)?.path], [500, "/10", "/509"]);
});

test("faults can be changed and everything forgotten, over HTTP as in process", async () => {
  const mock = await start({ faults: { 500: 1 }, plan: { tokenLifetimeSeconds: 600 } });
  await askToken(mock);
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 500, body: problem("INTERNAL_ERROR") });
  const post = (path: string, body = ""): Promise<Met> => ask(mock, path, { body });
  assert.deepEqual(await post("/__faults", '{ "script": [{ "request": 2, "status": 404 }] }'), { status: 204, body: "" });
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 207, body: ALL });
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 404, body: problem("NOT_FOUND") });
  assert.deepEqual(await askToken(mock), { status: 200, body: tokenBody("Atza|mock-2", 600) });
  assert.deepEqual(await post("/__faults", '{ "scripts": [] }'), { status: 400, body: '{"message":"`plan.scripts` is not a known key; did you mean `script`?"}' });
  assert.deepEqual(await post("/__faults", "{"), { status: 400, body: '{"message":"`plan` must be JSON"}' });
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 207, body: ALL });
  assert.deepEqual(await ask(mock, "/__stats", { method: "GET" }), { status: 200, body: JSON.stringify(mock.stats()) });
  assert.deepEqual(await post("/__reset"), { status: 204, body: "" });
  const nothing = { tokenRequests: 0, eventRequests: 0, repeated: 0, rejected: 0, largestBatch: 0, largestBody: 0, statuses: {}, faults: {}, accepted: 0 };
  assert.deepEqual([mock.stats(), mock.requests.length, mock.taken.size], [nothing, 0, 0]);
  assert.deepEqual(await askToken(mock), { status: 200, body: tokenBody("Atza|mock-1", 600) });
  assert.deepEqual(await askEvents(mock, ["a", "b"]), { status: 500, body: problem("INTERNAL_ERROR") });
  assert.deepEqual(await post("/__nothing"), {
    status: 404,
    body: '{"message":"no such path: POST /__nothing; there are GET /__stats, GET /__requests, POST /__reset, POST /__faults"}',
  });
});

test("where counts are enough nothing is kept that grows, and events may be taken unread", async () => {
  const mock = await start({ remember: "counts", validate: false });
  await askToken(mock);
  const reply = { success: [{ index: 0, event: {} }], error: [] };
  for (let times = 0; times < 2; times++) {
    assert.deepEqual(await ask(mock, EVENTS, { body: '{"events":[{"any":1}]}', headers: HEADERS }), { status: 207, body: JSON.stringify(reply) });
  }
  const { accepted, repeated, rejected } = mock.stats();
  assert.deepEqual([accepted, repeated, rejected, mock.taken.size], [2, 0, 0, 0]);
  assert.deepEqual(mock.requests.map(({ body }) => body), ["", "", ""]);
  assert.deepEqual(await ask(mock, EVENTS, { body: '{"events":1}', headers: HEADERS }), { status: 400, body: '{"code":"BAD_REQUEST","message":"$.events: must be a list"}' });
});

test("a request must be as Amazon asks", async () => {
  const mock = await start();
  await askToken(mock);
  const body = JSON.stringify({ events: [amazonEvent("a")] });
  const without = (name: keyof typeof HEADERS): Record<string, string> => Object.fromEntries(Object.entries(HEADERS).filter(([one]) => one !== name));
  const refused: [Record<string, string>, string, number, string, string][] = [
    [without("Authorization"), body, 401, "UNAUTHORIZED", "token expired"],
    [without("Amazon-Ads-ClientId"), body, 401, "UNAUTHORIZED", "token expired"],
    [without("Amazon-Ads-AccountId"), body, 400, "BAD_REQUEST", "Amazon-Ads-AccountId is required"],
    [{ ...HEADERS, "Amazon-Ads-AccountId": "1" }, body, 403, "FORBIDDEN", "no event_manager permission"],
    [without("Content-Type"), body, 415, "BAD_REQUEST", "Content-Type must be application/json"],
    [{ ...HEADERS, Accept: "text/html" }, body, 406, "BAD_REQUEST", "Accept must take application/json"],
    [HEADERS, `${body}${" ".repeat(1_048_577 - body.length)}`, 413, "CONTENT_TOO_LARGE", "split the request"],
    [HEADERS, "not json", 400, "BAD_REQUEST", "$: must be an object"],
    [HEADERS, '{"events":[]}', 400, "BAD_REQUEST", "$.events: must have 1 to 500 events, has 0"],
  ];
  for (const [headers, sent, status, code, message] of refused) {
    assert.deepEqual(await ask(mock, EVENTS, { body: sent, headers }), { status, body: JSON.stringify({ code, message }) });
  }
  assert.deepEqual(await ask(mock, TOKEN, { body: form(), headers: { Authorization: "Bearer x" } }), { status: 400, body: oauth("invalid_request", "The request is malformed") });
  assert.deepEqual(await askToken(mock, { client_secret: "x" }), { status: 401, body: oauth("invalid_client", "Client authentication failed") });
});

test("an event must be as Amazon asks: its form or the request is refused, its values or it is", () => {
  const check = (change: Record<string, unknown>): string =>
    validateRequest({ events: [{ ...amazonEvent("a"), ...change }] }, NOW)
      .map(({ fieldLocation, message, sinks }) => `${fieldLocation.replace("$.events[0].", "")}: ${message}${sinks ? " (400)" : ""}`)
      .join("; ");
  const description = amazonEvent("a")["eventDescription"] as object;
  const purchase = { eventDescription: { ...description, conversionType: "OFF_AMAZON_PURCHASES" } };
  const hash = "9eceb13483d7f187ec014fd6d4854d1420cfc634328af85f51d0323ba8622e21";
  const cases: [Record<string, unknown>, string][] = [
    [{}, ""],
    [{ ...purchase, value: 12.5, currencyCode: "EUR", unitsSold: 2 }, ""],
    [{ matchKeys: [{ type: "EMAIL", values: [hash] }, { type: "FIP", values: ["2001:db8::1"] }] }, ""],
    [{ consent: { tcf: "C", gpp: "D", geo: { ipAddress: "203.0.113.7" }, amazonConsent: { amznUserData: "DENIED" } } }, ""],
    [{ customData: [{ name: "brand", value: "acme", dataType: "STRING" }], deviceInfo: { userAgent: "x" }, dataProcessingOptions: { options: "LIMITED_DATA_USE" } }, ""],
    [{ arefMeasurementTokens: "abcdefghij.1767000000000|0123456789.1767000000001" }, ""],
    [{ clientDedupeId: "x" }, "clientDedupeId: is not known (400)"],
    [{ eventDescription: { ...description, type: "x" } }, "eventDescription.type: is not known (400)"],
    [{ eventDescription: { ...description, name: "a/b" } }, "eventDescription.name: must have at most 256 characters and none of the forbidden ones"],
    [{ eventDescription: { ...description, conversionType: "BUY" } }, "eventDescription.conversionType: is not one of the values that are allowed (400)"],
    [{ eventTime: 1767000000 }, "eventTime: must be a text (400)"],
    [{ eventTime: "2026-11-20" }, "eventTime: not a date-time"],
    [{ eventTime: "2026-02-30T00:00:00Z" }, "eventTime: not a date-time"],
    [{ eventTime: "2026-10-30T00:00:00Z" }, "eventTime: more than 21 days ago"],
    [{ countryCode: "UK" }, "countryCode: is not one of the values that are allowed (400)"],
    [{ matchKeys: [] }, "matchKeys: must be a list of 1 to 15 (400)"],
    [{ matchKeys: [{ type: "EMAIL", values: ["jane@example.com"] }] }, "matchKeys[0].values[0]: must be SHA-256 in lower-case hex"],
    [{ matchKeys: [{ type: "FIP", values: ["somewhere"] }] }, "matchKeys[0].values[0]: must be an IP address"],
    [{ matchKeys: [{ type: "MATCH_ID", values: ["x".repeat(101)] }] }, "matchKeys[0].values[0]: must have at most 100 characters"],
    [{ matchKeys: [{ type: "MAID", values: ["x"], hashed: true }] }, "matchKeys[0].hashed: is not known (400)"],
    [{ matchKeys: [{ type: "MAID", values: ["x", "y"] }] }, "matchKeys[0].values: must have exactly one text (400)"],
    [{ ...purchase, value: -1, currencyCode: "USD" }, "value: must not be negative for a purchase"],
    [{ ...purchase, value: 1 }, "currencyCode: is required for a purchase with a value"],
    [{ currencyCode: "USD", unitsSold: 1 }, "currencyCode: is for purchases; unitsSold: is for purchases"],
    [{ value: "12" }, "value: must be a number (400)"],
    [{ consent: { tcfString: "x" } }, "consent.tcfString: is not known (400)"],
    [{ consent: { geo: { ipAddress: "1.2.3" } } }, "consent.geo.ipAddress: must be an IP address"],
    [{ consent: { amazonConsent: { amznAdStorage: "GRANTED" } } }, "consent.amazonConsent.amznUserData: must be GRANTED or DENIED (400)"],
    [{ customData: [{ name: "a-b", value: "c" }] }, "customData[0]: name and value must be letters, digits and _"],
    [{ customData: [{ name: "a", value: "2147483648", dataType: "INTEGER" }] }, "customData[0].value: must be a whole number of 32 bits"],
    [{ deviceInfo: { userAgent: 1 } }, "deviceInfo.userAgent: must be a string (400)"],
    [{ deviceInfo: { userAgent: "x".repeat(513) } }, "deviceInfo.userAgent: must have at most 512 characters"],
    [{ dataProcessingOptions: { options: ["LIMITED_DATA_USE"] } }, "dataProcessingOptions.options: must be LIMITED_DATA_USE (400)"],
    [{ arefMeasurementTokens: "x" }, "arefMeasurementTokens: must be pairs of a token of 10 characters and 13 digits, with a dot between, joined by |"],
  ];
  for (const [change, expected] of cases) assert.equal(check(change), expected, JSON.stringify(change));
});

test("a plan that cannot be is refused with the path, what was expected, and what came", () => {
  const step = (one: object): unknown => ({ script: [one] });
  const where = "`request`, `requests`, `every`, `eventId`";
  const events = "`status`, `reset`, `lost`, `slow`, `hang`, `garbage`, `truncated`, `empty`, `html`, `missing`, `item`, `unknown`, `revoke`";
  const cases: [unknown, string][] = [
    [[], "`plan` must be an object, got a list"],
    [{ fautls: {} }, "`plan.fautls` is not a known key; did you mean `faults`?"],
    [{ x: 1 }, "`plan.x` is not a known key; known here are `$schema`, `seed`, `tokenLifetimeSeconds`, `latencyMs`, `rateLimit`, `clockSkewSeconds`, `faults`, `script`, `token`, `consent`, `accounts`"],
    [{ seed: -1 }, "`plan.seed` must be a whole number from 0 to 2147483648, got `-1`"],
    [{ tokenLifetimeSeconds: 0 }, "`plan.tokenLifetimeSeconds` must be a whole number from 1 to 86400, got `0`"],
    [{ latencyMs: [9, 2] }, "`plan.latencyMs` must be milliseconds from 0 to 3600000, or a list of the least and the most, got a list"],
    [{ rateLimit: 0 }, "`plan.rateLimit` must be requests per second, above 0, got `0`"],
    [{ faults: { gabage: 1 } }, "`plan.faults.gabage` is not a known fault; did you mean `garbage`?"],
    [{ faults: { BAD_REQEST: 1 } }, "`plan.faults.BAD_REQEST` is not a known fault; did you mean `BAD_REQUEST`?"],
    [{ faults: { 429: "5%" } }, "`plan.faults.429` must be a share from 0 to 1, got `5%`"],
    [{ faults: { 999: 1 } }, "`plan.faults.999` is not a known fault; known here are a status from 400 to 599, `reset`, `lost`, `slow`, `hang`, `garbage`, `truncated`, `empty`, `html`, `missing`, `item`, `unknown`, `revoke`"],
    [{ token: { faults: { item: 1 } } }, "`plan.token.faults.item` is not a known fault; known here are a status from 400 to 599, `reset`, `lost`, `slow`, `hang`, `garbage`, `truncated`, `empty`, `html`, `invalid_grant`, `invalid_client`, `unauthorized_client`, `no_token`"],
    [{ token: { rotateRefreshToken: 1 } }, "`plan.token.rotateRefreshToken` must be true or false, got `1`"],
    [{ token: { script: [{ eventId: "a", hang: true }] } }, "`plan.token.script[0].eventId` is not a known key; known here are `request`, `requests`, `every`, `times`, `status`, `reset`, `lost`, `slow`, `hang`, `garbage`, `truncated`, `empty`, `html`, `invalid_grant`, `invalid_client`, `unauthorized_client`, `no_token`, `retryAfter`, `retryAfterDate`, `body`"],
    [{ consent: { returnUrls: "x" } }, "`plan.consent.returnUrls` must be a list of URLs, got `x`"],
    [{ consent: { script: [{ request: 1, hang: true }] } }, "`plan.consent.script[0].hang` is not a known key; known here are `request`, `requests`, `every`, `times`, `status`, `denied`, `wrong_state`, `retryAfter`, `retryAfterDate`, `body`"],
    [{ accounts: { faults: { no_profile: 1 } } }, "`plan.accounts.faults.no_profile` is not a known fault; did you mean `no_profiles`?"],
    [{ accounts: { countryCode: "de" } }, "`plan.accounts.countryCode` must be two capital letters, got `de`"],
    [{ accounts: { advertisers: -1 } }, "`plan.accounts.advertisers` must be a whole number from 0 to 10000, got `-1`"],
    [{ clockSkewSeconds: 0.5 }, "`plan.clockSkewSeconds` must be a whole number from -31536000 to 31536000, got `0.5`"],
    [{ script: {} }, "`plan.script` must be a list of steps, got a value of type object"],
    [step({ requst: 3 }), "`plan.script[0].requst` is not a known key; did you mean `request`?"],
    [step({ status: 503 }), `\`plan.script[0]\` must name its requests by one of ${where}, got none`],
    [step({ request: 1, every: 2, hang: true }), `\`plan.script[0]\` must name its requests by one of ${where}, got \`request\` and \`every\``],
    [step({ request: 1 }), `\`plan.script[0]\` must name its fault by one of ${events}, got none`],
    [step({ request: 1, status: 503, reset: "after" }), `\`plan.script[0]\` must name its fault by one of ${events}, got \`status\` and \`reset\``],
    [step({ request: 0, hang: true }), "`plan.script[0].request` must be a whole number of at least 1, got `0`"],
    [step({ requests: [9, 5], hang: true }), "`plan.script[0].requests` must be a list of the first and the last request, counted from 1, got a list"],
    [step({ eventId: 17, hang: true }), "`plan.script[0].eventId` must be a text, got `17`"],
    [step({ request: 1, status: 207 }), "`plan.script[0].status` must be a whole number from 300 to 599, got `207`"],
    [step({ request: 1, status: 500, missing: true }), "`plan.script[0].status` must be 200 or 207 beside `missing`, got `500`"],
    [step({ request: 1, reset: "later" }), "`plan.script[0].reset` must be `before` or `after`, got `later`"],
    [step({ request: 1, hang: 1 }), "`plan.script[0].hang` must be true, got `1`"],
    [step({ request: 1, slow: true }), "`plan.script[0].slow` must be a whole number from 1 to 3600000, got `true`"],
    [step({ request: 1, item: true }), "`plan.script[0].item` must be an error code such as `BAD_REQUEST`, got `true`"],
    [step({ request: 1, hang: true, retryAfter: 1 }), "`plan.script[0].retryAfter` goes with `status`, got it with `hang`"],
    [step({ request: 1, status: 429, retryAfter: 1.5 }), "`plan.script[0].retryAfter` must be seconds or a text for the header, got `1.5`"],
    [step({ request: 1, status: 429, retryAfter: 1, retryAfterDate: 1 }), "`plan.script[0]` must have one of `retryAfter`, `retryAfterDate`, got both"],
    [step({ eventId: "a", missing: true, indexes: [0] }), "`plan.script[0]` must name its events by one of `indexes`, `eventId`, got both"],
  ];
  for (const [plan, message] of cases) assert.throws(() => parsePlan(plan), { name: "UsageError", message });
});

test("options that cannot be are refused", async () => {
  const wrong: [object, string][] = [
    [{ faults: { slwo: 1 } }, "`faults.slwo` is not a known fault; did you mean `slow`?"],
    [{ latencyMs: "5" }, "`latencyMs` must be milliseconds from 0 to 3600000, or a list of the least and the most, got `5`"],
    [{ remember: "all" }, "`remember` must be `ids` or `counts`, got `all`"],
    [{ validate: 0 }, "`validate` must be true or false, got `0`"],
    [{ plan: { seed: "7" } }, "`plan.seed` must be a whole number from 0 to 2147483648, got `7`"],
  ];
  for (const [options, message] of wrong) await assert.rejects(startMock(options), { name: "UsageError", message });
  assert.deepEqual(parseShares("429:0.1,lost:0.5,CONFLICT:1"), { 429: 0.1, lost: 0.5, CONFLICT: 1 });
  assert.throws(() => parseShares("slow:2"), {
    message:
      "a fault must be a status or one of reset, lost, slow, hang, garbage, truncated, empty, html, missing, item, unknown, revoke or Amazon's codes, a colon and a share from 0 to 1, got `slow:2`",
  });
});

test("the schema has every key that the parser knows, and no other", () => {
  const schema = JSON.parse(readFileSync(new URL("../dist/mock-plan.schema.json", import.meta.url), "utf8")) as {
    properties: Record<string, { properties: object }>;
    $defs: Record<string, { properties: object; propertyNames: { anyOf: [object, { enum: string[] }] } }>;
  };
  /** The keys that the parser names when it meets one it does not know. */
  const known = (plan: unknown): string[] => {
    let message = "";
    assert.throws(() => parsePlan(plan), (error: Error) => ((message = error.message), true));
    return [...(message.split("known here are ")[1] ?? "").matchAll(/`([^`]+)`/g)].map(([, key]) => key ?? "").sort();
  };
  const keys = (object: object | undefined): string[] => Object.keys(object ?? {}).sort();
  const odd = { "-------------------------": 1 };
  const { $defs, properties } = schema;
  assert.deepEqual(known(odd), keys(properties));
  assert.deepEqual(known({ token: odd }), keys(properties["token"]?.properties));
  assert.deepEqual(known({ script: [odd] }), keys($defs["eventStep"]?.properties));
  assert.deepEqual(known({ token: { script: [odd] } }), keys($defs["tokenStep"]?.properties));
  const shares = (name: string): string[] => [...($defs[name]?.propertyNames.anyOf[1].enum ?? [])].sort();
  assert.deepEqual([...known({ faults: odd }), ...ERROR_CODES].sort(), shares("eventFaults"));
  assert.deepEqual(known({ token: { faults: odd } }), shares("tokenFaults"));
  for (const endpoint of ["consent", "accounts"]) {
    assert.deepEqual(known({ [endpoint]: odd }), keys(properties[endpoint]?.properties));
    assert.deepEqual(known({ [endpoint]: { script: [odd] } }), keys($defs[`${endpoint}Step`]?.properties));
    assert.deepEqual(known({ [endpoint]: { faults: odd } }), shares(`${endpoint}Faults`));
  }
});

test("the documents have every fault, a plan that can be, and a program that runs", () => {
  const table = Object.entries(FAULTS).map(
    ([name, { endpoints, step, effect }]) => `| ${name === "status" ? "`400` to `599`" : `\`${name}\``} | ${endpoints.join(", ")} | \`${step}\` | ${effect} |\n`,
  );
  const [, documented] = /\| Fault \|.*\n\| --- .*\n((?:\|.*\n)+)/.exec(docs) ?? [];
  assert.equal(documented, table.join(""));
  for (const { endpoints, step } of Object.values(FAULTS)) {
    const script = [JSON.parse(`{ "request": 1, ${step} }`) as object];
    assert.ok(parsePlan(endpoints[0] === "events" ? { script } : { [endpoints[0] ?? ""]: { script } }));
  }
  const block = (language: string): string => new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``).exec(docs)?.[1] ?? "";
  assert.equal(parsePlan(JSON.parse(block("json"))).seed, 7);
  const program = fileURLToPath(new URL("docs-mock.mjs", import.meta.url));
  writeFileSync(program, block("js"));
  const { status, stderr } = spawnSync(process.execPath, [program], { encoding: "utf8" });
  rmSync(program);
  assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
});

test("a stand-in ends with the block that uses it", async () => {
  let url: string;
  {
    await using mock = await startMock();
    url = mock.url;
    assert.equal((await fetch(`${url}/__stats`)).status, 200);
  }
  await assert.rejects(fetch(url));
});

test("the command's help names every fault", () => {
  const { stdout } = spawnSync(process.execPath, [bin, "mock", "--help"], { encoding: "utf8" });
  for (const name of Object.keys(FAULTS)) assert.match(stdout, name === "status" ? /400 to 599/ : new RegExp(`\\b${name}\\b`));
});

test("the command does what a plan says and keeps a log; what it cannot do it says in words", async () => {
  const directory = mkdtempSync(join(tmpdir(), "amazon-dsp-events-"));
  const [plan, log, broken] = ["plan.json", "log.ndjson", "broken.json"].map((name) => join(directory, name)) as [string, string, string];
  writeFileSync(plan, '{ "tokenLifetimeSeconds": 600, "token": { "script": [{ "request": 1, "status": 503 }] } }');
  writeFileSync(broken, '{ "script": [{ "request": 3, "stats": 503 }] }');

  const child = spawn(process.execPath, [bin, "mock", "--plan", plan, "--log", log], { stdio: ["ignore", "pipe", "ignore"] });
  let out = "";
  await new Promise<void>((resolve) => child.stdout.on("data", (data: Buffer) => /TOKEN_URL='.*'\n/.test((out += data.toString())) && resolve()));
  const url = /BASE_URL='(.*)'/.exec(out)?.[1] ?? "";
  const replies: unknown[] = [];
  for (let index = 0; index < 2; index++) replies.push(await (await fetch(url + TOKEN, { method: "POST", body: form() })).json());
  assert.deepEqual(replies, [{ error: "ServerError" }, JSON.parse(tokenBody("Atza|mock-1", 600))]);

  const asJson = spawn(process.execPath, [bin, "mock", "--json"], { stdio: ["ignore", "pipe", "ignore"] });
  const [parameters] = (await once(asJson.stdout, "data")) as [Buffer];
  asJson.kill();
  const { BASE_URL, TOKEN_URL, ...credentials } = JSON.parse(parameters.toString()) as Record<string, string>;
  assert.deepEqual([credentials, TOKEN_URL], [MOCK_CREDENTIALS, `${BASE_URL}/auth/o2/token`]);

  const fail = (...args: string[]): [number | null, string] => {
    const { status, stderr } = spawnSync(process.execPath, [bin, "mock", ...args], { encoding: "utf8" });
    return [status, stderr];
  };
  const port = new URL(url).port;
  assert.deepEqual(fail("--port", port), [2, `error: cannot listen on port ${port}: another program listens there; choose another port, or 0 for a free one\n`]);
  assert.deepEqual(fail("--plan", broken), [2, `error: ${broken}: \`plan.script[0].stats\` is not a known key; did you mean \`status\`?\n`]);
  assert.deepEqual(fail("--plan", `${plan}x`), [2, `error: cannot read the plan ${plan}x: there is no such file\n`]);
  assert.deepEqual(fail("--log", join(directory, "no", "log")), [2, `error: cannot write the log ${join(directory, "no", "log")}: there is no such folder\n`]);

  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  assert.equal(await ended, 0);
  assert.deepEqual(readFileSync(log, "utf8").trim().split("\n").map((line) => (JSON.parse(line) as { status: number }).status), [503, 200]);
});
