// What came in, as it is shown: the last requests, bounded in number and in bytes, and all of them in a file if one is named.
import { closeSync, fchmodSync, openSync, writeSync } from "node:fs";

import { messageOf } from "../errors.js";

/** A request, as it was seen. Secrets are taken out of headers and of the token endpoint's body. */
export interface SeenRequest {
  /** Epoch milliseconds. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Empty if the stand-in remembers counts alone. */
  readonly body: string;
  /** 0 while there is no reply, and if there never was one. */
  status: number;
  /** The faults it got, by name; empty if none. */
  faults: readonly string[];
}

/** How many requests are kept. */
const MAX_SEEN = 500;
const MAX_SEEN_CHARS = 32 * 2 ** 20;
const SECRET_HEADERS = new Set(["authorization", "proxy-authorization", "amazon-advertising-api-token", "cookie"]);

/** The log of a stand-in. */
export class RequestLog {
  readonly seen: SeenRequest[] = [];
  readonly #file: number | undefined;
  #chars = 0;
  #failed = false;

  /**
   * @param path - a file that each request is appended to, as NDJSON; only its owner may read it
   * @throws the operating system's error if it cannot be opened
   */
  constructor(path: string | undefined) {
    if (path === undefined) return;
    this.#file = openSync(path, "a", 0o600);
    // A file that was there keeps its rights otherwise.
    fchmodSync(this.#file, 0o600);
  }

  /** Keeps a request that has come; the oldest go. */
  add(request: SeenRequest): void {
    this.seen.push(request);
    this.#chars += request.body.length;
    while (this.seen.length > MAX_SEEN || (this.#chars > MAX_SEEN_CHARS && this.seen.length > 1)) {
      this.#chars -= this.seen.shift()?.body.length ?? 0;
    }
  }

  /** Writes a request that is over to the file. */
  end(request: SeenRequest): void {
    if (this.#file === undefined || this.#failed) return;
    try {
      writeSync(this.#file, `${JSON.stringify(request)}\n`);
    } catch (error) {
      this.#failed = true;
      process.emitWarning(`the stand-in's log cannot be written any more: ${messageOf(error)}`);
    }
  }

  clear(): void {
    this.seen.length = 0;
    this.#chars = 0;
  }

  close(): void {
    if (this.#file !== undefined && !this.#failed) closeSync(this.#file);
    this.#failed = true;
  }
}

/** Headers without secrets. */
export function shownHeaders(headers: SeenRequest["headers"]): SeenRequest["headers"] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, SECRET_HEADERS.has(name) ? "[secret]" : value]));
}

/** The token endpoint's form without secrets. */
export function shownForm(body: string): string {
  const form = new URLSearchParams(body);
  for (const name of ["client_secret", "refresh_token", "code"]) if (form.has(name)) form.set(name, "[secret]");
  return form.toString();
}
