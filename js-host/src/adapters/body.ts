// A request's body, read to its end, unpacked, and never larger than allowed.
import { Refusal } from "./reply.js";

/**
 * Reads a body.
 *
 * @param encoding - the header `content-encoding`
 * @param maxBytes - the most that is taken, as it came and unpacked
 * @throws {@link Refusal} 413 if it is larger, 415 for another encoding, 400 if it breaks off or cannot be unpacked
 */
export async function readBody(
  body: ReadableStream<Uint8Array> | null,
  encoding: string | null,
  maxBytes: number,
): Promise<Uint8Array> {
  if (!body) return new Uint8Array();
  switch ((encoding ?? "").trim().toLowerCase()) {
    case "":
    case "identity":
      return collect(body, maxBytes);
    case "gzip":
    case "x-gzip":
      // First as it came: packed data that unpacks to nothing would go on for ever.
      return unpack(await collect(body, maxBytes), maxBytes);
    default:
      throw new Refusal(415, "unsupported_encoding", "the body's content-encoding must be gzip, or none");
  }
}

async function unpack(packed: Uint8Array, maxBytes: number): Promise<Uint8Array> {
  const { readable, writable } = new DecompressionStream("gzip");
  const writer = writable.getWriter();
  // What is wrong with the data is told by the other end.
  const ignored = (): void => undefined;
  writer.write(packed as Uint8Array<ArrayBuffer>).catch(ignored);
  writer.close().catch(ignored);
  try {
    return await collect(readable, maxBytes);
  } catch (error) {
    if (error instanceof Refusal && error.status === 413) throw error;
    throw new Refusal(400, "invalid_body", "the body is not gzip, as its content-encoding says");
  }
}

async function collect(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Refusal(400, "invalid_body", "the body broke off");
    });
    if (done) break;
    length += value.length;
    if (length > maxBytes) {
      reader.cancel().catch(() => undefined);
      throw new Refusal(413, "too_large", `the body must have at most ${maxBytes} bytes`);
    }
    chunks.push(value);
  }
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
