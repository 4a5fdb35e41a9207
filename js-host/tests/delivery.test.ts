// What becomes of events when Amazon, the network or the token endpoint misbehave. Time is virtual.
import assert from "node:assert/strict";
import { test } from "node:test";

import { seeded } from "../dist/mock/faults.js";
import { event, ok, World, type Answer, type Asked } from "./world.js";

const problem = (code: string, message = "no"): object => ({ code, message });

test("events go in batches of 500 with the headers Amazon asks for", async () => {
  const world = new World();
  await world.deliver(1201, { PROFILE_ID: "42" });
  assert.deepEqual(world.asked.map(({ ids }) => ids.length), [500, 500, 201]);
  assert.equal(world.count("accepted"), 1201);
  assert.equal(world.tokenCalls.length, 1);
  assert.deepEqual(world.asked[0]?.headers, {
    Authorization: "Bearer Atza|1",
    "Amazon-Ads-ClientId": "amzn1.application-oa2-client.test",
    "Amazon-Ads-AccountId": "1234567890",
    "Amazon-Advertising-API-Scope": "42",
    "Content-Type": "application/json",
    Accept: "application/json",
  });
  assert.deepEqual(Object.fromEntries(world.tokenCalls[0] ?? []), {
    grant_type: "refresh_token",
    refresh_token: "Atzr|the-refresh-token",
    client_id: "amzn1.application-oa2-client.test",
    client_secret: "the-client-secret",
  });
});

test("the multi-status is read by index: accepted, rejected, tried again, and missing", async () => {
  const world = new World();
  world.answer = (asked, call) =>
    call > 1
      ? ok(asked)
      : {
          status: 207,
          body: {
            success: [{ index: 0 }, { index: 3 }],
            error: [
              { index: 1, errors: [{ code: "BAD_REQUEST", message: "not a date-time" }] },
              { index: 2, errors: [{ code: "INTERNAL_ERROR", message: "later" }] },
              { index: 3, errors: [{ code: "CONFLICT", message: "in both lists" }] },
              { index: 5, errors: [] },
              { index: 99, errors: [{ code: "BAD_REQUEST", message: "no such event" }] },
            ],
          },
        };
  const client = await world.deliver(6);
  assert.deepEqual(world.asked[1]?.ids, ["m-2", "m-3", "m-4"]);
  assert.deepEqual(
    world.outcomes.filter(({ outcome }) => outcome === "rejected"),
    [
      { outcome: "rejected", eventId: "m-1", attempts: 1, code: "BAD_REQUEST", message: "not a date-time" },
      { outcome: "rejected", eventId: "m-5", attempts: 1, code: "UNKNOWN", message: "Amazon gave no reason" },
    ],
  );
  assert.equal(world.count("accepted"), 4);
  assert.deepEqual([client.stats().requests, client.stats().retriedRequests], [2, 1]);
});

const passing: [string, Answer][] = [
  ["a 500", { status: 500, body: problem("INTERNAL_ERROR") }],
  ["a 502 with a page in it", { status: 502, body: "<html>" }],
  ["a 503", { status: 503 }],
  ["a 504", { status: 504 }],
  ["a 408", { status: 408 }],
  ["a 429", { status: 429, body: problem("TOO_MANY_REQUESTS") }],
  ["a reset", "reset"],
  ["no reply", "hang"],
  ["a 207 with half a body", { status: 207, body: '{"success":[{"ind' }],
  ["a 200 that is no multi-status", { status: 200, body: { success: true } }],
  ["a 207 with an empty object", { status: 207, body: {} }],
];
for (const [name, answer] of passing) {
  test(`${name} passes: the same events go again within half a second`, async () => {
    const world = new World();
    world.answer = (asked, call) => (call === 1 ? answer : ok(asked));
    await world.deliver(3);
    assert.equal(world.count("accepted"), 3);
    assert.equal(world.asked.length, 2);
    assert.deepEqual(world.asked[1]?.wires, world.asked[0]?.wires);
    const began = (world.asked[0]?.at ?? 0) + (answer === "hang" ? 30_000 : 0);
    const waited = (world.asked[1]?.at ?? 0) - began;
    assert.ok(waited >= 100 && waited <= 500, `waited ${waited} ms`);
  });
}

