// The part of the config that goes by event: which event becomes what, its name, data set, amount and attributes.
import type { Config, ConversionType, EventRule, Source } from "../../core.js";
import { accepts, NAMELESS_TYPES, PRESETS, USUAL_EVENT } from "./built_in.js";
import {
  conversionTypeOf,
  CONVERSION_TYPE_HELP,
  isLiteral,
  nounOf,
  noFields,
  remedyFor,
  same,
  type Export,
  type Ledger,
  type Mapping,
} from "./model.js";

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

/** The part of the config that goes by event: the preset, its rules, the data set, what is switched off. */
export class Rules {
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
    // An export that names no event says nothing against those of the preset.
    const saysEvents = exported.mappings.some(
      ({ selection, origins }) => selection !== undefined || origins.has("conversionType"),
    );
    for (const mapping of active) this.#add(mapping);
    for (const mapping of exported.mappings) if (!mapping.enabled) this.#switchOff(mapping);
    if (!saysEvents) {
      for (const [name, type] of PRESETS.metarouter) {
        this.#take(name, type, { label: name, enabled: true, selection: undefined, ...noFields() });
      }
    }
    if (exported.shared.origins.has("value") && ![...this.#rules.values()].some(({ type }) => type === PURCHASE)) {
      ledger.leave("value", "no event is a purchase", remedyFor("value"));
    }
    const dataSetName = this.#dataSetName();
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
      this.#ledger.carry(
        nounOf(mapping.label),
        `events.${USUAL_EVENT[type]}`,
        `it came without a trigger, so it was taken for Segment's usual event for ${type}`,
      );
    }
    for (const name of names) this.#take(name, type, mapping);
    if (selection?.everyTrack) this.#takeRest(type, mapping);
    if (names.length === 0 && !selection?.everyTrack) this.#leaveRuleFields(mapping, "no event is known that it is for");
  }

  // The conversion type; "unknown" if it is not said, undefined if it was said in a way that cannot be carried over.
  #typeOf(mapping: Mapping): ConversionType | "unknown" | undefined {
    const origin = mapping.origins.get("conversionType");
    if (mapping.unread.has("conversionType")) {
      this.#ledger.leave(nounOf(mapping.label), "its conversion type cannot be said", remedyFor("conversionType"));
      return undefined;
    }
    if (origin === undefined) return "unknown";
    const type = isLiteral(origin) ? conversionTypeOf(String(origin.literal)) : undefined;
    if (type !== undefined) return type;
    const reason = isLiteral(origin)
      ? `Amazon has no conversion type \`${origin.literal}\``
      : "its conversion type is read from the event";
    this.#ledger.leave(nounOf(mapping.label), reason, isLiteral(origin) ? CONVERSION_TYPE_HELP : remedyFor("conversionType"));
    return undefined;
  }

  #take(name: string, said: ConversionType | "unknown", mapping: Mapping): void {
    const key = name.trim().toLowerCase();
    const known = this.#rules.get(key);
    if (known) {
      const reason = `an event becomes one Amazon event, and ${nounOf(known.from)} has it already`;
      return this.#ledger.leave(`event ${name} of ${nounOf(mapping.label)}`, reason);
    }
    const type = said === "unknown" ? PRESETS.segment.get(displayName(key)) : said;
    if (type === undefined) {
      return this.#ledger.leave(
        `event ${name} of ${nounOf(mapping.label)}`,
        "no conversion type is said",
        `add it under \`events\`; ${CONVERSION_TYPE_HELP}`,
      );
    }
    if (said === "unknown") {
      this.#ledger.carry(`event ${name}`, "built in", `no conversion type is said, so it is ${type}, as in the preset`);
    }
    this.#rules.set(key, {
      name: displayName(name),
      type,
      rule: this.#rule(name, type, mapping),
      from: mapping.label,
    });
  }

  #takeRest(type: ConversionType | "unknown", mapping: Mapping): void {
    const item = `every track event of ${nounOf(mapping.label)}`;
    if (type === "unknown") return this.#ledger.leave(item, "no conversion type is said", CONVERSION_TYPE_HELP);
    if (this.#rest) {
      return this.#ledger.leave(item, `an event becomes one Amazon event, and ${nounOf(this.#rest.label)} has them already`);
    }
    this.#rest = { type, label: mapping.label };
    this.#ledger.carry(
      item,
      "unmapped",
      "it is for events that no other mapping has; where there was another, Segment sent both",
    );
    this.#leaveRuleFields(mapping, "a rule for everything else has a conversion type alone");
  }

  #leaveRuleFields(mapping: Mapping, reason: string): void {
    const remedy = "name the events one by one under `events`";
    for (const field of ["name", "value", "dataSetName"] as const) {
      const origin = mapping.origins.get(field);
      if (origin && !(field === "name" && same(origin.paths, ["event"]))) {
        this.#ledger.leave(field, reason, remedy, mapping.label);
      }
    }
    if (mapping.customData.size > 0) this.#ledger.leave([...mapping.customData.keys()].join(", "), reason, remedy, mapping.label);
  }

  #switchOff({ selection, label }: Mapping): void {
    for (const name of selection ? [...selection.types, ...selection.events] : []) {
      const key = name.trim().toLowerCase();
      const isTaken = this.#rules.has(key) || (this.#rest !== undefined && !NAMELESS_TYPES.includes(key));
      if (isTaken) {
        this.#ledger.carry(nounOf(label), "built in", `it is switched off, but ${name} stays on: another mapping has it`);
      } else this.#off.set(key, displayName(name));
    }
    if (selection?.everyTrack) {
      this.#ledger.carry(nounOf(label), "built in", "it is switched off: events without a rule are dropped");
    }
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
      this.#ledger.leave(
        field,
        `it is read from the event (${origin.paths.join(", ")}), and here it is the same for all events of a rule`,
        remedyFor(field),
        mapping.label,
      );
      return undefined;
    }
    const text = String(origin.literal).trim();
    const config: Config = field === "name" ? { events: { page: { name: text } } } : { dataSetName: text };
    if (accepts(config)) return text;
    const reason =
      field === "name"
        ? "it is no name"
        : `\`${text}\` is no data set name: 1 to 100 letters, digits, \`_\`, \`-\`, beginning with a letter`;
    this.#ledger.leave(field, reason, remedyFor(field), mapping.label);
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
    const leave = (reason: string, remedy?: string): undefined => {
      this.#ledger.leave("value", reason, remedy, mapping.label);
      return undefined;
    };
    if (origin.lines !== undefined) {
      if (type !== PURCHASE) return leave("the lines of an order are summed up for a purchase only", remedyFor("value"));
      const rest = ["properties.total", "properties.revenue", "properties.value"];
      if (origin.literal !== undefined || !same(origin.paths, rest.slice(0, origin.paths.length))) {
        leave(`after the sum of the lines come ${rest.join(", ")}, and nothing else`);
      }
      this.#ledger.carry(
        "value",
        "built in",
        origin.paths.length < rest.length
          ? `where a line has no price, ${rest.slice(origin.paths.length).join(", ")} follow`
          : undefined,
      );
      return undefined;
    }
    if (isLiteral(origin)) {
      if (typeof origin.literal === "string" && !Number.isFinite(Number(origin.literal))) {
        return leave("the literal is no number");
      }
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
      this.#ledger.leave(
        "unitsSold",
        "units are the sum of the lines' `quantity`, else `properties.quantity`; no setting changes that",
        remedyFor("unitsSold"),
        mapping.label,
      );
    } else {
      this.#ledger.carry(
        "unitsSold",
        "built in",
        origin.lines === undefined ? "where an order has lines, the sum of their `quantity` comes first" : undefined,
      );
    }
  }

  #customData(mapping: Mapping): EventRule["customData"] {
    const customData = new Map<string, Source>();
    for (const [name, origin] of [...this.#exported.shared.customData, ...mapping.customData]) {
      const item = `customData.${name}`;
      if (origin.lines !== undefined) this.#ledger.leave(item, "it is a sum of lines", remedyFor(undefined), mapping.label);
      else if (customData.size === 13 && !customData.has(name)) {
        this.#ledger.leave(item, "an event takes 13 attributes", undefined, mapping.label);
      } else {
        if (origin.paths.length > 0 && origin.literal !== undefined) {
          this.#ledger.leave(
            `the literal of ${item}`,
            "after paths it has no place: what is not there is left out",
            undefined,
            mapping.label,
          );
        }
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
    for (const name of this.#off.values()) events.set(name, false);
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
      const item = nounOf(from) === `event ${name}` ? nounOf(from) : `event ${name} of ${nounOf(from)}`;
      this.#ledger.carry(`${item}: ${type}`, events.has(name) ? `events.${name}` : `preset ${preset}`);
    }
    const off = [...events].flatMap(([name, rule]) => (rule === false && !this.#off.has(name.toLowerCase()) ? [name] : []));
    if (off.length > 0) {
      this.#ledger.carry(
        "the preset's other events",
        "events",
        `switched off, as no mapping that was carried over has them: ${off.join(", ")}`,
      );
    }
    for (const name of this.#off.values()) {
      this.#ledger.carry(`event ${name}`, `events.${name}`, "switched off, as in the export");
    }
  }
}

// As the preset writes it, else as it is.
function displayName(name: string): string {
  const own = name.trim();
  return [...PRESETS.segment.keys()].find((known) => known.toLowerCase() === own.toLowerCase()) ?? own;
}

function short(paths: readonly string[]): string | string[] {
  const [only] = paths;
  return paths.length === 1 && only !== undefined ? only : [...paths];
}
