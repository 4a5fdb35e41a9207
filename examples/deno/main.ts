// Delivers three events, and says what became of each. Needs only the network and the environment.
import { createAmazonEvents } from "amazon-dsp-events";

const amazon = createAmazonEvents({
  ...Deno.env.toObject() as Record<"ADVERTISER_ID" | "CLIENT_ID" | "CLIENT_SECRET" | "REFRESH_TOKEN", string>,
  config: { dataSetName: "web_events", defaults: { countryCode: "US", currencyCode: "USD" } },
  onOutcome: (outcome) => console.log(JSON.stringify(outcome)),
});

const timestamp = new Date().toISOString();
const traits = { email: "jane.doe@example.com" };
await amazon.send({ type: "page", messageId: "d-1", timestamp, traits });
await amazon.send({ type: "track", event: "Product Added", messageId: "d-2", timestamp, traits });
await amazon.send({ type: "track", event: "Nothing We Know", messageId: "d-3", timestamp, traits });
await amazon.close();
