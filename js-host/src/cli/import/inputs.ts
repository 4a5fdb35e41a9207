// The part of the config that is the same for all events: where inputs are looked for, identity, consent, defaults.
import type { Config, InputName } from "../../core.js";
import { accepts, CATEGORIES, consentPaths, PATHS, withContextTraits } from "./built_in.js";
import {
  eventSourceOf,
  MATCH_KEYS,
  plain,
  remedyFor,
  same,
  type Export,
  type Field,
  type Fields,
  type Ledger,
  type Mapping,
  type Origin,
} from "./model.js";

const CONSENT = ["amznUserData", "amznAdStorage", "tcf", "gpp", "ip"] as const;

/** The part of the config that is the same for all events: inputs, identity, consent, defaults. */
export class Inputs {
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
    this.#eventId();
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
    const everywhere =
      shared ||
      field === "currency" ||
      found.length === this.#places.length - 1 ||
      this.#places.some(({ unread }) => unread.has(field));
    const agrees = found.every((origin) => same(origin.paths, first.paths)) && literals.size === 1;
    if (agrees && !everywhere) {
      this.#ledger.carry(item, "built in", "not every mapping has it, and here it holds for all events");
    } else if (!agrees) {
      const note = paths.length > 0 ? `, so the paths are joined in order: ${paths.join(", ")}` : "";
      this.#ledger.carry(
        item,
        paths.length > 0 ? `inputs.${field}` : "built in",
        `the mappings disagree, and here it is the same for all events${note}`,
      );
      if (literals.size > 1) {
        this.#ledger.leave(
          `the literal of ${item}`,
          "not every mapping has it, and here it is the same for all events",
          "put the value into the event and name its path",
        );
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
      this.#leaveLiteral(item, origin, "after paths it has no place: what is not there is left out");
      this.#write(input, item, origin.paths);
    } else if (origin.literal !== undefined) {
      this.config.inputs[input] = { const: origin.literal };
      this.#ledger.carry(item, `inputs.${input}`);
    }
  }

  #leaveLiteral(item: string, { literal }: Origin, reason: string, remedy?: string): void {
    if (literal !== undefined) this.#ledger.leave(`the literal of ${item}`, reason, remedy);
  }

  #identity(): void {
    const mapped = MATCH_KEYS.filter(([, input]) => this.#has(input));
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
      else {
        this.#ledger.leave(
          "userId before an e-mail address",
          "the user id is taken where there is no address",
          "see `identity.userIdAs`",
        );
      }
    }
    if (paths.length > 0) this.#write("email", "email", paths);
    else if (origin.literal !== undefined) {
      this.config.inputs.email = { const: origin.literal };
      this.#ledger.carry("email", "inputs.email");
    }
    if (paths.length > 0) this.#leaveLiteral("email", origin, "after paths it has no place: what is not there is left out");
  }

  #country(): void {
    const origin = this.#merged("country", "countryCode");
    if (!origin) return;
    const paths = origin.paths.filter((path) => !/(^|\.)locale$/.test(path));
    if (paths.length < origin.paths.length) {
      this.#ledger.leave(
        "countryCode from the locale",
        "a locale is a language setting and not a place",
        "the built-in paths of the country are read instead; set `defaults.countryCode` for events without one",
      );
    }
    if (paths.length > 0) this.#write("country", "countryCode", paths);
    this.#default(
      "countryCode",
      "countryCode",
      origin.literal,
      paths.length > 0 || origin.paths.length > paths.length
        ? undefined
        : "an event's own country still comes first; `inputs.country` with a `const` would hide it",
    );
  }

  #currency(): void {
    const origin = this.#merged("currency", "currencyCode");
    if (!origin) return;
    if (origin.paths.length > 0) this.#write("currency", "currencyCode", origin.paths);
    this.#default(
      "currencyCode",
      "currencyCode",
      origin.literal,
      origin.paths.length > 0
        ? undefined
        : "an event's own currency still comes first; `inputs.currency` with a `const` would hide it",
    );
  }

  #default(
    key: "countryCode" | "currencyCode",
    item: string,
    literal: string | number | undefined,
    note: string | undefined,
  ): void {
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
    if (source === undefined) {
      return this.#ledger.leave(
        "the literal of eventSource",
        `Amazon has no event source \`${origin.literal}\``,
        "set `defaults.eventSource`",
      );
    }
    if (source !== "WEBSITE") this.config.defaults.eventSource = source;
    // Without this, an event's own device would come first.
    if (origin.paths.length === 0) this.config.inputs.deviceType = { const: source };
    this.#ledger.carry(
      "the literal of eventSource",
      origin.paths.length === 0 ? "inputs.deviceType" : source === "WEBSITE" ? "built in" : "defaults.eventSource",
    );
  }

  #eventId(): void {
    const origin = this.#merged("messageId", "eventId");
    if (!origin) return;
    this.#leaveLiteral("eventId", origin, "of events with the same id Amazon counts one");
    if (origin.paths.length > 0) this.#write("messageId", "eventId", origin.paths);
  }

  #eventTime(): void {
    const origin = this.#merged("eventTime", "eventTime");
    if (!origin) return;
    this.#leaveLiteral("eventTime", origin, "events do not all happen at once");
    if (origin.paths.length === 0) return;
    const builtIn = PATHS.eventTime ?? [];
    // What follows where these are missing is better than the instant of mapping.
    const begins = same(origin.paths, builtIn.slice(0, origin.paths.length));
    this.#write("eventTime", "eventTime", begins ? builtIn : origin.paths);
  }

  #consent(): void {
    const read = { amznUserData: this.#flag("amznUserData"), amznAdStorage: this.#flag("amznAdStorage") };
    const strings = { tcf: this.#consentString("tcf"), gpp: this.#consentString("gpp") };
    const isMapped = [...MATCH_KEYS.map(([, input]) => input), ...CONSENT].some((field) => this.#has(field));
    const ip = this.#merged("ip", "consent.ipAddress");
    if (ip) this.#leaveLiteral("consent.ipAddress", ip, "an address is a person's, so it must come from the event");
    if (ip && ip.paths.length > 0) {
      const note =
        "an address alone is no consent: in EU-27, GB, NO, IS and LI an event without a grant of both flags is dropped";
      this.#write("ip", "consent.ipAddress", ip.paths, note);
    } else if (isMapped && !this.#has("ip")) {
      this.config.consent.geoIp = false;
      this.#ledger.carry("no IP address", "consent.geoIp");
    }
    // Silence counts as a grant outside of the countries that require consent. That is the starter kit's rule for its
    // opt-outs; anywhere else silence was sent as silence, and what is no longer read must not pass for it.
    const lost = Object.entries({ ...read, ...strings }).flatMap(([field, how]) => (how === "lost" ? [field] : []));
    if (lost.length > 0) {
      this.config.consent.whenUnknown = "drop";
      const note = `a no might be where it is not read (${lost.join(", ")}), so an event with unknown consent is dropped; change that when it is read`;
      this.#ledger.carry("unknown consent", "consent.whenUnknown", note);
    } else if (isMapped && !Object.values(read).includes("opt-out")) {
      this.config.consent.whenUnknown = "omit";
      this.#ledger.carry("unknown consent", "consent.whenUnknown");
    }
  }

  #has(field: Field): boolean {
    return this.#places.some(({ origins, unread }) => origins.has(field) || unread.has(field));
  }

  #consentString(string: "tcf" | "gpp"): "read" | "lost" | undefined {
    const origin = this.#merged(string, string);
    const isUnread = this.#places.some(({ unread }) => unread.has(string));
    if (!origin) return isUnread ? "lost" : undefined;
    this.#leaveLiteral(string, origin, "a consent string is a person's, so it must come from the event");
    if (origin.paths.length > 0) {
      // The core reads more places than the export does, and that takes nothing away.
      const isBuiltIn = origin.paths.every((path) => PATHS[string]?.includes(path));
      if (isBuiltIn) this.#ledger.carry(string, "built in");
      else this.#write(string, string, origin.paths);
    }
    return isUnread || origin.literal !== undefined ? "lost" : "read";
  }

  #flag(flag: "amznUserData" | "amznAdStorage"): "read" | "opt-out" | "lost" | undefined {
    const origin = this.#merged(flag, flag);
    const isUnread = this.#places.some(({ unread }) => unread.has(flag));
    if (!origin) return isUnread ? "lost" : undefined;
    const reason = "consent is a person's, so it must come from the event and is never assumed";
    this.#leaveLiteral(flag, origin, reason, remedyFor(flag));
    const others = "all other signals of the event are read as well, and a denial from any of them wins";
    const categories: string[] = [];
    const elsewhere: string[] = [];
    for (const path of origin.paths) {
      const category = /^context\.consent\.(?:optOut|categoryPreferences)\.([^.]+)$/.exec(path)?.[1];
      if (category !== undefined) categories.push(category);
      else if (consentPaths(flag).includes(path)) this.#ledger.carry(flag, "built in", others);
      else elsewhere.push(path);
    }
    for (const path of elsewhere) {
      this.#ledger.leave(`${flag} from ${path}`, "no setting changes where it is read", remedyFor(flag));
    }
    const isKnown = (category: string): boolean => CATEGORIES.some((known) => plain(known) === plain(category));
    if (categories.length > 0 && categories.every(isKnown)) {
      this.#ledger.carry(flag, "built in", `the categories ${CATEGORIES.join(", ")} are read, and all other signals as well`);
    } else if (categories.length > 0) {
      this.config.consent.categories = { ...this.config.consent.categories, [flag]: categories };
      this.#ledger.carry(flag, `consent.categories.${flag}`, others);
    }
    const isAssumed = origin.literal !== undefined && plain(String(origin.literal)) !== "granted";
    if (isUnread || elsewhere.length > 0 || isAssumed) return "lost";
    return origin.paths.some((path) => path.startsWith("context.consent.optOut.")) ? "opt-out" : "read";
  }

  #userAgent(): void {
    if (!this.#places.some(({ origins }) => origins.has("userAgent"))) return;
    this.config.extras = ["userAgent"];
    this.#plain("userAgent");
  }

  // The list of an order's lines.
  #lines(): void {
    const lists = new Set(
      this.#places.flatMap(({ origins }) => [origins.get("value")?.lines ?? [], origins.get("unitsSold")?.lines ?? []].flat()),
    );
    const [list, ...others] = lists;
    if (list !== undefined) this.#write("products", "the lines of an order", [list]);
    if (others.length > 0) {
      this.#ledger.leave(
        `lines from ${others.join(", ")}`,
        "there is one list of lines for all events",
        "put the lines where the others are",
      );
    }
  }
}
