// `explain` and `coverage`, as a person or a script meets them.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { outcomeCodes, Transformer, type Trace } from "../dist/core.js";
import { CoverageCounter, type Coverage } from "../dist/coverage.js";
import { DETAILS, NOTES, REASONS, UNUSABLES } from "../dist/words.js";

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));
const NOW = "2026-11-21T00:00:00Z";

function run(args: readonly string[], events: readonly unknown[] = []): { code: number | null; out: string; err: string } {
  const input = events.map((event) => (typeof event === "string" ? event : JSON.stringify(event))).join("\n");
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...args], { input, encoding: "utf8", env: { PATH: process.env["PATH"] } });
  return { code: status, out: stdout, err: stderr };
}

const order = {
  type: "track",
  event: "Order Completed",
  messageId: "order-1",
  timestamp: "2026-11-20T10:00:00Z",
  traits: { email: "jane@example.com", phone: "n/a", address: { country: "DE" } },
  properties: { total: 12, revenue: 13, currency: "EUR" },
  context: { consent: { amazonConsent: { amznUserData: "yes", amznAdStorage: "granted" } } },
};
const page = { type: "page", messageId: "page-1", timestamp: "2026-11-20T10:00:00Z", traits: { email: "jane@example.com" } };

test("explain tells for each event where its fields come from, and what would have to change", () => {
  const { code, out, err } = run(["explain", "--now", NOW], [order, page, "nonsense"]);
  assert.equal(code, 0, err);
  assert.equal(err, "");
  assert.equal(
    out,
    `line 1: mapped to OFF_AMAZON_PURCHASES
  eventDescription.name                order completed       event
  eventDescription.conversionType      OFF_AMAZON_PURCHASES  config.preset
  eventTime                            2026-11-20T10:00:00Z  timestamp
  countryCode                          DE                    traits.address.country
  consent.amazonConsent.amznUserData   yes                   context.consent.amazonConsent.amznUserData   says amznUserData granted
  consent.amazonConsent.amznAdStorage  granted               context.consent.amazonConsent.amznAdStorage  says amznAdStorage granted
  EMAIL                                j***@e***.com         traits.email
  PHONE                                n*** (3 characters)   traits.phone                                 not used: no identifier: empty, a placeholder, or malformed
  value                                12                    properties.total
  value                                13                    properties.revenue                           not used: another amount was taken
  currencyCode                         EUR                   properties.currency
  eventId                              o*** (7 characters)   messageId
  eventDescription.eventSource         WEBSITE               config.defaults.eventSource

line 2: dropped, country_missing: no input names a country, and there is no default
  to change this: no country is known. Send one in \`traits.address.country\`, \`context.traits.address.country\`, \`traits.country\`, \`context.traits.country\`, \`properties.address.country\`, \`properties.country\`, \`context.location.country\`, or set \`defaults.countryCode\`
  eventTime  2026-11-20T10:00:00Z  timestamp

line 3: dropped, invalid_event: it is not JSON
  to change this: the text is not JSON (RFC 8259) from byte 1 on
`,
  );
});

test("explain finds an event by its id at Amazon, by its messageId, by its line, or by its reason", () => {
  const { messageId: _, ...nameless } = order;
  const transformer = new Transformer();
  const derived = transformer.transform(nameless, Date.parse(NOW))?.eventId ?? "";
  assert.match(derived, /^[0-9a-f]{64}$/);
  const found = (...options: string[]): number[] => {
    const { code, out, err } = run(["explain", "--now", NOW, "--json", ...options], [order, page, nameless]);
    assert.equal(code, 0, err);
    return out.trimEnd().split("\n").map((line) => (JSON.parse(line) as { line: number }).line);
  };
  assert.deepEqual(found("--event-id", "order-1"), [1]);
  assert.deepEqual(found("--event-id", "page-1"), [2]);
  assert.deepEqual(found("--event-id", derived), [3]);
  assert.deepEqual(found("--line", "2"), [2]);
  assert.deepEqual(found("--reason", "country_missing"), [2]);
  assert.deepEqual(found(), [1, 2, 3]);
});

test("explain says when there is no such event, and which reasons there are", () => {
  assert.deepEqual(run(["explain", "--event-id", "nope"], [page]), { code: 1, out: "", err: "error: standard input has no event with the id `nope`\n" });
  assert.deepEqual(run(["explain", "--line", "9", "--reason", "no_match_key"], [page]), {
    code: 1,
    out: "",
    err: "error: standard input has no event at line 9, dropped for no_match_key\n",
  });
  assert.deepEqual(run(["explain"], []), { code: 1, out: "", err: "error: standard input has no event\n" });
  assert.deepEqual(run(["explain", "--reason", "dull"], [page]), {
    code: 2,
    out: "",
    err:
      "error: --reason must be one of invalid_event, unmapped_event, disabled_event, event_too_old, event_in_future, country_missing, " +
      "consent_missing, consent_denied, no_match_key, got `dull`\n",
  });
});

test("explain as JSON is the core's trace with the line in front", () => {
  const { out } = run(["explain", "--now", NOW, "--json"], [order]);
  const bytes = new TextEncoder().encode(JSON.stringify(order));
  assert.equal(out, `{"line":1,${new Transformer().explainJson(bytes, Date.parse(NOW)).slice(1)}\n`);
});

