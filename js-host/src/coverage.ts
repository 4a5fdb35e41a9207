// What a body of events is worth at Amazon: which match keys they have, why events are dropped, and what would help most.
import type { Config, DropReason, MatchKeyType, Note, Trace } from "./core.js";
import { redact } from "./redact.js";

/** Events of one name. */
export interface EventCoverage {
  /** The name as Amazon gets it, or the event's own if none was mapped. */
  readonly event: string;
  readonly conversionType: string | undefined;
  readonly mapped: number;
  readonly dropped: number;
  /** Of the mapped ones, how many have a match key of that type. */
  readonly matchKeys: Readonly<Partial<Record<MatchKeyType, number>>>;
  /** Of the mapped ones, how many have a value. */
  readonly withValue: number;
}

/** Something to mend. */
export interface Fix {
  /** What it is about: a drop reason, a note, or `one_match_key`, `value_missing`. */
  readonly code: string;
  /** How many events it would help. */
  readonly events: number;
  /** What to do, in words. */
  readonly fix: string;
}

/** The coverage of a body of events. */
export interface Coverage {
  readonly events: number;
  readonly mapped: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  readonly notes: Readonly<Partial<Record<Note, number>>>;
  /** Of the mapped events, how many have a match key of that type. */
  readonly matchKeys: Readonly<Partial<Record<MatchKeyType, number>>>;
  /** By event name, the most frequent first. */
  readonly byEvent: readonly EventCoverage[];
  /** What would help most, best first; at most three. */
  readonly fixes: readonly Fix[];
}

/** All match key types, in Amazon's order. */
const MATCH_KEYS: readonly MatchKeyType[] = [
  "EMAIL", "PHONE", "FIRST_NAME", "LAST_NAME", "ADDRESS", "CITY", "STATE", "POSTAL", "MAID", "MATCH_ID", "RAMP_ID", "REAL_ID",
  "MERKLE_ID", "KANTAR_ID", "FIP",
];
const SUPPORTING: ReadonlySet<string> = new Set(["FIRST_NAME", "LAST_NAME", "CITY", "STATE", "POSTAL"]);
/** Names beyond these are counted together: somebody may put an id into them. */
const MOST_NAMES = 1000;
const OTHERS = "(others)";

