// The command line as a person or a script meets it: real processes, real files, a stand-in for Amazon on loopback.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import type { Report } from "../dist/cli/report.js";
import { startMock, type Mock, type MockOptions } from "../dist/mock/index.js";
import { event } from "./world.js";

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));
const NOW = ["--now", "2026-11-21T00:00:00Z"];

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

interface Running {
  readonly kill: (signal: NodeJS.Signals) => void;
  readonly result: Promise<Result>;
}

function start(args: readonly string[], options: { env?: NodeJS.ProcessEnv | undefined; input?: string | Buffer; cwd?: string } = {}): Running {
  const env = { PATH: process.env["PATH"], ...options.env };
  const child = spawn(process.execPath, [bin, ...args], { env, cwd: options.cwd ?? tmpdir(), stdio: "pipe" });
  let out = "";
  let err = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input ?? "");
  return {
    kill: (signal) => void child.kill(signal),
    result: new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err }))),
  };
}

const run = (...parameters: Parameters<typeof start>): Promise<Result> => start(...parameters).result;

const mocks: Mock[] = [];
async function amazon(options: MockOptions = {}): Promise<Mock> {
  const mock = await startMock(options);
  mocks.push(mock);
  return mock;
}
after(() => Promise.all(mocks.map((mock) => mock.close())));

function folder(): string {
  return mkdtempSync(join(tmpdir(), "amazon-dsp-events-"));
}

function fileOf(count: number, directory = folder()): string {
  const path = join(directory, "events.ndjson");
  writeFileSync(path, Array.from({ length: count }, (_, index) => `${JSON.stringify(event(`m-${index}`))}\n`).join(""));
  return path;
}

function read(path: string): Report {
  const report = JSON.parse(readFileSync(path, "utf8")) as Report;
  const dropped = Object.values(report.dropped).reduce((sum, count) => sum + count, 0);
  assert.equal(report.events, report.mapped + dropped);
  assert.equal(report.mapped, report.accepted + report.rejected + report.deadLettered + report.undelivered);
  assert.equal(report.rejections.length, report.rejected);
  assert.equal(report.deadLetters.length, report.deadLettered);
  return report;
}

/** A run of `send` with a report. */
async function send(mock: Mock, file: string, ...more: string[]): Promise<Result & { report: Report }> {
  const path = join(folder(), "report.json");
  const result = await run(["send", file, ...NOW, "--report", path, ...more], { env: mock.parameters });
  assert.ok(existsSync(path), result.err);
  assert.doesNotMatch(result.err + result.out, /amzn1\.oa2-cs\.v1\.mock|Atzr\|mock|Atza\|/);
  return { ...result, report: read(path) };
}

test("transform gives one line for each event, in order, whatever the input", async () => {
  const good = JSON.stringify(event("m-1"));
  const input = Buffer.concat([
    Buffer.from(`\ufeff${good}\r\n\n`),
    Buffer.from("nonsense\n[1]\nnull\n"),
    Buffer.from(`{"type":"track","event":"Product Added","pad":"${"x".repeat(2 * 2 ** 20)}"}\n`),
    Buffer.from(`{"a":${"[".repeat(10_000)}\n`),
    Buffer.from([0x7b, 0xff, 0x7d, 0x0a]),
    Buffer.from(good.replace("{", '{"half":"\\ud800",').replace("m-1", "m\u2028-2")),
  ]);
  const { code, out, err } = await run(["transform", "-", ...NOW], { input });
  assert.equal(code, 0, err);
  const lines = out.trimEnd().split("\n").map((line) => JSON.parse(line) as Record<string, unknown>);
  assert.deepEqual(
    lines.map(({ line, outcome, detail }) => [line, outcome, detail]),
    [
      [1, "mapped", undefined],
      [3, "dropped", "not_json"],
      [4, "dropped", "not_an_object"],
      [5, "dropped", "not_an_object"],
      [6, "dropped", "too_large"],
      [7, "dropped", "too_deep"],
      [8, "dropped", "not_json"],
      [9, "mapped", undefined],
    ],
  );
  assert.deepEqual(Object.keys(lines[0] ?? {}), ["line", "outcome", "event", "notes"]);
});

test("transform takes an array, and ends quietly when its reader has gone", async () => {
  const array = JSON.stringify(Array.from({ length: 3 }, (_, index) => event(`m-${index}`)), null, 2);
  const { out } = await run(["transform", ...NOW], { input: array });
  assert.deepEqual(out.trimEnd().split("\n").map((line) => (JSON.parse(line) as { line: number }).line), [1, 2, 3]);
  const shell = spawn("sh", ["-c", `"${process.execPath}" "${bin}" transform "${fileOf(20_000)}" ${NOW.join(" ")} | head -n 1`], { stdio: "pipe" });
  let err = "";
  shell.stderr.on("data", (data: Buffer) => (err += data.toString()));
  await new Promise((resolve) => shell.once("close", resolve));
  assert.equal(err, "");
});

