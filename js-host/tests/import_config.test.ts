// Another system's mapping becomes a config of ours: what it says, what real events become by it, what is left out.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { CATEGORIES, consentPaths, PATHS, PRESETS, withContextTraits } from "../dist/cli/import/built_in.js";
import { selectionOf } from "../dist/cli/import/fql.js";
import { originOf } from "../dist/cli/import/mapping_kit.js";
import { fieldOf } from "../dist/cli/import/model.js";
import { cellOrigin } from "../dist/cli/import/table_mapping.js";
import { markdownTables, separatedTables } from "../dist/cli/import/tables.js";
import { importText, type Imported } from "../dist/cli/import_config.js";
import { Transformer, type AnalyticsEvent, type Config, type Outcome } from "../dist/core.js";

const bin = fileURLToPath(new URL("../bin/amazon-dsp-events.js", import.meta.url));
const NOW = Date.parse("2026-11-21T00:00:00Z");

const path = (name: string): object => ({ "@path": `$.${name}` });
const first = (one: string, other: unknown): object => ({ "@if": { exists: path(one), then: path(one), else: other } });

// As a destination's mapping is by default, shortened.
const FIELDS = {
  name: path("event"),
  eventActionSource: first("context.device.type", "website"),
  countryCode: path("properties.shop.country"),
  timestamp: path("timestamp"),
  value: path("properties.value"),
  currencyCode: path("properties.currency"),
  unitsSold: path("properties.quantity"),
  clientDedupeId: path("messageId"),
  matchKeys: { email: first("context.traits.email", path("properties.email")), maid: path("context.device.advertisingId") },
  consent: { ipAddress: path("context.ip"), amznUserData: path("properties.amznUserData") },
  customAttributes: { brand: path("properties.brand"), plan: "" },
  enable_batching: true,
};

function subscription(name: string, subscribe: string, mapping: object): object {
  return { name, subscribe, partnerAction: "trackConversion", mapping };
}

function imported(json: unknown): Imported {
  return importText(JSON.stringify(json), "export.json");
}

function evaluate(config: Config, event: AnalyticsEvent): Outcome {
  return new Transformer(config).evaluate({ messageId: "m-1", timestamp: "2026-11-20T10:00:00Z", ...event }, NOW);
}

const ORDER: AnalyticsEvent = {
  type: "track",
  event: "Order Completed",
  context: { traits: { email: "jane.doe@example.com" }, ip: "192.0.2.7", device: { type: "ios" } },
  traits: { email: "someone.else@example.com" },
  properties: { shop: { country: "US" }, value: 25.5, total: 99, currency: "USD", quantity: 3, brand: "acme" },
};
const JANE = "86e0b9e56c17cc4d12387e1949b85053fbe73bc3ce5a1188713a9d300cc6133d";

test("the built-in event tables are the core's", () => {
  for (const [preset, table] of Object.entries(PRESETS)) {
    for (const [name, type] of PRESETS.segment) {
      const event = /^[ps]/.test(name) ? { type: name } : { type: "track", event: name };
      const outcome = evaluate(
        { preset: preset as keyof typeof PRESETS, defaults: { countryCode: "US" } },
        { ...event, userId: "jane@example.com" },
      );
      const made = outcome.outcome === "mapped" ? outcome.event.eventDescription.conversionType : outcome.reason;
      assert.equal(made, table.has(name) ? type : "unmapped_event", `${preset}: ${name}`);
    }
  }
});

test("the built-in paths are the core's, in its order", () => {
  const every = ["EMAIL", "PHONE", "FIRST_NAME", "LAST_NAME", "ADDRESS", "CITY", "STATE", "POSTAL", "MAID", "MATCH_ID"] as const;
  const transformer = new Transformer({
    defaults: { countryCode: "US", currencyCode: "USD" },
    extras: ["userAgent"],
    identity: { matchKeys: [...every] },
    inputs: { matchId: { const: "somebody" } },
  });
  for (const paths of [...Object.values(PATHS), consentPaths("amznUserData"), consentPaths("amznAdStorage")]) {
    const expected = withContextTraits(paths);
    const event = { type: "track", event: "Order Completed", properties: { total: 1 } };
    for (const one of expected) put(event, one, [[]]);
    // An amount and the units come from the same lines.
    const tried = new Set(transformer.explain(event, NOW).tried.map((one) => one.path));
    assert.deepEqual(
      [...tried].filter((one) => expected.includes(one)),
      expected,
    );
  }
});

test("the built-in categories are the core's", () => {
  for (const category of CATEGORIES) {
    const outcome = evaluate(
      {},
      { ...ORDER, properties: { country: "DE" }, context: { consent: { optOut: { [category]: true } } } },
    );
    assert.equal(outcome.outcome === "dropped" && outcome.reason, "consent_denied");
  }
});

function put(event: Record<string, unknown>, at: string, value: unknown): void {
  const keys = at.split(".");
  const last = keys.pop() ?? "";
  const inner = keys.reduce((object, key) => (object[key] ??= {}) as Record<string, unknown>, event);
  inner[last] = value;
}

