// What becomes of events when Amazon, the network or the token endpoint misbehave. Time is virtual.
import assert from "node:assert/strict";
import { test } from "node:test";

import { memoryTokenStore, type AmazonEventsOptions } from "../dist/index.js";
import { seeded } from "../dist/mock/faults.js";
import { BURST_MS } from "../dist/delivery/rate.js";
import { Disk, event, ok, Process, Recorder, World, type Answer, type Asked } from "./world.js";

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
  ["a fetch that heeds no signal", "deaf"],
  ["a body without an end", "endless"],
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
    const began = (world.asked[0]?.at ?? 0) + (typeof answer === "string" && answer !== "reset" ? 30_000 : 0);
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

test("a list that is null is an empty one", async () => {
  const world = new World();
  const refused = { index: 1, errors: [{ code: "BAD_REQUEST", message: "no" }] };
  const bodies = [{ success: null, error: [refused] }, { success: [{ index: 0 }], error: null }];
  world.answer = (_, call) => ({ status: 207, body: bodies[call - 1] });
  await world.deliver(2);
  assert.deepEqual(world.outcomes, [
    { outcome: "rejected", eventId: "m-1", attempts: 1, code: "BAD_REQUEST", message: "no" },
    { outcome: "accepted", eventId: "m-0", attempts: 2 },
  ]);
});

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

for (const bad of [1, 2, 5, 20]) {
  test(`${bad} bad among 500 cost at most ${18 * bad + 1} requests`, async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const random = seeded(seed * 100 + bad);
      const ids = new Set<string>();
      while (ids.size < bad) ids.add(`m-${Math.floor(random() * 500)}`);
      const world = new World();
      world.answer = (asked) => (asked.ids.some((id) => ids.has(id)) ? { status: 400 } : ok(asked));
      await world.deliver(500);
      assert.deepEqual([world.count("rejected"), world.count("accepted")], [bad, 500 - bad]);
      // Halving 500 reaches one event in nine steps, with two requests in each.
      assert.ok(world.asked.length <= 2 * 9 * bad + 1, `${world.asked.length} requests`);
    }
  });
}

test("no request begins later than maxElapsedMs after the first, whatever is waited for", async () => {
  const waits: [string, (world: World) => Partial<AmazonEventsOptions>][] = [
    ["its own backoff", (world) => ((world.answer = () => ({ status: 503 })), {})],
    ["a Retry-After that another batch was given", (world) => {
      world.answer = (_, call) => (call === 1 ? { status: 503 } : { status: 429, headers: { "Retry-After": "9" } });
      return { concurrency: 2 };
    }],
    ["the rate", (world) => ((world.answer = () => ({ status: 503 })), { maxRequestsPerSecond: 0.5, concurrency: 4 })],
    ["tokens", (world) => {
      world.answer = () => ({ status: 503 });
      const began = world.time.clock.now();
      world.answerToken = (call) =>
        call > 1 && world.time.clock.now() < began + 10_000 ? "reset" : { status: 200, body: { access_token: `Atza|${call}`, expires_in: 0.2 } };
      return {};
    }],
    ["requests of others", (world) => {
      world.answer = ({ ids }) => (ids[0] === "m-1" ? "hang" : { status: 503 });
      return { concurrency: 2, timeoutMs: 3900, random: () => 0.99 };
    }],
  ];
  for (const [what, prepare] of waits) {
    const world = new World();
    const options = prepare(world);
    await world.deliver(4, { maxBatchEvents: 1, maxElapsedMs: 4000, maxAttempts: 100, ...options });
    const first = new Map<string, number>();
    for (const { at, ids } of world.asked) {
      for (const id of ids) {
        first.set(id, first.get(id) ?? at);
        assert.ok(at - (first.get(id) ?? at) <= 4000, `${what}: a request ${at - (first.get(id) ?? at)} ms after the first`);
      }
    }
    assert.equal(world.count("dead_lettered"), 4, what);
  }
});

test("an event whose time is up while it stands in line for the rate is given up on the spot", async () => {
  const world = new World();
  world.answer = () => ({ status: 503 });
  const ended: number[] = [];
  const client = world.client({ maxRequestsPerSecond: 0.1, maxElapsedMs: 4000, flushIntervalMs: 0, onOutcome: () => ended.push(world.time.clock.now()) });
  const outcome = client.send(event("m-0") as never, { wait: true });
  assert.deepEqual(await world.time.run(outcome), { outcome: "dead_lettered", eventId: "m-0", attempts: 1, reason: "deadline_exceeded", lastError: "HTTP 503" });
  assert.deepEqual(ended, [(world.asked[0]?.at ?? 0) + 4000]);
  await world.time.run(client.close());
  assert.equal(world.time.pending, 0);
});

