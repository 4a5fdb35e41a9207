// What an export of another system says, in words of our own: mappings, where each field comes from, and what became of it.
import type { ConversionType, EventSource, InputName, MatchKeyType } from "../../core.js";
import { redact } from "../../redact.js";
import { consentPaths, PATHS } from "./built_in.js";

/** A field of an Amazon event, or of the way to it, that an export may fill. */
export type Field =
  | Exclude<InputName, "userId" | "optOut" | "products" | "deviceType">
  | "conversionType"
  | "name"
  | "dataSetName"
  | "value"
  | "unitsSold"
  | "eventSource"
  | "amznUserData"
  | "amznAdStorage";

/** Where a value comes from: the paths in order, the first usable wins; then the literal. */
export interface Origin {
  readonly paths: readonly string[];
  readonly literal?: string | number;
  /** The list whose lines are summed up: `properties.products`. It stands before the paths. */
  readonly lines?: string;
}

/** The fields of a mapping and its attributes. */
export interface Fields {
  readonly origins: Map<Field, Origin>;
  /** Fields that the mapping fills in a way that cannot be carried over. */
  readonly unread: Set<Field>;
  readonly customData: Map<string, Origin>;
}

/** Which events a mapping takes. */
export interface Selection {
  /** Names of track events. */
  readonly events: readonly string[];
  /** `page`, `screen`, `identify`, `group`, `alias`. */
  readonly types: readonly string[];
  /** Every track event. */
  readonly everyTrack: boolean;
}

/** One mapping: some events to one conversion type. */
export interface Mapping extends Fields {
  /** What the lists call it: a name in quotes, {@link ONLY_MAPPING}, or the event it is for. */
  readonly label: string;
  readonly enabled: boolean;
  /** Undefined if the export does not say. */
  readonly selection: Selection | undefined;
}

/** A whole export. */
export interface Export {
  readonly mappings: readonly Mapping[];
  /** For all events. */
  readonly shared: Fields;
}

/** Something that is in the config, or that the core does without being told. */
export interface Carried {
  readonly item: string;
  /** The key of the config, keys joined by dots, or `built in`. */
  readonly to: string;
  /** What differs all the same. */
  readonly note?: string;
}

/** Something that is not in the config. */
export interface NotCarried {
  readonly item: string;
  readonly reason: string;
  /** What to do instead. */
  readonly remedy?: string;
}

/** The label of a mapping that has no name. */
export const ONLY_MAPPING = "the mapping";

/** How the lists speak of a mapping by its label. */
export function nounOf(label: string): string {
  if (label.startsWith('"')) return `mapping ${label}`;
  return label.startsWith(ONLY_MAPPING) ? label : `event ${label}`;
}

/** Fields that nobody has filled yet. */
export function noFields(): Fields {
  return { origins: new Map(), unread: new Set(), customData: new Map() };
}

/** What was carried over and what not. The same thing said of several mappings becomes one entry. */
export class Ledger {
  readonly #entries = new Map<string, { entry: Carried | NotCarried; places: string[] }>();

  /** @param place - the mapping it is about; none if it is about the whole export */
  carry(item: string, to: string, note?: string, place?: string): void {
    this.#put({ item, to, ...(note !== undefined && { note }) }, place);
  }

  /** @param place - the mapping it is about; none if it is about the whole export */
  leave(item: string, reason: string, remedy?: string, place?: string): void {
    this.#put({ item, reason, ...(remedy !== undefined && { remedy }) }, place);
  }

  get carried(): Carried[] {
    return this.#list().filter((entry): entry is Carried => "to" in entry);
  }

  get notCarried(): NotCarried[] {
    return this.#list().filter((entry): entry is NotCarried => "reason" in entry);
  }

  #put(entry: Carried | NotCarried, place: string | undefined): void {
    const key = JSON.stringify(entry);
    const known = this.#entries.get(key) ?? { entry, places: [] };
    this.#entries.set(key, known);
    if (place !== undefined && !known.places.includes(place)) known.places.push(place);
  }

  #list(): (Carried | NotCarried)[] {
    return [...this.#entries.values()].map(({ entry, places }) => {
      const named = places.length > 3 ? [...places.slice(0, 2), `${places.length - 2} more`] : places;
      const whole = places.length === 0 ? entry : { ...entry, item: `${entry.item} (${named.join(", ")})` };
      // A mapping may hold an identifier as a literal.
      return Object.fromEntries(Object.entries(whole).map(([key, text]) => [key, redact(text as string)])) as unknown as
        Carried | NotCarried;
    });
  }
}

/** Whether it is a literal alone. */
export function isLiteral(origin: Origin): origin is Origin & { literal: string | number } {
  return origin.paths.length === 0 && origin.lines === undefined && origin.literal !== undefined;
}

/** Whether two lists are the same, in the same order. */
export function same(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((one, index) => one === right[index]);
}

/** Letters and digits alone, in lower case: `Amazon field` and `amazon_field` are the same. */
export function plain(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]/g, "");
}

