// The core as this package hands it out: objects and bytes mean the same, and every hash is SHA-256.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";

import { Transformer, type AmazonEvent, type AnalyticsEvent, type Config } from "../dist/core.js";
import { MAX_EVENT_BYTES, RecordSplitter } from "../dist/records.js";

const NOW = Date.parse("2026-11-21T00:00:00Z");
const decoder = new TextDecoder();
const page = { type: "page", messageId: "page-1", timestamp: "2026-11-20T10:00:00Z", traits: { email: "jane@example.com", country: "US" } };

test("what is looked at in an event makes the same Amazon event as the whole of it", () => {
  const transformer = new Transformer({ inputs: { country: ["properties.shop.country"] }, events: { Lead: { conversionType: "LEAD", value: ["properties.score"] } } });
  const event = {
    type: "track",
    event: "Lead",
    messageId: 7,
    timestamp: new Date("2026-11-20T10:00:00Z"),
    properties: { score: 3, shop: { country: "us", name: "north" }, description: "long ".repeat(100) },
    context: { traits: { email: "jane@example.com" }, library: { name: "any" } },
  };
  const bytes = transformer.bytesOf(event);
  assert.equal(
    decoder.decode(bytes).length < 250 && !decoder.decode(bytes).includes("long"),
    true,
    "nothing else is in it",
  );
  const whole = new TextEncoder().encode(JSON.stringify(event));
  assert.deepEqual(transformer.transformJson(bytes, NOW), transformer.transformJson(whole, NOW));
  assert.deepEqual(JSON.parse(decoder.decode(transformer.transformJson(bytes, NOW))), transformer.transform(event, NOW));
});

test("what nobody looks at costs no event, even where JSON cannot hold it", () => {
  const loop: Record<string, unknown> = {};
  loop["self"] = loop;
  const transformer = new Transformer();
  const event: AnalyticsEvent = { ...page, properties: { loop, large: 1n, when: () => 1 } };
  assert.deepEqual(transformer.evaluate(event, NOW), transformer.evaluate(page, NOW));
});

test("what JSON cannot hold where it is looked at is no event", () => {
  const transformer = new Transformer();
  const invalid = { outcome: "dropped", reason: "invalid_event", detail: "not_json", notes: [] };
  const loop: unknown[] = [];
  loop.push(loop);
  for (const event of [{ ...page, userId: 1n }, { ...page, properties: { products: loop } }] as unknown as AnalyticsEvent[]) {
    assert.deepEqual(transformer.evaluate(event, NOW), invalid);
    assert.equal(transformer.bytesOf(event).length, 0);
    assert.equal(transformer.transform(event, NOW), undefined);
  }
  for (const event of [undefined, null, 7, "page", [], () => 1] as unknown as AnalyticsEvent[]) {
    assert.equal(transformer.evaluate(event, NOW).outcome, "dropped");
  }
});

test("a list where an object is looked for costs no event, whatever is in it", () => {
  const cycle: unknown[] = [];
  cycle.push(cycle);
  for (const device of [["x".repeat(2_000_000)], [1n], cycle, deep(70)]) {
    const event = { ...page, context: { device } } as unknown as AnalyticsEvent;
    assert.equal(new Transformer().evaluate(event, NOW).outcome, "mapped");
    const transformer = new Transformer();
    for (const time of ["first", "second"]) assert.equal(transformer.transform(event, NOW)?.eventId, "page-1", time);
  }
});

test("a path through a key that no object is given by assignment is found", () => {
  const transformer = new Transformer({ inputs: { country: ["properties.__proto__.country"] } });
  const event = { ...page, traits: { email: "jane@example.com" }, properties: JSON.parse('{ "__proto__": { "country": "CA" } }') as Record<string, unknown> };
  assert.equal(transformer.transform(event, NOW)?.countryCode, "CA");
});

test("an object that makes its own JSON is taken at its word, and what it inherits is not its own", () => {
  const transformer = new Transformer();
  assert.equal(transformer.transform({ toJSON: () => page } as unknown as AnalyticsEvent, NOW)?.eventId, "page-1");
  assert.equal(transformer.evaluate(Object.create(page) as AnalyticsEvent, NOW).outcome, "dropped");
  assert.equal(transformer.transform(Object.create(page) as AnalyticsEvent, NOW), undefined);
});

/** A list in a list in a list, so many. */
const deep = (levels: number): unknown => (levels === 0 ? [] : [deep(levels - 1)]);

