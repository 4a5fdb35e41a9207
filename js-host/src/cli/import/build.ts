// From the model to a config of ours that does the same, and to a list of what it cannot do.
import { isConfigError, Transformer, type Config, type ConversionType, type EventRule, type InputName, type Source } from "../../core.js";
import { CATEGORIES, consentPaths, NAMELESS_TYPES, PATHS, PRESETS, USUAL_EVENT, withContextTraits } from "./built_in.js";
import {
  conversionTypeOf, CONVERSION_TYPE_HELP, eventSourceOf, MATCH_KEYS,
  nounOf, plain, type Export, type Field, type Fields, type Ledger, type Mapping, type Origin,
} from "./model.js";

/** The config for an export. Whatever it cannot say is in the ledger. */
export function buildConfig(exported: Export, ledger: Ledger): Config {
  const active = exported.mappings.filter((mapping) => mapping.enabled);
  const rules = new Rules(exported, active, ledger);
  const inputs = new Inputs(exported, active, ledger);
  const { inputs: paths, identity, consent, defaults, extras } = inputs.config;
  const { preset, dataSetName, events, unmapped } = rules.config;
  return {
    ...(preset && { preset }),
    ...(dataSetName !== undefined && { dataSetName }),
    ...(events && Object.keys(events).length > 0 && { events }),
    ...(unmapped && { unmapped }),
    ...(Object.keys(paths).length > 0 && { inputs: paths }),
    ...(Object.keys(identity).length > 0 && { identity }),
    ...(Object.keys(consent).length > 0 && { consent }),
    ...(Object.keys(defaults).length > 0 && { defaults }),
    ...(extras && { extras }),
  };
}

function accepts(config: Config): boolean {
  try {
    new Transformer(config);
    return true;
  } catch (error) {
    if (isConfigError(error)) return false;
    throw error;
  }
}

function isLiteral(origin: Origin): origin is Origin & { literal: string | number } {
  return origin.paths.length === 0 && origin.lines === undefined && origin.literal !== undefined;
}

function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((one, index) => one === right[index]);
}

const PURCHASE: ConversionType = "OFF_AMAZON_PURCHASES";
const AMOUNTS = "the sum of the products, total, revenue, value";

type Events = Map<string, false | EventRule>;

interface NamedRule {
  readonly name: string;
  readonly type: ConversionType;
  readonly rule: EventRule;
  /** The mapping's label. */
  readonly from: string;
}

// What stands in a rule of one event: type, name, data set, amount, attributes.
class Rules {
  readonly config: Pick<Config, "preset" | "dataSetName" | "events" | "unmapped">;
  readonly #exported: Export;
  readonly #ledger: Ledger;
  // By the name in lower case.
  readonly #rules = new Map<string, NamedRule>();
  readonly #off = new Map<string, string>();
  #rest: { readonly type: ConversionType; readonly label: string } | undefined;