const wrongUse: [string, string[], RegExp][] = [
  ["a file that is not there", ["transform", "nowhere.ndjson"], /^error: cannot read nowhere\.ndjson: there is no such file\n$/],
  ["a folder", ["transform", "/"], /^error: cannot read \/: it is a folder\n$/],
  ["a config that is not there", ["transform", "--config", "nowhere.json"], /^error: cannot read the config nowhere\.json: there is no such file\n$/],
  ["an instant that is none", ["transform", "--now", "yesterday"], /^error: --now must be an ISO 8601 instant such as 2026-11-21T00:00:00Z, got `yesterday`\n$/],
  ["a year alone", ["transform", "--now", "2026"], /^error: --now must be an ISO 8601 instant such as 2026-11-21T00:00:00Z, got `2026`\n$/],
  ["a report that cannot be written", ["send", "-", "--dry-run", "--report", "/nowhere/report.json"], /^error: cannot write --report \/nowhere\/report\.json: /],
  ["a report among what --state keeps", ["send", "-", "--dry-run", "--state", "job", "--report", "job/report.json"], /^error: --report job\/report\.json is in the folder of --state: name a file elsewhere\n$/],
  ["a report in the config's place", ["send", "-", "--dry-run", "--report", "amazon-dsp-events.json"], /^error: --report amazon-dsp-events\.json is the config: name another file\n$/],
  ["an option nobody knows", ["send", "--dryrun"], /^error: unknown option '--dryrun'\n\(Did you mean --dry-run\?\)\n$/],
  ["a number out of range", ["send", "--max-attempts", "3"], /It must be a whole number from 4 to 100\./],
  ["a rate of none", ["send", "--max-events-per-second", "0"], /It must be a number above 0, at most 5000000\./],
  ["no parameters", ["send", "-"], /^error: missing connection parameters:\n  ADVERTISER_ID .*\n  CLIENT_ID .*\n  CLIENT_SECRET .*\n  REFRESH_TOKEN .*\nSet them in the environment/],
];
for (const [name, args, message] of wrongUse) {
  test(`${name} is wrong use: one message, exit code 2`, async () => {
    const { code, err, out } = await run(args);
    assert.match(err, message);
    assert.deepEqual([code, out], [2, ""]);
  });
}

test("a report has no place in the folder of --state, by a link either", async () => {
  const folder = mkdtempSync(join(tmpdir(), "linked-"));
  mkdirSync(join(folder, "job"));
  symlinkSync(join(folder, "job"), join(folder, "link"));
  const cases = [["link", "job/report.json"], ["job", "link/dead.ndjson"], ["job", "job/new/report.json"]] as const;
  for (const [state, file] of cases) {
    const [given, path] = [state, file].map((name) => join(folder, name)) as [string, string];
    const { code, err } = await run(["send", "-", "--dry-run", "--state", given, "--report", path], { input: "" });
    assert.deepEqual([code, err], [2, `error: --report ${path} is in the folder of --state: name a file elsewhere\n`]);
  }
  const beside = join(folder, "job-report.json");
  assert.equal((await run(["send", "-", "--dry-run", "--state", join(folder, "job"), "--report", beside], { input: "" })).code, 0);
});

test("an instant without an offset is UTC, wherever the machine is", async () => {
  const { out } = await run(["transform", "--now", "2026-11-21T00:00"], {
    env: { TZ: "Asia/Tokyo" },
    input: '{"type":"page","userId":"jane@example.com","traits":{"country":"US"}}',
  });
  assert.match(out, /"eventTime":"2026-11-21T00:00:00Z"/);
});

test("what was given up is said with its last fault, and with the way to keep it", async () => {
  const mock = await amazon({ faults: { 500: 1 } });
  const { code, err, report } = await send(mock, fileOf(1), "--max-attempts", "4");
  assert.deepEqual([code, report.deadLettered], [1, 1]);
  assert.match(err, /error: events were given up, the last for: HTTP 500 INTERNAL_ERROR: .*; --dead-letters FILE keeps such events\n/);
});

