// Segment's HTTP API as the adapters read it.
import assert from "node:assert/strict";
import { test } from "node:test";

import { callOf, contentOf, eventsOf, isForAmazon } from "../dist/adapters/segment_api.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("a call is named by the end of its path, or by its first letter, as browsers have it", () => {
  assert.deepEqual(["/v1/track", "/a/v1/p/", "/v1/batch", "/v1/b", "/v1/import"].map(callOf), ["track", "page", "batch", "batch", "batch"]);
  assert.deepEqual(["/v1/tracks", "/v2/track", "/track", "/v1/track/x", "/v1/constructor"].map(callOf), Array(5).fill(undefined));
});

test("the path of a call is its type, and the write key goes no further", () => {
  assert.deepEqual(eventsOf("page", { userId: "u", writeKey: "wk" }), [{ userId: "u", type: "page" }]);
  assert.deepEqual(eventsOf("track", { type: "screen" }), [{ type: "track" }]);
});

test("a batch gives its events what they do not say themselves", () => {
  const shared = { writeKey: "wk", sentAt: "s", context: { ip: "i", locale: "l" }, integrations: { All: true } };
  const batch = [{ type: "page", writeKey: "wk", context: { ip: "own" } }, { sentAt: "own", context: null, integrations: { Slack: false } }, { context: 1 }, 7];
  assert.deepEqual(eventsOf("batch", { ...shared, batch }), [
    { type: "page", sentAt: "s", context: { ip: "own", locale: "l" }, integrations: { All: true } },
    { sentAt: "own", context: { ip: "i", locale: "l" }, integrations: { All: true, Slack: false } },
    { sentAt: "s", context: 1, integrations: { All: true } },
    7,
  ]);
  assert.deepEqual(eventsOf("batch", { batch: [{ type: "page" }] }), [{ type: "page" }]);
});

test("what is no content of a call has no events", () => {
  assert.deepEqual([eventsOf("track", 7), eventsOf("track", [{}]), eventsOf("batch", {}), eventsOf("batch", { batch: {} })], Array(4).fill(undefined));
  assert.deepEqual(eventsOf("batch", { batch: [] }), []);
});

test("digits that a number cannot hold stay as they are, in a text", () => {
  assert.deepEqual(contentOf(bytes('{"id":12345678901234567890,"is":"12345678901234567890","at":-0.12345678901234567e-3,"n":[1.50,123456789012345]}')), {
    id: "12345678901234567890",
    is: "12345678901234567890",
    at: "-0.12345678901234567e-3",
    n: [1.5, 123456789012345],
  });
  assert.deepEqual(contentOf(bytes(String.raw`{"a\"1234567890123456:":1,"b":"\\","c":1234567890123456}`)), { 'a"1234567890123456:': 1, b: "\\", c: "1234567890123456" });
  const digits = "12345678901234567";
  for (const [text, is] of [[`[${digits}]`, [digits]], [`{"a": -${digits}}`, { a: `-${digits}` }], [`[1.${digits}]`, [`1.${digits}`]], [`[0,\n\t${digits}e2]`, [0, `${digits}e2`]], [`[1e${digits},1E+${digits}]`, [`1e${digits}`, `1E+${digits}`]], [digits, digits], [`["a${digits}","b: ${digits}"]`, [`a${digits}`, `b: ${digits}`]]] as const) {
    assert.deepEqual(contentOf(bytes(text)), is);
  }
  for (const broken of ['{"a":012345678901234567}', '{"a":"12345678901234567}', '{"a":12345678901234567', "", "12345678901234567-"]) {
    assert.throws(() => contentOf(bytes(broken)), SyntaxError, broken);
  }
});

test("an event goes to Amazon unless its integrations keep it from all, or from Amazon", () => {
  const goes = (integrations: unknown): boolean => isForAmazon({ type: "page", integrations });
  assert.deepEqual([undefined, {}, { All: true }, { Slack: false }, { All: false, "Amazon DSP": true }, { All: false, "Amazon DSP": {} }, "none"].map(goes), Array(7).fill(true));
  assert.deepEqual([{ All: false }, { "Amazon DSP": false }, { All: true, "Amazon DSP": false }, { All: false, "Amazon DSP": null }].map(goes), Array(4).fill(false));
  assert.deepEqual([isForAmazon(7), isForAmazon(null)], [true, true]);
});