test("a trigger of equalities selects events by name and by type", () => {
  const none = { events: [], types: [], everyTrack: false };
  const cases: [string, object][] = [
    ['type = "track" AND event = "Order Completed"', { ...none, events: ["Order Completed"] }],
    ["event='Order Completed'", { ...none, events: ["Order Completed"] }],
    ['type = "page" or type = "screen"', { ...none, types: ["page", "screen"] }],
    ['type = "track"', { ...none, everyTrack: true }],
    ['type = "track" and (event = "A" or event = "B (new)")', { ...none, events: ["A", "B (new)"] }],
    ['(type = "page") or ((event = "A" or event = "A"))', { ...none, events: ["A"], types: ["page"] }],
    ['type = "track" and event = "A" or event = "B"', { ...none, events: ["A", "B"] }],
    ['event = "Say \\"hi\\""', { ...none, events: ['Say "hi"'] }],
    ['type = "page" and event = "A"', none],
    ['event = "A" and event = "B"', none],
  ];
  for (const [trigger, selection] of cases) assert.deepEqual(selectionOf(trigger), selection, trigger);
});

test("a trigger that says more is refused with the place where it does", () => {
  const help = "only `type` and `event`, compared by `=` with texts and joined by `and` and `or`, can be";
  const cases: [string, string][] = [
    ['event = "A" and properties.total > 5', `\`properties.total > 5\` in its trigger is not carried over: ${help}`],
    ['type = "track" and event != "A"', `\`event != "A"\` in its trigger is not carried over: ${help}`],
    ['contains(event, "A")', `\`contains ( event\` in its trigger is not carried over: ${help}`],
    ['event = "A" event = "B"', `\`event = "B"\` in its trigger is not carried over: ${help}`],
    ["event = A", `\`event = A\` in its trigger is not carried over: ${help}`],
    ['(event = "A"', "a parenthesis of its trigger is not closed"],
    ['event = "A" or', "its trigger ends too early"],
    ["", "its trigger is empty"],
    ['type = "delete"', "there is no type `delete`"],
    ['event = "Page"', "an event named `Page` cannot be told from the type of that name"],
  ];
  for (const [trigger, message] of cases) assert.throws(() => selectionOf(trigger), { message }, trigger);
});

test("directives that choose among paths are a list of paths", () => {
  const cases: [unknown, object][] = [
    [path("traits.email"), { paths: ["traits.email"] }],
    [{ "@path": "context.device.id" }, { paths: ["context.device.id"] }],
    [first("a.b", path("c")), { paths: ["a.b", "c"] }],
    [first("a.b", first("c", path("d"))), { paths: ["a.b", "c", "d"] }],
    [first("a.b", "US"), { paths: ["a.b"], literal: "US" }],
    [first("a.b", undefined), { paths: ["a.b"] }],
    [{ "@if": { blank: path("a"), then: path("a"), else: path("b") } }, { paths: ["a", "b"] }],
    [{ "@template": "{{properties.id}}" }, { paths: ["properties.id"] }],
    [{ "@template": "{{{ properties.id }}}" }, { paths: ["properties.id"] }],
    [{ "@template": "fixed" }, { paths: [], literal: "fixed" }],
    [{ "@literal": 5 }, { paths: [], literal: 5 }],
    ["fixed", { paths: [], literal: "fixed" }],
    ["", { paths: [] }],
    [first("a", path("b[0].c")), { problem: "`b[0].c` points into a list, and a path here is keys joined by dots" }],
    [path(""), { problem: "it is the whole event" }],
    [{ "@if": { exists: path("a"), then: path("b") } }, { problem: "its `@if` tests one value (`a`) and takes another (`b`)" }],
    [{ "@if": { exists: path("a"), then: "x" } }, { problem: "its `@if` tests one value (`a`) and takes another (a literal)" }],
    [{ "@if": { then: path("a") } }, { problem: "its `@if` tests neither `exists` nor `blank`" }],
    [{ "@template": "{{a}} {{b}}" }, { problem: "`@template` with more than one path (`{{a}} {{b}}`) makes a new value" }],
    [{ "@case": { operator: "lower", value: path("a") } }, { problem: "`@case` computes a value" }],
    [{ "@path": "$.a", "@template": "b" }, { problem: "an object is no value for it" }],
    [[1], { problem: "a list is no value for it" }],
  ];
  for (const [value, origin] of cases) assert.deepEqual(originOf(value), origin, JSON.stringify(value));
});

test("a Segment subscription maps an order as it did there", () => {
  const { config, carried, notCarried } = imported([
    subscription("Purchases", 'type = "track" and event = "Order Completed"', { ...FIELDS, eventType: "OFF_AMAZON_PURCHASES" }),
  ]);
  assert.deepEqual(config, {
    events: {
      "Order Completed": { value: ["properties.value"], customData: { brand: "properties.brand" } },
      page: false,
      screen: false,
      "Checkout Started": false,
      "Product Added": false,
      "Product Removed": false,
      "Product Clicked": false,
      "Product List Viewed": false,
      "Product Viewed": false,
      "Cart Viewed": false,
      "Products Searched": false,
    },
    inputs: { email: ["context.traits.email", "properties.email"], country: ["properties.shop.country"] },
    identity: { matchKeys: ["EMAIL", "MAID"], userIdAs: "none" },
    consent: { whenUnknown: "omit" },
  });
  assert.deepEqual(notCarried, []);
  assert.deepEqual(
    carried.filter(({ note }) => note === undefined).map(({ item, to }) => `${item} -> ${to}`),
    [
      'enable_batching ("Purchases") -> built in',
      'name ("Purchases") -> built in',
      'customData.brand ("Purchases") -> events.*.customData.brand',
      'event Order Completed of mapping "Purchases": OFF_AMAZON_PURCHASES -> events.Order Completed',
      "email -> inputs.email",
      "maid -> built in",
      "the match keys that are sent -> identity.matchKeys",
      "no EMAIL from the user id -> identity.userIdAs",
      "countryCode -> inputs.country",
      "currencyCode -> built in",
      "eventSource -> built in",
      "the literal of eventSource -> built in",
      "eventId -> built in",
      "eventTime -> built in",
      "unknown consent -> consent.whenUnknown",
    ],
  );
  assert.deepEqual(evaluate(config, ORDER), {
    outcome: "mapped",
    event: {
      eventDescription: {
        name: "order completed",
        conversionType: "OFF_AMAZON_PURCHASES",
        eventSource: "IOS",
        eventIngestionMethod: "SERVER_TO_SERVER",
      },
      eventId: "m-1",
      eventTime: "2026-11-20T10:00:00Z",
      countryCode: "US",
      matchKeys: [{ type: "EMAIL", values: [JANE] }],
      value: 25.5,
      currencyCode: "USD",
      unitsSold: 3,
      consent: { geo: { ipAddress: "192.0.2.7" } },
      customData: [{ name: "brand", dataType: "STRING", value: "acme" }],
    },
    notes: [],
  });
  // Segment sends nothing for these, and no EMAIL from a user id.
  assert.deepEqual(evaluate(config, { ...ORDER, type: "page" }), { outcome: "dropped", reason: "disabled_event", notes: [] });
  const nobody = evaluate(config, { ...ORDER, userId: "jane.doe@example.com", context: {} });
  assert.deepEqual(nobody, { outcome: "dropped", reason: "no_match_key", notes: [] });
});

