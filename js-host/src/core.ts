// The boundary: the core's functions, made ready by the first call. Importing this file does nothing.
/// <reference lib="esnext.disposable" preserve="true" />
// (The glue's types name Symbol.dispose, which not everybody's `lib` has.)
import { coreModule } from "#module";

import * as glue from "./wasm/core.js";
import type { AmazonEvent, AnalyticsEvent, Config, Outcome, OutcomeCode, Trace } from "./wasm/core.js";

export type {
  AmazonEvent,
  AnalyticsEvent,
  Batch,
  Config,
  ConsentStatus,
  ConversionType,
  Detail,
  DropReason,
  EventRule,
  EventSource,
  InputName,
  MatchKeyType,
  Note,
  Outcome,
  OutcomeCode,
  Source,
  Trace,
  Tried,
  Unusable,
} from "./wasm/core.js";

/** What {@link Transformer} throws for a config that cannot be right; a plain `Error` with this name, a `code` and a `path`. */
export interface ConfigError extends Error {
  readonly name: "ConfigError";
  readonly code: "ERR_INVALID_CONFIG";
  /** Where in the config, keys joined by dots. */
  readonly path: string;
}

/** Whether something thrown is a {@link ConfigError}. */
export function isConfigError(error: unknown): error is ConfigError {
  return error instanceof Error && error.name === "ConfigError";
}

let memory: WebAssembly.Memory | undefined;

function core(): typeof glue {
  // (Its types are silent about what it gives.)
  memory ??= (glue.initSync({ module: coreModule() }) as unknown as { memory: WebAssembly.Memory }).memory;
  return glue;
}

/** What the core has for one event at a time, and tells nobody but this file. */
interface Room {
  /** Where in the memory a place for an event is. */
  room(): number;
  /** Where in the memory is what was made of it last. */
  made(): number;
}

interface RoomTransformer {
  /** Maps the JSON in the room, of so many bytes; answers how many bytes were made of it, 0 of a dropped one. */
  transformRoom(length: number, now?: number): number;
  /** The same of fields; {@link NOT_BY_FIELDS} if they cannot say what the event is. */
  transformRoomFields(length: number, count: number, now?: number): number;
}

const NOT_BY_FIELDS = 0xffff_ffff;

/** How many bytes the room takes. */
const ROOM = 16_384;

/** The core's memory, and the room in it. When the memory grows, both are gone. */
let view = new Uint8Array(0);
let room = view;

function roomInMemory(): Uint8Array {
  if (room.length === 0) {
    const address = (core() as unknown as Room).room();
    const { buffer } = memory as WebAssembly.Memory;
    view = new Uint8Array(buffer);
    room = new Uint8Array(buffer, address, ROOM);
  }
  return room;
}

/** A copy of what was made in the room. */
function made(length: number): Uint8Array | undefined {
  if (length === 0) return undefined;
  const address = (glue as unknown as Room).made();
  // It grew while this was made.
  if (view.length === 0) roomInMemory();
  return view.slice(address, address + length);
}

/**
 * The Amazon event made from an event by the default config, or undefined if it is dropped.
 *
 * @param now - epoch milliseconds; the host's clock by default
 */
export function transform(event: AnalyticsEvent, now?: number): AmazonEvent | undefined {
  return (byDefault ??= new Transformer()).transform(event, now);
}

let byDefault: Transformer | undefined;

/** The version of the core. */
export function version(): string {
  return core().version();
}

/** What the numbers in `Batch.outcomes` stand for. */
export function outcomeCodes(): OutcomeCode[] {
  return core().outcomeCodes();
}

/**
 * Maps events by one config, which it compiles once: make one, keep it.
 *
 * @throws {@link ConfigError} that names the path, what was expected, and what came
 *
 * @example
 * ```js
 * import { Transformer } from "amazon-dsp-events/core";
 *
 * const transformer = new Transformer({ defaults: { countryCode: "US" } });
 * const outcome = transformer.evaluate({ type: "page", traits: { email: "jane.doe@example.com" } });
 * console.log(outcome.outcome === "mapped" ? outcome.event.matchKeys : outcome.reason);
 * ```
 */
export class Transformer extends glue.Transformer {
  #keys: Wanted | undefined;
  #isFirst = true;

  constructor(config?: Config) {
    core();
    super(config);
  }

