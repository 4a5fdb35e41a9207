// The rate limiter: ceilings, what a 429 teaches, and the line. Time is virtual.
import assert from "node:assert/strict";
import { test } from "node:test";

import { batchWithin, BURST_MS, CUT, FLOOR, RAISE, RateLimiter, type RateLimits } from "../dist/delivery/rate.js";
import { ok, VirtualTime, World } from "./world.js";

/** Turns for requests of so many events, as fast as they come: when each was given, in milliseconds. */
async function turns(limits: RateLimits, requests: readonly number[]): Promise<number[]> {
  const time = new VirtualTime();
  const rate = new RateLimiter(time, limits);
  const began = time.clock.now();
  const at: number[] = [];
  for (const events of requests) {
    if (rate.tryTurn(events) === undefined) await time.run(rate.turn(events, new AbortController().signal));
    at.push(Math.round(time.clock.now() - began));
  }
  return at;
}

test("without a ceiling nobody waits", async () => {
  assert.deepEqual(await turns({}, [500, 500, 500]), [0, 0, 0]);
});

test("requests keep their distance, but for a tenth of a second's worth", async () => {
  assert.deepEqual(await turns({ requestsPerSecond: 2 }, [1, 1, 1, 1]), [0, 400, 900, 1400]);
  assert.deepEqual(await turns({ requestsPerSecond: 20 }, [1, 1, 1, 1, 1]), [0, 0, 0, 50, 100]);
});

test("events are paid by the requests that follow", async () => {
  assert.deepEqual(await turns({ eventsPerSecond: 100 }, [100, 50, 1]), [0, 900, 1400]);
  assert.deepEqual(await turns({ requestsPerSecond: 1, eventsPerSecond: 100 }, [10, 300, 1]), [0, 900, 3800]);
});

test("the line is served in order, and whoever leaves it is not waited for", async () => {
  const time = new VirtualTime();
  const rate = new RateLimiter(time, { requestsPerSecond: 1 });
  rate.tryTurn(1);
  const served: string[] = [];
  const wait = async (name: string, signal = new AbortController().signal): Promise<void> => {
    served.push(`${name} ${await rate.turn(1, signal)}`);
  };
  const leaving = new AbortController();
  const all = Promise.all([wait("a"), wait("b", leaving.signal), wait("c")]);
  assert.equal(rate.tryTurn(1), undefined, "nobody overtakes the line");
  leaving.abort();
  await time.run(all);
  assert.deepEqual(served, ["b undefined", "a 2", "c 3"]);
  assert.equal(time.pending, 0);
});

test("a 429 cuts the rate once for all requests under way, and good replies raise it again, up to the ceiling", () => {
  const time = new VirtualTime();
  const rate = new RateLimiter(time, { requestsPerSecond: 10_000 });
  const under = Array.from({ length: 16 }, () => rate.tryTurn(1) as number);
  for (const turn of under) rate.throttled(turn);
  // About sixteen in the last second.
  assert.equal(rate.requestsPerSecond, 16 * CUT);
  rate.succeeded(under[0] as number);
  assert.equal(rate.requestsPerSecond, 16 * CUT, "a reply to an earlier request says nothing of the new rate");
  for (let second = 0; second < 5; second++) {
    const before = rate.requestsPerSecond;
    for (let reply = 0; reply < before; reply++) rate.succeeded(17);
    const raised = rate.requestsPerSecond - before;
    assert.ok(raised > 0.9 * 16 * RAISE && raised < 1.1 * 16 * RAISE, `raised by ${raised} in a second`);
  }
  for (let reply = 0; rate.requestsPerSecond < 10_000; reply++) {
    assert.ok(reply < 1e8);
    rate.succeeded(17 + reply);
  }
  assert.equal(rate.requestsPerSecond, 10_000);
});

test("the rate never falls below one request a second", async () => {
  const time = new VirtualTime();
  const rate = new RateLimiter(time);
  for (let call = 0; call < 20; call++) {
    rate.throttled(rate.tryTurn(1) ?? ((await time.run(rate.turn(1, new AbortController().signal))) as number));
  }
  assert.equal(rate.requestsPerSecond, FLOOR);
  const began = time.clock.now();
  await time.run(rate.turn(1, new AbortController().signal));
  assert.equal(Math.round(time.clock.now() - began), 1000);
});

test("a clock that is set back holds nobody up", () => {
  let now = 5_000_000;
  const rate = new RateLimiter({ clock: { now: () => now }, sleep: () => new Promise(() => undefined) }, { requestsPerSecond: 1 });
  const free = new RateLimiter({ clock: { now: () => now }, sleep: () => new Promise(() => undefined) });
  assert.deepEqual([rate.tryTurn(1), rate.tryTurn(1), free.tryTurn(1)], [1, undefined, 1]);
  now -= 3_600_000;
  assert.deepEqual([rate.tryTurn(1), free.tryTurn(1)], [undefined, 2]);
  now += 900;
  assert.equal(rate.tryTurn(1), 2);
});

test("a batch holds no more than a second's events", () => {
  const batch = { events: 500, bytes: 1000 };
  assert.deepEqual(batchWithin(batch, {}), batch);
  assert.deepEqual(batchWithin(batch, { eventsPerSecond: 20.5 }), { events: 20, bytes: 1000 });
  assert.deepEqual(batchWithin(batch, { eventsPerSecond: 0.1 }), { events: 1, bytes: 1000 });
  assert.deepEqual(batchWithin(batch, { eventsPerSecond: 9999 }), batch);
});

test("a client keeps its ceilings, and still delivers everything", async () => {
  const world = new World();
  const began = world.time.clock.now();
  await world.deliver(120, { maxRequestsPerSecond: 4, maxEventsPerSecond: 20, concurrency: 20 });
  assert.equal(world.count("accepted"), 120);
  assert.deepEqual(world.asked.map(({ ids }) => ids.length), [20, 20, 20, 20, 20, 20]);
  assert.deepEqual(world.asked.map(({ at }) => Math.round(at - began)), [0, 900, 1900, 2900, 3900, 4900]);
  assert.equal(BURST_MS, 100);
});

test("a client finds an endpoint's limit, stays near it, and loses nothing", async () => {
  const world = new World();
  const taken: number[] = [];
  // Ten requests in any second.
  world.answer = (asked) => {
    while ((taken[0] ?? asked.at) <= asked.at - 1000) taken.shift();
    if (taken.length >= 10) return { status: 429 };
    taken.push(asked.at);
    return ok(asked);
  };
  world.latency = () => 50;
  const client = await world.deliver(3000, { maxBatchEvents: 5, concurrency: 8 });
  assert.equal(world.count("accepted"), 3000);
  const { requests, retriedRequests } = client.stats();
  assert.ok(retriedRequests < requests / 10, `${retriedRequests} of ${requests} requests were in vain`);
  const seconds = ((world.asked.at(-1)?.at ?? 0) - (world.asked[0]?.at ?? 0)) / 1000;
  assert.ok(seconds < 2 * 60, `600 requests at up to ten a second took ${seconds} s`);
});