test("a 429 that is an event's last attempt holds up the others all the same", async () => {
  const world = new World();
  world.answer = (asked, call) => (call === 4 ? { status: 429, headers: { "Retry-After": "30" } } : call < 4 ? { status: 503 } : ok(asked));
  await world.deliver(2, { maxBatchEvents: 1, concurrency: 1, maxAttempts: 4 });
  assert.deepEqual([world.count("dead_lettered"), world.count("accepted"), world.asked.length], [1, 1, 5]);
  assert.ok((world.asked[4]?.at ?? 0) - (world.asked[3]?.at ?? 0) >= 30_000);
});

test("waiting for the rate is no attempt", async () => {
  const world = new World();
  await world.deliver(30, { maxRequestsPerSecond: 0.1, maxBatchEvents: 1, maxAttempts: 4 });
  assert.ok(world.outcomes.every((outcome) => outcome.outcome === "accepted" && outcome.attempts === 1));
});

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

test("many requests at once bring no warning about listeners", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on("warning", note);
  const world = new World();
  const { get, set } = memoryTokenStore();
  await world.deliver(100, { maxBatchEvents: 1, concurrency: 100, tokenStore: { get: async (refused) => get(refused), set } });
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  assert.equal(world.count("accepted"), 100);
  assert.deepEqual(warnings, []);
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
  const seen = { acceptances: 0, rejections: 0, giveUps: 0, closedInTheMiddle: 0, overTheRate: 0, revocations: 0 };
  for (let seed = 1; seed <= 1000; seed++) {
    const random = seeded(seed);
    const among = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
    const share = random() * 0.5;
    const world = new World();
    const metrics = new Recorder();
    const bad = new Set<string>();
    const revoked = new Set<string>();
    let newest = "";
    world.answer = (asked) => {
      for (const id of asked.ids) if (random() < 0.002) bad.add(id);
      if (random() < 0.02) revoked.add(newest);
      if (revoked.has(asked.token)) return { status: 401 };
      if (random() < share) return draw(random, asked, world.time.clock.now());
      if (asked.ids.some((id) => bad.has(id))) return { status: 400, body: problem("BAD_REQUEST") };
      return random() < share ? mixed(random, asked) : ok(asked);
    };
    world.answerToken = (call) => {
      if (random() < share / 2) return ["reset" as const, "hang" as const, { status: 500 }, { status: 429, headers: { "Retry-After": "3" } }, { status: 200, body: "<html>" }][among(0, 4)] as Answer;
      newest = `Bearer Atza|${call}`;
      return { status: 200, body: { access_token: `Atza|${call}`, expires_in: among(1, 600) } };
    };
    const slow = random() < 0.5 ? among(1, 5000) : 0;
    world.latency = () => (slow > 0 ? among(0, slow) : 0);
    const requestsPerSecond = random() < 0.3 ? 0.5 + random() * 20 : undefined;
    const eventsPerSecond = random() < 0.3 ? 1 + random() * 200 : undefined;
    const deadlineMs = random() < 0.3 ? among(0, 20_000) : undefined;
    const count = among(1, 60);
    const client = world.client({
      metrics,
      random,
      maxBatchEvents: among(1, 25),
      concurrency: among(1, 8),
      maxElapsedMs: random() < 0.2 ? among(1000, 60_000) : 900_000,
      ...(requestsPerSecond !== undefined && { maxRequestsPerSecond: requestsPerSecond }),
      ...(eventsPerSecond !== undefined && { maxEventsPerSecond: eventsPerSecond }),
    });
    const began = world.time.clock.now();
    await world.time.run(client.sendBatch(Array.from({ length: count }, (_, index) => JSON.stringify(event(`m-${index}`))).join("\n")));
    await world.time.run(client.close({ ...(deadlineMs !== undefined && { deadlineMs }) }));
    const took = world.time.clock.now() - began;

    world.check(Array.from({ length: count }, (_, index) => `m-${index}`));
    // Nine attempts with waits of at most a minute, requests of at most half a minute, tokens alike.
    assert.ok(took <= (deadlineMs ?? 2 * 3_600_000), `seed ${seed} took ${took} ms`);
    assert.ok(within(world.asked, requestsPerSecond, () => 1), `seed ${seed}: more than ${requestsPerSecond} requests a second`);
    assert.ok(within(world.asked, eventsPerSecond, ({ ids }) => ids.length), `seed ${seed}: more than ${eventsPerSecond} events a second`);
    const stats = client.stats();
    assert.deepEqual([stats.accepted, stats.rejected, stats.deadLettered, stats.pending, stats.requests], [
      world.count("accepted"), world.count("rejected"), world.count("dead_lettered"), 0, world.asked.length,
    ]);
    const counted = (labels: string): number => metrics.sum("amazon_dsp_events.events", labels);
    assert.deepEqual([counted("outcome=accepted"), counted("outcome=rejected"), counted("outcome=dead_lettered"), counted("")], [
      stats.accepted, stats.rejected, stats.deadLettered, count,
    ]);
    assert.equal(metrics.sum("amazon_dsp_events.requests"), stats.requests);
    assert.equal(metrics.sum("amazon_dsp_events.requests.retried"), stats.retriedRequests);
    assert.equal(metrics.sum("amazon_dsp_events.token.refreshes"), stats.tokenRefreshes);
    assert.equal(metrics.sum("amazon_dsp_events.queue.events"), 0);
    assert.deepEqual(metrics.observed("amazon_dsp_events.request.events"), world.asked.map(({ ids }) => ids.length));
    assert.equal(metrics.observed("amazon_dsp_events.request.duration").length, stats.requests);

    seen.acceptances += stats.accepted;
    seen.rejections += stats.rejected;
    seen.giveUps += stats.deadLettered;
    seen.closedInTheMiddle += counted("outcome=dead_lettered reason=closed") > 0 && stats.accepted > 0 ? 1 : 0;
    seen.overTheRate += metrics.observed("amazon_dsp_events.wait.duration").length > stats.retriedRequests ? 1 : 0;
    seen.revocations += revoked.size;
  }
  // A simulation that draws nothing of a kind proves nothing of it.
  for (const [what, times] of Object.entries(seen)) assert.ok(times >= 20, `${times} ${what}`);
});