test("an object reads as its JSON does, whatever its texts and numbers are", () => {
  const transformer = new Transformer({ dataSetName: "d" });
  const values = [
    'a "quoted" \\ text', "two\nlines\u0000\u007f\u2028", "half \ud83d", "\ude00 half", "whole \u{1f600}", "\u00fcber \u4e2d", "x".repeat(40_000), "\u4e2d".repeat(9000), "",
    "\n1=page", [Symbol("s"), "half \ud83d"], { toJSON: (key: string) => `at ${key}` }, { toJSON: Date.prototype.toJSON, toISOString: () => "as a date" }, Object.assign(new Date(NOW), { toJSON: () => 7 }), deep(60), deep(63), deep(70),
    0, -0, 1.5e300, 1e-7, NaN, Infinity, 12_345_678_901_234_567_890, true, false, null, undefined, () => 1, Symbol("s"), new Date(NOW), new String("boxed"), [1, "2"], { a: 1 },
  ];
  for (const value of values) {
    const event = { ...page, messageId: value, traits: { email: value, phone: value, address: value }, properties: { url: value, products: [value], value } } as AnalyticsEvent;
    const json = JSON.stringify(event);
    const bytes = new TextEncoder().encode(json);
    assert.deepEqual(transformer.evaluate(event, NOW), JSON.parse(transformer.evaluateJson(bytes, NOW)), json.slice(0, 200));
    assert.deepEqual(transformer.transformToJson(event, NOW), transformer.transformJson(bytes, NOW), json.slice(0, 200));
  }
});

test("of the lines of an order price and quantity count, whatever else is in them", () => {
  const config = { events: { Bought: { conversionType: "OFF_AMAZON_PURCHASES" as const } }, defaults: { currencyCode: "USD" } };
  const transformer = new Transformer(config);
  const inherited = Object.create({ price: 1, quantity: 2 }) as object;
  const hidden = Object.defineProperty({ quantity: 2 }, "price", { value: 5, enumerable: false });
  const lists: unknown[] = [
    [{ price: 1.25, quantity: 2, name: "Wool" }, { price: "3.50", color: "blue" }, { quantity: 3 }], [{ price: NaN, quantity: null }, { price: 1 }],
    [{ price: { toJSON: () => 2 }, quantity: new Number(3) }], [inherited], [hidden], [7, null, { price: 1 }], [[{ price: 1 }], new Date(NOW)], [new Number(7), new String("x"), Object(true), Object.assign(new Number(7), { price: 3 })], [{}],
    [{ toJSON: () => ({ price: 4 }) }], new Array(3), [], { price: 1 }, "lines", Object.assign([{ price: 1 }], { toJSON: () => [{ price: 9 }] }),
    [{ price: -0, quantity: 1e21 }], Array.from({ length: 400 }, (_, number) => ({ price: number, quantity: 1, name: "x".repeat(100) })),
  ];
  for (const products of lists) {
    const event = { ...page, type: "track", event: "Bought", properties: { products, total: 7 } } as unknown as AnalyticsEvent;
    const json = JSON.stringify(event);
    const bytes = new TextEncoder().encode(json);
    // The first object of a transformer goes by its whole JSON.
    for (const time of ["first", "second"]) assert.deepEqual(transformer.transformToJson(event, NOW), transformer.transformJson(bytes, NOW), `${time}: ${json.slice(0, 300)}`);
    assert.deepEqual(transformer.evaluate(event, NOW), JSON.parse(transformer.evaluateJson(bytes, NOW)), json.slice(0, 300));
  }
  // Of these the JSON could not even be written.
  const event = { ...page, type: "track", event: "Bought", properties: { products: [{ price: 2, id: 1n }, { price: "3", self: lists }] } } as unknown as AnalyticsEvent;
  lists.push(lists);
  assert.equal(transformer.transform(event, NOW)?.value, 5);
  assert.equal(transformer.evaluate(event, NOW).outcome, "mapped");
  // Where lists say something else, too, they are looked at whole.
  const both = new Transformer({ ...config, inputs: { optOut: "properties.products" } });
  const denied = { ...page, type: "track", event: "Bought", properties: { products: { advertising: true } } } as unknown as AnalyticsEvent;
  assert.deepEqual(both.evaluate(denied, NOW), JSON.parse(both.evaluateJson(new TextEncoder().encode(JSON.stringify(denied)), NOW)));
});

