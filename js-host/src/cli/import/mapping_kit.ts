// Segment's mappings (mapping-kit JSON, alone or in subscriptions), read into the model.
import { isObject } from "../../json.js";
import { FqlError, selectionOf } from "./fql.js";
import {
  fieldOf,
  noFields,
  nounOf,
  ONLY_MAPPING,
  pathOf,
  remedyFor,
  type Export,
  type Fields,
  type Ledger,
  type Mapping,
  type Origin,
  type Selection,
} from "./model.js";

type Json = Readonly<Record<string, unknown>>;

const ACTION = "trackConversion";
const REGIONS = new Map([
  ["na", "https://advertising-api.amazon.com"],
  ["eu", "https://advertising-api-eu.amazon.com"],
  ["fe", "https://advertising-api-fe.amazon.com"],
]);

/** An export's mappings; undefined if the JSON holds none. */
export function readMappingKit(json: unknown, ledger: Ledger): Export | undefined {
  const shared = noFields();
  const mappings = find(json, undefined, shared, ledger);
  return mappings.length > 0 ? { mappings: number(mappings), shared } : undefined;
}

// Labels tell mappings apart in the lists, so none may stand twice.
function number(mappings: readonly Mapping[]): Mapping[] {
  const seen = new Map<string, number>();
  return mappings.map((mapping) => {
    const count = (seen.get(mapping.label) ?? 0) + 1;
    seen.set(mapping.label, count);
    return count > 1 ? { ...mapping, label: `${mapping.label} #${count}` } : mapping;
  });
}

function find(json: unknown, name: string | undefined, shared: Fields, ledger: Ledger): Mapping[] {
  if (Array.isArray(json)) return json.flatMap((entry: unknown) => find(entry, name, shared, ledger));
  if (!isObject(json)) return [];
  const own = typeof json["name"] === "string" ? json["name"] : name;
  if (isSubscription(json)) return subscription(json, own, ledger);
  if (isMapping(json)) {
    return [
      mapping(json, { label: name === undefined ? ONLY_MAPPING : `"${name}"`, enabled: true, selection: undefined }, ledger),
    ];
  }
  const mappings: Mapping[] = [];
  for (const [key, value] of Object.entries(json)) {
    // What a destination could be, not what it is.
    if (key === "metadata" || key === "actions") continue;
    if (key === "settings" && isObject(value)) {
      const { subscriptions, ...others } = value;
      settings(others, shared, ledger);
      mappings.push(...find(unwrapped(subscriptions), undefined, shared, ledger));
    } else if (CONTAINERS.has(key)) mappings.push(...find(unwrapped(value), undefined, shared, ledger));
    else mappings.push(...find(value, key, shared, ledger));
  }
  if (json["enabled"] === false && mappings.length > 0) {
    ledger.leave("the destination", "it is switched off there, and the config is as if it were on");
  }
  return mappings;
}

