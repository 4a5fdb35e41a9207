// The core's module for every runtime that may compile bytes: Node, Deno, Bun, browsers. Reads no file, so it survives
// bundling and needs no permission.
import base64 from "./wasm/core.base64.js";

/** The compiled module of the core. */
export function coreModule(): WebAssembly.Module {
  const binary = atob(base64);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return new WebAssembly.Module(bytes);
}