  /** Made for the first object: who has bytes needs none of it. */
  get #wanted(): Wanted {
    this.#keys ??= wantedOf(this.paths().map((path, place) => [path, place]), this.lines());
    return this.#keys;
  }

  override transform(event: AnalyticsEvent, now?: number): AmazonEvent | undefined {
    const bytes = this.transformToJson(event, now);
    return bytes && (JSON.parse(decoder.decode(bytes)) as AmazonEvent);
  }

  override evaluate(event: AnalyticsEvent, now?: number): Outcome {
    return JSON.parse(this.evaluateJson(written(event, this.#wanted), now)) as Outcome;
  }

  override explain(event: AnalyticsEvent, now?: number): Trace {
    return JSON.parse(this.explainJson(written(event, this.#wanted), now)) as Trace;
  }

  override transformJson(json: Uint8Array, now?: number): Uint8Array | undefined {
    if (json.length > ROOM) return super.transformJson(json, now);
    roomInMemory().set(json);
    return made((this as unknown as RoomTransformer).transformRoom(json.length, now));
  }

  /** As `transform`, to the JSON of the Amazon event, as UTF-8: what a request's body takes. */
  transformToJson(event: AnalyticsEvent, now?: number): Uint8Array | undefined {
    if (this.#isFirst) {
      this.#isFirst = false;
      // In a Worker the first event is often the only one, and to learn what is wanted takes longer than to write all of it.
      const json = wholeOf(event);
      const bytes = json && this.transformJson(encoded(json), now);
      // Dropped: perhaps for what nobody looks at.
      if (bytes) return bytes;
    }
    // What is looked at may be a getter that maps another event.
    const outer = count;
    const fields = fieldsOf(event, this.#wanted);
    const own = count;
    count = outer;
    if (fields !== undefined) {
      const { written: bytes } = encoder.encodeInto(fields, roomInMemory());
      const length = (this as unknown as RoomTransformer).transformRoomFields(bytes, own, now);
      if (length !== NOT_BY_FIELDS) return made(length);
    }
    return this.transformJson(written(event, this.#wanted), now);
  }

  /**
   * The JSON of an event, as UTF-8, with only what this config looks at: what becomes of it is the same. For
   * {@link Transformer.transformJson} and {@link Transformer.transformBatch}.
   *
   * What JSON cannot hold (a cycle, a BigInt) among what is looked at gives no bytes, which are no event (`not_json`).
   */
  bytesOf(event: AnalyticsEvent): Uint8Array {
    return written(event, this.#wanted).slice();
  }
}

/** As the core has it: the largest event that is read. */
const MAX_EVENT_BYTES = 1_048_576;

const encoder = new TextEncoder();
const decoder = new TextDecoder();
let scratch = new Uint8Array(0);

/** A text as UTF-8, in a place that the next one is written to. */
function encoded(text: string): Uint8Array {
  // No character of a text takes more than three bytes.
  if (scratch.length < 3 * text.length) scratch = new Uint8Array(Math.max(3 * text.length, 16_384));
  return scratch.subarray(0, encoder.encodeInto(text, scratch).written);
}

/** The whole JSON of an event, if there is one, and not much of it. */
function wholeOf(event: unknown): string | undefined {
  try {
    const json = JSON.stringify(event) as string | undefined;
    return json !== undefined && json.length <= 65_536 ? json : undefined;
  } catch {
    return undefined;
  }
}

/** The JSON of an event, as {@link encoded}. */
function written(event: unknown, wanted: Wanted): Uint8Array {
  let json: string;
  try {
    json = JSON.stringify(wantedPart(event, wanted)) ?? "";
  } catch {
    json = "";
  }
  // Of one too large to be an event only as much is written as shows that it is too large.
  return encoded(json.length > MAX_EVENT_BYTES ? json.slice(0, MAX_EVENT_BYTES + 1) : json);
}

/** The keys that are looked at. */
type Wanted = ReadonlyMap<string, WantedKey>;

interface WantedKey {
  /** How a field with its value begins, if that is looked at: with a text, and with the JSON of any value. */
  readonly asText: string | undefined;
  readonly asJson: string | undefined;
  /** Whether it is the lines of an order that are looked at, and no more. */
  readonly isLines: boolean;
  /** The keys below it, if any of them are looked at. */
  readonly below: Wanted | undefined;
}

function wantedOf(paths: readonly (readonly [path: string, place: number])[], lines: Uint32Array): Wanted {
  const keys = new Map<string, { place?: number; below: [path: string, place: number][] }>();
  for (const [path, place] of paths) {
    const [key, ...rest] = path.split(".") as [string, ...string[]];
    const known = keys.get(key) ?? { below: [] };
    keys.set(key, known);
    if (rest.length > 0) known.below.push([rest.join("."), place]);
    else known.place = place;
  }
  const wantedKey = ({ place, below }: { place?: number; below: [path: string, place: number][] }): WantedKey => ({
    asText: place === undefined ? undefined : `\n${place}=`,
    asJson: place === undefined ? undefined : `\n${place}:`,
    isLines: place !== undefined && lines.includes(place),
    below: below.length > 0 ? wantedOf(below, lines) : undefined,
  });
  return new Map(Array.from(keys, ([key, known]) => [key, wantedKey(known)]));
}

/** A copy of an object with only the wanted keys: most of an event is nobody's, and what is not written costs nothing. */
function wantedPart(value: unknown, wanted: Wanted): unknown {
  // A key `__proto__` cannot be given to an object by assignment: where it is wanted, all is taken.
  if (typeof value !== "object" || value === null || isOfItsOwn(value) || wanted.has("__proto__")) return value;
  const part: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const known = wanted.get(key);
    if (known === undefined) continue;
    const inner = (value as Record<string, unknown>)[key];
    if (known.isLines) part[key] = wantedLines(inner);
    else if (known.asJson !== undefined || known.below === undefined) part[key] = inner;
    // What is in a list has no path.
    else if (!Array.isArray(inner) || hasOwnJson(inner)) part[key] = wantedPart(inner, known.below);
  }
  return part;
}

/** What is looked at of each line of an order. */
const LINE: Wanted = new Map(
  ["price", "quantity"].map((key) => [key, { asText: undefined, asJson: "", isLines: false, below: undefined }]),
);

/** As {@link wantedPart}, of the lines of an order, if they are lines. */
function wantedLines(lines: unknown): unknown {
  if (!Array.isArray(lines) || hasOwnJson(lines)) return lines;
  return lines.map((line: unknown) => (isBoxed(line) ? line : wantedPart(line, LINE)));
}

/** Whether it is an object that is a single value for JSON. */
function isBoxed(value: unknown): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt;
}

/** Whether an object is no set of fields for JSON. */
function isOfItsOwn(value: object): boolean {
  return Array.isArray(value) || value instanceof Date || hasOwnJson(value);
}

/** Whether an object says itself what its JSON is. (A date does, too, and that is a text.) */
function hasOwnJson(value: object): boolean {
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === "function" && toJSON !== Date.prototype.toJSON;
}

/** No character takes more than three bytes in the room. */
const MAX_FIELDS_LENGTH = Math.floor(ROOM / 3);

/** What an event has at the wanted paths, for the room; undefined if only its JSON can say what becomes of it. */
function fieldsOf(event: unknown, wanted: Wanted): string | undefined {
  count = 0;
  try {
    if (typeof event !== "object" || event === null || isOfItsOwn(event)) return undefined;
    const fields = gathered(event, wanted);
    return fields !== undefined && fields.length <= MAX_FIELDS_LENGTH ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** How many fields the event at hand has so far. */
let count = 0;

/** The values of an object as fields; undefined if they cannot say them all. */
function gathered(object: object, wanted: Wanted): string | undefined {
  let fields = "";
  for (const key of Object.keys(object)) {
    const known = wanted.get(key);
    if (known === undefined) continue;
    const value = (object as Record<string, unknown>)[key];
    const { asText, asJson, below } = known;
    if (typeof value === "string") {
      if (asText === undefined) continue;
      fields += asText + value;
      count++;
    } else if (typeof value === "number" || typeof value === "boolean") {
      if (asJson === undefined || (typeof value === "number" && !Number.isFinite(value))) continue;
      fields += asJson + value;
      count++;
    } else if (typeof value === "object") {
      if (value === null) continue;
      if (hasOwnJson(value)) return undefined;
      if (asJson !== undefined) {
        fields += asJson + (known.isLines ? linesOf(value) : JSON.stringify(value));
        count++;
      }
      // What is in a list has no path.
      if (below === undefined || isOfItsOwn(value)) continue;
      const more = gathered(value, below);
      if (more === undefined) return undefined;
      fields += more;
    } else if (value !== undefined) return undefined;
  }
  return fields;
}

/** The JSON of {@link wantedLines}. Lines as nearly all orders have them are written here, which takes a third of the time. */
function linesOf(lines: object): string {
  if (!Array.isArray(lines)) return JSON.stringify(lines);
  let json = "";
  for (const line of lines as unknown[]) {
    if (typeof line !== "object" || line === null || isOfItsOwn(line)) return JSON.stringify(wantedLines(lines));
    let members = "";
    for (const key of Object.keys(line)) {
      if (!LINE.has(key)) continue;
      const value = (line as Record<string, unknown>)[key];
      if (typeof value !== "number" || !Number.isFinite(value)) return JSON.stringify(wantedLines(lines));
      members += `,"${key}":${value}`;
    }
    if (members === "") return JSON.stringify(wantedLines(lines));
    json += `,{${members.slice(1)}}`;
  }
  return `[${json.slice(1)}]`;
}