  constructor(exported: Export, active: readonly Mapping[], ledger: Ledger) {
    this.#exported = exported;
    this.#ledger = ledger;
    for (const mapping of active) this.#add(mapping);
    for (const mapping of exported.mappings) if (!mapping.enabled) this.#switchOff(mapping);
    const dataSetName = this.#dataSetName();
    // An export that names no event says nothing against those of the preset.
    const saysEvents = exported.mappings.some(({ selection, origins }) => selection !== undefined || origins.has("conversionType"));
    const tables = (["metarouter", "segment"] as const).map((preset) => ({ preset, events: this.#events(preset, saysEvents) }));
    const size = ({ events }: { events: Events }): number => JSON.stringify([...events]).length;
    const best = tables.reduce((first, second) => (size(second) < size(first) ? second : first));
    this.config = {
      ...(best.preset !== "metarouter" && { preset: best.preset }),
      ...(dataSetName !== undefined && { dataSetName }),
      events: Object.fromEntries(best.events),
      ...(this.#rest && { unmapped: this.#rest.type }),
    };
    this.#tell(best.preset, best.events);
  }

  #add(mapping: Mapping): void {
    const type = this.#typeOf(mapping);
    if (type === undefined) return;
    const { selection } = mapping;
    if (selection && selection.events.length + selection.types.length === 0 && !selection.everyTrack) {
      return this.#ledger.leave(nounOf(mapping.label), "its trigger selects no event");
    }
    const names = selection ? [...selection.types, ...selection.events] : type === "unknown" ? [] : [USUAL_EVENT[type]];
    if (!selection && type !== "unknown") {
      this.#ledger.carry(nounOf(mapping.label), `events.${USUAL_EVENT[type]}`, `it came without a trigger, so it was taken for Segment's usual event for ${type}`);
    }
    for (const name of names) this.#take(name, type, mapping);
    if (selection?.everyTrack) this.#takeRest(type, mapping);
    if (names.length === 0 && !selection?.everyTrack) this.#leaveRuleFields(mapping, "no event is known that it is for");
  }

  // The conversion type; "unknown" if it is not said, undefined if it was said in a way that cannot be carried over.
  #typeOf(mapping: Mapping): ConversionType | "unknown" | undefined {
    const origin = mapping.origins.get("conversionType");
    if (origin === undefined) return "unknown";
    const type = isLiteral(origin) ? conversionTypeOf(String(origin.literal)) : undefined;
    if (type !== undefined) return type;
    const reason = isLiteral(origin) ? `Amazon has no conversion type \`${origin.literal}\`` : "its conversion type is read from the event";
    this.#ledger.leave(nounOf(mapping.label), reason, isLiteral(origin) ? CONVERSION_TYPE_HELP : "write one rule for each event under `events`");
    return undefined;
  }

  #take(name: string, said: ConversionType | "unknown", mapping: Mapping): void {
    const key = name.trim().toLowerCase();
    const known = this.#rules.get(key);
    if (known) {
      return this.#ledger.leave(`event ${name} of ${nounOf(mapping.label)}`, `an event becomes one Amazon event, and ${nounOf(known.from)} has it already`);
    }
    const type = said === "unknown" ? PRESETS.segment.get(displayName(key)) : said;
    if (type === undefined) {
      return this.#ledger.leave(`event ${name} of ${nounOf(mapping.label)}`, "no conversion type is said", `add it under \`events\`; ${CONVERSION_TYPE_HELP}`);
    }
    if (said === "unknown") this.#ledger.carry(`event ${name}`, "built in", `no conversion type is said, so it is ${type}, as in the preset`);
    this.#rules.set(key, { name: displayName(key) === key ? name.trim() : displayName(key), type, rule: this.#rule(name, type, mapping), from: mapping.label });
  }

  #takeRest(type: ConversionType | "unknown", mapping: Mapping): void {
    const item = `every track event of ${nounOf(mapping.label)}`;
    if (type === "unknown") return this.#ledger.leave(item, "no conversion type is said", CONVERSION_TYPE_HELP);
    if (this.#rest) return this.#ledger.leave(item, `an event becomes one Amazon event, and ${nounOf(this.#rest.label)} has them already`);
    this.#rest = { type, label: mapping.label };
    this.#ledger.carry(item, "unmapped", `it is for events that no other mapping has; where there is another, the old system sent both`);
    this.#leaveRuleFields(mapping, "a rule for everything else has a conversion type alone");
  }

  #leaveRuleFields(mapping: Mapping, reason: string): void {
    const remedy = "name the events one by one under `events`";
    for (const field of ["name", "value", "dataSetName"] as const) {
      const origin = mapping.origins.get(field);
      if (origin && !(field === "name" && same(origin.paths, ["event"]))) this.#ledger.leave(field, reason, remedy, mapping.label);
    }
    if (mapping.customData.size > 0) this.#ledger.leave([...mapping.customData.keys()].join(", "), reason, remedy, mapping.label);
  }