test("Segment's whole table takes the segment preset and says only what differs from it", () => {
  const table: [string, string][] = [
    ["Product Added", "ADD_TO_SHOPPING_CART"],
    ["Application Submitted", "APPLICATION"],
    ["Checkout Started", "CHECKOUT"],
    ["Callback Started", "CONTACT"],
    ["Lead Generated", "LEAD"],
    ["Order Completed", "OFF_AMAZON_PURCHASES"],
    ["Application Opened", "MOBILE_APP_FIRST_START"],
    ["Products Searched", "SEARCH"],
    ["Signed Up", "SIGN_UP"],
    ["Subscription Created", "SUBSCRIBE"],
  ];
  const { config } = imported([
    ...table.map(([event, eventType]) => subscription(event, `type = "track" AND event = "${event}"`, { eventType })),
    subscription("Page View", 'type = "page"', { eventType: "PAGE_VIEW" }),
  ]);
  assert.deepEqual(config, {
    preset: "segment",
    events: {
      "Application Opened": { conversionType: "MOBILE_APP_FIRST_START" },
      screen: false,
      "Product Removed": false,
      "Product Clicked": false,
      "Product List Viewed": false,
      "Product Viewed": false,
      "Cart Viewed": false,
      "Application Installed": false,
    },
  });
  for (const [event, eventType] of table) {
    const outcome = evaluate(config, { type: "track", event, userId: "jane@example.com", properties: { country: "US" } });
    assert.equal(outcome.outcome === "mapped" && outcome.event.eventDescription.conversionType, eventType);
  }
});

test("every form of an export that is met gives the same config", () => {
  const mapping = { ...FIELDS, eventType: "OFF_AMAZON_PURCHASES" };
  const trigger = 'event = "Order Completed"';
  const one = subscription("Purchases", trigger, mapping);
  const fromApi = {
    id: "s",
    name: "Purchases",
    actionId: "a",
    actionSlug: "trackConversion",
    destinationId: "d",
    enabled: true,
    trigger,
    settings: mapping,
  };
  const { config } = imported(one);
  const forms: unknown[] = [
    [one],
    mapping,
    { mapping },
    { subscriptions: [one] },
    { mappings: [one] },
    { mappings: { purchases: one } },
    { mappings: { purchases: mapping } },
    { subscription: fromApi },
    { data: { subscriptions: [fromApi], pagination: { current: "MA==" } } },
    { name: "Purchases", trigger, settings: JSON.stringify(mapping) },
    { settings: { subscriptions: JSON.stringify([one]) } },
    { data: { destination: { metadata: { actions: [{ fields: [{ defaultValue: FIELDS }] }] }, subscriptions: [fromApi] } } },
  ];
  for (const form of forms) assert.deepEqual(imported(form).config, config, JSON.stringify(form).slice(0, 80));
});

test("the settings of the destination are hints, and no value of them is told", () => {
  const { config, notCarried } = imported({
    settings: {
      region: "https://advertising-api-eu.amazon.com",
      advertiserId: "4711",
      dataSetName: "web_events",
      oauth: { access_token: "Atza|secret" },
    },
    subscriptions: [subscription("Pages", 'type = "page"', { eventType: "PAGE_VIEW" })],
  });
  assert.equal(config.dataSetName, "web_events");
  assert.deepEqual(notCarried, [
    {
      item: "settings.region",
      reason: "the region is a connection parameter, not part of the config",
      remedy: "set BASE_URL=https://advertising-api-eu.amazon.com",
    },
    {
      item: "settings.advertiserId",
      reason: "the advertiser is a connection parameter, not part of the config",
      remedy: "set ADVERTISER_ID to it",
    },
    { item: "settings.oauth", reason: "no setting here is like it" },
  ]);
});