test("every code has words", () => {
  const reasons = new Set(outcomeCodes().flatMap((code) => (code.outcome === "dropped" ? [code.reason] : [])));
  const details = new Set(outcomeCodes().flatMap((code) => (code.outcome === "dropped" && code.detail ? [code.detail] : [])));
  assert.deepEqual(new Set(Object.keys(REASONS)), reasons);
  assert.deepEqual(new Set(Object.keys(DETAILS)), details);
  for (const words of [REASONS, DETAILS, NOTES, UNUSABLES]) {
    for (const [code, text] of Object.entries(words)) assert.ok(text.length > 10 && text === text.trim(), code);
  }
});

test("coverage counts match keys by event, reasons and notes, and names what would help most", () => {
  const customer = { ...page, messageId: "page-2", traits: { ...page.traits, phone: "+1 555 123 4567", country: "US" } };
  const stranger = { ...page, messageId: "page-3", userId: "u-17", traits: { country: "US" } };
  const { code, out, err } = run(["coverage", "--now", NOW, "--json"], [order, page, page, page, customer, stranger, { type: "track", event: "Wishlist Shared" }]);
  assert.equal(code, 0, err);
  assert.deepEqual(JSON.parse(out) as Coverage, {
    events: 7,
    mapped: 3,
    dropped: { country_missing: 3, unmapped_event: 1 },
    notes: { amounts_disagree: 1, junk_identifier: 1, user_id_not_an_address: 1 },
    matchKeys: { EMAIL: 3, PHONE: 1 },
    byEvent: [
      { event: "page", conversionType: "PAGE_VIEW", mapped: 2, dropped: 3, matchKeys: { EMAIL: 2, PHONE: 1 }, withValue: 0 },
      { event: "order completed", conversionType: "OFF_AMAZON_PURCHASES", mapped: 1, dropped: 0, matchKeys: { EMAIL: 1 }, withValue: 1 },
      { event: "wishlist shared", mapped: 0, dropped: 1, matchKeys: {}, withValue: 0 },
    ],
    fixes: [
      {
        code: "country_missing",
        events: 3,
        fix: "send the country in `traits.address.country`, or set `defaults.countryCode` if all events are from one",
      },
      {
        code: "user_id_not_an_address",
        events: 1,
        fix: "send `traits.email`: these events are identified by a hashed user id alone, which Amazon can match to nobody",
      },
      { code: "unmapped_event", events: 1, fix: "write rules under `events` for those that matter to advertising: `wishlist shared` (1)" },
    ],
  });
});

test("coverage is a table for people", () => {
  const { code, out, err } = run(["coverage", "--now", NOW], [order, page]);
  assert.equal(code, 0, err);
  assert.equal(
    out,
    `2 events: 1 mapped, 1 dropped

  event            conversion type       mapped  dropped  EMAIL  value
  order completed  OFF_AMAZON_PURCHASES       1        0   100%   100%
  page             ·                          0        1      ·      ·
  all                                         1        1   100%

Dropped, by reason
  1  50%  country_missing  no input names a country, and there is no default

Notes
  1  50%  amounts_disagree  the products' sum, total, revenue and value are not all the same
  1  50%  junk_identifier   an identifier was none, and was left out

What would help most
  1. 1 event: send the country in \`traits.address.country\`, or set \`defaults.countryCode\` if all events are from one
  2. 1 event: look at what stands in \`traits.phone\` (1): it identifies nobody
  3. 1 event: send a telephone number (\`traits.phone\`) as well: EMAIL is all these events have
`,
  );
});

test("coverage of nothing is said to be of nothing", () => {
  const { code, err } = run(["coverage", "--now", NOW], []);
  assert.equal(code, 1);
  assert.match(err, /error: standard input has no event\n$/);
});

test("a proposed fix helps as many events as it says", () => {
  const bytes = (event: object): Uint8Array => new TextEncoder().encode(JSON.stringify(event));
  const events = [page, { ...page, messageId: "page-2" }, order];
  const count = (config: object): Coverage => {
    const transformer = new Transformer(config);
    const counter = new CoverageCounter(config);
    for (const event of events) counter.add(JSON.parse(transformer.explainJson(bytes(event), Date.parse(NOW))) as Trace, "x");
    return counter.result();
  };
  const before = count({});
  assert.equal(before.fixes[0]?.code, "country_missing");
  assert.equal(count({ defaults: { countryCode: "US" } }).mapped - before.mapped, before.fixes[0]?.events);
});

test("names that no fixed set has are counted together, so memory stays bounded", () => {
  const transformer = new Transformer();
  const counter = new CoverageCounter({});
  for (let index = 0; index < 1500; index++) {
    const event = { type: "track", event: `viewed ${index}` };
    counter.add(JSON.parse(transformer.explainJson(new TextEncoder().encode(JSON.stringify(event)), Date.parse(NOW))) as Trace, event.event);
  }
  const { byEvent } = counter.result();
  assert.equal(byEvent.length, 1001);
  assert.deepEqual([byEvent[0]?.event, byEvent[0]?.dropped], ["(others)", 500]);
});
