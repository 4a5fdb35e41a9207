// One worker of many that share a token: sends one event for each request, and says what became of it.
import { createAmazonEvents } from "amazon-dsp-events";
import { durableTokenStore, kvTokenStore } from "amazon-dsp-events/adapters/workers-tokens";

export { AmazonEventsTokens } from "amazon-dsp-events/adapters/workers-tokens";

let tokenStore;
export default {
  async fetch(request, env) {
    tokenStore ??= env.TOKENS ? durableTokenStore(env.TOKENS) : kvTokenStore(env.KV);
    const amazon = createAmazonEvents({ ...env, tokenStore, flushIntervalMs: 0, config: { defaults: { countryCode: "US" } } });
    return Response.json(await amazon.send(await request.json(), { wait: true }));
  },
};
