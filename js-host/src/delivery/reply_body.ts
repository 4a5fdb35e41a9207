// The text of a reply, read only so far: whoever answers in Amazon's place must not fill the memory.

/** No reply of Amazon's is near it: 500 events with a long message each are some hundred KiB. */
const MAX_REPLY_BYTES = 16 * 2 ** 20;

/**
 * Reads a reply's body to its end, as it is when unpacked.
 *
 * @throws an error if it is larger than {@link MAX_REPLY_BYTES}, or breaks off
 */
export async function textOf(response: Response): Promise<string> {
  const { body } = response as { body?: ReadableStream<Uint8Array> | null };
  // A `fetch` of the caller's own may have streams of another kind.
  if (typeof body?.getReader !== "function") return response.text();
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    bytes += value.length;
    if (bytes > MAX_REPLY_BYTES) {
      reader.cancel().catch(() => undefined);
      throw new Error(`the reply has more than ${MAX_REPLY_BYTES / 2 ** 20} MiB`);
    }
    text += decoder.decode(value, { stream: true });
  }
}