const retryAfters: [string, string, number, number][] = [
  ["seconds", "3", 3000, 3060],
  ["a date", new Date(Date.parse("2026-11-21T00:00:08Z")).toUTCString(), 6990, 8060],
  ["more than the ceiling", "86400", 60_000, 60_060],
  ["nothing of use", "soon", 100, 1000],
  ["a date that is past", "Fri, 20 Nov 2026 00:00:00 GMT", 100, 1000],
];
for (const [name, header, least, most] of retryAfters) {
  test(`Retry-After with ${name} is honoured`, async () => {
    const world = new World();
    world.answer = (asked, call) => (call === 1 ? { status: 429, headers: { "Retry-After": header } } : ok(asked));
    await world.deliver(2);
    const waited = (world.asked[1]?.at ?? 0) - (world.asked[0]?.at ?? 0);
    assert.ok(waited >= least && waited <= most, `waited ${waited} ms`);
    assert.equal(world.count("accepted"), 2);
  });
}

test("a 429 holds up the other batches as well", async () => {
  const world = new World();
  world.answer = (asked, call) => (call === 1 ? { status: 429, headers: { "Retry-After": "20" } } : ok(asked));
  await world.deliver(1000, { concurrency: 1 });
  const [first, ...others] = world.asked;
  for (const { at } of others) assert.ok(at - (first?.at ?? 0) >= 20_000);
});

test("events are given up after nine attempts, with the last error", async () => {
  const world = new World();
  const letters: unknown[] = [];
  world.answer = () => ({ status: 503, body: problem("INTERNAL_ERROR", "down") });
  await world.deliver(2, { deadLetters: { put: (batch) => void letters.push(...batch.map(({ eventId, reason, attempts, lastError }) => ({ eventId, reason, attempts, lastError }))) } });
  assert.equal(world.asked.length, 9);
  const lastError = "HTTP 503 INTERNAL_ERROR: down";
  assert.deepEqual(world.outcomes, [
    { outcome: "dead_lettered", eventId: "m-0", attempts: 9, reason: "attempts_exhausted", lastError },
    { outcome: "dead_lettered", eventId: "m-1", attempts: 9, reason: "attempts_exhausted", lastError },
  ]);
  assert.deepEqual(letters, [
    { eventId: "m-0", reason: "attempts_exhausted", attempts: 9, lastError },
    { eventId: "m-1", reason: "attempts_exhausted", attempts: 9, lastError },
  ]);
});

for (const [status, code] of [[400, "BAD_REQUEST"], [422, "FIELD_VALUE_IS_INVALID"]] as const) {
  test(`a ${status} is isolated by halving: the bad ones are rejected with Amazon's code, the others accepted`, async () => {
    const world = new World();
    const bad = new Set(["m-3", "m-250", "m-499"]);
    world.answer = (asked) => (asked.ids.some((id) => bad.has(id)) ? { status, body: problem(code, "does not match the schema") } : ok(asked));
    await world.deliver(500);
    assert.equal(world.count("accepted"), 497);
    assert.deepEqual(
      world.outcomes.filter(({ outcome }) => outcome === "rejected").map((one) => ({ ...one, eventId: bad.has("eventId" in one ? one.eventId : "") })),
      Array.from(bad, () => ({ outcome: "rejected", eventId: true, attempts: 1, code, message: "does not match the schema" })),
    );
    assert.ok(world.asked.length <= 2 * 3 * 9 + 1, `${world.asked.length} requests`);
  });
}

test("a 413 splits until it fits, and costs no attempts", async () => {
  const world = new World();
  world.answer = (asked) => (asked.ids.length > 60 ? { status: 413, body: problem("CONTENT_TOO_LARGE") } : ok(asked));
  await world.deliver(500);
  assert.equal(world.count("accepted"), 500);
  assert.ok(world.outcomes.every((outcome) => "attempts" in outcome && outcome.attempts === 1));
});

test("a single event that is too large for Amazon is rejected", async () => {
  const world = new World();
  world.answer = () => ({ status: 413, body: "<html>too large</html>" });
  await world.deliver(1);
  assert.deepEqual(world.outcomes, [
    { outcome: "rejected", eventId: "m-0", attempts: 1, code: "CONTENT_TOO_LARGE", message: "HTTP 413" },
  ]);
});

