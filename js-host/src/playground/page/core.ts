// The core in the browser: the same module that Node, Deno, Bun and Workers run, fetched from this page's own server.
import * as glue from "../../wasm/core.js";
import type { Config } from "../../wasm/core.js";

export type { AmazonEvent, Config, Outcome, Trace, Tried } from "../../wasm/core.js";
export { Transformer } from "../../wasm/core.js";

/** Fetches and compiles the module. */
export function fetchModule(): Promise<WebAssembly.Module> {
  return WebAssembly.compileStreaming(fetch(new URL("../../wasm/core.wasm", import.meta.url)));
}

/** Makes the functions of the core ready. */
export function start(module: WebAssembly.Module): void {
  glue.initSync({ module });
}

/** What is wrong with a config, and where. */
export interface ConfigProblem {
  readonly message: string;
  /** Keys joined by dots. */
  readonly path: string;
}

/** A transformer, or what is wrong with its config. */
export function compile(config: unknown): { readonly transformer: glue.Transformer } | { readonly problem: ConfigProblem } {
  try {
    return { transformer: new glue.Transformer(config as Config) };
  } catch (error) {
    const { message, path } = error as Error & { path?: string };
    return { problem: { message, path: path ?? "" } };
  }
}
