// End to end: NDJSON bytes in, mapped, posted by fetch to a server on loopback, replies read; four requests in flight.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

import { createAmazonEvents } from "../../js-host/dist/index.js";
import { CONFIG } from "../config.mjs";
import { ours } from "../peers/ours.mjs";
import { plain } from "../peers/plain.mjs";
import { tuned } from "../peers/tuned_node.mjs";
import { comparison, inTurns } from "../rounds.mjs";
import { row } from "../tables.mjs";

const IN_FLIGHT = 4;

export async function sending({ input, now, rounds, progress }) {
  const sink = fork(fileURLToPath(new URL("../sink.mjs", import.meta.url)), { execArgv: [] });
  const [port] = await once(sink, "message");
  const url = `http://127.0.0.1:${port}`;
  const headers = { "content-type": "application/json", authorization: "Bearer Atza|bench", "amazon-ads-clientid": "client" };

  const posting = (name, bodyOf) => ({
    name,
    async run() {
      let next = 0;
      const sender = async () => {
        while (next < input.chunks.length) {
          const body = bodyOf(next++);
          const response = await fetch(`${url}/adsApi/v1/create/events`, { method: "POST", headers, body });
          const { success } = await response.json();
          if (response.status !== 207 || success.length === 0) throw new Error(`${name}: status ${response.status}, ${success.length} events`);
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, sender));
    },
  });
  const mapping = ({ name, batch }) => posting(name, (index) => batch(input.chunks[index], now));
  const bodies = input.chunks.map((chunk) => ours.batch(chunk, now));

  const started = Date.now();
  const amazon = createAmazonEvents({
    ADVERTISER_ID: "1", CLIENT_ID: "client", CLIENT_SECRET: "secret", REFRESH_TOKEN: "refresh",
    BASE_URL: url, TOKEN_URL: `${url}/token`,
    config: CONFIG,
    concurrency: IN_FLIGHT,
    clock: { now: () => Date.now() - started + now },
  });
  const client = {
    name: "client",
    async run() {
      for (const chunk of input.chunks) await amazon.sendBatch(chunk);
      await amazon.flush();
    },
  };
  try {
    const runners = [client, mapping(ours), mapping(plain), mapping(tuned), posting("bodies ready", (index) => bodies[index])];
    const samples = await inTurns(runners, { events: input.count, rounds, progress: progress("end to end") });
    const { accepted, mapped, pending } = amazon.stats();
    if (accepted === 0 || accepted !== mapped || pending !== 0) throw new Error(`the client: ${accepted} of ${mapped} accepted, ${pending} pending`);
    const against = (measure, mine, peer, label) => row(measure, label, comparison(samples, mine, peer));
    return {
      rows: [
        against("end to end, our client", client.name, plain.name, "plain JS + fetch"),
        against("end to end, our client", client.name, tuned.name, "tuned JS + fetch"),
        against("end to end, our core + fetch", ours.name, plain.name, "plain JS + fetch"),
        against("end to end, our core + fetch", ours.name, tuned.name, "tuned JS + fetch"),
        against("end to end, our client", client.name, "bodies ready", "fetch alone, of bodies that are ready"),
      ],
    };
  } finally {
    await amazon.close();
    sink.kill();
  }
}