test("300 seeded scenarios of restarts with a store that fails at times: nothing is lost, each event has one outcome and one form", async () => {
  const seen = { kills: 0, deadlines: 0, heldUp: 0, storeFaults: 0, refusedSends: 0, resends: 0, expired: 0, acceptances: 0, giveUps: 0 };
  for (let seed = 1; seed <= 300; seed++) {
    const random = seeded(seed);
    const among = (least: number, most: number): number => least + Math.floor(random() * (most - least + 1));
    const world = new World();
    const disk = new Disk();
    const { pending } = Disk.prototype;
    const share = random() * 0.4;
    const refusing = random() < 0.4 ? random() * 0.3 : 0;
    const failing = random() < 0.5 ? random() * 0.1 : 0;
    let healthy = false;
    world.answer = (asked) => {
      if (healthy) return ok(asked);
      if (random() < refusing) return { status: 403 };
      return random() < share ? draw(random, asked, world.time.clock.now()) : random() < share ? mixed(random, asked) : ok(asked);
    };
    world.latency = () => (random() < 0.5 ? among(0, 3000) : 0);
    disk.pending = function* () {
      for (const one of pending.call(disk)) yield { ...one, ...(!healthy && random() < 0.05 && { expired: "too old" }) };
    };
    const trouble = (): void => {
      if (healthy || random() >= failing) return;
      seen.storeFaults++;
      throw new Error("bad sector");
    };
    /** Handed in, by what `send` said: it took it, it did not, or it was killed before it could say. */
    const sent = { taken: new Set<string>(), refused: new Set<string>(), unknown: new Set<string>() };
    const backlog = Array.from({ length: among(0, 40) }, (_, index) => `p0-${index}`);
    await disk.add(backlog.map((eventId) => new TextEncoder().encode(JSON.stringify({ eventId }))));
    for (const id of backlog) sent.taken.add(id);
    const told: Record<string, number> = {};
    let letters = 0;

    const processes = among(2, 5);
    for (let number = 1; number <= processes; number++) {
      healthy = number === processes;
      const process = new Process(world);
      const metrics = new Recorder();
      const client = process.client({
        store: disk,
        trouble,
        metrics,
        random,
        deadLetters: { put: (given) => void (letters += given.length) },
        maxBatchEvents: among(1, 10),
        maxQueueEvents: among(1, 60),
        concurrency: among(1, 6),
        flushIntervalMs: among(0, 2000),
        maxAttempts: among(4, 9),
        ...(random() < 0.3 && { maxRequestsPerSecond: 0.5 + random() * 20 }),
        ...(random() < 0.3 && { maxEventsPerSecond: 1 + random() * 200 }),
      });
      const work = (async () => {
        for (let index = among(0, 30); index > 0; index--) {
          const id = `p${number}-${index}`;
          sent.unknown.add(id);
          const how = await client.send(event(id) as never).then(() => "taken" as const, () => "refused" as const);
          sent.unknown.delete(id);
          sent[how].add(id);
          if (how === "refused") seen.refusedSends++;
          // Time enough for a fault to end while there is still something to send.
          if (random() < 0.5) await process.sleep(among(0, 15_000));
          if (random() < 0.1) await client.flush().catch(() => undefined);
        }
      })();
      if (healthy) {
        await world.time.run(work);
        await world.time.run(client.close());
      } else if (random() < 0.6) {
        await world.time.run(world.time.sleep(among(0, random() < 0.3 ? 5000 : 200_000)));
        process.kill();
        seen.kills++;
      } else {
        await world.time.run(world.time.sleep(among(0, random() < 0.3 ? 5000 : 200_000)));
        const deadlineMs = among(0, 20_000);
        const began = world.time.clock.now();
        await world.time.run(client.close({ deadlineMs })).catch((error: { code: string }) => {
          assert.match(error.code, /^ERR_(STORE|ACCESS_DENIED)$/);
          seen.heldUp++;
        });
        assert.ok(world.time.clock.now() - began <= deadlineMs + 1000, `seed ${seed}: close took longer than its deadline`);
        process.kill();
        seen.deadlines++;
      }
      const stats = client.stats();
      const counted = (labels: string): number => metrics.sum("amazon_dsp_events.events", labels);
      assert.deepEqual([counted("outcome=accepted"), counted("outcome=rejected"), counted("outcome=dead_lettered"), counted("")], [
        stats.accepted, stats.rejected, stats.deadLettered, stats.mapped - stats.pending,
      ]);
      assert.ok(stats.pending >= 0);
      if (healthy) assert.deepEqual([stats.pending, metrics.sum("amazon_dsp_events.queue.events")], [0, 0]);
      for (const outcome of ["accepted", "rejected", "dead_lettered"]) told[outcome] = (told[outcome] ?? 0) + counted(`outcome=${outcome}`);
      seen.expired += counted("outcome=dead_lettered reason=expired");
    }

    // One that was killed while it was handed over may have been taken or not.
    const ended = new Set(world.outcomes.map((outcome) => ("eventId" in outcome ? outcome.eventId : "")));
    world.check([...sent.taken, ...[...sent.unknown].filter((id) => ended.has(id))]);
    assert.deepEqual(Object.keys(told).map((outcome) => told[outcome]), Object.keys(told).map((outcome) => world.count(outcome as "accepted")));
    assert.deepEqual([disk.kept.size, [...sent.refused].filter((id) => ended.has(id))], [0, []]);
    assert.ok(letters >= world.count("dead_lettered"));
    const carried = world.asked.flatMap(({ ids }) => ids);
    seen.resends += carried.length - new Set(carried).size;
    seen.acceptances += world.count("accepted");
    seen.giveUps += world.count("dead_lettered");
  }
  for (const [what, times] of Object.entries(seen)) assert.ok(times >= 20, `${times} ${what}`);
});

