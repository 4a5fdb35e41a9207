// The bridge between Node's http server and web-standard handlers, held against requests and connections as they come.
import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import { createServer } from "node:http";
import { connect as connect2, createServer as createServer2 } from "node:http2";
import { connect, type AddressInfo } from "node:net";
import { test } from "node:test";

import { nodeHandler, type NodeRequest, type NodeResponse } from "../dist/adapters/node.js";

/** A connection that takes so many chunks before it is full, and remembers what it was given. */
class Connection extends EventEmitter implements NodeResponse {
  headersSent = false;
  destroyed = false;
  status = 0;
  headers: Record<string, string | string[]> = {};
  chunks: (string | null)[] = [];
  full = false;
  /** Called for each chunk that comes when it is full. */
  onFull: () => void = () => undefined;

  writeHead(status: number, headers: Record<string, string | string[]>): void {
    this.headersSent = true;
    this.status = status;
    this.headers = headers;
  }

  write(chunk: Uint8Array): boolean {
    this.chunks.push(Buffer.from(chunk).toString());
    if (this.full) setImmediate(() => this.onFull());
    return !this.full;
  }

  end(chunk?: Uint8Array | string): void {
    this.chunks.push(chunk === undefined ? null : String(chunk));
  }

  destroy(): void {
    this.destroyed = true;
    this.emit("close");
  }
}

const request = (parts: Partial<NodeRequest> = {}): NodeRequest => ({
  method: "POST",
  url: "/v1/track",
  headers: { host: "c.example" },
  socket: { remoteAddress: "192.0.2.1" },
  async *[Symbol.asyncIterator]() {
    yield Buffer.from("one ");
    yield Buffer.from("two");
  },
  ...parts,
});

test("a request is handed over with its address, its headers and its body", async () => {
  const connection = new Connection();
  const work: Promise<unknown>[] = [];
  const seen: unknown[] = [];
  const handle = nodeHandler(
    async (asked, context) => {
      context.waitUntil?.(Promise.resolve());
      seen.push(asked.method, asked.url, asked.headers.get("x-many"), context.ip, await asked.text());
      return new Response(null, { status: 204, headers: [["set-cookie", "a=1"], ["set-cookie", "b=2"], ["x-own", "1"]] });
    },
    (one) => work.push(one),
  );
  await handle(request({ headers: { host: "c.example", "x-many": ["1", "2"], "x-none": undefined } }), connection);
  assert.deepEqual(seen, ["POST", "http://c.example/v1/track", "1, 2", "192.0.2.1", "one two"]);
  assert.deepEqual([connection.status, connection.headers, connection.chunks], [204, { "set-cookie": ["a=1", "b=2"], "x-own": "1" }, [null]]);
  assert.equal(work.length, 1);
});

test("a connection whose request was not read to its end is closed behind the answer, for no other would be found on it", async () => {
  const server = createServer(nodeHandler(async (asked) => (asked.url.endsWith("/whole") ? new Response(await asked.text()) : new Response("too large", { status: 413 }))));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  /** Sends this, and more of a body as long as it is taken; what was answered until the connection was closed. */
  const answered = (text: string, more: string): Promise<string> =>
    new Promise((resolve) => {
      const socket = connect(port, "127.0.0.1", () => socket.write(text));
      let said = "";
      socket.on("data", (data: Buffer) => {
        said += data.toString();
        if (said.endsWith("hello")) socket.end();
        else if (more !== "") socket.write(more);
      });
      socket.on("error", () => undefined).on("close", () => resolve(said));
    });
  const post = (path: string): string => `POST ${path} HTTP/1.1\r\nHost: c\r\nTransfer-Encoding: chunked\r\n\r\n`;
  try {
    const refused = await answered(`${post("/v1/track")}a\r\n0123456789\r\n`, "a\r\n0123456789\r\n");
    assert.match(refused, /^HTTP\/1\.1 413 [^]*\r\nConnection: close\r\n/i);
    const whole = `${post("/whole")}5\r\nhello\r\n0\r\n\r\n`;
    assert.match(await answered(whole, ""), /^HTTP\/1\.1 200 [^]*\r\nConnection: keep-alive\r\n/i);
  } finally {
    server.close();
  }
});