test("what stands in for a time or an id counts where that is unusable, as an object too", () => {
  const values = [undefined, null, "", " ", "nonsense", "2026-11-20T10:00:00Z", "2020-01-01T00:00:00Z", 1_795_000_000, { id: "x", country: "GB", number: 7 }, new Date(NOW)];
  const configs: Config[] = [
    { events: { Bought: { conversionType: "OFF_AMAZON_PURCHASES" } } },
    // What is looked at for something else, too, is never left out.
    { inputs: { matchId: ["anonymousId"], eventTime: ["properties.at", "sentAt", "timestamp"] }, events: { Bought: { conversionType: "LEAD", customData: { order: ["properties.order_id"], sent: ["originalTimestamp"] } } } },
    { inputs: { messageId: ["properties.order_id", "messageId"], eventTime: "sentAt" }, unmapped: "OTHER" },
    // Nor is what something else is looked at below of.
    { inputs: { matchId: ["anonymousId.id"], country: ["sentAt.country"] }, events: { Bought: { conversionType: "LEAD", customData: { order: ["properties.order_id.number"] } } } },
  ];
  for (const transformer of configs.map((config) => new Transformer(config))) {
    transformer.transformToJson(page, NOW);
    for (const timestamp of values) {
      for (const other of values) {
        for (const messageId of values) {
          const event = {
            type: "track", event: "Bought", traits: page.traits, timestamp, originalTimestamp: other, sentAt: other, receivedAt: "2026-11-19T00:00:00Z",
            messageId, anonymousId: other, properties: { order_id: other, at: timestamp },
          } as unknown as AnalyticsEvent;
          const json = JSON.stringify(event);
          assert.deepEqual(transformer.transformToJson(event, NOW), transformer.transformJson(new TextEncoder().encode(json), NOW), json);
        }
      }
    }
  }
  // What an object inherits is not its own, and saves nothing.
  const transformer = new Transformer();
  const inherits = Object.assign(Object.create({ timestamp: page.timestamp, messageId: "inherited" }) as object, { ...page, timestamp: undefined, messageId: undefined, sentAt: "2026-11-18T00:00:00Z", anonymousId: "a" });
  delete (inherits as { timestamp?: unknown }).timestamp;
  delete (inherits as { messageId?: unknown }).messageId;
  const expected = transformer.transformJson(new TextEncoder().encode(JSON.stringify(inherits)), NOW);
  for (const time of ["first", "second"]) assert.deepEqual(transformer.transformToJson(inherits as unknown as AnalyticsEvent, NOW), expected, time);
  assert.equal((JSON.parse(decoder.decode(expected)) as AmazonEvent).eventTime, "2026-11-18T00:00:00Z");
});

test("what makes memory grow while an event is looked at changes nothing of it", () => {
  const transformer = new Transformer();
  const event = {
    ...page,
    get userId(): string {
      transformer.transformBatch(new Uint8Array(30_000_000), NOW, "ndjson");
      return "me";
    },
  };
  const expected = transformer.transform({ ...page, userId: "me" }, NOW);
  for (const time of ["first", "second", "third"]) assert.deepEqual(transformer.transform(event, NOW), expected, time);
});

test("events of every size come out whole, and stay what they are when others follow", () => {
  const transformer = new Transformer({ unmapped: "OTHER" });
  const sizes = [0, 1, 5000, 5461, 5462, 16_383, 16_384, 16_385, 40_000, 300_000, 500_000, 10];
  const eventOf = (size: number): AnalyticsEvent => ({ ...page, messageId: `m-${size}`, event: "any", type: "track", properties: { text: "\u4e2d".repeat(size / 3) }, userId: "u".repeat(size % 97) });
  const made = sizes.map((size) => {
    const event = eventOf(size);
    const bytes = new TextEncoder().encode(JSON.stringify({ ...event, filling: "x".repeat(size) }));
    // Memory that is taken here may have to grow.
    transformer.transformBatch(new Uint8Array(size * 4), NOW, "ndjson");
    return [transformer.transformJson(bytes, NOW), transformer.transformToJson(event, NOW)];
  });
  sizes.forEach((size, index) => {
    const expected = new Transformer({ unmapped: "OTHER" }).transform(eventOf(size), NOW);
    assert.equal(expected?.eventId, `m-${size}`);
    for (const bytes of made[index] ?? []) assert.deepEqual(JSON.parse(decoder.decode(bytes)), expected);
  });
});

test("an event that is mapped while another is looked at changes nothing of it", () => {
  const transformer = new Transformer({ unmapped: "OTHER" });
  const place = transformer.paths().indexOf("messageId");
  const inner = { ...page, messageId: "inner", anonymousId: "b" };
  const outer = {
    type: "page",
    messageId: "outer",
    anonymousId: `mine\n${place}=injected`,
    get userId(): string {
      assert.equal(transformer.transform(inner, NOW)?.eventId, "inner");
      return "me@example.com";
    },
    properties: { country: "US" },
  };
  for (const time of ["first", "second"]) assert.equal(transformer.transform(outer, NOW)?.eventId, "outer", time);
});