/** Whether what the requests cost is under the rate over any stretch of time, but for a tenth of a second's worth. */
function within(asked: readonly Asked[], perSecond: number | undefined, cost: (one: Asked) => number): boolean {
  if (perSecond === undefined) return true;
  let free = 0;
  return asked.every((one) => {
    // Clocks of today have steps of a quarter of a microsecond.
    const inTime = one.at >= free - 0.01;
    free = Math.max(free, one.at - BURST_MS) + (1000 * cost(one)) / perSecond;
    return inTime;
  });
}

function draw(random: () => number, asked: Asked, now: number): Answer {
  const all: (() => Answer)[] = [
    () => "reset",
    () => "hang",
    () => "deaf",
    () => "endless",
    () => ({ status: 500 }),
    () => ({ status: 503, headers: { "Retry-After": "2" } }),
    () => ({ status: 429, headers: { "Retry-After": String(Math.floor(random() * 100)) } }),
    () => ({ status: 429, headers: { "Retry-After": new Date(now + random() * 90_000 - 10_000).toUTCString() } }),
    () => ({ status: 429 }),
    () => ({ status: 401 }),
    () => (asked.ids.length > 1 ? { status: 413 } : { status: 504 }),
    () => ({ status: 207, body: "garbage" }),
    () => ({ status: 207, body: { success: [] } }),
    () => ({ status: 207, body: { error: asked.ids.map((_, index) => ({ index, errors: [{ code: "TOO_MANY_REQUESTS", message: "" }] })) } }),
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