test("a request by HTTP/2 is answered like any other", async () => {
  const server = createServer2(nodeHandler(async (asked) => new Response(`${asked.method} ${asked.url} ${await asked.text()}`)));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const session = connect2(`http://127.0.0.1:${port}`);
  try {
    const stream = session.request({ ":method": "POST", ":path": "/v1/track" });
    stream.end("hello");
    let status: unknown;
    stream.on("response", (headers) => (status = headers[":status"]));
    let said = "";
    for await (const chunk of stream) said += String(chunk);
    assert.deepEqual([status, said], [200, `POST http://127.0.0.1:${port}/v1/track hello`]);
  } finally {
    session.close();
    server.close();
  }
});

test("what a parser has read before is taken as it was made, and is not packed any more", async () => {
  const read = async (body: unknown): Promise<unknown> => {
    let seen: unknown;
    const handle = nodeHandler(async (asked) => {
      seen = [await asked.text(), asked.headers.get("content-encoding"), asked.headers.get("content-length")];
      return new Response();
    });
    await handle(request({ readableEnded: true, body, headers: { host: "c", "content-encoding": "gzip", "content-length": "9" } }), new Connection());
    return seen;
  };
  assert.deepEqual(await read({ a: 1 }), ['{"a":1}', null, null]);
  assert.deepEqual(await read("text"), ["text", null, null]);
  assert.deepEqual(await read(Buffer.from("bytes")), ["bytes", null, null]);
});

test("a GET has no body, and a target that is no path is the root", async () => {
  const seen: unknown[] = [];
  const handle = nodeHandler((asked) => (seen.push(asked.url, asked.body), new Response()));
  await handle(request({ method: "GET", url: "*" }), new Connection());
  const { method: _, url: __, ...none } = request({ headers: {} });
  await handle(none, new Connection());
  assert.deepEqual(seen, ["http://c.example/", null, "http://localhost/", null]);
});

test("an answer waits for a slow reader, and ends with one that is gone", async () => {
  const streamed = (cancelled: () => void = () => undefined): Response => {
    let next = 0;
    return new Response(
      new ReadableStream(
        {
          pull(controller) {
            if (next === 3) controller.close();
            else controller.enqueue(Buffer.from(`chunk ${next++}`));
          },
          cancel: cancelled,
        },
        { highWaterMark: 0 },
      ),
    );
  };
  const slow = new Connection();
  slow.full = true;
  slow.onFull = () => slow.emit("drain");
  await nodeHandler(() => streamed())(request(), slow);
  assert.deepEqual(slow.chunks, ["chunk 0", "chunk 1", "chunk 2", null]);
  assert.deepEqual([slow.listenerCount("drain"), slow.listenerCount("close")], [0, 0]);

  const gone = new Connection();
  gone.full = true;
  gone.onFull = () => gone.destroy();
  let isCancelled = false;
  await nodeHandler(() => streamed(() => (isCancelled = true)))(request(), gone);
  assert.deepEqual([gone.chunks, isCancelled], [["chunk 0"], true]);
});

test("a request that cannot be right gets a 400, and a connection that fails after its head is cut", async () => {
  const odd = new Connection();
  await nodeHandler(() => new Response())(request({ headers: { host: "%" } }), odd);
  assert.deepEqual([odd.status, odd.chunks], [400, [null]]);
  const broken = new Connection();
  const failing = new ReadableStream({ pull: (controller) => controller.error(new Error("broken")) }, { highWaterMark: 0 });
  await nodeHandler(() => new Response(failing))(request(), broken);
  assert.deepEqual([broken.status, broken.destroyed], [200, true]);
});
