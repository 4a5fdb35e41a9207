// What the page and its worker tell each other about a batch.
import type { Coverage } from "../../coverage.js";
import type { Config } from "./core.js";

/** A batch to map. */
export interface BatchTask {
  readonly module: WebAssembly.Module;
  readonly config: Config;
  /** Epoch milliseconds. */
  readonly now: number;
  /** NDJSON or a JSON array. */
  readonly input: Blob;
}

/** An event to look at: the first one of its kind. */
export interface Sample {
  readonly line: number;
  readonly text: string;
}

/** How far the worker is. */
export interface BatchProgress {
  readonly coverage: Coverage;
  /** By drop reason, and by note. */
  readonly samples: Readonly<Record<string, Sample>>;
  readonly bytesRead: number;
  readonly isDone: boolean;
}