test("a secret in the wrong parameter is not shown", async () => {
  const env = { ADVERTISER_ID: "1", CLIENT_ID: "c", CLIENT_SECRET: "s3cret", REFRESH_TOKEN: "Atzr|t0ken", BASE_URL: "Atzr|hidden" };
  const { code, err } = await run(["send", "-"], { env });
  assert.deepEqual([code, err], [2, "error: BASE_URL must be a URL such as https://advertising-api.amazon.com, got `[token]`\n"]);
});

test("a config that cannot be right is explained", async () => {
  const directory = folder();
  const path = join(directory, "config.json");
  writeFileSync(path, '{\n  "events": {},\n  "dataSet": 1,\n}');
  const broken = await run(["transform", "--config", path]);
  assert.match(broken.err, /config\.json is not JSON: .*\(line 4 column 1\)\n$/);
  writeFileSync(path, '{"evnts": {}}');
  const unknown = await run(["transform", "--config", path]);
  assert.match(unknown.err, /config\.json: config `evnts` is not a known key; did you mean `events`\?\n$/);
  assert.deepEqual([broken.code, unknown.code], [2, 2]);
});

test("send delivers, from any folder, and reports", async () => {
  const mock = await amazon();
  const { code, report, err } = await send(mock, fileOf(1201));
  assert.equal(code, 0, err);
  assert.deepEqual({ ...report, durationMs: 0 }, {
    events: 1201, mapped: 1201, dropped: {}, accepted: 1201, rejected: 0, deadLettered: 0, undelivered: 0,
    requests: 3, retriedRequests: 0, tokenRefreshes: 1, durationMs: 0, rejections: [], deadLetters: [],
  });
  assert.equal(mock.taken.size, 1201);
  assert.match(err, /events in +1,201\n +mapped +1,201\n/);
});

test("send takes standard input and prints the report as JSON", async () => {
  const mock = await amazon();
  const { code, out } = await run(["send", "-", ...NOW, "--json"], { env: mock.parameters, input: `${JSON.stringify(event("m"))}\nbroken\n` });
  const report = JSON.parse(out) as Report;
  assert.deepEqual([code, report.accepted, report.dropped], [0, 1, { invalid_event: 1 }]);
});

test("send keeps to a ceiling of events", async () => {
  const mock = await amazon();
  const { code, report } = await send(mock, fileOf(450), "--max-events-per-second", "300", "--max-requests-per-second", "50.5");
  assert.deepEqual([code, report.accepted, report.requests, mock.stats().largestBatch], [0, 450, 2, 300]);
});

test("a dry run needs no credentials and sends nothing", async () => {
  const path = join(folder(), "report.json");
  const { code, err } = await run(["send", fileOf(7), ...NOW, "--dry-run", "--report", path]);
  assert.deepEqual([code, read(path).mapped, read(path).requests], [0, 7, 0]);
  assert.match(err, /dry run: nothing was sent/);
});

test("what is rejected and given up ends in the report and the dead letters, with exit code 1", async () => {
  const mock = await amazon();
  mock.script(
    { kind: "item", indexes: [2], code: "FIELD_VALUE_IS_INVALID", message: "no" },
    ...Array.from({ length: 9 }, () => ({ kind: "item", indexes: [0], code: "INTERNAL_ERROR" }) as const),
  );
  const dead = join(folder(), "dead.ndjson");
  const first = await send(mock, fileOf(3), "--max-attempts", "4", "--dead-letters", dead);
  assert.equal(first.code, 1);
  assert.deepEqual(first.report.rejections, [{ eventId: "m-2", code: "FIELD_VALUE_IS_INVALID", message: "no" }]);
  const second = await send(mock, fileOf(1), "--max-attempts", "4", "--dead-letters", dead);
  assert.deepEqual(second.report.deadLetters, [{ eventId: "m-0", reason: "attempts_exhausted", attempts: 4 }]);
  const letter = JSON.parse(readFileSync(dead, "utf8")) as Record<string, unknown>;
  assert.deepEqual(Object.keys(letter), ["eventId", "reason", "attempts", "lastError", "event"]);
  assert.deepEqual([letter["eventId"], letter["attempts"], letter["lastError"]], ["m-0", 4, "INTERNAL_ERROR: by request"]);
  assert.equal((letter["event"] as { eventId: string }).eventId, "m-0");
  assert.equal(statSync(dead).mode & 0o777, 0o600);
});