test("a switched-off mapping switches its event off, unless another has it", () => {
  const off = {
    enabled: false,
    ...subscription("Off", 'event = "Wishlist Shared" or event = "Signed Up"', { eventType: "LEAD" }),
  };
  const on = subscription("On", 'event = "Signed Up"', { eventType: "SIGN_UP" });
  const { config, carried } = imported([off, on]);
  assert.equal(config.events?.["Wishlist Shared"], false);
  assert.deepEqual(config.events?.["Signed Up"], { conversionType: "SIGN_UP" });
  assert.deepEqual(
    carried.filter(({ item }) => /Off|Wishlist/.test(item)),
    [
      { item: 'mapping "Off"', to: "built in", note: "it is switched off, but Signed Up stays on: another mapping has it" },
      { item: "event Wishlist Shared", to: "events.Wishlist Shared", note: "switched off, as in the export" },
    ],
  );
});

test("a mapping of every track event is for those that no other mapping has", () => {
  const { config, notCarried } = imported([
    subscription("Rest", 'type = "track"', { eventType: "OTHER", value: path("properties.score") }),
    subscription("Order", 'event = "Order Completed"', { eventType: "OFF_AMAZON_PURCHASES" }),
  ]);
  assert.equal(config.unmapped, "OTHER");
  assert.deepEqual(notCarried, [
    {
      item: 'value ("Rest")',
      reason: "a rule for everything else has a conversion type alone",
      remedy: "name the events one by one under `events`",
    },
  ]);
  const typeOf = (event: AnalyticsEvent): unknown => {
    const outcome = evaluate(config, { ...event, userId: "jane@example.com", properties: { country: "US" } });
    return outcome.outcome === "mapped" ? outcome.event.eventDescription.conversionType : outcome.reason;
  };
  assert.equal(typeOf({ type: "track", event: "Whatever" }), "OTHER");
  assert.equal(typeOf({ type: "track", event: "Product Added" }), "OTHER");
  assert.equal(typeOf({ type: "track", event: "Order Completed" }), "OFF_AMAZON_PURCHASES");
  for (const type of ["page", "screen", "identify", "group", "alias"]) assert.equal(typeOf({ type }), "disabled_event");
});

test("mappings that disagree on an identifier have their paths joined in order, and it is said", () => {
  const { config, carried, notCarried } = imported([
    subscription("A", 'event = "Signed Up"', {
      eventType: "SIGN_UP",
      matchKeys: { email: path("properties.mail"), phone: path("properties.tel") },
      countryCode: "US",
    }),
    subscription("B", 'event = "Lead Generated"', { eventType: "LEAD", matchKeys: { email: path("userId") }, countryCode: "GB" }),
  ]);
  assert.deepEqual(config.inputs, { email: ["properties.mail"], phone: ["properties.tel"] });
  assert.deepEqual(config.identity, { matchKeys: ["EMAIL", "PHONE"] });
  assert.deepEqual(
    carried.filter(({ item, note }) => note !== undefined && /email|phone|countryCode/.test(item)),
    [
      {
        item: "email",
        to: "inputs.email",
        note: "the mappings disagree, and here it is the same for all events, so the paths are joined in order: properties.mail, userId",
      },
      { item: "phone", to: "built in", note: "not every mapping has it, and here it holds for all events" },
      { item: "countryCode", to: "built in", note: "the mappings disagree, and here it is the same for all events" },
    ],
  );
  assert.deepEqual(notCarried, [
    {
      item: "the literal of countryCode",
      reason: "not every mapping has it, and here it is the same for all events",
      remedy: "put the value into the event and name its path",
    },
  ]);
});

test("literals become defaults and constants, and consent is never one", () => {
  const { config, notCarried } = imported({
    eventType: "LEAD",
    name: "New Lead",
    dataSetName: "leads",
    countryCode: "US",
    currencyCode: "usd",
    eventActionSource: "offline",
    value: 10,
    matchKeys: { email: path("properties.mail") },
    consent: {
      amznUserData: "GRANTED",
      amznAdStorage: path("context.consent.categoryPreferences.Ads"),
      tcf: path("properties.tcf"),
    },
    customAttributes: [
      { name: "plan", dataType: "STRING", value: "gold" },
      { name: "seats", value: path("properties.seats") },
    ],
  });
  assert.deepEqual(
    { ...config, events: config.events?.["Lead Generated"] },
    {
      dataSetName: "leads",
      events: {
        conversionType: "LEAD",
        name: "New Lead",
        value: { const: 10 },
        customData: { plan: { const: "gold" }, seats: "properties.seats" },
      },
      inputs: { email: ["properties.mail"], deviceType: { const: "OFFLINE" } },
      identity: { matchKeys: ["EMAIL"], userIdAs: "none" },
      consent: { categories: { amznAdStorage: ["Ads"] }, geoIp: false, whenUnknown: "omit" },
      defaults: { countryCode: "US", currencyCode: "usd", eventSource: "OFFLINE" },
    },
  );
  assert.deepEqual(notCarried, [
    {
      item: "the literal of amznUserData",
      reason: "consent is a person's, so it must come from the event and is never assumed",
      remedy: "put it at `context.consent.amazonConsent.amznUserData`",
    },
  ]);
  const outcome = evaluate(config, {
    type: "track",
    event: "Lead Generated",
    context: { ip: "192.0.2.7", device: { type: "ios" } },
    properties: { mail: "jane.doe@example.com", seats: 4 },
  });
  assert.deepEqual(outcome.outcome === "mapped" && outcome.event, {
    eventDescription: {
      name: "new lead",
      conversionType: "LEAD",
      eventSource: "OFFLINE",
      eventIngestionMethod: "SERVER_TO_SERVER",
      dataSetName: "leads",
    },
    eventId: "m-1",
    eventTime: "2026-11-20T10:00:00Z",
    countryCode: "US",
    matchKeys: [{ type: "EMAIL", values: [JANE] }],
    value: 10,
    customData: [
      { name: "plan", dataType: "STRING", value: "gold" },
      { name: "seats", dataType: "INTEGER", value: "4" },
    ],
  });
});

