// What people and logs see: planted secrets and identifiers come out nowhere, whoever says them.
import assert from "node:assert/strict";
import { test } from "node:test";

import type { AmazonEventsOptions, EventOutcome, StoredEvent } from "../dist/index.js";
import { safeLogger } from "../dist/log.js";
import { redact } from "../dist/redact.js";
import type { Logger } from "../dist/runtime.js";
import { event, ok, World, type Answer } from "./world.js";

const PLANTED = [
  "the-client-secret",
  "Atzr|the-refresh-token",
  "Atzr%7Cthe-refresh-token",
  "Atza|1",
  "Atza|IwEBIJ4~x.y-z_0",
  "amzn1.oa2-cs.v1.0f0f0f",
  "Bearer opaque-token",
  "jane.doe+tag@example.com",
  "jane.doe%40example.com",
  "+1 (415) 555-0100",
  "415-555-0100",
  "(415) 555-0100",
  "203.0.113.7",
  "2001:db8:0:0:0:0:0:7",
  "2001:db8::7",
];
const LEAKS = /the-client-secret|the-refresh-token|Atz[ar](\||%7C)|IwEBIJ4|0f0f0f|opaque-token|jane|example\.com|415.{0,2}555|203\.0\.113|2001:db8/i;
const SAID = `said ${PLANTED.join(", ")} done`;

/** An error with planted texts wherever an error may have them. */
function planted(): Error {
  const cause = Object.assign(new AggregateError([new Error(SAID)], SAID), { code: SAID });
  return Object.assign(new TypeError(SAID, { cause: Object.assign(new Error(SAID, { cause }), { name: SAID }) }), { request: { headers: SAID } });
}

const fail = (): never => {
  throw planted();
};

class Lines implements Logger {
  readonly lines: string[] = [];
  readonly #write = (fields: object, message: string): void => void this.lines.push(`${message} ${deep(fields)}`);
  readonly debug = this.#write;
  readonly info = this.#write;
  readonly warn = this.#write;
  readonly error = this.#write;
}

/** Everything in a value that a logger could find, errors included. */
function deep(value: unknown): string {
  if (value instanceof Error) return [value.name, value.message, value.stack, deep({ ...value }), deep(value.cause)].join(" ");
  if (typeof value !== "object" || value === null) return String(value);
  return Object.entries(value).map(([key, one]) => `${key}: ${deep(one)}`).join(", ");
}

test("each planted text is redacted by itself, and the words around it stay", () => {
  for (const text of PLANTED) {
    const clean = redact(`said ${text} done`, ["the-client-secret", "Atzr|the-refresh-token"]);
    assert.match(clean, /^said .*\[(secret|token|address|phone|ip)\] done$/, text);
    assert.doesNotMatch(clean, LEAKS);
  }
});

test("ordinary words and numbers stay as they are", () => {
  for (const text of [
    "HTTP 503 INTERNAL_ERROR: try later",
    "connect ECONNREFUSED 127.0.0.1:8787",
    "2026-11-21T10:20:30.000Z",
    "order 1234567890 of 2026-11-21, 1795219200000",
    "eventId 0f8fad5b-d9cb-469f-a165-70867728950e",
    "at async Client.send (file:///app/dist/client.js:123:45)",
    "std::fmt::Error in node:internal/process",
    "amzn1.application-oa2-client.0123456789",
  ]) {
    assert.equal(redact(text, ["the-client-secret"]), text);
  }
});

test("an error in a log line is plain data, redacted to its last cause", () => {
  const lines: [object, string][] = [];
  const write = (fields: object, message: string): void => void lines.push([fields, message]);
  const logger = safeLogger({ debug: write, info: write, warn: write, error: write }, ["the-client-secret"]);
  const error = Object.assign(new Error("no the-client-secret", { cause: new Error("for jane@example.com") }), { code: "E_X" });
  error.stack = "Error: no the-client-secret\n    at somewhere";
  (error.cause as Error).stack = "Error: for jane@example.com";
  logger.error({ err: error, list: ["203.0.113.7", 1, true, null, new Uint8Array(3)] }, "to jane@example.com");
  assert.deepEqual(lines, [
    [
      {
        err: {
          type: "Error",
          message: "no [secret]",
          stack: "Error: no [secret]\n    at somewhere",
          code: "E_X",
          cause: { type: "Error", message: "for [address]", stack: "Error: for [address]" },
        },
        list: ["[ip]", 1, true, null, "3 bytes"],
      },
      "to [address]",
    ],
  ]);
});

