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
  /** Where in the memory it is told where what was made of it last is. */
  made(): number;
}

interface RoomTransformer {
  /** Maps the JSON in the room, of so many bytes; answers how many bytes were made of it, 0 of a dropped one. */
  transformRoom(length: number, now?: number): number;
  /** The same of so many fields, with texts of so many bytes; {@link NOT_BY_FIELDS} if they cannot say what the event is. */
  transformRoomFields(count: number, length: number, leftOut: number, now?: number): number;
  /** Places that need not be fields where there is a text at another one: the bit of what is left out, the other place, and they. */
  spares(): Uint32Array;
}

const NOT_BY_FIELDS = 0xffff_ffff;

/** How many bytes the room takes, and in how many of them it is said of an event that comes as fields what they are. */
const ROOM = 16_384;
const HEADS = 2048;
const MAX_FIELDS = HEADS / 4;

/** The core's memory, and the room in it: all of it, and its two parts. When the memory grows, they are gone. */
let view = new Uint8Array(0);
let room = view;
let roomForHeads = new Uint32Array(0);
let roomForTexts = view;
/** One word, of what was made there last. */
let madeAt = roomForHeads;

function roomInMemory(): Uint8Array {
  if (room.length === 0) {
    const address = (core() as unknown as Room).room();
    const { buffer } = memory as WebAssembly.Memory;
    view = new Uint8Array(buffer);
    room = new Uint8Array(buffer, address, ROOM);
    roomForHeads = new Uint32Array(buffer, address, MAX_FIELDS);
    roomForTexts = room.subarray(HEADS);
    madeAt = new Uint32Array(buffer, (glue as unknown as Room).made(), 1);
  }
  return room;
}

