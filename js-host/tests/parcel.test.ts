// What is read of a mapped event without parsing it, and how a request's body is put together.
import assert from "node:assert/strict";
import { test } from "node:test";

import { Transformer } from "../dist/core.js";
import { bodyOf, Parcel } from "../dist/delivery/parcel.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const now = Date.UTC(2026, 10, 20);
const transformer = new Transformer({ unmapped: "OTHER", dataSetName: "web", defaults: { countryCode: "US" } });

/** The wires of these events, as the core writes them: one behind the other. */
function wiresOf(events: readonly object[]): Uint8Array[] {
  const batch = transformer.transformBatch(encoder.encode(events.map((event) => JSON.stringify(event)).join("\n")), now, "ndjson");
  return Array.from({ length: batch.offsets.length / 2 }, (_, index) => batch.events.subarray(batch.offsets[2 * index], batch.offsets[2 * index + 1]));
}

const event = (messageId: unknown, name = "Signed Up"): object => ({ type: "track", event: name, messageId, traits: { email: "a@example.com" } });

test("the id of an event is the one that its JSON has, whatever its texts look like", () => {
  const ids = ["m-1", 'a"b', "back\\slash", "line\nfeed", "größe 😀", "\u0001", '},"eventId":"not-this"', 7];
  const names = ["Signed Up", '},"eventId":"other"', 'x"eventId', "größe"];
  const events = ids.flatMap((id) => names.map((name) => event(id, name)));
  const wires = wiresOf(events);
  assert.equal(wires.length, events.length);
  for (const wire of wires) {
    const { eventId } = JSON.parse(decoder.decode(wire)) as { eventId: string };
    assert.equal(new Parcel(wire, 0).eventId, eventId);
  }
});

test("the id is found as well where somebody else wrote the JSON", () => {
  for (const wire of ['{"eventId":"m-1","eventDescription":{}}', '{ "eventDescription": { }, "eventId": "m-1" }', '{"eventDescription":{},"eventId":"m\\u002d1"}']) {
    assert.equal(new Parcel(encoder.encode(wire), 0).eventId, "m-1");
  }
});

test("a body has its events in order, be they one behind the other in memory or not", () => {
  const [a, b, c, d] = wiresOf(["a", "b", "c", "d"].map((id) => event(id))) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const lines = encoder.encode('{"n":1}\n{"n":2}');
  const [first, second] = [lines.subarray(0, 7), lines.subarray(8)];
  for (const wires of [[a, b, c, d], [a], [a, c, d], [d, c, b, a], [b, b], [c, a.slice(), b, d], [first, second], [a, first, b]]) {
    const body = decoder.decode(bodyOf(wires.map((wire, key) => new Parcel(wire, key))));
    assert.equal(body, `{"events":[${wires.map((wire) => decoder.decode(wire)).join(",")}]}`);
  }
});
