// The client that the examples share, and what ends a program well.
import { createAmazonEvents } from "amazon-dsp-events";

export const amazon = createAmazonEvents({
  ...process.env, // ADVERTISER_ID, CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN
  config: { dataSetName: "web_events", defaults: { countryCode: "US", currencyCode: "USD" } },
  onOutcome: ({ outcome }) => console.log(outcome),
});

/** On SIGTERM or Ctrl-C: stops the server, then sends what is queued. */
export function closeWith(stop) {
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.once(signal, async () => {
      await stop();
      await amazon.close({ deadlineMs: 20_000 });
      process.exit();
    });
  }
}

export const port = Number(process.env.PORT ?? 3000);
