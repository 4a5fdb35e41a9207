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

let ready = false;

function core(): typeof glue {
  if (!ready) {
    glue.initSync({ module: coreModule() });
    ready = true;
  }
  return glue;
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

  constructor(config?: Config) {
    core();
    super(config);
  }

  /** Made for the first object: who has bytes needs none of it. */
  get #wanted(): Wanted {
    return (this.#keys ??= wantedOf(this.paths()));
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

  /** As `transform`, to the JSON of the Amazon event, as UTF-8: what a request's body takes. */
  transformToJson(event: AnalyticsEvent, now?: number): Uint8Array | undefined {
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

/** The JSON of an event, in a place that the next one is written to. */
function written(event: unknown, wanted: Wanted): Uint8Array {
  let json: string;
  try {
    json = JSON.stringify(wantedPart(event, wanted)) ?? "";
  } catch {
    json = "";
  }
  // Of one too large to be an event only as much is written as shows that it is too large.
  if (json.length > MAX_EVENT_BYTES) json = json.slice(0, MAX_EVENT_BYTES + 1);
  // No character of a text takes more than three bytes.
  if (scratch.length < 3 * json.length) scratch = new Uint8Array(Math.max(3 * json.length, 16_384));
  return scratch.subarray(0, encoder.encodeInto(json, scratch).written);
}

/** The keys that are looked at, with those below each; `true` is all there is. */
type Wanted = true | ReadonlyMap<string, Wanted>;

function wantedOf(paths: readonly string[]): Wanted {
  const below = new Map<string, string[]>();
  const whole = new Set<string>();
  for (const path of paths) {
    const dot = path.indexOf(".");
    const key = dot < 0 ? path : path.slice(0, dot);
    const rest = below.get(key) ?? [];
    below.set(key, rest);
    if (dot < 0) whole.add(key);
    else rest.push(path.slice(dot + 1));
  }
  // Such a key cannot be given to an object by assignment: what has it is taken whole.
  if (below.has("__proto__")) return true;
  return new Map(Array.from(below, ([key, rest]) => [key, whole.has(key) || wantedOf(rest)]));
}

/** A copy of an object with only the wanted keys: most of an event is nobody's, and what is not written costs nothing. */
function wantedPart(value: unknown, wanted: Wanted): unknown {
  if (wanted === true || typeof value !== "object" || value === null || isOfItsOwn(value)) return value;
  const part: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    const below = wanted.get(key);
    if (below !== undefined) part[key] = wantedPart((value as Record<string, unknown>)[key], below);
  }
  return part;
}

/** Whether an object is no set of fields for JSON. */
function isOfItsOwn(value: object): boolean {
  return Array.isArray(value) || typeof (value as { toJSON?: unknown }).toJSON === "function";
}