  #switchOff({ selection, label }: Mapping): void {
    for (const name of selection ? [...selection.types, ...selection.events] : []) {
      const key = name.trim().toLowerCase();
      if (this.#rules.has(key)) this.#ledger.carry(nounOf(label), "built in", `it is switched off, but ${name} stays on: another mapping has it`);
      else this.#off.set(key, displayName(key) === key ? name.trim() : displayName(key));
    }
    if (selection?.everyTrack) this.#ledger.carry(nounOf(label), "built in", "it is switched off: events without a rule are dropped");
  }

  #rule(event: string, type: ConversionType, mapping: Mapping): EventRule {
    const name = this.#literal("name", mapping, ["event", "type"]);
    const dataSetName = this.#literal("dataSetName", mapping, []);
    const value = this.#value(type, mapping);
    const customData = this.#customData(mapping);
    this.#units(mapping);
    return {
      ...(name !== undefined && name.toLowerCase() !== event.trim().toLowerCase() && { name }),
      ...(dataSetName !== undefined && { dataSetName }),
      ...(value !== undefined && { value }),
      ...(customData && { customData }),
    };
  }

  // A text for the rule; `builtIn` are the paths that the core reads by itself.
  #literal(field: "name" | "dataSetName", mapping: Mapping, builtIn: readonly string[]): string | undefined {
    const origin = mapping.origins.get(field) ?? (field === "name" ? this.#exported.shared.origins.get(field) : undefined);
    if (!origin) return undefined;
    if (origin.literal === undefined && origin.paths.every((path) => builtIn.includes(path))) {
      this.#ledger.carry(field, "built in", undefined, mapping.label);
      return undefined;
    }
    if (!isLiteral(origin)) {
      this.#ledger.leave(field, `it is read from the event (${origin.paths.join(", ")}), and here it is the same for all events of a rule`, undefined, mapping.label);
      return undefined;
    }
    const text = String(origin.literal).trim();
    const config: Config = field === "name" ? { events: { page: { name: text } } } : { dataSetName: text };
    if (accepts(config)) return text;
    const reason = field === "name" ? "it is no name" : `\`${text}\` is no data set name: 1 to 100 letters, digits, \`_\`, \`-\`, beginning with a letter`;
    this.#ledger.leave(field, reason, "set one of your own", mapping.label);
    return undefined;
  }

  #dataSetName(): string | undefined {
    const shared = this.#exported.shared.origins.has("dataSetName")
      ? this.#literal("dataSetName", { label: "all events", enabled: true, selection: undefined, ...this.#exported.shared }, [])
      : undefined;
    if (shared !== undefined) {
      this.#ledger.carry("dataSetName", "dataSetName");
      return shared;
    }
    // The same in every rule: once for all.
    const names = new Set([...this.#rules.values()].map(({ rule }) => rule.dataSetName));
    const [only] = names;
    if (names.size !== 1 || only === undefined) return undefined;
    for (const [key, named] of this.#rules) {
      const { dataSetName: _, ...rule } = named.rule;
      this.#rules.set(key, { ...named, rule });
    }
    this.#ledger.carry("dataSetName", "dataSetName");
    return only;
  }

  #value(type: ConversionType, mapping: Mapping): EventRule["value"] {
    const own = mapping.origins.get("value");
    // An amount for all events is a purchase's; for others a number would be a score that nobody asked for.
    const origin = own ?? (type === PURCHASE ? this.#exported.shared.origins.get("value") : undefined);
    if (!origin) return undefined;
    const leave = (reason: string, remedy?: string): undefined => this.#ledger.leave("value", reason, remedy, mapping.label) as undefined;
    if (origin.lines !== undefined) {
      if (type !== PURCHASE) return leave("the lines of an order are summed up for a purchase only", "put the sum into the event and name its path");
      const rest = ["properties.total", "properties.revenue", "properties.value"];
      if (origin.literal !== undefined || !same(origin.paths, rest.slice(0, origin.paths.length))) {
        leave(`after the sum of the lines come ${rest.join(", ")}, and nothing else`);
      }
      this.#ledger.carry("value", "built in", origin.paths.length < rest.length ? `where a line has no price, ${rest.slice(origin.paths.length).join(", ")} follow` : undefined);
      return undefined;
    }
    if (isLiteral(origin)) {
      if (typeof origin.literal === "string" && !Number.isFinite(Number(origin.literal))) return leave("the literal is no number");
      this.#ledger.carry("value", "events.*.value", undefined, mapping.label);
      return { const: origin.literal };
    }
    if (origin.literal !== undefined) leave("a literal after the paths has no place: an amount that is not there is left out");
    const note = type === PURCHASE ? `where it is unusable, the built-in amounts follow: ${AMOUNTS}` : undefined;
    this.#ledger.carry("value", "events.*.value", note, mapping.label);
    return [...origin.paths];
  }

  #units(mapping: Mapping): void {
    const origin = mapping.origins.get("unitsSold") ?? this.#exported.shared.origins.get("unitsSold");
    if (!origin) return;
    const known = origin.paths.every((path) => path === "properties.quantity") && origin.literal === undefined;
    if (!known) {
      this.#ledger.leave("unitsSold", "units are the sum of the lines' `quantity`, else `properties.quantity`; no setting changes that", "put them there", mapping.label);
    } else {
      this.#ledger.carry("unitsSold", "built in", origin.lines === undefined ? "where an order has lines, the sum of their `quantity` comes first" : undefined);
    }
  }

  #customData(mapping: Mapping): EventRule["customData"] {
    const customData = new Map<string, Source>();
    for (const [name, origin] of [...this.#exported.shared.customData, ...mapping.customData]) {
      const item = `customData.${name}`;
      if (origin.lines !== undefined) this.#ledger.leave(item, "it is a sum of lines", "put the sum into the event and name its path", mapping.label);
      else if (customData.size === 13 && !customData.has(name)) this.#ledger.leave(item, "an event takes 13 attributes", undefined, mapping.label);
      else {
        if (origin.paths.length > 0 && origin.literal !== undefined) this.#ledger.leave(`the literal of ${item}`, "after paths it has no place: what is not there is left out", undefined, mapping.label);
        customData.set(name, origin.paths.length > 0 ? short(origin.paths) : { const: origin.literal ?? "" });
        this.#ledger.carry(item, `events.*.customData.${name}`, undefined, mapping.label);
      }
    }
    return customData.size > 0 ? Object.fromEntries(customData) : undefined;
  }

  // The `events` that go with a preset: what differs from it, and `false` for what the export does not have.
  #events(preset: keyof typeof PRESETS, saysEvents: boolean): Events {
    const given = PRESETS[preset];
    const events: Events = new Map();
    for (const [key, { name, type, rule }] of this.#rules) {
      const isGiven = given.get(displayName(key)) === type;
      if (!isGiven || Object.keys(rule).length > 0) events.set(name, { ...(!isGiven && { conversionType: type }), ...rule });
    }
    for (const [key, name] of this.#off) if (!this.#rules.has(key)) events.set(name, false);
    if (!saysEvents) return events;
    for (const [name, type] of given) {
      const key = name.toLowerCase();
      if (this.#rules.has(key) || this.#off.has(key)) continue;
      const rest = NAMELESS_TYPES.includes(key) ? undefined : this.#rest;
      if (rest === undefined) events.set(name, false);
      else if (rest.type !== type) events.set(name, { conversionType: rest.type });
    }
    // `unmapped` is for these calls too, and the export's was for track events alone.
    if (this.#rest) for (const type of NAMELESS_TYPES) if (!this.#rules.has(type)) events.set(type, false);
    return events;
  }

  #tell(preset: keyof typeof PRESETS, events: Events): void {
    for (const { name, type, from } of this.#rules.values()) {
      const item = from === name ? `event ${name}` : `event ${name} of ${nounOf(from)}`;
      this.#ledger.carry(`${item}: ${type}`, events.has(name) ? `events.${name}` : `preset ${preset}`);
    }
    const off = [...events].flatMap(([name, rule]) => (rule === false && !this.#off.has(name.toLowerCase()) ? [name] : []));
    if (off.length > 0) this.#ledger.carry("events that the export does not have", "events", `the preset has them, so they are switched off: ${off.join(", ")}`);
    for (const [key, name] of this.#off) if (!this.#rules.has(key)) this.#ledger.carry(`event ${name}`, `events.${name}`, "switched off, as in the export");
  }
}

// As the preset writes it, else as it is.
function displayName(key: string): string {
  return [...PRESETS.segment.keys()].find((name) => name.toLowerCase() === key) ?? key;
}

function short(paths: readonly string[]): string | string[] {
  const [only] = paths;
  return paths.length === 1 && only !== undefined ? only : [...paths];
}

// What is the same for all events: where inputs are looked for, identity, consent, defaults.
class Inputs {
  readonly config: {
    inputs: NonNullable<Config["inputs"]>;
    identity: NonNullable<Config["identity"]>;
    consent: NonNullable<Config["consent"]>;
    defaults: NonNullable<Config["defaults"]>;
    extras?: NonNullable<Config["extras"]>;
  } = { inputs: {}, identity: {}, consent: {}, defaults: {} };
  readonly #places: readonly Fields[];
  readonly #ledger: Ledger;

  constructor(exported: Export, active: readonly Mapping[], ledger: Ledger) {
    this.#ledger = ledger;
    // What is said for one event goes before what is said for all.
    this.#places = [...active, exported.shared];
    this.#identity();
    this.#country();
    this.#currency();
    this.#eventSource();
    this.#plain("messageId", "eventId");
    this.#eventTime();
    this.#consent();
    this.#userAgent();
    this.#lines();
  }

  /** The places' origins of a field, merged: paths in order, and the literal if it is the only one. */
  #merged(field: Field, item: string): Origin | undefined {
    const found = this.#places.flatMap(({ origins }) => origins.get(field) ?? []);
    const [first] = found;
    if (first === undefined) return undefined;
    const paths = [...new Set(found.flatMap((origin) => origin.paths))];
    const literals = new Set(found.map(({ literal }) => literal));
    const [literal] = literals;
    const shared = this.#places.at(-1)?.origins.has(field);
    // A currency is asked for where there is an amount, and so only there.
    const everywhere = shared || field === "currency" || found.length === this.#places.length - 1 || this.#places.some(({ unread }) => unread.has(field));
    const agrees = found.every((origin) => same(origin.paths, first.paths)) && literals.size === 1;
    if (agrees && !everywhere) {
      this.#ledger.carry(item, "built in", "not every mapping has it, and here it holds for all events");
    } else if (!agrees) {
      const note = paths.length > 0 ? `, so the paths are joined in order: ${paths.join(", ")}` : "";
      this.#ledger.carry(item, paths.length > 0 ? `inputs.${field}` : "built in", `the mappings disagree, and here it is the same for all events${note}`);
      if (literals.size > 1) {
        this.#ledger.leave(`the literal of ${item}`, "not every mapping has it, and here it is the same for all events", "put the value into the event and name its path");
      }
    }
    return { paths, ...(literals.size === 1 && literal !== undefined && { literal }) };
  }

  // Writes the input unless the core does the same by itself.
  #write(input: InputName, item: string, paths: readonly string[], note?: string): void {
    const isBuiltIn = same(withContextTraits(paths), withContextTraits(PATHS[input] ?? []));
    if (!isBuiltIn) this.config.inputs[input] = [...paths];
    this.#ledger.carry(item, isBuiltIn ? "built in" : `inputs.${input}`, note);
  }

  #plain(input: Field & InputName, item: string = input): void {
    const origin = this.#merged(input, item);
    if (!origin) return;
    if (origin.paths.length > 0) {
      if (origin.literal !== undefined) this.#ledger.leave(`the literal of ${item}`, "after paths it has no place: what is not there is left out");
      this.#write(input, item, origin.paths);
    } else if (origin.literal !== undefined) {
      this.config.inputs[input] = { const: origin.literal };
      this.#ledger.carry(item, `inputs.${input}`);
    }
  }

  #identity(): void {
    const mapped = MATCH_KEYS.filter(([, input]) => this.#places.some(({ origins, unread }) => origins.has(input) || unread.has(input)));
    if (mapped.length === 0) return;
    const email = this.#places.flatMap(({ origins }) => origins.get("email") ?? []);
    const last = email.some(({ paths }) => paths.at(-1) === "userId");
    for (const [, input] of mapped) {
      if (input === "email") this.#email(last);
      else this.#plain(input);
    }
    // What the core would send beyond the export, or not send though the export has it.
    const types = mapped.map(([type]) => type);
    const builtIn = MATCH_KEYS.filter(([type, input]) => PATHS[input] !== undefined && type !== "ADDRESS").map(([type]) => type);
    if (types.some((type) => type === "ADDRESS" || type === "FIP") || !builtIn.every((type) => types.includes(type))) {
      this.config.identity.matchKeys = types;
      this.#ledger.carry("the match keys that are sent", "identity.matchKeys");
    }
    if (types.includes("EMAIL") && !last && !this.#places.some(({ unread }) => unread.has("email"))) {
      this.config.identity.userIdAs = "none";
      this.#ledger.carry("no EMAIL from the user id", "identity.userIdAs");
    }
  }

  #email(userIdLast: boolean): void {
    const origin = this.#merged("email", "email");
    if (!origin) return;
    const paths = origin.paths.filter((path) => path !== "userId");
    if (origin.paths.length > paths.length) {
      if (userIdLast) this.#ledger.carry("userId as EMAIL", "built in");
      else this.#ledger.leave("userId before an e-mail address", "the user id is taken where there is no address", "see `identity.userIdAs`");
    }
    if (paths.length > 0) this.#write("email", "email", paths);
    else if (origin.literal !== undefined) {
      this.config.inputs.email = { const: origin.literal };
      this.#ledger.carry("email", "inputs.email");
    }
  }

  #country(): void {
    const origin = this.#merged("country", "countryCode");
    if (!origin) return;
    const paths = origin.paths.filter((path) => !/(^|\.)locale$/.test(path));
    if (paths.length < origin.paths.length) {
      this.#ledger.leave("countryCode from the locale", "a locale is a language setting and not a place", "the built-in paths of the country are read instead; set `defaults.countryCode` for events without one");
    }
    if (paths.length > 0) this.#write("country", "countryCode", paths);
    this.#default("countryCode", "countryCode", origin.literal, paths.length > 0 || origin.paths.length > paths.length ? undefined : "an event's own country still comes first; `inputs.country` with a `const` would hide it");
  }

  #currency(): void {
    const origin = this.#merged("currency", "currencyCode");
    if (!origin) return;
    if (origin.paths.length > 0) this.#write("currency", "currencyCode", origin.paths);
    this.#default("currencyCode", "currencyCode", origin.literal, origin.paths.length > 0 ? undefined : "an event's own currency still comes first; `inputs.currency` with a `const` would hide it");
  }

  #default(key: "countryCode" | "currencyCode", item: string, literal: string | number | undefined, note: string | undefined): void {
    if (literal === undefined) return;
    const value = String(literal);
    if (accepts({ defaults: { [key]: value } })) {
      this.config.defaults[key] = value;
      this.#ledger.carry(`the literal of ${item}`, `defaults.${key}`, note);
    } else {
      this.#ledger.leave(`the literal of ${item}`, `Amazon takes no \`${value}\``, `set \`defaults.${key}\``);
    }
  }

  #eventSource(): void {
    const origin = this.#merged("eventSource", "eventSource");
    if (!origin) return;
    if (origin.paths.length > 0) this.#write("deviceType", "eventSource", origin.paths);
    if (origin.literal === undefined) return;
    const source = eventSourceOf(String(origin.literal));
    if (source === undefined) return this.#ledger.leave("the literal of eventSource", `Amazon has no event source \`${origin.literal}\``, "set `defaults.eventSource`");
    if (source !== "WEBSITE") this.config.defaults.eventSource = source;
    // Without this, an event's own device would come first.
    if (origin.paths.length === 0) this.config.inputs.deviceType = { const: source };
    this.#ledger.carry("the literal of eventSource", origin.paths.length === 0 ? "inputs.deviceType" : source === "WEBSITE" ? "built in" : "defaults.eventSource");
  }

  #eventTime(): void {
    const origin = this.#merged("eventTime", "eventTime");
    if (!origin || origin.paths.length === 0) return;
    const builtIn = PATHS.eventTime ?? [];
    // What follows where these are missing is better than the instant of mapping.
    const begins = same(origin.paths, builtIn.slice(0, origin.paths.length));
    this.#write("eventTime", "eventTime", begins ? builtIn : origin.paths);
  }

  #consent(): void {
    const fields = ["amznUserData", "amznAdStorage"] as const;
    for (const flag of fields) this.#flag(flag);
    for (const string of ["tcf", "gpp"] as const) {
      const origin = this.#merged(string, string);
      if (!origin) continue;
      const builtIn = PATHS[string] ?? [];
      if (origin.literal !== undefined) this.#ledger.leave(`the literal of ${string}`, "a consent string is a person's, so it must come from the event");
      if (origin.paths.length === 0) continue;
      if (origin.paths.every((path) => builtIn.includes(path))) this.#ledger.carry(string, "built in");
      else this.#write(string, string, origin.paths);
    }
    const isMapped = this.#places.some(({ origins }) => [...origins.keys()].some((field) => field === "email" || field === "phone" || fields.some((flag) => flag === field)));
    const ip = this.#merged("ip", "consent.ipAddress");
    if (ip && ip.paths.length > 0) {
      this.#write("ip", "consent.ipAddress", ip.paths, "an address alone is no consent: in EU-27, GB, NO, IS and LI an event without a grant of both flags is dropped");
    } else if (isMapped && !this.#places.some(({ unread }) => unread.has("ip"))) {
      this.config.consent.geoIp = false;
      this.#ledger.carry("no IP address", "consent.geoIp");
    }
  }

  #flag(flag: "amznUserData" | "amznAdStorage"): void {
    const origin = this.#merged(flag, flag);
    if (!origin) return;
    if (origin.literal !== undefined) {
      this.#ledger.leave(`the literal of ${flag}`, "consent is a person's, so it must come from the event and is never assumed", `put it at \`context.consent.amazonConsent.${flag}\``);
    }
    const categories: string[] = [];
    for (const path of origin.paths) {
      const category = /^context\.consent\.(?:optOut|categoryPreferences)\.([^.]+)$/.exec(path)?.[1];
      if (category !== undefined) categories.push(category);
      else if (consentPaths(flag).includes(path)) this.#ledger.carry(flag, "built in", "all other signals of the event are read as well, and a denial from any of them wins");
      else this.#ledger.leave(`${flag} from ${path}`, "no setting changes where it is read", `put it at \`context.consent.amazonConsent.${flag}\``);
    }
    if (categories.length === 0) return;
    if (categories.every((category) => CATEGORIES.some((known) => plain(known) === plain(category)))) {
      return this.#ledger.carry(flag, "built in", `the categories ${CATEGORIES.join(", ")} are read, and all other signals as well`);
    }
    this.config.consent.categories = { ...this.config.consent.categories, [flag]: categories };
    this.#ledger.carry(flag, `consent.categories.${flag}`, "all other signals of the event are read as well, and a denial from any of them wins");
  }

  #userAgent(): void {
    if (!this.#places.some(({ origins }) => origins.has("userAgent"))) return;
    this.config.extras = ["userAgent"];
    this.#plain("userAgent");
  }

  // The list of an order's lines.
  #lines(): void {
    const lists = new Set(this.#places.flatMap(({ origins }) => [origins.get("value")?.lines ?? [], origins.get("unitsSold")?.lines ?? []].flat()));
    const [list, ...others] = lists;
    if (list !== undefined) this.#write("products", "the lines of an order", [list]);
    if (others.length > 0) this.#ledger.leave(`lines from ${others.join(", ")}`, "there is one list of lines for all events", "put the lines where the others are");
  }
}
