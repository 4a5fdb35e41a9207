// The core's module for Cloudflare Workers, which compile modules at upload and refuse to at run time.
import module from "./wasm/core.wasm";

/** The compiled module of the core. */
export function coreModule(): WebAssembly.Module {
  return module;
}