test("a consent that cannot be read where it stands is never taken for a yes", () => {
  const consentOf = (consent: object): Config["consent"] =>
    imported({ eventType: "LEAD", matchKeys: { email: path("properties.mail") }, consent }).config.consent;
  const ipAddress = path("context.ip");
  assert.deepEqual(consentOf({ ipAddress, amznUserData: path("properties.amznUserData") }), { whenUnknown: "omit" });
  assert.deepEqual(consentOf({ ipAddress, amznUserData: "GRANTED", amznAdStorage: "GRANTED" }), { whenUnknown: "omit" });
  assert.deepEqual(consentOf({ ipAddress, amznUserData: path("properties.choice") }), { whenUnknown: "drop" });
  assert.deepEqual(consentOf({ ipAddress, amznAdStorage: "DENIED" }), { whenUnknown: "drop" });
  assert.deepEqual(consentOf({ ipAddress, tcf: { "@template": "{{a}}.{{b}}" } }), { whenUnknown: "drop" });
  assert.deepEqual(consentOf({ amznUserData: path("context.consent.optOut.C0004") }), { geoIp: false });

  const { config, carried } = imported({
    eventType: "LEAD",
    matchKeys: { email: path("properties.mail") },
    consent: { amznUserData: path("properties.choice") },
  });
  assert.deepEqual(carried.at(-1), {
    item: "unknown consent",
    to: "consent.whenUnknown",
    note: "a no might be where it is not read (amznUserData), so an event with unknown consent is dropped; change that when it is read",
  });
  const event = {
    type: "track",
    event: "Lead Generated",
    properties: { mail: "jane@example.com", country: "US", choice: "denied" },
  };
  assert.deepEqual(evaluate(config, event), { outcome: "dropped", reason: "consent_missing", notes: [] });
});

test("what cannot be carried over is listed with its reason and what to do", () => {
  const { config, notCarried } = imported([
    subscription("Big orders", 'event = "Order Completed" and properties.total > 100', { eventType: "OFF_AMAZON_PURCHASES" }),
    subscription("Slack", 'type = "track"', { text: path("event") }),
    { ...subscription("Post", 'type = "page"', { eventType: "OTHER" }), partnerAction: "postToChannel" },
    subscription("Search", 'event = "Products Searched"', {
      eventType: "SEARCH",
      name: path("properties.query"),
      countryCode: path("context.locale"),
      dataSetName: "ADD_DATA_SET_NAME_HERE",
      matchKeys: {
        email: { "@case": { operator: "lower", value: path("traits.email") } },
        phone: first("properties.tel", "none"),
      },
      dataProcessingOptions: path("properties.options"),
      customAttributes: path("properties"),
    }),
    subscription("Search again", 'event = "products searched"', { eventType: "LEAD" }),
    subscription("Typed by the event", 'event = "Signed Up"', { eventType: path("properties.kind") }),
    subscription("Wished for", 'event = "Wished"', { eventType: "WISH" }),
  ]);
  assert.deepEqual(config.identity, { matchKeys: ["EMAIL", "PHONE"] });
  assert.deepEqual(
    notCarried.map(({ item, reason, remedy }) => [item, reason, remedy]),
    [
      [
        'mapping "Big orders"',
        "`properties.total > 100` in its trigger is not carried over: only `type` and `event`, " +
          "compared by `=` with texts and joined by `and` and `or`, can be",
        "select such events before they are handed over, or add the events it means under `events`",
      ],
      ['text ("Slack")', "no setting here is like it", undefined],
      ['mapping "Post"', "its action is `postToChannel`, not `trackConversion` of Segment's Amazon destination", undefined],
      [
        'matchKeys.email ("Search")',
        "`@case` computes a value",
        "name its path under `inputs.email`; until then the built-in ones are read (traits.email, properties.email)",
      ],
      [
        'dataProcessingOptions ("Search")',
        "no setting here is like it",
        "leave out events of limited data use before they are handed over: Amazon does not process them",
      ],
      [
        'customAttributes ("Search")',
        "all attributes at once cannot be taken over",
        "name each attribute and its path under `customData`",
      ],
      ['every track event of mapping "Slack"', "no conversion type is said", TYPES],
      [
        'name ("Search")',
        "it is read from the event (properties.query), and here it is the same for all events of a rule",
        "set `name` in the event's rule",
      ],
      [
        'dataSetName ("Search")',
        "`ADD_DATA_SET_NAME_HERE` is no data set name: 1 to 100 letters, digits, `_`, `-`, beginning with a letter",
        "set `dataSetName` in the event's rule",
      ],
      [
        'event products searched of mapping "Search again"',
        'an event becomes one Amazon event, and mapping "Search" has it already',
        undefined,
      ],
      [
        'mapping "Typed by the event"',
        "its conversion type is read from the event",
        "write one rule for each event under `events`",
      ],
      ['mapping "Wished for"', "Amazon has no conversion type `WISH`", TYPES],
      ["the literal of phone", "after paths it has no place: what is not there is left out", undefined],
      [
        "countryCode from the locale",
        "a locale is a language setting and not a place",
        "the built-in paths of the country are read instead; set `defaults.countryCode` for events without one",
      ],
    ],
  );
});