test("a 401 fetches one new token, and costs no attempt", async () => {
  const world = new World();
  world.answer = (asked) => (asked.token === "Bearer Atza|1" ? { status: 401, body: { message: "Unauthorized" } } : ok(asked));
  const client = await world.deliver(3);
  assert.equal(world.tokenCalls.length, 2);
  assert.deepEqual(world.outcomes[0], { outcome: "accepted", eventId: "m-0", attempts: 1 });
  assert.equal(client.stats().tokenRefreshes, 2);
});

test("a token that is refused twice is a fault of the credentials", async () => {
  const world = new World();
  world.answer = () => ({ status: 401, body: problem("UNAUTHORIZED", "token expired") });
  await world.deliver(1);
  assert.equal(world.asked.length, 2);
  assert.deepEqual(world.outcomes, [
    {
      outcome: "dead_lettered",
      eventId: "m-0",
      attempts: 0,
      reason: "credentials_refused",
      lastError:
        "Amazon refused the access token, and a fresh one as well (HTTP 401 UNAUTHORIZED: token expired). CLIENT_ID must be the client that REFRESH_TOKEN was given to, with access to the Amazon Ads API; BASE_URL must be the account's region",
    },
  ]);
});

test("tokens that are refused twice after others were taken are tried again, but not for ever", async () => {
  const passing = new World();
  passing.answer = (asked, call) => (call === 2 || call === 3 ? { status: 401 } : ok(asked));
  await passing.deliver(4, { maxBatchEvents: 2, concurrency: 1 });
  assert.deepEqual([passing.count("accepted"), passing.asked.length], [4, 4]);
  const lasting = new World();
  lasting.answer = (asked, call) => (call === 1 ? ok(asked) : { status: 401 });
  await lasting.deliver(4, { maxBatchEvents: 2, concurrency: 1 });
  assert.deepEqual([lasting.count("accepted"), lasting.count("dead_lettered"), lasting.asked.length], [2, 2, 1 + 2 * 9]);
});

for (const status of [403, 404, 301]) {
  test(`a ${status} stops everything: no request after it`, async () => {
    const world = new World();
    world.answer = () => ({ status, body: problem("X"), headers: { Location: "https://elsewhere.example" } });
    await world.deliver(1500, { concurrency: 1 });
    assert.equal(world.asked.length, 1);
    assert.equal(world.count("dead_lettered"), 1500);
  });
}

test("the token is fetched once for all who wait, and again 300 s before it expires", async () => {
  const world = new World();
  const client = world.client({ maxBatchEvents: 1, concurrency: 20 });
  const send = (id: string): Promise<unknown> => client.send(event(id) as never, { wait: true });
  await world.time.run(Promise.all(Array.from({ length: 20 }, (_, index) => send(`a-${index}`))));
  assert.equal(world.tokenCalls.length, 1);
  await world.time.run(world.time.sleep(3_298_000));
  await world.time.run(send("b"));
  assert.equal(world.tokenCalls.length, 1);
  await world.time.run(world.time.sleep(2_000));
  await world.time.run(send("c"));
  assert.equal(world.tokenCalls.length, 2);
  await world.time.run(client.close());
});

test("faults of the token endpoint that pass are tried again", async () => {
  const world = new World();
  const answers: Answer[] = ["reset", { status: 503 }, { status: 200, body: "<html>" }, { status: 429, headers: { "Retry-After": "2" } }];
  world.answerToken = (call) => answers[call - 1] ?? { status: 200, body: { access_token: "Atza|x", expires_in: 3600 } };
  await world.deliver(2);
  assert.equal(world.count("accepted"), 2);
  assert.equal(world.tokenCalls.length, 5);
});