type Counts = Record<string, number>;
const add = (counts: Counts, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

class EventCount {
  conversionType: string | undefined;
  mapped = 0;
  dropped = 0;
  withValue = 0;
  readonly matchKeys: Counts = {};
}

/** An event's own name, or its type; without what must not be shown. */
export function nameOf(bytes: Uint8Array): string {
  try {
    const { event, type } = JSON.parse(new TextDecoder().decode(bytes)) as { event?: unknown; type?: unknown };
    return redact(typeof event === "string" ? event : typeof type === "string" ? type : "(no name)");
  } catch {
    return "(unreadable)";
  }
}

/** Counts events one by one; see {@link CoverageCounter.result}. */
export class CoverageCounter {
  readonly #config: Config;
  #events = 0;
  #mapped = 0;
  readonly #dropped: Counts = {};
  readonly #details: Counts = {};
  readonly #notes: Counts = {};
  readonly #matchKeys: Counts = {};
  readonly #names = new Map<string, EventCount>();
  readonly #unmapped: Counts = {};
  /** Inputs with junk in them, by path. */
  readonly #junk: Counts = {};
  /** Mapped events that one key alone identifies, by its type. */
  readonly #oneKey: Counts = {};
  #purchases = 0;
  #purchasesWithValue = 0;
  #unmatchable = 0;

  /** @param config - the one that the events were mapped by */
  constructor(config: Config) {
    this.#config = config;
  }

  /**
   * Counts one event.
   *
   * @param name - the event's own name, or its type
   */
  add(trace: Trace, name: string): void {
    this.#events++;
    for (const note of trace.notes) add(this.#notes, note);
    for (const path of new Set(trace.tried.filter(({ unusable }) => unusable === "junk").map(({ path }) => path))) add(this.#junk, path);
    if (trace.reason !== undefined) {
      add(this.#dropped, trace.reason);
      if (trace.detail !== undefined) add(this.#details, trace.detail);
      if (trace.reason === "unmapped_event") add(this.#unmapped, this.#nameOf(name));
      this.#count(name).dropped++;
      return;
    }
    this.#mapped++;
    const won = new Map(trace.tried.filter(({ unusable }) => unusable === undefined).map((one) => [one.field, one]));
    const named = this.#count(won.get("eventDescription.name")?.value ?? name);
    named.mapped++;
    named.conversionType = won.get("eventDescription.conversionType")?.value;
    const keys = MATCH_KEYS.filter((key) => won.has(key));
    for (const key of keys) {
      add(this.#matchKeys, key);
      add(named.matchKeys, key);
    }
    const identifying = keys.filter((key) => !SUPPORTING.has(key));
    const [only] = identifying;
    if (identifying.length === 1 && only) {
      if (won.get(only)?.note === "user_id_not_an_address") this.#unmatchable++;
      else add(this.#oneKey, only);
    }
    const hasValue = won.has("value") && !trace.notes.includes("value_without_currency");
    if (hasValue) named.withValue++;
    if (named.conversionType === "OFF_AMAZON_PURCHASES") {
      this.#purchases++;
      if (hasValue) this.#purchasesWithValue++;
    }
  }

  /** What has been counted so far. */
  result(): Coverage {
    const byEvent = [...this.#names].map(([event, counts]) => ({
      event,
      conversionType: counts.conversionType,
      mapped: counts.mapped,
      dropped: counts.dropped,
      matchKeys: inOrder(counts.matchKeys),
      withValue: counts.withValue,
    }));
    return {
      events: this.#events,
      mapped: this.#mapped,
      dropped: descending(this.#dropped),
      notes: descending(this.#notes),
      matchKeys: inOrder(this.#matchKeys),
      byEvent: byEvent.sort((a, b) => b.mapped + b.dropped - a.mapped - a.dropped),
      fixes: this.#fixes(),
    };
  }

  #nameOf(name: string): string {
    const key = name.trim().toLowerCase() || "(no name)";
    return this.#names.has(key) || this.#names.size < MOST_NAMES ? key : OTHERS;
  }

  #count(name: string): EventCount {
    const key = this.#nameOf(name);
    const counts = this.#names.get(key) ?? new EventCount();
    this.#names.set(key, counts);
    return counts;
  }

  /**
   * An event that does not arrive, or that Amazon can match to nobody, is worth nothing: that weighs most. A purchase without
   * its value is worth half. An event that nobody has written a rule for may be of no interest to advertising at all.
   */
  #fixes(): Fix[] {
    const candidates: (Fix & { readonly weight: number })[] = [];
    const propose = (code: string, events: number, weight: number, fix: string): void => {
      if (events > 0) candidates.push({ code, events, fix, weight: weight * events });
    };
    const dropped = (reason: DropReason, weight: number, fix: string): void => propose(reason, this.#dropped[reason] ?? 0, weight, fix);
    const noted = (note: Note, weight: number, fix: string): void => propose(note, this.#notes[note] ?? 0, weight, fix);
    const { inputs } = this.#config;
    const most = (counts: Counts): string => Object.entries(descending(counts)).slice(0, 3).map(([name, count]) => `\`${name}\` (${count})`).join(", ");

    dropped("invalid_event", 1, `send one JSON object an event, with a \`type\`, and an \`event\` where that is \`track\`: ${most(this.#details)}`);
    dropped("unmapped_event", 0.3, `write rules under \`events\` for those that matter to advertising: ${most(this.#unmapped)}`);
    dropped("event_too_old", 1, "send events sooner, or raise `eventTime.lookbackDays` if Amazon takes older ones from you");
    dropped("event_in_future", 1, "set the clock of what sends these events, or see that `timestamp` is in UTC");
    dropped(
      "country_missing",
      1,
      `send the country in ${inputs?.country === undefined ? "`traits.address.country`" : "the paths of `inputs.country`"}, or set \`defaults.countryCode\` if all events are from one`,
    );
    dropped("consent_missing", 1, "send the consent of people in consent-required countries: their TCF string, or the consent platform's categories");
    dropped(
      "no_match_key",
      1,
      `send an e-mail address (\`traits.email\`) or a telephone number (\`traits.phone\`)${this.#config.identity?.userIdAs === "none" ? "" : ", or at least `userId`"} with these events`,
    );
    propose(
      "user_id_not_an_address",
      this.#unmatchable,
      0.9,
      "send `traits.email`: these events are identified by a hashed user id alone, which Amazon can match to nobody",
    );
    noted("value_without_currency", 0.5, "send `properties.currency`, or set `defaults.currencyCode`: these amounts were left out");
    const valueless = this.#purchases - this.#purchasesWithValue - (this.#notes["value_without_currency"] ?? 0);
    propose("value_missing", valueless, 0.5, "send `properties.total`, or `price` and `quantity` of each product: these purchases have no value");
    noted("time_defaulted", 0.4, "send `timestamp`: these events were given the time of mapping");
    noted("junk_identifier", 0.3, `look at what stands in ${most(this.#junk)}: it identifies nobody`);
    const unreadable = (this.#notes["tcf_unreadable"] ?? 0) + (this.#notes["gpp_unreadable"] ?? 0);
    propose("tcf_unreadable", unreadable, 0.3, "send consent strings whole: these cannot be read, so they say nothing");
    const [key, alone] = Object.entries(descending(this.#oneKey))[0] ?? ["", 0];
    propose(
      "one_match_key",
      alone,
      0.2,
      key === "PHONE" ? "send an e-mail address as well: PHONE is all these events have" : `send a telephone number (\`traits.phone\`) as well: ${key} is all these events have`,
    );
    noted("event_id_derived", 0.1, "send `messageId`, so that what was sent twice is counted once");
    noted("amounts_disagree", 0.1, "see why the products' sum, total, revenue and value differ: the first of them was sent");
    return candidates
      .sort((a, b) => b.weight - a.weight)
      .slice(0, 3)
      .map(({ code, events, fix }) => ({ code, events, fix }));
  }
}

function descending(counts: Counts): Counts {
  return Object.fromEntries(Object.entries(counts).sort(([, a], [, b]) => b - a));
}

function inOrder(counts: Counts): Counts {
  return Object.fromEntries(MATCH_KEYS.flatMap((key) => (counts[key] === undefined ? [] : [[key, counts[key]]])));
}
