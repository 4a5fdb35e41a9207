// The Worker that is measured: keeps the chunks that it is given, and maps them by whom it is told, as often as it is told.
import { NOW } from "../events.mjs";
import { noble } from "../peers/noble.mjs";
import { ours } from "../peers/ours.mjs";
import { plain } from "../peers/plain.mjs";
import { sha256 } from "../peers/sha256.mjs";
import { tunedWith } from "../peers/tuned.mjs";
import { unhashed } from "../peers/unhashed.mjs";

const decoder = new TextDecoder();
const tuned = tunedWith("tuned JS, a hash of its own", sha256, (bytes, start, end) => decoder.decode(bytes.subarray(start, end)));
const peers = new Map([ours, plain, noble, tuned, unhashed].map((peer) => [peer.name, peer]));
const chunks = [];

export default {
  async fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/peers") return Response.json([...peers.keys()]);
    if (pathname === "/chunk") {
      chunks.push(new Uint8Array(await request.arrayBuffer()));
      return new Response();
    }
    const { batch } = peers.get(searchParams.get("peer"));
    if (pathname === "/body") return new Response(batch(chunks[searchParams.get("chunk")], NOW));
    let bytes = 0;
    for (const chunk of chunks) bytes += batch(chunk, NOW).length;
    return new Response(String(bytes));
  },
};