const TYPES =
  "take one of ADD_TO_SHOPPING_CART, APPLICATION, CHECKOUT, CONTACT, LEAD, MOBILE_APP_FIRST_START, OFF_AMAZON_PURCHASES, OTHER, " +
  "PAGE_VIEW, SEARCH, SIGN_UP, SUBSCRIBE";

test("names that objects have by nature are names like any other", () => {
  const { config } = imported(
    JSON.parse(
      '[{"subscribe":"event = \\"__proto__\\" or event = \\"constructor\\"","mapping":{"eventType":"LEAD","customAttributes":{"__proto__":{"@path":"$.properties.a"}}}}]',
    ),
  );
  assert.deepEqual(Object.keys(config.events ?? {}).slice(0, 2), ["__proto__", "constructor"]);
  const outcome = evaluate(config, {
    type: "track",
    event: "__proto__",
    userId: "jane@example.com",
    properties: { country: "US", a: 1 },
  });
  assert.deepEqual(outcome.outcome === "mapped" && outcome.event.customData, [
    { name: "__proto__", dataType: "INTEGER", value: "1" },
  ]);
});

test("tables are read from Markdown and from separated values", () => {
  assert.deepEqual(markdownTables("Text | not a table\n\n| a | b |\n|---|:-:|\n| 1 \\| 2 | x |\n| 3 |\n\na|b\n-|-\n4|5"), [
    { line: 3, header: ["a", "b"], rows: [["1 | 2", "x"], ["3"]] },
    { line: 8, header: ["a", "b"], rows: [["4", "5"]] },
  ]);
  const csv = [{ line: 1, header: ["a", "b, c"], rows: [['say "hi"', "two\nlines"]] }];
  assert.deepEqual(separatedTables('a,"b, c"\r\n"say ""hi""","two\nlines"\r\n', ","), csv);
  assert.deepEqual(separatedTables('a;"b, c"\n"say ""hi""";"two\nlines"', ";"), csv);
  assert.deepEqual(separatedTables('a\t"b, c"\r"say ""hi"""\t"two\nlines"\n\nd\te\n1\t2', "\t"), [
    ...csv,
    { line: 5, header: ["d", "e"], rows: [["1", "2"]] },
  ]);
});

test("a cell is paths in order, a literal, or a sum of lines", () => {
  const cases: [string, object][] = [
    ["context.traits.email", { paths: ["context.traits.email"] }],
    ["messageId", { paths: ["messageId"] }],
    ["$.traits.email, else userId", { paths: ["traits.email", "userId"] }],
    ["traits.a || properties.b ?? properties.c", { paths: ["traits.a", "properties.b", "properties.c"] }],
    ["sha256(lower(traits.email)) or hash(userId)", { paths: ["traits.email", "userId"] }],
    ["traits.email (hashed)", { paths: ["traits.email"] }],
    ['properties.currency, else "USD"', { paths: ["properties.currency"], literal: "USD" }],
    ["USD", { paths: [], literal: "USD" }],
    ["12.5", { paths: [], literal: 12.5 }],
    ["sum(properties.products[].price * properties.products[].quantity)", { paths: [], lines: "properties.products" }],
    ["sum of properties.items[*].price × quantity; properties.total", { paths: ["properties.total"], lines: "properties.items" }],
    [
      "properties.products[0].sku",
      { problem: "`properties.products[0].sku` points into a list, and a path here is keys joined by dots" },
    ],
    ["concat(traits.first, traits.last)", { problem: "`concat(traits.first, traits.last)` is neither a path nor a literal" }],
    [
      "properties.total, sum(properties.products[].price)",
      { problem: "a sum of lines comes first here, and in `properties.total, sum(properties.products[].price)` it does not" },
    ],
    ['"US", traits.country', { problem: '`"US", traits.country` has something after a literal' }],
  ];
  for (const [cell, origin] of cases) assert.deepEqual(cellOrigin(cell), origin, cell);
});

test("Amazon's fields are known in the spellings that tables have", () => {
  const cases: [string, string | undefined][] = [
    ["eventDescription.dataSetName", "dataSetName"],
    ["Data Set Name", "dataSetName"],
    ["data_set_name", "dataSetName"],
    ["matchKeys[EMAIL].values", "email"],
    ["matchKeys.values (EMAIL)", "email"],
    ["matchKeys[type=PHONE].values[0]", "phone"],
    ["EMAIL", "email"],
    ["Hashed email", "email"],
    ["events[].countryCode", "country"],
    ["consent.amazonConsent.amznUserData", "amznUserData"],
    ["consent.geo.ipAddress", "ip"],
    ["value", "value"],
    ["value (purchases)", "value"],
    ["deviceInfo.userAgent", "userAgent"],
    ["clientDedupeId", "messageId"],
    ["matchKeys", undefined],
    ["constructor", undefined],
    ["something", undefined],
  ];
  for (const [name, field] of cases) assert.equal(fieldOf(name), field, name);
});

