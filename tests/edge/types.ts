// Compiled, never run: the adapters fit Cloudflare's own types, and their options are known.
import { createAmazonEvents } from "amazon-dsp-events";
import { collector } from "amazon-dsp-events/adapters/collector";
import { amazonEventsConsumer, cloudflareQueue } from "amazon-dsp-events/adapters/queues";
import { withAmazonEvents } from "amazon-dsp-events/adapters/workers";
import { AmazonEventsTokens, durableTokenStore, kvTokenStore } from "amazon-dsp-events/adapters/workers-tokens";

interface Env {
  EVENTS: Queue;
  TOKENS: DurableObjectNamespace;
  KV: KVNamespace;
  CLIENT_ID: string;
}

const proxy: ExportedHandler<Env> = {
  fetch: (request, env, ctx) => {
    ctx.passThroughOnException();
    return fetch(`https://${env.CLIENT_ID}.example`, request);
  },
  scheduled: () => undefined,
};

export default withAmazonEvents<Env, typeof proxy>(proxy, (env) => ({ queue: () => env.EVENTS, tokenStore: durableTokenStore(env.TOKENS) })) satisfies ExportedHandler<Env>;
export const inferred = withAmazonEvents(proxy, { country: "cf", queue: (env) => env.EVENTS }) satisfies ExportedHandler<Env>;
export const fromFunction = withAmazonEvents(async (request: Request, env: Env) => fetch(env.CLIENT_ID, request), {
  events: async (request) => [await request.json()],
}) satisfies ExportedHandler<Env>;
export const consumer = { queue: amazonEventsConsumer<Env>((env) => ({ tokenStore: kvTokenStore(env.KV) })) } satisfies ExportedHandler<Env>;
export const queue = (env: Env) => cloudflareQueue(env.EVENTS).put([]);
export const client = createAmazonEvents({ fetch, sleep: async (_ms, signal) => signal?.throwIfAborted() });
export const custom = createAmazonEvents({ fetch: (url, init) => fetch(url, { ...init, cf: { cacheTtl: 0 } }) });
export const collecting = {
  fetch: (request, _env, ctx) => collector({ writeKeys: "any", amazon: client })(request, { waitUntil: (work) => ctx.waitUntil(work) }),
} satisfies ExportedHandler<Env>;
export const tokens = (state: DurableObjectState) => new AmazonEventsTokens(state);

// @ts-expect-error no such source
withAmazonEvents(proxy, { country: "US" });
