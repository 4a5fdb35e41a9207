// Delivers three events, and says what became of each.
import { createAmazonEvents } from "amazon-dsp-events";

const amazon = createAmazonEvents({
  ...(Bun.env as Record<"ADVERTISER_ID" | "CLIENT_ID" | "CLIENT_SECRET" | "REFRESH_TOKEN", string>),
  config: { dataSetName: "web_events", defaults: { countryCode: "US", currencyCode: "USD" } },
  onOutcome: (outcome) => console.log(JSON.stringify(outcome)),
});

const timestamp = new Date().toISOString();
const traits = { email: "jane.doe@example.com" };
await amazon.send({ type: "page", messageId: "b-1", timestamp, traits });
await amazon.send({ type: "track", event: "Product Added", messageId: "b-2", timestamp, traits });
await amazon.send({ type: "track", event: "Nothing We Know", messageId: "b-3", timestamp, traits });
await amazon.close();