/** A copy of what was made in the room. */
function made(length: number): Uint8Array | undefined {
  if (length === 0) return undefined;
  // It grew while this was made.
  if (view.length === 0) roomInMemory();
  const address = madeAt[0] as number;
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
  #lookedAt: LookedAt | undefined;
  #isFirst = true;

  constructor(config?: Config) {
    core();
    super(config);
  }

  /** Made for the first object: who has bytes needs none of it. */
  get #looked(): LookedAt {
    this.#lookedAt ??= lookedAtBy(this);
    return this.#lookedAt;
  }

  override transform(event: AnalyticsEvent, now?: number): AmazonEvent | undefined {
    const bytes = this.transformToJson(event, now);
    return bytes && (JSON.parse(decoder.decode(bytes)) as AmazonEvent);
  }

  override evaluate(event: AnalyticsEvent, now?: number): Outcome {
    return JSON.parse(this.evaluateJson(written(event, this.#looked.wanted), now)) as Outcome;
  }

  override explain(event: AnalyticsEvent, now?: number): Trace {
    return JSON.parse(this.explainJson(written(event, this.#looked.wanted), now)) as Trace;
  }

  override transformJson(json: Uint8Array, now?: number): Uint8Array | undefined {
    if (json.length > ROOM || isGathering) return super.transformJson(json, now);
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
    const texts = textsOf(event, this.#looked);
    if (texts !== undefined) {
      const { written: bytes } = encoder.encodeInto(texts, roomForTexts);
      const length = (this as unknown as RoomTransformer).transformRoomFields(count, bytes, leftOut, now);
      if (length !== NOT_BY_FIELDS) return made(length);
    }
    return this.transformJson(written(event, this.#looked.wanted), now);
  }

  /**
   * The JSON of an event, as UTF-8, with only what this config looks at: what becomes of it is the same. For
   * {@link Transformer.transformJson} and {@link Transformer.transformBatch}.
   *
   * What JSON cannot hold (a cycle, a BigInt) among what is looked at gives no bytes, which are no event (`not_json`).
   */
  bytesOf(event: AnalyticsEvent): Uint8Array {
    return written(event, this.#looked.wanted).slice();
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

/** What a config looks at. */
interface LookedAt {
  readonly wanted: Wanted;
  /** Keys of an event at which a text saves others, each with the bit of those. */
  readonly savers: readonly (readonly [key: string, bit: number])[];
  /** Whether fields have a head for each path. */
  readonly isByFields: boolean;
}

/** The keys that are looked at. */
type Wanted = ReadonlyMap<string, WantedKey>;

interface WantedKey {
  /** The head of a field with its value, less the length, if that is looked at: of a text, and of the JSON of any value. */
  readonly asText: number | undefined;
  readonly asJson: number | undefined;
  /** Whether it is the lines of an order that are looked at, and no more. */
  readonly isLines: boolean;
  /** The bit of what it may stand in for, or 0. */
  readonly standsIn: number;
  /** The keys below it, if any of them are looked at. */
  readonly below: Wanted | undefined;
}

/** A path on the way to become keys, with the head that a field with a text has. */
interface Path extends Pick<WantedKey, "isLines" | "standsIn"> {
  readonly keys: readonly string[];
  readonly head: number;
}

function lookedAtBy(transformer: glue.Transformer): LookedAt {
  const paths = transformer.paths();
  const lines = transformer.lines();
  const savers = new Map<string, number>();
  const standsIn = new Map<number, number>();
  const spares = (transformer as unknown as RoomTransformer).spares();
  for (let at = 0; at < spares.length; at += 3) {
    const [bit, other, place] = spares.subarray(at) as unknown as [number, number, number];
    const path = paths[other] as string;
    if (path.includes(".")) continue;
    savers.set(path, (savers.get(path) ?? 0) | bit);
    standsIn.set(place, bit);
  }
  const wanted = wantedOf(
    paths.map((path, place) => ({ keys: path.split("."), head: place * 0x1_0000, isLines: lines.includes(place), standsIn: standsIn.get(place) ?? 0 })),
  );
  return { wanted, savers: [...savers], isByFields: paths.length <= MAX_PATHS };
}

function wantedOf(paths: readonly Path[]): Wanted {
  const keys = new Map<string, Path[]>([[TO_JSON, []]]);
  for (const path of paths) {
    const key = path.keys[0] as string;
    const known = keys.get(key);
    if (known === undefined) keys.set(key, [path]);
    else known.push(path);
  }
  return new Map(Array.from(keys, ([key, known]) => [key, wantedKey(known)]));
}

/** Of paths that begin with the same key. */
function wantedKey(paths: readonly Path[]): WantedKey {
  const own = paths.find(({ keys }) => keys.length === 1);
  const below = paths.filter(({ keys }) => keys.length > 1).map((path) => ({ ...path, keys: path.keys.slice(1) }));
  return {
    asText: own?.head,
    asJson: own && own.head + 0x8000,
    isLines: own?.isLines ?? false,
    standsIn: own?.standsIn ?? 0,
    below: below.length > 0 ? wantedOf(below) : undefined,
  };
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
  ["price", "quantity"].map((key) => [key, { asText: undefined, asJson: 0, isLines: false, standsIn: 0, below: undefined }]),
);

/** As {@link wantedPart}, of the lines of an order, if they are lines. */
function wantedLines(lines: unknown): unknown {
  if (!Array.isArray(lines) || hasOwnJson(lines)) return lines;
  return lines.map((line: unknown) => wantedPart(line, LINE));
}

/** Whether it is an object that is a single value for JSON. */
function isBoxed(value: unknown): boolean {
  return value instanceof Number || value instanceof String || value instanceof Boolean || value instanceof BigInt;
}

/** Whether an object is no set of fields for JSON. */
function isOfItsOwn(value: object): boolean {
  return Array.isArray(value) || value instanceof Date || isBoxed(value) || hasOwnJson(value);
}

/**
 * What an object says itself by what its JSON is. Of a plain one nobody asks for it, but it is among the keys that are looked at: where it is
 * its own and can be enumerated. (To ask each object for what it does not have takes a tenth of a mapping.)
 */
const TO_JSON = "toJSON";

/** Whether an object says itself what its JSON is. (A date does, too, and that is a text.) */
function hasOwnJson(value: object): boolean {
  const { toJSON } = value as { toJSON?: unknown };
  return typeof toJSON === "function" && !(value instanceof Date && toJSON === Date.prototype.toJSON);
}

/** A head has 16 bits for the place of a field. */
const MAX_PATHS = 0x1_0000;

/** No character takes more than three bytes in the room. (And no text is longer than a head can say.) */
const MAX_TEXTS_LENGTH = Math.floor((ROOM - HEADS) / 3);

/** Whether the fields of an event are on their way into the room. One may be a getter that maps another event: not there. */
let isGathering = false;
/** How many there are so far, and the bits of what is left out. */
let count = 0;
let leftOut = 0;

/** What an event has at the wanted paths: the texts of its fields, whose heads are put into the room; undefined if only its JSON can say what it is. */
function textsOf(event: unknown, { wanted, savers, isByFields }: LookedAt): string | undefined {
  if (!isByFields || isGathering || typeof event !== "object" || event === null) return undefined;
  roomInMemory();
  isGathering = true;
  try {
    if (!isPlain(event) && isOfItsOwn(event)) return undefined;
    count = 0;
    leftOut = 0;
    for (const [key, bit] of savers) if (typeof (event as Record<string, unknown>)[key] === "string") leftOut |= bit;
    const texts = gathered(event, wanted);
    // The room is gone if memory has grown meanwhile.
    return texts !== undefined && texts.length <= MAX_TEXTS_LENGTH && count <= MAX_FIELDS && room.length > 0 ? texts : undefined;
  } catch {
    return undefined;
  } finally {
    isGathering = false;
  }
}

/** The texts of the fields of an object, but for what is saved; undefined if they cannot say all of it. */
function gathered(object: object, wanted: Wanted): string | undefined {
  let texts = "";
  for (const key of Object.keys(object)) {
    const known = wanted.get(key);
    if (known === undefined || (known.standsIn & leftOut) !== 0) continue;
    const value = (object as Record<string, unknown>)[key];
    const { asText, asJson, below } = known;
    if (typeof value === "string") {
      if (asText === undefined) continue;
      roomForHeads[count++] = asText + value.length;
      texts += value;
    } else if (typeof value === "number" || typeof value === "boolean") {
      if (asJson === undefined || (typeof value === "number" && !Number.isFinite(value))) continue;
      const json = String(value);
      roomForHeads[count++] = asJson + json.length;
      texts += json;
    } else if (typeof value === "object") {
      if (value === null) continue;
      const isOther = !isPlain(value);
      if (isOther && hasOwnJson(value)) return undefined;
      if (asJson !== undefined) {
        const json = known.isLines ? linesOf(value) : JSON.stringify(value);
        roomForHeads[count++] = asJson + json.length;
        texts += json;
      }
      // What is in a list has no path.
      if (below === undefined || (isOther && isOfItsOwn(value))) continue;
      const more = gathered(value, below);
      if (more === undefined) return undefined;
      texts += more;
    } else if (value !== undefined) return undefined;
  }
  return texts;
}

/** Whether it is what nearly all objects are; others may be a set of fields, too. */
function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype && (Object.prototype as { toJSON?: unknown }).toJSON === undefined;
}

/** Prices and quantities as nearly all orders have them, `19.99*2 5*1 `: a third of what their JSON takes. Of others the JSON of {@link wantedLines}. */
function linesOf(lines: object): string {
  if (!Array.isArray(lines) || lines.length === 0) return JSON.stringify(lines);
  let text = "";
  for (const line of lines as unknown[]) {
    if (typeof line !== "object" || line === null || !isPlain(line)) return JSON.stringify(wantedLines(lines));
    let price: number | string = "";
    let quantity: number | string = "";
    for (const key of Object.keys(line)) {
      if (key !== "price" && key !== "quantity" && key !== TO_JSON) continue;
      const value = (line as Record<string, unknown>)[key];
      if (typeof value !== "number" || !Number.isFinite(value) || key === TO_JSON) return JSON.stringify(wantedLines(lines));
      if (key === "price") price = value;
      else quantity = value;
    }
    text += `${price}*${quantity} `;
  }
  return text;
}
