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

/** What {@link Transformer} throws for a config that cannot be right; a plain `Error` with this name and a `path`. */
export interface ConfigError extends Error {
  readonly name: "ConfigError";
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
  return core().transform(event, now);
}

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
 */
export class Transformer extends glue.Transformer {
  readonly #wanted: Wanted;

  constructor(config?: Config) {
    core();
    super(config);
    this.#wanted = wantedOf(this.paths());
  }

  override transform(event: AnalyticsEvent, now?: number): AmazonEvent | undefined {
    return super.transform(picked(event, this.#wanted), now);
  }

  override evaluate(event: AnalyticsEvent, now?: number): Outcome {
    return super.evaluate(picked(event, this.#wanted), now);
  }

  override explain(event: AnalyticsEvent, now?: number): Trace {
    return super.explain(picked(event, this.#wanted), now);
  }

  /**
   * The JSON of an event, as UTF-8, with only what this config looks at: what becomes of it is the same, and it is made in a
   * part of the time that the whole event takes. For {@link Transformer.transformJson} and {@link Transformer.transformBatch}.
   *
   * What JSON cannot hold (a cycle, a BigInt) among what is looked at gives no bytes, which are no event (`not_json`).
   */
  bytesOf(event: AnalyticsEvent): Uint8Array {
    let json: string | undefined;
    try {
      json = JSON.stringify(picked(event, this.#wanted));
    } catch {
      json = undefined;
    }
    return encoder.encode(json ?? "");
  }
}

const encoder = new TextEncoder();

/** The keys that are looked at, and for those with more below them the keys there. */
type Wanted = readonly (readonly [key: string, below: Wanted | undefined])[];

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
  return Array.from(below, ([key, rest]) => [key, whole.has(key) ? undefined : wantedOf(rest)]);
}

/**
 * A copy of a value with only the wanted keys, as `JSON.stringify` would see them: most of an event is nobody's, and to make it
 * into JSON costs more than to map it.
 */
function picked<T>(value: T, wanted: Wanted): T {
  if (typeof value !== "object" || value === null || Array.isArray(value) || "toJSON" in value) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, below] of wanted) {
    if (!Object.hasOwn(value, key)) continue;
    const inner = (value as Record<string, unknown>)[key];
    if (inner !== undefined) copy[key] = below === undefined ? inner : picked(inner, below);
  }
  return copy as T;
}
