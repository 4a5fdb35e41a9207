// A proxy in front of Segment. Its events also go to Amazon, through a queue.
import { withAmazonEvents } from "amazon-dsp-events/adapters/workers";

const proxy = {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(new Request(env.UPSTREAM + pathname + search, request));
  },
};

const config = { dataSetName: "web_events", defaults: { currencyCode: "USD" } };

export default withAmazonEvents(proxy, { config, country: "cf", queue: (env) => env.EVENTS });