// Some tools keep JSON in a text.
function unwrapped(value: unknown): unknown {
  if (typeof value !== "string") return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

const CONTAINERS = new Set([
  "data",
  "destination",
  "destinations",
  "subscription",
  "subscriptions",
  "mapping",
  "mappings",
  "presets",
]);
const TRIGGERS = ["trigger", "subscribe"];

function isSubscription(json: Json): boolean {
  return [...TRIGGERS, "partnerAction", "actionSlug", "actionId"].some((key) => key in json) && mappingIn(json) !== undefined;
}

function mappingIn(json: Json): Json | undefined {
  return ["mapping", "mappings", "settings"].map((key) => unwrapped(json[key])).find(isObject);
}

/** Whether these are fields of a mapping: one is told by its conversion type, or by a directive in a known field. */
function isMapping(json: Json): boolean {
  return Object.entries(json).some(
    ([key, value]) =>
      (fieldOf(key) === "conversionType" && typeof value === "string") ||
      ((fieldOf(key) !== undefined || key === "matchKeys" || key === "customAttributes") &&
        isObject(value) &&
        holdsDirective(value)),
  );
}

function holdsDirective(json: Json): boolean {
  return Object.entries(json).some(
    ([key, value]) => key.startsWith("@") || (isObject(value) && Object.keys(value).some((inner) => inner.startsWith("@"))),
  );
}

function settings(json: Json, shared: Fields, ledger: Ledger): void {
  for (const [key, value] of Object.entries(json)) {
    if (key === "region") {
      const url =
        typeof value === "string"
          ? (REGIONS.get(value.toLowerCase()) ?? [...REGIONS.values()].find((known) => known === value))
          : undefined;
      ledger.leave(
        "settings.region",
        "the region is a connection parameter, not part of the config",
        url ? `set BASE_URL=${url}` : "set BASE_URL to the region's host",
      );
    } else if (key === "advertiserId") {
      ledger.leave(
        "settings.advertiserId",
        "the advertiser is a connection parameter, not part of the config",
        "set ADVERTISER_ID to it",
      );
    } else if (key === "dataSetName") {
      if (typeof value === "string" && value !== "") shared.origins.set("dataSetName", { paths: [], literal: value });
    } else {
      // Its value may be a secret.
      ledger.leave(`settings.${key}`, "no setting here is like it");
    }
  }
}

function subscription(json: Json, name: string | undefined, ledger: Ledger): Mapping[] {
  const trigger = TRIGGERS.map((key) => json[key]).find((value) => value !== undefined && value !== null && value !== "");
  const label = `"${name ?? (typeof trigger === "string" ? trigger : "without a name")}"`;
  const fields = mappingIn(json) ?? {};
  const action = json["actionSlug"] ?? json["partnerAction"];
  if (typeof action === "string" && action !== ACTION) {
    ledger.leave(nounOf(label), `its action is \`${action}\`, not \`${ACTION}\` of Segment's Amazon destination`);
    return [];
  }
  let selection: Selection | undefined;
  if (trigger !== undefined) {
    try {
      if (typeof trigger !== "string") throw new FqlError("its trigger is not a text");
      selection = selectionOf(trigger);
    } catch (error) {
      if (!(error instanceof FqlError)) throw error;
      const remedy = "select such events before they are handed over, or add the events it means under `events`";
      ledger.leave(nounOf(label), error.message, remedy);
      return [mapping(fields, { label, enabled: false, selection: { events: [], types: [], everyTrack: false } }, ledger)];
    }
  }
  return [mapping(fields, { label, enabled: json["enabled"] !== false, selection }, ledger)];
}

type Head = Pick<Mapping, "label" | "enabled" | "selection">;

// The host's own business.
const BUILT_IN = new Set(["enable_batching", "batch_size", "batch_keys", "batch_bytes"]);
const WITHOUT_SETTING = new Map([
  ["dataProcessingOptions", "leave out events of limited data use before they are handed over: Amazon does not process them"],
  ["amazonImpressionId", '`"extras": ["aref"]` sends the measurement tokens of the landing page'],
  ["amazonClickId", '`"extras": ["aref"]` sends the measurement tokens of the landing page'],
]);

function mapping(json: Json, head: Head, ledger: Ledger): Mapping {
  const made: Mapping = { ...head, ...noFields() };
  // What is switched off is not read, and so not complained of.
  if (head.enabled) for (const [key, value] of Object.entries(json)) put(made, key, value, ledger);
  return made;
}

function put(mapping: Mapping, key: string, value: unknown, ledger: Ledger): void {
  if (value === null || value === "") return;
  if (key === "customAttributes" || key === "customData") return attributes(mapping, key, value, ledger);
  const group = /^(matchKeys|consent|geo|amazonConsent)$/.test(key.split(".").at(-1) ?? "");
  if (group && isObject(value) && !isDirective(value)) {
    for (const [inner, one] of Object.entries(value)) put(mapping, `${key}.${inner}`, one, ledger);
    return;
  }
  if (BUILT_IN.has(key) || key.startsWith("__segment_internal")) return ledger.carry(key, "built in", undefined, mapping.label);
  const field = group ? undefined : fieldOf(key.split(".").at(-1) ?? key);
  if (field === undefined) return ledger.leave(key, "no setting here is like it", WITHOUT_SETTING.get(key), mapping.label);
  const origin = originOf(value);
  if ("problem" in origin) {
    mapping.unread.add(field);
    return ledger.leave(key, origin.problem, remedyFor(field), mapping.label);
  }
  if (origin.paths.length > 0 || origin.literal !== undefined) mapping.origins.set(field, origin);
}

function attributes(mapping: Mapping, key: string, value: unknown, ledger: Ledger): void {
  const put = (name: string, from: unknown): void => {
    if (from === null || from === "") return;
    const origin = originOf(from);
    if ("problem" in origin) ledger.leave(`${key}.${name}`, origin.problem, remedyFor(undefined), mapping.label);
    else if (origin.paths.length > 0 || origin.literal !== undefined) mapping.customData.set(name, origin);
  };
  if (Array.isArray(value)) {
    // The older form: a list of name, data type and value.
    value.forEach((entry: unknown, index) => {
      if (isObject(entry) && typeof entry["name"] === "string") put(entry["name"], entry["value"]);
      else ledger.leave(`${key}[${index}]`, "its name is not a text", undefined, mapping.label);
    });
  } else if (isObject(value) && !isDirective(value)) {
    for (const [name, from] of Object.entries(value)) put(name, from);
  } else {
    ledger.leave(
      key,
      "all attributes at once cannot be taken over",
      "name each attribute and its path under `customData`",
      mapping.label,
    );
  }
}

/** Where a value of mapping-kit comes from, or why that cannot be said in a config. */
export function originOf(value: unknown): Origin | { readonly problem: string } {
  if (value === undefined || value === null || value === "") return { paths: [] };
  if (typeof value === "boolean") return { paths: [], literal: String(value) };
  if (typeof value === "string" || typeof value === "number") return { paths: [], literal: value };
  if (!isObject(value)) return { problem: "a list is no value for it" };
  const [directive, ...others] = Object.keys(value);
  if (directive === undefined) return { paths: [] };
  if (!isDirective(value) || others.length > 0) return { problem: "an object is no value for it" };
  const content = value[directive];
  switch (directive) {
    case "@literal":
      return originOf(content);
    case "@path": {
      if (typeof content !== "string") return { problem: "its `@path` is not a text" };
      const read = pathOf(content);
      return "path" in read ? { paths: [read.path] } : read;
    }
    case "@template": {
      if (typeof content !== "string") return { problem: "its `@template` is not a text" };
      if (!content.includes("{{")) return content === "" ? { paths: [] } : { paths: [], literal: content };
      const alone = /^\s*\{\{\{?([^{}|]+)\}?\}\}\s*$/.exec(content)?.[1];
      if (alone === undefined) return { problem: `\`@template\` with more than one path (\`${content}\`) makes a new value` };
      const read = pathOf(alone);
      return "path" in read ? { paths: [read.path] } : read;
    }
    case "@if":
      return conditional(content);
    default:
      return { problem: `\`${directive}\` computes a value` };
  }
}

// A choice that tests what it then takes is a list of paths. (`blank` chooses `then` where the value is not blank.)
function conditional(content: unknown): Origin | { readonly problem: string } {
  if (!isObject(content)) return { problem: "its `@if` is not an object" };
  const tested = content["exists"] ?? content["blank"];
  if (tested === undefined) return { problem: "its `@if` tests neither `exists` nor `blank`" };
  const [test, then, otherwise] = [originOf(tested), originOf(content["then"]), originOf(content["else"])];
  for (const part of [test, then, otherwise]) if ("problem" in part) return part;
  if ("problem" in test || "problem" in then || "problem" in otherwise) return test;
  if (test.paths.length !== 1 || then.paths[0] !== test.paths[0] || then.paths.length !== 1 || then.literal !== undefined) {
    return { problem: `its \`@if\` tests one value (${say(test)}) and takes another (${say(then)})` };
  }
  return { ...otherwise, paths: [...new Set([...then.paths, ...otherwise.paths])] };
}

function say({ paths, literal }: Origin): string {
  if (paths.length > 0) return paths.map((path) => `\`${path}\``).join(", ");
  // It may be an identifier.
  return literal === undefined ? "none" : "a literal";
}

function isDirective(json: Json): boolean {
  return Object.keys(json).some((key) => key.startsWith("@"));
}

