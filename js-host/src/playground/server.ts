// The playground's server: hands out the files of one page, on loopback alone. It takes nothing in: events are mapped in
// the browser.
import { readdir, readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname } from "node:path";

import { messageOf } from "../errors.js";

/** Options of {@link startPlayground}. */
export interface PlaygroundServerOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Gives the config that the page begins with, each time the page is loaded. */
  readonly config?: () => Promise<StartConfig>;
}

/** A config to begin with, right or wrong: the page says what is wrong with it. */
export interface StartConfig {
  /** The file's name, for the commands that the page offers. */
  readonly name: string;
  readonly text: string;
}

/** A running playground. */
export interface Playground {
  readonly url: string;
  readonly close: () => Promise<void>;
}

const dist = new URL("../", import.meta.url);
const PAGE = "playground/page/";
/** What the page shares with the library. */
const SHARED = ["wasm/core.js", "wasm/core.wasm", "coverage.js", "instant.js", "records.js", "redact.js", "words.js"];
const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
  ".wasm": "application/wasm",
};
const HEADERS = {
  // Its own files and nothing else; the module may be compiled, but no text becomes code.
  "content-security-policy":
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; style-src 'self'; " +
    "img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'; trusted-types playground",
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Serves the playground on 127.0.0.1 until it is closed. */
export async function startPlayground({ port = 0, config }: PlaygroundServerOptions = {}): Promise<Playground> {
  const files = await filesOf();
  const server = createServer((request, response) => void answer(request, response, files, config));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface File {
  readonly type: string;
  readonly bytes: Uint8Array;
}

/** Read once, by path: a request can name what is here, and never a file. */
async function filesOf(): Promise<ReadonlyMap<string, File>> {
  const names = (await readdir(new URL(PAGE, dist))).filter((name) => extname(name) in TYPES).map((name) => PAGE + name);
  const files = new Map<string, File>();
  for (const name of [...names, ...SHARED]) {
    const path = name === `${PAGE}index.html` ? "/" : `/${name}`;
    files.set(path, { type: TYPES[extname(name)] ?? "", bytes: await readFile(new URL(name, dist)) });
  }
  return files;
}

async function answer(
  { method, url = "/", headers, socket }: IncomingMessage,
  response: ServerResponse,
  files: ReadonlyMap<string, File>,
  config: PlaygroundServerOptions["config"],
): Promise<void> {
  const end = (status: number, type: string, body: string | Uint8Array): void => {
    response.writeHead(status, { ...HEADERS, "content-type": type }).end(method === "HEAD" ? undefined : body);
  };
  const say = (status: number, text: string): void => end(status, "text/plain; charset=utf-8", `${text}\n`);
  // A page elsewhere, whose name was made to lead here, could read the config.
  const hosts = [`127.0.0.1:${socket.localPort}`, `localhost:${socket.localPort}`];
  if (socket.localPort === 80) hosts.push("127.0.0.1", "localhost");
  if (!hosts.includes(headers.host ?? "")) return say(403, "the playground answers at 127.0.0.1 and localhost alone");
  if (method !== "GET" && method !== "HEAD") {
    response.setHeader("allow", "GET, HEAD");
    return say(405, "the playground takes nothing in");
  }
  const path = url.replace(/[?#].*$/su, "");
  if (path === "/config") {
    const start = await config?.().catch((error: unknown) => ({ problem: messageOf(error) }));
    return end(200, "application/json", JSON.stringify(start ?? null));
  }
  const file = files.get(path);
  if (file === undefined) return say(404, "there is no such file");
  end(200, file.type, file.bytes);
}