test("a value that contains itself ends, and a logger that throws or rejects harms nothing", async () => {
  const round: Record<string, unknown> = {};
  round["round"] = round;
  const seen: object[] = [];
  const failing: Logger = { debug: fail, info: async () => fail(), warn: (fields) => void seen.push(fields), error: fail };
  const logger = safeLogger(failing, []);
  logger.warn(round, "m");
  assert.equal(JSON.stringify(seen).match(/round/g)?.length, 6);
  logger.debug({}, "m");
  logger.info({}, "m");
  await new Promise(setImmediate);
});

const problem = { code: SAID, message: SAID };
const scenarios: [string, (world: World) => Partial<AmazonEventsOptions>][] = [
  ...[400, 403, 404, 413, 418, 429, 500, 301].map((status): [string, (world: World) => Partial<AmazonEventsOptions>] => [
    `HTTP ${status}`,
    (world) => ((world.answer = () => ({ status, body: problem, headers: { "Retry-After": SAID, Location: SAID } })), {}),
  ]),
  ["HTTP 401", (world) => ((world.answer = () => ({ status: 401, body: problem })), {})],
  ["an item that is rejected", (world) => ((world.answer = () => ({ status: 207, body: { error: [{ index: 0, errors: [problem] }] } })), {})],
  [
    "an item that is tried again",
    (world) => ((world.answer = () => ({ status: 207, body: { error: [{ index: 0, errors: [{ code: "CONFLICT", message: SAID }] }] } })), {}),
  ],
  ["a body that cannot be read", (world) => ((world.answer = () => ({ status: 207, body: SAID })), {})],
  ["a token endpoint that refuses", (world) => ((world.answerToken = (): Answer => ({ status: 400, body: { error: SAID, error_description: SAID } })), {})],
  ["a token endpoint that fails", (world) => ((world.answerToken = (): Answer => ({ status: 500, body: { error: SAID } })), {})],
  ["fetch", () => ({ fetch: fail })],
  ["fetch, later", () => ({ fetch: async () => fail() })],
  ["the reply's body", () => ({ fetch: async () => ({ status: 207, headers: new Headers(), text: fail }) as never })],
  ["the token store, reading", () => ({ tokenStore: { get: fail, set: () => undefined } })],
  ["the token store, writing", () => ({ tokenStore: { get: () => undefined, set: async () => fail() } })],
  ["the store, reading", () => ({ store: store({ pending: fail }) })],
  ["the store, adding", () => ({ store: store({ add: fail }) })],
  ["the store, forgetting", () => ({ store: store({ remove: fail }) })],
  ["the sink", (world) => ((world.answer = () => ({ status: 500, body: problem })), { deadLetters: { put: fail } })],
  ["the listener", () => ({ onOutcome: fail })],
  ["the listener, later", () => ({ onOutcome: async () => fail() })],
  ["metrics", () => ({ metrics: { count: fail, observe: fail, adjust: async () => fail() } })],
];

function store(parts: object): NonNullable<AmazonEventsOptions["store"]> {
  let next = 1;
  return {
    add: async (wires: readonly Uint8Array[]) => wires.map(() => next++),
    remove: async () => undefined,
    pending: (): Iterable<StoredEvent> => [],
    close: () => undefined,
    ...parts,
  };
}

for (const [what, prepare] of scenarios) {
  test(`nothing planted comes out: ${what}`, async () => {
    const world = new World();
    world.answer = ok;
    const logger = new Lines();
    const outcomes: EventOutcome[] = [];
    const letters: unknown[] = [];
    const errors: Error[] = [];
    const options: Partial<AmazonEventsOptions> = {
      maxAttempts: 4,
      deadLetters: { put: (batch) => void letters.push(...batch.map(({ eventId, reason, attempts, lastError }) => ({ eventId, reason, attempts, lastError }))) },
      onOutcome: (outcome) => outcomes.push(outcome),
      ...prepare(world),
      logger,
    };
    const client = world.client(options);
    const keep = (error: unknown): void => void errors.push(error as Error);
    const waiting = client.send(event("m-1") as never, { wait: true }).then((outcome) => outcomes.push(outcome), keep);
    await world.time.run(waiting);
    await world.time.run(client.flush().catch(keep));
    await world.time.run(client.close().catch(keep));
    assert.ok(outcomes.length + errors.length > 0);
    // An error's cause is what was thrown, and as it was; all else is ours.
    const ours = errors.map(({ name, message, stack }) => [name, message, stack].join(" "));
    for (const text of [...logger.lines, ...ours, deep(outcomes), deep(letters), deep(client.stats())]) assert.doesNotMatch(text, LEAKS);
    const said = [...logger.lines, ...ours, deep(outcomes)].join("\n");
    if (what !== "a body that cannot be read") assert.match(said, /\[secret\]|\[address\]/, "nothing was said at all");
  });
}
