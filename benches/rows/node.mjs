// In Node: batches and single events, beside everybody who maps in JavaScript, in one process.
import { noble } from "../peers/noble.mjs";
import { ours } from "../peers/ours.mjs";
import { plain } from "../peers/plain.mjs";
import { tuned } from "../peers/tuned_node.mjs";
import { unhashed } from "../peers/unhashed.mjs";
import { best, comparison, inTurns } from "../rounds.mjs";
import { row } from "../tables.mjs";

/** Those whose bodies are right. */
export const PEERS = [plain, tuned, noble];

/** Each way in, how it is called, and who goes it. */
const WAYS = [
  { name: "batch of 500, bytes to body", of: ({ chunks }) => chunks, call: "batch", peers: [...PEERS, unhashed] },
  { name: "one event, bytes to bytes", of: ({ each }) => each(), call: "json", peers: [plain, tuned] },
  { name: "one event, object to bytes", of: ({ objects }) => objects(), call: "bytes", peers: [plain, tuned] },
  { name: "one event, object to object", of: ({ objects }) => objects(), call: "object", peers: [plain] },
];

export async function node({ input, now, rounds, progress }) {
  const rows = [];
  for (const { name, of, call, peers } of WAYS) {
    const inputs = of(input);
    const runners = [ours, ...peers].map((peer) => ({
      name: peer.name,
      run: () => {
        for (const one of inputs) peer[call](one, now);
      },
    }));
    const samples = await inTurns(runners, { events: input.count, rounds, progress: progress(name) });
    const right = peers.filter((peer) => PEERS.includes(peer)).map((peer) => peer.name);
    const winner = best(samples, right);
    const labels = new Map(peers.map((peer) => [peer.name, peer.name === winner && right.length > 1 ? `${peer.name} (the best)` : peer.name]));
    for (const peer of peers) rows.push(row(name, labels.get(peer.name), comparison(samples, ours.name, peer.name)));
  }
  return { rows };
}