const STARTER_KIT = `# Our events

| Event (any case) | Amazon event | Data_Set_Name |
| --- | --- | --- |
| \`page\` (and screen) | Page View | |
| Checkout Started | CHECKOUT | |
| **Order Completed** | Off Amazon Purchases | web_orders |
| Product Added | add to shopping cart | |
| Product Removed, Product Clicked | other | |
| Product List Viewed | PAGE_VIEW | |
| Product Viewed | PAGE_VIEW | |
| Cart Viewed | - | |
| Newsletter Joined | Sign Up | |

And the fields:

| Amazon Field | Input | Mapping |
| --- | --- | --- |
| eventDescription.eventIngestionMethod | SERVER_TO_SERVER | |
| eventDescription.name | event | Direct Assign |
| eventId | messageId | |
| countryCode | traits.address.country | |
| matchKeys.values (EMAIL) | hash(traits.email), else userId | |
| matchKeys.values | properties.phone | sha256 |
| value | sum of properties.products[].price × properties.products[].quantity | |
| currencyCode | properties.currency or "USD" | |
| unitsSold | sum(properties.products[].quantity) | |
| consent.amazonConsent.amznUserData | context.consent.optOut.C0004 | |
| consent.amazonConsent.amznAdStorage | context.consent.optOut.cookies | |
| consent.geo.ipAddress | context.ip | |
| customData.coupon | properties.coupon | |
| customData.sku | properties.products[0].sku | |
| REFRESH_TOKEN | Atzr|abc | |
| eventTime | timestamp | To Roman Numerals |

| Who | When |
| --- | --- |
| us | now |
`;

test("a MetaRouter table in Markdown maps an order as it did there", () => {
  const { config, notCarried } = importText(STARTER_KIT, "kit.md");
  const coupon = { customData: { coupon: "properties.coupon" } };
  assert.deepEqual(config, {
    events: {
      page: coupon,
      screen: coupon,
      "Checkout Started": coupon,
      "Order Completed": { dataSetName: "web_orders", ...coupon },
      "Product Added": coupon,
      "Product Removed": coupon,
      "Product Clicked": coupon,
      "Product List Viewed": coupon,
      "Product Viewed": coupon,
      "Newsletter Joined": { conversionType: "SIGN_UP", ...coupon },
      "Cart Viewed": false,
      "Products Searched": false,
    },
    inputs: { email: ["traits.email"], phone: ["properties.phone"], country: ["traits.address.country"] },
    identity: { matchKeys: ["EMAIL", "PHONE"] },
    consent: { categories: { amznAdStorage: ["cookies"] } },
    defaults: { currencyCode: "USD" },
  });
  assert.deepEqual(notCarried, [
    {
      item: "customData.sku",
      reason: "`properties.products[0].sku` points into a list, and a path here is keys joined by dots",
      remedy: "put the finished value into the event before it is handed over, and name its path",
    },
    {
      item: "REFRESH_TOKEN",
      reason: "it is a connection parameter, not part of the config",
      remedy: "set REFRESH_TOKEN in the environment",
    },
    {
      item: "eventTime",
      reason: "`To Roman Numerals` computes a value",
      remedy:
        "name its path under `inputs.eventTime`; until then the built-in ones are read (timestamp, originalTimestamp, sentAt, receivedAt)",
    },
    { item: "the table in line 36", reason: "its columns (Who, When) are neither events nor fields" },
  ]);
  const outcome = evaluate(config, {
    type: "track",
    event: "order completed",
    userId: "jane.doe@example.com",
    traits: { address: { country: "US" } },
    properties: { products: [{ price: 10, quantity: 2 }, { price: "5.50" }], coupon: "MAY", phone: "none" },
  });
  assert.deepEqual(outcome.outcome === "mapped" && outcome.event, {
    eventDescription: {
      name: "order completed",
      conversionType: "OFF_AMAZON_PURCHASES",
      eventSource: "WEBSITE",
      eventIngestionMethod: "SERVER_TO_SERVER",
      dataSetName: "web_orders",
    },
    eventId: "m-1",
    eventTime: "2026-11-20T10:00:00Z",
    countryCode: "US",
    matchKeys: [{ type: "EMAIL", values: [JANE] }],
    value: 25.5,
    currencyCode: "USD",
    unitsSold: 3,
    consent: { amazonConsent: { amznUserData: "GRANTED", amznAdStorage: "GRANTED" } },
    customData: [{ name: "coupon", dataType: "STRING", value: "MAY" }],
  });
});

test("the starter kit's own event table is the default, so nothing is written", () => {
  const table = [...PRESETS.metarouter].map(([name, type]) => `${name},${type}`).join("\n");
  assert.deepEqual(importText(`Event,Conversion type\n${table}\n`, "kit.csv").config, {});
});

test("a table of fields alone leaves the events as they are, and fields of one event go into its rule", () => {
  const csv =
    "Event;Amazon field;Source\n;dataSetName;web\n;value;properties.grand_total\nSigned Up;conversionType;Sign Up\nSigned Up;value;properties.score\n";
  assert.deepEqual(importText(csv.replace(/Signed Up.*\n/g, ""), "fields.csv").config, {
    dataSetName: "web",
    events: { "Order Completed": { value: ["properties.grand_total"] } },
  });
  const { config, notCarried } = importText(csv, "fields.csv");
  assert.equal(config.preset, undefined);
  assert.deepEqual(config.events?.["Signed Up"], { conversionType: "SIGN_UP", value: ["properties.score"] });
  assert.deepEqual(notCarried, [
    {
      item: "value",
      reason: "no event is a purchase",
      remedy: "put the amount into the event before it is handed over, and name its path as the rule's `value`",
    },
  ]);
});

function run(args: readonly string[], input = ""): { code: number | null; out: string; err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, "import-config", ...args], {
    input,
    encoding: "utf8",
    env: { PATH: process.env["PATH"] },
  });
  return { code: status, out: stdout, err: stderr };
}

