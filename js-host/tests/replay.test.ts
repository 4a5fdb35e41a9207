// The command `replay`: real processes, real files, a stand-in for Amazon on loopback.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

import type { Report } from "../dist/cli/report.js";
import { startMock, type Mock } from "../dist/mock/index.js";
import { event } from "./world.js";

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));

interface Result {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], mock?: Mock, input?: string): Promise<Result> {
  const env = { PATH: process.env["PATH"], ...mock?.parameters };
  const child = spawn(process.execPath, [bin, ...args], { env, cwd: tmpdir(), stdio: "pipe" });
  let out = "";
  let err = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  child.stderr.on("data", (data: Buffer) => (err += data.toString()));
  child.stdin.on("error", () => undefined);
  child.stdin.end(input ?? "");
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

const mocks: Mock[] = [];
async function amazon(): Promise<Mock> {
  const mock = await startMock();
  mocks.push(mock);
  return mock;
}
after(() => Promise.all(mocks.map((mock) => mock.close())));

const folder = (): string => mkdtempSync(join(tmpdir(), "amazon-dsp-events-replay-"));

/** An event as Amazon takes it, with bytes that no serializer of ours would write. */
function wire(eventId: string, more = ""): string {
  return (
    `{ "eventId":"${eventId}", "eventDescription":{"name":"order","conversionType":"OFF_AMAZON_PURCHASES","eventSource":"WEBSITE",` +
    `"eventIngestionMethod":"SERVER_TO_SERVER"},"value":1.10,"currencyCode":"USD","countryCode":"US",` +
    `"eventTime":"${new Date().toISOString().slice(0, 19)}Z"${more},` +
    `"matchKeys":[{"type":"EMAIL","values":["8c87b489ce35cf2e2f39f80e282cb2e804932a56a213983eeeb428407d43b52d"]}]}`
  );
}

function line(eventId: string, reason = "attempts_exhausted", bytes = wire(eventId)): string {
  return `{"eventId":"${eventId}","reason":"${reason}","attempts":9,"lastError":"HTTP 500","event":${bytes}}`;
}

function file(...lines: readonly string[]): string {
  const path = join(folder(), "dead.ndjson");
  writeFileSync(path, lines.map((one) => `${one}\n`).join(""));
  return path;
}

/** A replay with a report, whose sums hold. */
async function replay(mock: Mock, path: string, ...more: string[]): Promise<Result & { report: Report }> {
  const target = join(folder(), "report.json");
  const result = await run(["replay", path, "--report", target, ...more], mock);
  assert.ok(existsSync(target), result.err);
  const report = JSON.parse(readFileSync(target, "utf8")) as Report;
  const dropped = Object.values(report.dropped).reduce((sum, count) => sum + count, 0);
  assert.equal(report.events, report.mapped + dropped);
  assert.equal(report.mapped, report.accepted + report.rejected + report.deadLettered + report.undelivered);
  return { ...result, report };
}

const bodies = (mock: Mock): string[] => mock.requests.filter(({ path }) => path.includes("events")).map(({ body }) => body);

test("what send gave up, replay sends with the same bytes", async () => {
  const mock = await amazon();
  const events = join(folder(), "events.ndjson");
  writeFileSync(events, ["a", "b"].map((id) => `${JSON.stringify({ ...event(id), timestamp: new Date().toISOString() })}\n`).join(""));
  const dead = join(folder(), "dead.ndjson");
  mock.script(...Array.from({ length: 4 }, () => ({ kind: "status", status: 500 }) as const));
  const sent = await run(["send", events, "--max-attempts", "4", "--dead-letters", dead], mock);
  assert.deepEqual([sent.code, mock.taken.size], [1, 0]);
  const before = readFileSync(dead, "utf8");
  const { code, report, err } = await replay(mock, dead);
  assert.deepEqual({ ...report, durationMs: 0 }, {
    events: 2, mapped: 2, dropped: {}, accepted: 2, rejected: 0, deadLettered: 0, undelivered: 0,
    requests: 1, retriedRequests: 0, tokenRefreshes: 1, durationMs: 0, rejections: [], deadLetters: [],
  });
  assert.equal(code, 0, err);
  assert.deepEqual([...mock.taken.keys()], ["a", "b"]);
  // Five requests, and one body.
  assert.deepEqual([bodies(mock).length, new Set(bodies(mock)).size], [5, 1]);
  assert.equal(readFileSync(dead, "utf8"), before);
});

test("replay keeps to a ceiling of events", async () => {
  const mock = await amazon();
  const { code, report } = await replay(mock, file(line("a"), line("b"), line("c")), "--max-events-per-second", "2", "--max-requests-per-second", "50.5");
  assert.deepEqual([code, report.accepted, report.requests, mock.stats().largestBatch], [0, 3, 2, 2]);
});

test("an event's bytes are not touched, whoever wrote them; standard input will do", async () => {
  const mock = await amazon();
  const wires = [wire("a"), wire("b", ',"customData":[{"name":"n","dataType":"STRING","value":"\\u0061"}]')];
  const input = `${line("a", "closed", wires[0])}\r\n\n{"event" : ${wires[1]} , "more":1}`;
  const { code, out, err } = await run(["replay", "-", "--json"], mock, input);
  assert.equal(code, 0, err);
  assert.equal((JSON.parse(out) as Report).accepted, 2);
  assert.deepEqual(bodies(mock), [`{"events":[${wires.join(",")}]}`]);
});

test("what cannot be read is said by line, costs no other, and makes the exit code 1", async () => {
  const mock = await amazon();
  const path = file(line("a"), '{"eventId":"jane@example.com', "[1]", "", '{"eventId":"b"}', '{"eventId":"b","event":{"x":1}}', "7".repeat(1_100_000), line("c"));
  const { code, report, err } = await replay(mock, path);
  assert.deepEqual([code, report.events, report.accepted, report.dropped], [1, 7, 2, { invalid_event: 5 }]);
  assert.deepEqual([...mock.taken.keys()], ["a", "c"]);
  assert.match(
    err,
    /^error: 5 lines could not be read; nothing in there was sent:\n {2}line 2: it is not JSON\n {2}line 3: it is no JSON object\n {2}line 5: it has no `event`\n {2}line 6: its `event` has no `eventId`\n {2}line 7: it has more than 1 MiB\n$/m,
  );
  assert.doesNotMatch(err, /jane/);
});

test("an event that was given up twice is sent once", async () => {
  const mock = await amazon();
  const { code, report, err } = await replay(mock, file(line("a"), line("b"), line("a", "closed")));
  assert.deepEqual([code, report.events, report.accepted], [0, 2, 2]);
  assert.match(err, /^1 dead letter repeated an event of an earlier line: each event is sent once$/m);
});

test("a reason or an id chooses among them", async () => {
  const mock = await amazon();
  const path = file(line("a", "closed"), line("b", "expired"), line("c", "closed"));
  assert.equal((await replay(mock, path, "--reason", "closed")).report.accepted, 2);
  assert.deepEqual([...mock.taken.keys()], ["a", "c"]);
  assert.equal((await replay(mock, path, "--event-id", "b")).report.accepted, 1);
  assert.deepEqual([...mock.taken.keys()], ["a", "c", "b"]);
  const none = await replay(mock, path, "--event-id", "nobody");
  assert.deepEqual([none.code, none.report.events], [0, 0]);
  assert.match(none.err, /^none of the 3 dead letters is what was asked for \(--reason, --event-id\)$/m);
  const wrong = await run(["replay", path, "--reason", "bored"], mock);
  assert.equal(wrong.code, 2);
  assert.match(wrong.err, /^error: option '--reason <reason>' argument 'bored' is invalid\. Allowed choices are attempts_exhausted, /);
});

test("what is given up again goes to another file, never to the one that is read", async () => {
  const mock = await amazon();
  const bytes = wire("a");
  const path = file(line("a", "closed", bytes));
  const before = readFileSync(path, "utf8");
  for (const name of ["--dead-letters", "--report"]) {
    const { code, err } = await run(["replay", path, name, path], mock);
    assert.deepEqual([code, err], [2, `error: ${name} ${path} is the input: name another file\n`]);
  }
  assert.equal(readFileSync(path, "utf8"), before);
  const both = join(folder(), "both.json");
  const named = await run(["replay", path, "--dead-letters", both, "--report", both], mock);
  assert.deepEqual([named.code, named.err], [2, `error: --report and --dead-letters are both ${both}: name two files\n`]);
  const again = join(folder(), "again.ndjson");
  mock.script(...Array.from({ length: 4 }, () => ({ kind: "status", status: 500 }) as const));
  const { code, report } = await replay(mock, path, "--dead-letters", again, "--max-attempts", "4");
  assert.deepEqual([code, report.deadLetters], [1, [{ eventId: "a", reason: "attempts_exhausted", attempts: 4 }]]);
  assert.ok(readFileSync(again, "utf8").endsWith(`,"event":${bytes}}\n`));
});

test("a replay with a state goes on, is finished once, and is not another job", async () => {
  const mock = await amazon();
  const path = file(...Array.from({ length: 700 }, (_, index) => line(`m-${index}`)));
  const state = join(folder(), "state");
  const first = await replay(mock, path, "--state", state);
  assert.deepEqual([first.code, first.report.accepted], [0, 700]);
  const second = await replay(mock, path, "--state", state);
  assert.deepEqual([second.code, second.report], [0, first.report]);
  assert.deepEqual([mock.taken.size, mock.stats().repeated], [700, 0]);
  const other = await run(["replay", path, "--state", state, "--reason", "closed"], mock);
  assert.equal(other.code, 2);
  assert.match(other.err, /^error: the state in .* belongs to a job with another config /);
});

test("a dry run needs no credentials, counts, and warns of what is too old", async () => {
  const old = wire("b").replace(/"eventTime":"[^"]*"/, '"eventTime":"2020-01-01T00:00:00Z"');
  const { code, out, err } = await run(["replay", file(line("a"), line("b", "closed", old)), "--dry-run", "--json"]);
  const report = JSON.parse(out) as Report;
  assert.deepEqual([code, report.mapped, report.undelivered, report.requests], [0, 2, 2, 0]);
  assert.match(err, /^warning: 1 event of more than 21 days ago, which Amazon refuses; the first is on line 2$/m);
});

test("wrong credentials end it with their names and exit code 2", async () => {
  const mock = await amazon();
  const { code, err } = await run(["replay", file(line("a")), "--refresh-token", "Atzr|other"], mock);
  assert.equal(code, 2);
  assert.match(err, /^error: Amazon refused REFRESH_TOKEN \(HTTP 400 invalid_grant/m);
});

const TIMES = ["2026-11-20T10:00:00Z", "2026-11-19T10:00:00Z", "2026-11-21T10:00:00Z"];
const listed = (): string =>
  file(
    ...TIMES.map((time, index) => line(`m-${index}`, index === 2 ? "closed" : "expired", `{"eventId":"m-${index}","eventTime":"${time}"}`)),
    "broken",
    `{"lastError":"jane@example.com\\u001b[2J is wrong","event":{"eventId":"joe@example.com"}}`,
  );

test("a list shows how many there are by reason, the oldest, and each", async () => {
  const { code, out, err } = await run(["replay", listed(), "--list"]);
  assert.equal(
    out,
    `4 dead letters, the oldest of 2026-11-19T10:00:00Z (m-1)

       2  expired
       1  closed
       1  unknown

line  reason   attempts  event id   last error
1     expired  9         m-0        HTTP 500
2     expired  9         m-1        HTTP 500
3     closed   9         m-2        HTTP 500
5     unknown  0         [address]  [address] [2J is wrong
`,
  );
  assert.equal(err, "error: 1 line could not be read; nothing in there was sent:\n  line 4: it is not JSON\n");
  assert.equal(code, 1);
});

test("a list as data, and of a choice", async () => {
  const { code, out } = await run(["replay", listed(), "--list", "--json", "--reason", "expired"]);
  const row = (index: number): object => ({
    line: index + 1, eventId: `m-${index}`, reason: "expired", attempts: 9, lastError: "HTTP 500", eventTime: TIMES[index],
  });
  assert.deepEqual(JSON.parse(out), {
    letters: 2,
    reasons: { expired: 2 },
    oldest: { line: 2, eventId: "m-1", eventTime: TIMES[1] },
    deadLetters: [row(0), row(1)],
    unreadable: [{ line: 4, problem: "it is not JSON" }],
  });
  assert.equal(code, 1);
  const words = ["__proto__", "constructor", "x", "x"];
  const odd = await run(["replay", file(...words.map((reason, index) => line(`m-${index}`, reason, `{"eventId":"m-${index}"}`))), "--list", "--json"]);
  assert.ok(odd.out.includes('"reasons":{"__proto__":1,"constructor":1,"x":2}'), odd.out);
  const none = await run(["replay", file(), "--list"]);
  assert.deepEqual(none, { code: 0, out: "0 dead letters\n", err: "" });
});

test("a file that is not there is wrong use", async () => {
  const { code, err } = await run(["replay", "nowhere.ndjson", "--list"]);
  assert.deepEqual([code, err], [2, "error: cannot read nowhere.ndjson: there is no such file\n"]);
});