const refused: [string, Record<string, string>, RegExp][] = [
  ["REFRESH_TOKEN", { REFRESH_TOKEN: "Atzr|not-this-one" }, /^error: Amazon refused REFRESH_TOKEN \(HTTP 400 invalid_grant/m],
  ["CLIENT_SECRET", { CLIENT_SECRET: "not-this-one" }, /^error: Amazon refused CLIENT_ID or CLIENT_SECRET \(HTTP 401 invalid_client/m],
  ["ADVERTISER_ID", { ADVERTISER_ID: "42" }, /^error: Amazon does not allow events for ADVERTISER_ID 42 \(HTTP 403 FORBIDDEN/m],
];
for (const [name, wrong, message] of refused) {
  test(`a wrong ${name} is named, nothing is taken, no secret is shown`, async () => {
    const mock = await amazon();
    const path = join(folder(), "report.json");
    const { code, err, out } = await run(["send", fileOf(1300), ...NOW, "--report", path], { env: { ...mock.parameters, ...wrong } });
    assert.match(err, message);
    assert.doesNotMatch(err + out, /not-this-one|Atzr\|mock|oa2-cs/);
    assert.deepEqual([code, mock.taken.size, read(path).undelivered], [2, 0, 1300]);
  });
}

test("an entity id and a secret as an option are pointed out", async () => {
  const mock = await amazon();
  const entity = await run(["send", fileOf(1), "--advertiser-id", "ENTITY1ABC"], { env: mock.parameters });
  assert.match(entity.err, /^error: ADVERTISER_ID must be the advertiser's own id, got the entity id `ENTITY1ABC`/);
  assert.equal(entity.code, 2);
  const { CLIENT_SECRET, ...others } = mock.parameters;
  const shown = await run(["send", fileOf(1), ...NOW, "--client-secret", CLIENT_SECRET], { env: others });
  assert.match(shown.err, /^warning: --client-secret can be read by everybody on this machine/);
  assert.equal(shown.code, 0);
});

test("faults of every kind lose nothing", async () => {
  const faults = { "429": 0.05, "500": 0.05, "503": 0.05, reset: 0.05, lost: 0.05, garbage: 0.05, revoke: 0.02, item: 0.01, missing: 0.01 };
  const mock = await amazon({ faults, seed: 5 });
  const { report, code } = await send(mock, fileOf(5000));
  assert.deepEqual([code, report.accepted, mock.taken.size], [0, 5000, 5000]);
  for (const { hashes } of mock.taken.values()) assert.equal(hashes.length, 1);
});

test("a job that is killed again and again loses nothing and repeats little", async () => {
  const mock = await amazon({ latencyMs: 25 });
  const file = fileOf(12_000);
  const state = join(folder(), "state");
  const args = ["send", file, ...NOW, "--state", state, "--concurrency", "2"];
  let kills = 0;
  for (; kills < 12; kills++) {
    const running = start(args, { env: mock.parameters });
    await wait(180 + 37 * kills);
    running.kill("SIGKILL");
    const { code } = await running.result;
    if (code !== null) break;
  }
  assert.ok(kills >= 1);
  const last = await send(mock, file, "--state", state, "--concurrency", "2");
  assert.deepEqual([last.code, last.report.events, last.report.accepted], [0, 12_000, 12_000]);
  assert.equal(mock.taken.size, 12_000);
  for (const { hashes } of mock.taken.values()) assert.equal(hashes.length, 1);
  assert.ok(mock.stats().repeated <= kills * 2 * 500, `${mock.stats().repeated} events were repeated in ${kills} kills`);

  const { eventRequests, tokenRequests } = mock.stats();
  const again = await send(mock, file, "--state", state, "--concurrency", "2");
  assert.equal(again.code, 0);
  assert.deepEqual([mock.stats().eventRequests, mock.stats().tokenRequests], [eventRequests, tokenRequests]);
  assert.deepEqual(again.report, last.report);
  assert.match(again.err, /this job is finished: there is nothing left to send/);
});

test("a state folder is private and names nobody", async () => {
  const mock = await amazon();
  mock.script({ kind: "item", indexes: [0], code: "BAD_REQUEST", message: "jane@example.com is wrong" });
  const state = join(folder(), "state");
  await send(mock, fileOf(3), "--state", state);
  assert.equal(statSync(state).mode & 0o777, 0o700);
  for (const name of readdirSync(state)) {
    assert.equal(statSync(join(state, name)).mode & 0o777, 0o600, name);
    assert.doesNotMatch(readFileSync(join(state, name), "utf8"), /jane|example\.com|Atz|oa2-cs|1234567890/);
  }
  assert.deepEqual(readdirSync(state), ["journal.ndjson"]);
});

test("a torn last record is no harm; a damaged one is refused", async () => {
  const mock = await amazon();
  const state = join(folder(), "state");
  const file = fileOf(700);
  await send(mock, file, "--state", state);
  const journal = join(state, "journal.ndjson");
  appendFileSync(journal, '12345678 {"answer":{"acc');
  assert.equal((await send(mock, file, "--state", state)).report.accepted, 700);
  const lines = readFileSync(journal, "utf8").split("\n");
  writeFileSync(journal, lines.map((line, index) => (index === 1 ? line.replace("count", "cuont") : line)).join("\n"));
  const damaged = readFileSync(journal, "utf8");
  const { code, err } = await run(["send", file, ...NOW, "--state", state], { env: mock.parameters });
  assert.match(err, /^error: the state in .* is damaged \(line at byte \d+ cannot be read\); nothing was sent or changed/);
  assert.equal(code, 2);
  assert.equal(readFileSync(journal, "utf8"), damaged);
});

test("a state folder of another job is refused and left as it is", async () => {
  const mock = await amazon();
  const state = join(folder(), "state");
  await send(mock, fileOf(700), "--state", state);
  const before = readFileSync(join(state, "journal.ndjson"), "utf8");
  const config = join(folder(), "config.json");
  writeFileSync(config, '{"dataSetName":"other"}');
  const longer = fileOf(701);
  const cases: [string[], NodeJS.ProcessEnv, RegExp][] = [
    [["send", fileOf(1000), ...NOW], {}, /is not what the job in the state folder was begun with/],
    [["send", longer, ...NOW], {}, /is not what the job in the state folder was begun with/],
    [["send", fileOf(3), ...NOW], {}, /is not what the job in the state folder was begun with/],
    [["send", fileOf(700), ...NOW, "--config", config], {}, /belongs to a job with another config \(--config; --reason or --event-id of `replay`\)/],
    [["send", fileOf(700), "--now", "2026-11-22"], {}, /belongs to a job with another instant \(--now\)/],
    [["send", fileOf(700), ...NOW], { ADVERTISER_ID: "7" }, /belongs to a job for another account/],
  ];
  const requests = mock.stats().eventRequests;
  for (const [args, env, message] of cases) {
    const { code, err } = await run([...args, "--state", state], { env: { ...mock.parameters, ...env } });
    assert.match(err, message);
    assert.equal(code, 2);
  }
  assert.equal(mock.stats().eventRequests, requests);
  assert.equal(readFileSync(join(state, "journal.ndjson"), "utf8"), before);
  const strange = folder();
  writeFileSync(join(strange, "diary.txt"), "mine");
  const { code, err } = await run(["send", fileOf(1), ...NOW, "--state", strange], { env: mock.parameters });
  assert.match(err, /holds other files \(diary\.txt\) and no journal/);
  assert.equal(code, 2);
});

test("two runs on one state folder do not mix; Ctrl-C ends with the report, and the job goes on", async () => {
  const mock = await amazon({ latencyMs: 300 });
  const state = join(folder(), "state");
  const file = fileOf(6000);
  const report = join(folder(), "report.json");
  const first = start(["send", file, ...NOW, "--state", state, "--concurrency", "1", "--report", report], { env: mock.parameters });
  await wait(1200);
  const second = await run(["send", file, ...NOW, "--state", state], { env: mock.parameters });
  assert.match(second.err, /^error: another run \(process \d+\) is using --state/);
  assert.equal(second.code, 2);
  first.kill("SIGINT");
  const { code, err } = await first.result;
  assert.equal(code, 130, err);
  assert.match(err, /^stopping: requests under way get up to 3 s for their answers; once more ends them now\n/);
  assert.match(err, /interrupted: the same command goes on from here/);
  const { accepted, undelivered } = read(report);
  assert.ok(accepted > 0 && undelivered > 0, `${accepted} accepted, ${undelivered} undelivered`);
  const last = await send(mock, file, "--state", state);
  assert.deepEqual([last.code, last.report.accepted, mock.taken.size, mock.stats().repeated], [0, 6000, 6000, 0]);
});

test("mock prints the parameters that lead to it and shows what it has seen", async () => {
  const running = start(["mock", "--faults", "500:0.5", "--seed", "3"]);
  await wait(700);
  running.kill("SIGTERM");
  const { out, code } = await running.result;
  assert.match(out, /^ADVERTISER_ID='1234567890'\nCLIENT_ID='.+'\nCLIENT_SECRET='.+'\nREFRESH_TOKEN='.+'\nBASE_URL='http:\/\/127\.0\.0\.1:\d+'\nTOKEN_URL='.+'\n$/);
  assert.equal(code, 0);
  const wrong = await run(["mock", "--faults", "teapot:1"]);
  assert.match(wrong.err, /^error: --faults: a fault must be a status or one of/);
  assert.equal(wrong.code, 2);
});
