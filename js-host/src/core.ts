// The boundary: the core's functions, made ready by the first call. Importing this file does nothing.
/// <reference lib="esnext.disposable" preserve="true" />
// (The glue's types name Symbol.dispose, which not everybody's `lib` has.)
import { coreModule } from "#module";

import * as glue from "./wasm/core.js";
import type { AmazonEvent, AnalyticsEvent, Config, OutcomeCode } from "./wasm/core.js";

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
  constructor(config?: Config) {
    core();
    super(config);
  }
}