test("a stack that overflows within the core costs no later event", () => {
  const transformer = new Transformer();
  const bytes = new TextEncoder().encode(JSON.stringify(page));
  const expected = transformer.transform(page, NOW);
  const deeper = (): number => (transformer.transformJson(bytes, NOW), deeper() + 1);
  for (let time = 0; time < 5; time++) {
    assert.throws(deeper, RangeError);
    assert.deepEqual(JSON.parse(decoder.decode(transformer.transformJson(bytes, NOW))), expected);
    assert.deepEqual(transformer.transform(page, NOW), expected);
  }
});

test("an object that is too large is said to be so, and no more of it is written than shows that", () => {
  const transformer = new Transformer();
  const pages = "x".repeat(5_000_000);
  const tooLarge = { outcome: "dropped", reason: "invalid_event", detail: "too_large", notes: [] };
  for (const userId of [pages, `${pages}\u4e2d`, "\u4e2d".repeat(1_048_577)]) {
    assert.deepEqual(transformer.evaluate({ ...page, userId }, NOW), tooLarge);
    assert.equal(transformer.transform({ ...page, userId }, NOW), undefined);
    assert.ok(transformer.bytesOf({ ...page, userId }).length <= 3 * 1_048_577);
  }
  // Within the limit by its letters, and over it by its bytes.
  assert.deepEqual(transformer.evaluate({ ...page, userId: "\u4e2d".repeat(400_000) }, NOW), tooLarge);
});

test("the largest event is the same as an object, as bytes, and as a line of a file", () => {
  const transformer = new Transformer({ unmapped: "OTHER" });
  const outcomes = [MAX_EVENT_BYTES, MAX_EVENT_BYTES + 1].map((size) => {
    const event = { ...page, userId: "" };
    event.userId = "x".repeat(size - JSON.stringify(event).length);
    const bytes = new TextEncoder().encode(JSON.stringify(event));
    assert.equal(bytes.length, size);
    const line = new RecordSplitter().push(new Uint8Array([...bytes, 0x0a]))[0]?.bytes ?? new Uint8Array();
    return [transformer.bytesOf(event), bytes, line].map((json) => JSON.parse(transformer.evaluateJson(json, NOW)).detail ?? "read");
  });
  assert.deepEqual(outcomes, [["read", "read", "read"], ["too_large", "too_large", "too_large"]]);
});

test("the bytes of one event are not those of the next", () => {
  const transformer = new Transformer();
  const [one, other] = ["one", "other"].map((messageId) => transformer.bytesOf({ ...page, messageId }));
  assert.deepEqual([one, other].map((bytes) => (JSON.parse(decoder.decode(bytes)) as AnalyticsEvent)["messageId"]), ["one", "other"]);
  assert.deepEqual(JSON.parse(decoder.decode(transformer.transformToJson(page, NOW))), transformer.transform(page, NOW));
  assert.equal(transformer.transformToJson({ type: "alias" }, NOW), undefined);
});

test("a dropped event has no bytes", () => {
  assert.equal(new Transformer().transformJson(new TextEncoder().encode('{"type":"alias"}'), NOW), undefined);
});

test("a million identifiers of every length have the hashes that OpenSSL gives them", () => {
  let state = 20_261_121;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const letters = (most: number): string => Array.from({ length: 1 + random(most) }, () => "abcdefghijklmnopqrstuvwxyz"[random(26)]).join("");
  const transformer = new Transformer({ defaults: { countryCode: "US" } });
  const encoder = new TextEncoder();
  let hashed = 0;
  while (hashed < 1_000_000) {
    const expected: string[] = [];
    const lines = Array.from({ length: 500 }, () => {
      const email = `${letters(hashed % 7 === 0 ? 90 : 20)}@example.com`;
      const names = Array.from({ length: random(4) }, () => letters(12));
      expected.push(email, ...names);
      const [firstName, lastName, city] = names;
      return JSON.stringify({ ...page, traits: { email, firstName, lastName, address: { city } } });
    });
    const { events } = transformer.transformBatch(encoder.encode(lines.join("\n")), NOW, "ndjson");
    const got = Array.from(decoder.decode(events).matchAll(/"values":\["([0-9a-f]{64})"\]/g), ([, hash]) => hash);
    assert.deepEqual(got, expected.map((text) => createHash("sha256").update(text).digest("hex")));
    hashed += expected.length;
  }
});
