// Nothing is timed before everybody has made the same of the same events, byte for byte.
import { ours } from "./peers/ours.mjs";
import { PEERS } from "./rows/node.mjs";

const decoder = new TextDecoder();

/** Compares two results, and tells the first difference. */
export function sameBytes(what, wanted, got) {
  if (wanted === undefined && got === undefined) return;
  const [left, right] = [wanted, got].map((bytes) => (bytes === undefined ? "nothing" : decoder.decode(bytes)));
  if (left === right) return;
  let at = 0;
  while (left[at] === right[at]) at++;
  const around = (text) => text.slice(Math.max(0, at - 60), at + 60);
  throw new Error(`${what}: at ${at} we have …${around(left)}…, and it has …${around(right)}…`);
}

/** Compares all peers of Node, in each way that they have. */
export function sameInNode(input, now) {
  const encoder = new TextEncoder();
  const [each, objects] = [input.each(), input.objects()];
  for (const peer of PEERS) {
    input.chunks.forEach((chunk, index) => sameBytes(`${peer.name}, batch ${index}`, ours.batch(chunk, now), peer.batch(chunk, now)));
    each.forEach((bytes, index) => sameBytes(`${peer.name}, event ${index}`, ours.json(bytes, now), peer.json(bytes, now)));
    objects.forEach((object, index) => {
      sameBytes(`${peer.name}, object ${index}`, ours.bytes(object, now), peer.bytes(object, now));
      if (!peer.object) return;
      const [wanted, got] = [ours, peer].map((one) => one.object(object, now)).map((made) => made && encoder.encode(JSON.stringify(made)));
      sameBytes(`${peer.name}, object ${index} to an object`, wanted, got);
    });
  }
}