const PAGES = JSON.stringify([
  subscription("Pages", 'type = "page"', { eventType: "PAGE_VIEW", countryCode: path("context.locale") }),
]);
const LISTS = `
Carried over with a difference:
- the preset's other events: switched off, as no mapping that was carried over has them: screen, Checkout Started, Order Completed, Product Added, Product Removed, Product Clicked, Product List Viewed, Product Viewed, Cart Viewed, Products Searched

Not carried over (1):
- countryCode from the locale: a locale is a language setting and not a place
  Instead: the built-in paths of the country are read instead; set \`defaults.countryCode\` for events without one
`;

test("the command prints the config, and says on standard error what differs", () => {
  const { code, out, err } = run(["-"], PAGES);
  assert.deepEqual(JSON.parse(out), imported(JSON.parse(PAGES)).config);
  assert.deepEqual({ code, err }, { code: 0, err: `The config is valid.\n${LISTS}` });
  const whole = run([], "Event,Conversion type\n" + [...PRESETS.metarouter].map((pair) => pair.join(",")).join("\n"));
  assert.deepEqual(whole, { code: 0, out: "{}\n", err: "The config is valid.\n\nNothing was left out.\n" });
});

test("the command writes a file, and never over another without being told", () => {
  const directory = mkdtempSync(join(tmpdir(), "amazon-dsp-events-"));
  const out = join(directory, "config.json");
  const export_ = join(directory, "export.json");
  writeFileSync(export_, `\ufeff${PAGES}`);
  assert.deepEqual(run([export_, "--out", out]), {
    code: 0,
    out: "",
    err: `The config is valid and stands in ${out}.\n${LISTS}`,
  });
  const written = readFileSync(out, "utf8");
  assert.deepEqual(JSON.parse(written), imported(JSON.parse(PAGES)).config);
  writeFileSync(out, "mine");
  assert.deepEqual(run([export_, "--out", out]), {
    code: 2,
    out: "",
    err: `error: ${out} exists already; --force overwrites it\n`,
  });
  assert.equal(readFileSync(out, "utf8"), "mine");
  assert.deepEqual(run([export_, "--force"]), {
    code: 2,
    out: "",
    err: "error: --force goes with --out: nothing else is overwritten\n",
  });
  assert.equal(run([export_, "--out", out, "--force"]).code, 0);
  assert.equal(readFileSync(out, "utf8"), written);
});

test("the command prints everything as one JSON object", () => {
  const { code, out, err } = run(["--json"], PAGES);
  assert.deepEqual({ code, err, object: JSON.parse(out) }, { code: 0, err: "", object: imported(JSON.parse(PAGES)) });
  assert.deepEqual(Object.keys(JSON.parse(out)), ["config", "carried", "notCarried"]);
});

test("the examples of the documentation are what the command does", () => {
  const document = readFileSync(new URL("../../docs/migration.md", import.meta.url), "utf8");
  const blocks = [...document.matchAll(/^(`{3,4})\w+\n(.*?)^\1$/gms)].map(([, , content = ""]) => content);
  assert.equal(blocks.length, 4);
  for (const at of [0, 2]) {
    const { code, out, err } = run([], blocks[at]);
    assert.equal(code, 0);
    const [command, ...shown] = blocks[at + 1]?.split("\n") ?? [];
    assert.equal(shown.join("\n"), command?.includes(" > ") ? err : `${out}${err}`);
  }
});

test("what is no mapping is refused with what was expected", () => {
  const noMapping =
    "error: standard input has no mapping of Segment's Amazon destination: expected fields such as `eventType` and `matchKeys`, alone or as the " +
    "`mapping` (or `settings`) of subscriptions";
  const noTable =
    "error: cannot tell what standard input is: expected a Segment mapping in JSON, or a table (Markdown, or CSV with a header) with the columns " +
    "Event and Conversion type, or Amazon field and Input";
  const cases: [string, string][] = [
    ['{"type":"track","event":"Order Completed"}', noMapping],
    ["[]", noMapping],
    [
      '[{"name":"S","subscribe":"type = \\"track\\"","partnerAction":"post","mapping":{}}]',
      `${noMapping}; mapping "S": its action is \`post\`, not \`trackConversion\` of Segment's Amazon destination`,
    ],
    ["[".repeat(50_000) + "]".repeat(50_000), "error: standard input is nested too deeply"],
    ["", noTable],
    ["hello", noTable],
    ["| a | b |\n| --- | --- |\n| 1 | 2 |", noTable],
  ];
  for (const [input, err] of cases) assert.deepEqual(run([], input), { code: 2, out: "", err: `${err}\n` }, input.slice(0, 60));
  const broken = run([], '{"mapping":');
  assert.equal(broken.code, 2);
  assert.match(broken.err, /^error: standard input begins like JSON and is not: /);
  const missing = join(tmpdir(), "amazon-dsp-events-none.json");
  assert.equal(existsSync(missing), false);
  assert.deepEqual(run([missing]), { code: 2, out: "", err: `error: cannot read ${missing}: there is no such file\n` });
});

test("an identifier in a mapping is not told", () => {
  const { config, carried, notCarried } = imported([
    subscription("A", 'event = "A"', {
      eventType: "LEAD",
      matchKeys: { email: "jane.doe@example.com" },
      name: { "@template": "{{a}} of jane.doe@example.com" },
    }),
  ]);
  assert.deepEqual(config.inputs, { email: { const: "jane.doe@example.com" } });
  assert.deepEqual(notCarried, [
    {
      item: 'name ("A")',
      reason: "`@template` with more than one path (`{{a}} of [address]`) makes a new value",
      remedy: "set `name` in the event's rule",
    },
  ]);
  assert.equal(JSON.stringify(carried).includes("jane"), false);
});