const CONVERSION_TYPES: readonly ConversionType[] = [
  "ADD_TO_SHOPPING_CART",
  "APPLICATION",
  "CHECKOUT",
  "CONTACT",
  "LEAD",
  "MOBILE_APP_FIRST_START",
  "OFF_AMAZON_PURCHASES",
  "OTHER",
  "PAGE_VIEW",
  "SEARCH",
  "SIGN_UP",
  "SUBSCRIBE",
];
const EVENT_SOURCES: readonly EventSource[] = [
  "ANDROID",
  "FIRE_TV",
  "IOS",
  "MEASUREMENT_ATTRIBUTION_PARTNER",
  "OFFLINE",
  "WEBSITE",
];

/** The conversion type that a text names in any spelling: `Add to Shopping Cart`, `add_to_shopping_cart`. */
export function conversionTypeOf(text: string): ConversionType | undefined {
  return CONVERSION_TYPES.find((type) => plain(type) === plain(text));
}

/** The event source that a text names in any spelling. */
export function eventSourceOf(text: string): EventSource | undefined {
  return EVENT_SOURCES.find((source) => plain(source) === plain(text));
}

/** What is said where a text names no conversion type. */
export const CONVERSION_TYPE_HELP = `take one of ${CONVERSION_TYPES.join(", ")}`;

/** The match keys and the inputs they are made from. */
export const MATCH_KEYS: readonly (readonly [MatchKeyType, Field & InputName])[] = [
  ["EMAIL", "email"],
  ["PHONE", "phone"],
  ["FIRST_NAME", "firstName"],
  ["LAST_NAME", "lastName"],
  ["ADDRESS", "address"],
  ["CITY", "city"],
  ["STATE", "state"],
  ["POSTAL", "postal"],
  ["MAID", "maid"],
  ["MATCH_ID", "matchId"],
  ["RAMP_ID", "rampId"],
  ["REAL_ID", "realId"],
  ["MERKLE_ID", "merkleId"],
  ["KANTAR_ID", "kantarId"],
  ["FIP", "fip"],
];

// The plain names of each; what stands before them (`eventDescription.`, `consent.`) is cut off first.
const SPELLINGS: Readonly<Record<Field, string>> = {
  name: "name eventname",
  conversionType: "conversiontype eventtype",
  eventSource: "eventsource eventactionsource",
  dataSetName: "datasetname dataset",
  messageId: "eventid clientdedupeid dedupeid",
  eventTime: "eventtime timestamp",
  country: "countrycode country",
  value: "value",
  currency: "currencycode currency",
  unitsSold: "unitssold units",
  amznUserData: "amznuserdata",
  amznAdStorage: "amznadstorage",
  ip: "ipaddress ip",
  tcf: "tcf",
  gpp: "gpp",
  userAgent: "useragent",
  email: "email",
  phone: "phone phonenumber",
  firstName: "firstname",
  lastName: "lastname",
  address: "address street",
  city: "city",
  state: "state",
  postal: "postal postalcode zip",
  maid: "maid mobileadid",
  matchId: "matchid",
  rampId: "rampid",
  realId: "realid",
  merkleId: "merkleid",
  kantarId: "kantarid",
  fip: "fip",
};
const FIELDS = new Map(
  (Object.keys(SPELLINGS) as Field[]).flatMap((field) => SPELLINGS[field].split(" ").map((name) => [name, field] as const)),
);

/** The field that a name in an export means: `eventDescription.name`, `matchKeys[EMAIL].values`, `Hashed email`. */
export function fieldOf(name: string): Field | undefined {
  const inner = /matchKeys/i.test(name) ? name.replace(/matchKeys|\b(values?|types?|\d+)\b/gi, " ") : name;
  const words = plain(inner).replace(/^events/, "");
  const bare = words.replace(
    /^(eventdescription|consentamazonconsent|amazonconsent|consentgeo|consent|geo|deviceinfo|hashed|sha256)/,
    "",
  );
  const field = FIELDS.get(plain(inner)) ?? FIELDS.get(words) ?? FIELDS.get(bare);
  if (field) return field;
  // `value (purchases)`
  const brief = name.replace(/\(.*?\)/g, "");
  return brief === name ? undefined : fieldOf(brief);
}

/** What to do about a field whose value cannot be carried over. */
export function remedyFor(field: Field | undefined): string {
  if (field === "conversionType") return "write one rule for each event under `events`";
  if (field === "name" || field === "dataSetName") return `set \`${field}\` in the event's rule`;
  if (field === "value") return "put the amount into the event before it is handed over, and name its path as the rule's `value`";
  if (field === "unitsSold") return "put it at `properties.quantity`";
  if (field === "amznUserData" || field === "amznAdStorage") return `put it at \`${consentPaths(field)[0]}\``;
  const input = field === "eventSource" ? "deviceType" : field;
  const builtIn = Object.entries(PATHS).find(([name]) => name === input)?.[1];
  if (builtIn) return `name its path under \`inputs.${input}\`; until then the built-in ones are read (${builtIn.join(", ")})`;
  return "put the finished value into the event before it is handed over, and name its path";
}

/** A path as the config has it, or why it cannot be one. `$.` is cut off. */
export function pathOf(text: string): { readonly path: string } | { readonly problem: string } {
  const path = text.trim().replace(/^\$(\.|$)/, "");
  if (path === "") return { problem: "it is the whole event" };
  if (/[[\]]/.test(path)) return { problem: `\`${path}\` points into a list, and a path here is keys joined by dots` };
  if (!/^[^.]+(\.[^.]+)*$/.test(path)) return { problem: `\`${path}\` is not keys joined by dots` };
  return { path };
}
