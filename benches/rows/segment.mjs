// Segment's own destination for Amazon, by `executeBatch`, with the network replaced: the real thing that is in use elsewhere.
// Its rules differ, so only event ids and plain e-mail addresses are compared; all its events are given one conversion type, as
// there a mapping is for one. Needs benches/segment, which scripts/bench.sh installs for --all.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";

import { ours } from "../peers/ours.mjs";
import { comparison, inTurns } from "../rounds.mjs";
import { row } from "../tables.mjs";

const folder = new URL("../segment/", import.meta.url);

function executor() {
  const require = createRequire(new URL("package.json", folder));
  const { Destination, defaultValues } = require("@segment/actions-core");
  const definition = require("@segment/action-destinations/dist/destinations/amazon-conversions-api").default;
  const action = new Destination(definition).actions.trackConversion;
  // As installed today its validator refuses every event: it takes the key of its schema, which has blanks, for a broken URI.
  action.destinationName = "amazon";
  Object.defineProperty(action.definition, "title", { value: "track" });
  let bodies = [];
  action.createRequestClient = () => async (_url, { json }) => {
    bodies.push(JSON.stringify(json));
    return { status: 207, data: { success: json.events.map((_, index) => ({ index })), error: [] } };
  };
  const path = (text) => ({ "@path": `$.context.traits.${text}` });
  const mapping = {
    ...defaultValues(definition.actions.trackConversion.fields),
    name: { "@if": { exists: { "@path": "$.event" }, then: { "@path": "$.event" }, else: { "@path": "$.type" } } },
    eventType: "PAGE_VIEW",
    matchKeys: {
      email: { "@if": { exists: path("email"), then: path("email"), else: { "@path": "$.userId" } } },
      phone: path("phone"),
      firstName: path("firstName"),
      lastName: path("lastName"),
      address: path("address.street"),
      city: path("address.city"),
      state: path("address.state"),
      postalCode: path("address.postalCode"),
    },
  };
  const settings = { region: "https://advertising-api.amazon.com", advertiserId: "1", dataSetName: "web_events" };
  return async (chunk) => {
    bodies = [];
    const data = new TextDecoder().decode(chunk).trimEnd().split("\n").map((line) => JSON.parse(line));
    await action.executeBatch({ data, mapping, settings, auth: { accessToken: "token" } });
    return bodies;
  };
}

const emailOf = ({ matchKeys }) => matchKeys.find(({ type }) => type === "EMAIL")?.values[0];

/** Event ids, and addresses that both normalise alike. */
function same(input, chunk, mine, its) {
  const events = new Map(its.map((event) => [event.eventId, event]));
  let compared = 0;
  const plain = new Set(new TextDecoder().decode(chunk).trimEnd().split("\n").map((line) => JSON.parse(line))
    .filter(({ context }) => /^[A-Za-z0-9.]+@/.test(context.traits.email ?? "")).map(({ messageId }) => messageId));
  for (const event of mine) {
    if (!plain.has(event.eventId)) continue;
    const other = events.get(event.eventId);
    if (other === undefined || emailOf(other) !== emailOf(event)) throw new Error(`Segment: another address, or none, for ${event.eventId}`);
    compared++;
  }
  if (compared < mine.length / 2) throw new Error(`Segment: only ${compared} of ${mine.length} events could be compared`);
}

export async function segment({ input, now, rounds, progress }) {
  if (!existsSync(new URL("node_modules/@segment", folder))) {
    console.error("NOT MEASURED: Segment's destination is not installed (make bench ARGS=--all)");
    return {};
  }
  const execute = executor();
  const decoder = new TextDecoder();
  for (const chunk of input.chunks) {
    const its = (await execute(chunk)).flatMap((body) => JSON.parse(body).events);
    same(input, chunk, JSON.parse(decoder.decode(ours.batch(chunk, now))).events, its);
  }
  const runners = [
    { name: ours.name, run: () => input.chunks.forEach((chunk) => ours.batch(chunk, now)) },
    { name: "Segment", run: async () => { for (const chunk of input.chunks) await execute(chunk); } },
  ];
  const samples = await inTurns(runners, { events: input.count, rounds, progress: progress("Segment's destination") });
  return { rows: [row("batch of 500, bytes to body", "Segment's executeBatch, no network", comparison(samples, ours.name, "Segment"))] };
}