const refusals: [string, number, RegExp][] = [
  ["invalid_grant", 400, /^Amazon refused REFRESH_TOKEN \(HTTP 400 invalid_grant: said\)\. .*Let the advertiser consent again and set the new token$/],
  ["invalid_client", 401, /^Amazon refused CLIENT_ID or CLIENT_SECRET \(HTTP 401 invalid_client: said\)\. Copy both anew/],
  ["unauthorized_client", 400, /^Amazon does not let CLIENT_ID use this REFRESH_TOKEN \(HTTP 400 unauthorized_client: said\)\. /],
  ["unsupported_grant_type", 400, /^http:\/\/127\.0\.0\.1:1\/token refused the request for an access token \(HTTP 400 unsupported_grant_type: said\)\. Check TOKEN_URL/],
];
for (const [error, status, message] of refusals) {
  test(`${error} is final: asked once, nothing sent, the parameter named`, async () => {
    const world = new World();
    world.answerToken = () => ({ status, body: { error, error_description: "said" } });
    await world.deliver(2);
    assert.equal(world.tokenCalls.length, 1);
    assert.equal(world.asked.length, 0);
    const [outcome] = world.outcomes;
    assert.match(outcome?.outcome === "dead_lettered" ? outcome.lastError : "", message);
  });
}

test("a client recovers from refused credentials when they are put right", async () => {
  const world = new World();
  world.answer = (asked, call) => (call === 1 ? { status: 403 } : ok(asked));
  const client = world.client();
  await world.time.run(client.send(event("m-0") as never, { wait: true }));
  await world.time.run(world.time.sleep(31_000));
  const outcome = await world.time.run(client.send(event("m-1") as never, { wait: true }));
  assert.equal(outcome.outcome, "accepted");
  await world.time.run(client.close());
});

test("what Amazon says is shown without identifiers", async () => {
  const world = new World();
  world.answer = () => ({
    status: 207,
    body: { error: [{ index: 0, errors: [{ code: "BAD_REQUEST", message: "jane@example.com at 203.0.113.7 with Atza|abc.def" }] }] },
  });
  await world.deliver(1);
  const [outcome] = world.outcomes;
  assert.equal(outcome?.outcome === "rejected" && outcome.message, "[address] at [ip] with [token]");
});

test("1,000 seeded scenarios of every fault at once: each event has one outcome", async () => {
  for (let seed = 1; seed <= 1000; seed++) {
    const random = seeded(seed);
    const share = random() * 0.5;
    const world = new World();
    const bad = new Set<string>();
    world.answer = (asked) => {
      for (const id of asked.ids) if (random() < 0.002) bad.add(id);
      if (random() < share) return draw(random, asked);
      if (asked.ids.some((id) => bad.has(id))) return { status: 400, body: problem("BAD_REQUEST") };
      return random() < share ? mixed(random, asked) : ok(asked);
    };
    world.answerToken = (call) =>
      random() < share / 2 ? (random() < 0.5 ? "reset" : { status: 500 }) : { status: 200, body: { access_token: `Atza|${call}`, expires_in: 301 } };
    const began = world.time.clock.now();
    await world.deliver(1 + Math.floor(random() * 60), { maxBatchEvents: 1 + Math.floor(random() * 25), random });
    // Nine attempts with waits of at most a minute, requests of at most half a minute, tokens alike.
    assert.ok(world.time.clock.now() - began < 2 * 3_600_000, `seed ${seed} took too long`);
  }
});

function draw(random: () => number, asked: Asked): Answer {
  const all: (() => Answer)[] = [
    () => "reset",
    () => "hang",
    () => ({ status: 500 }),
    () => ({ status: 503, headers: { "Retry-After": "2" } }),
    () => ({ status: 429, headers: { "Retry-After": String(Math.floor(random() * 100)) } }),
    () => ({ status: 401 }),
    () => (asked.ids.length > 1 ? { status: 413 } : { status: 504 }),
    () => ({ status: 207, body: "garbage" }),
    () => ({ status: 207, body: { success: [] } }),
  ];
  return all[Math.floor(random() * all.length)]?.() ?? "reset";
}

function mixed(random: () => number, asked: Asked): Answer {
  const success: object[] = [];
  const error: object[] = [];
  for (const index of asked.ids.keys()) {
    const chance = random();
    if (chance < 0.6) success.push({ index });
    else if (chance < 0.7) error.push({ index, errors: [{ code: "INTERNAL_ERROR", message: "" }] });
    else if (chance < 0.8) error.push({ index, errors: [{ code: "NOBODY_KNOWS", message: "" }] });
  }
  return { status: 207, body: { success, error } };
}
