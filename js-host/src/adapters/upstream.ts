// Hands a request on to another server and its answer back, both as they are.
import type { Fetch } from "../runtime.js";

// They are about one connection, and a request goes over two.
const HOP_BY_HOP = ["connection", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/**
 * Sends the request on, under the same path, and gives the answer as it comes. Rejects if there is none.
 *
 * @param base - the other server, without a slash at the end
 * @param ip - where the request came from, if that is known: it joins `x-forwarded-for`
 */
export async function forward(
  fetch: Fetch,
  base: string,
  request: Request,
  body: ReadableStream<Uint8Array> | null,
  ip: string | undefined,
): Promise<Response> {
  const { pathname, search } = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of HOP_BY_HOP) headers.delete(name);
  // `fetch` would unpack the answer, and what came packed would go back plain with the wrong headers.
  headers.set("accept-encoding", "identity");
  if (ip !== undefined) headers.append("x-forwarded-for", ip);
  const streamed = body && { body, duplex: "half" };
  const answer = await fetch(`${base}${pathname}${search}`, { method: request.method, headers, ...streamed, redirect: "manual" });
  const answered = new Headers(answer.headers);
  for (const name of HOP_BY_HOP) answered.delete(name);
  if (answered.has("content-encoding")) {
    answered.delete("content-encoding");
    answered.delete("content-length");
  }
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers: answered });
}
