// A web-standard handler on Node's http server. Node's objects are known by their shape alone.
import type { Request, Response } from "../web.js";
import type { RequestContext } from "./collector.js";

/** What is used of Node's `IncomingMessage`. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { readonly remoteAddress?: string | undefined };
  readonly httpVersionMajor?: number;
  /** False as long as some of the request has not come, or waits to be read. */
  readonly complete?: boolean;
  /** True when somebody has read the body before. */
  readonly readableEnded?: boolean;
  /** What they made of it. */
  readonly body?: unknown;
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
}

/** What is used of Node's `ServerResponse`. */
export interface NodeResponse {
  readonly headersSent: boolean;
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  write(chunk: Uint8Array): boolean;
  end(chunk?: Uint8Array | string): unknown;
  destroy(): unknown;
  once(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

/**
 * Makes a listener for `http.createServer`, or a handler for what is built on it.
 *
 * @param handle - the handler, such as a `collector` or the `fetch` of an app
 * @param waitUntil - given what the handler still does after its answer
 */
export function nodeHandler(
  handle: (request: Request, context: RequestContext) => Response | Promise<Response>,
  waitUntil?: (work: Promise<unknown>) => void,
): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  return async (request, response) => {
    try {
      const context = { ip: request.socket.remoteAddress, ...(waitUntil && { waitUntil }) };
      const answer = await handle(requestOf(request), context);
      // Nobody reads the rest of the body, and behind it no further request would be found.
      const isCutOff = request.complete === false && request.httpVersionMajor === 1;
      await reply(answer, response, isCutOff ? { connection: "close" } : {});
    } catch {
      // A request that cannot be right (a host such as `%`), or a connection that is gone.
      if (response.headersSent) response.destroy();
      else response.writeHead(400, {}), response.end();
    }
  };
}

function requestOf(request: NodeRequest): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // HTTP/2 has the first line of a request among its headers.
    if (name.startsWith(":")) continue;
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) headers.append(name, one);
  }
  const path = request.url?.startsWith("/") ? request.url : "/";
  const { method = "GET" } = request;
  const body = method === "GET" || method === "HEAD" ? undefined : bodyOf(request, headers);
  // `duplex` is asked for wherever a body streams, and missing in the types.
  const init: RequestInit & { duplex: "half" } = { method, headers, duplex: "half", ...(body !== undefined && { body }) };
  return new Request(`http://${headers.get("host") ?? String(request.headers[":authority"] ?? "localhost")}${path}`, init);
}

function bodyOf(request: NodeRequest, headers: Headers): ReadableStream<Uint8Array> | string {
  if (!request.readableEnded || request.body === undefined) return streamOf(request);
  // A parser was here first, and has unpacked it as well.
  headers.delete("content-encoding");
  headers.delete("content-length");
  const { body } = request;
  if (body instanceof Uint8Array) return new TextDecoder().decode(body);
  return typeof body === "string" ? body : JSON.stringify(body);
}

function streamOf(request: NodeRequest): ReadableStream<Uint8Array> {
  const chunks = request[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
    },
    { highWaterMark: 0 },
  );
}

async function reply(answer: Response, response: NodeResponse, headers: Record<string, string | string[]>): Promise<void> {
  for (const [name, value] of answer.headers) headers[name] = value;
  const cookies = answer.headers.getSetCookie();
  if (cookies.length > 0) headers["set-cookie"] = cookies;
  response.writeHead(answer.status, headers);
  if (answer.body) {
    const reader = answer.body.getReader();
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      if (!response.write(next.value)) await drained(response);
      if (response.destroyed) return void reader.cancel().catch(() => undefined);
    }
  }
  response.end();
}

/** Resolves when the other end has taken what was written, or is gone. */
function drained(response: NodeResponse): Promise<void> {
  return new Promise((resolve) => {
    const proceed = (): void => {
      response.off("drain", proceed);
      response.off("close", proceed);
      resolve();
    };
    response.once("drain", proceed);
    response.once("close", proceed);
  });
}
