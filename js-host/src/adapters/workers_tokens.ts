// One access token for all workers of an application: kept by a Durable Object, or in Workers KV.
import { AmazonEventsError, invalidOption, messageOf } from "../errors.js";
import { redact } from "../redact.js";
import type { Clock, Logger } from "../runtime.js";
import type { StoredToken, TokenStore } from "../delivery/tokens.js";
import type { AbortSignal, Request, Response } from "../web.js";
import { CONSOLE } from "./environment.js";

/** What both stores take. */
export interface SharedTokensOptions {
  /** The name it is kept by: one for each refresh token. Default `amazon-dsp-events`. */
  name?: string;
  /** Default: the runtime's. */
  clock?: Clock;
  /** Told when the shared store fails; each worker then has its own token. Default: the console. */
  logger?: Logger;
}

/** The part of a Durable Object's binding that is used. */
export interface DurableNamespace<Id = unknown> {
  idFromName(name: string): Id;
  get(id: Id): { fetch(url: string, init: { method: string; body: string; signal: AbortSignal }): Promise<Response> };
}

/** The part of a Durable Object's state that is used. */
export interface DurableState {
  readonly storage: { get(key: string): Promise<unknown>; put(key: string, value: unknown): Promise<void> };
}

/** The part of a KV namespace's binding that is used. */
export interface KvNamespace {
  get(key: string, type: "json"): Promise<unknown>;
  put(key: string, value: string, options: { expiration: number }): Promise<void>;
}

const NAME = "amazon-dsp-events";
const TOKEN = "token";
/** Whoever was told to fetch a token has so long before the next one is. */
const LEASE_MS = 15_000;
/** Whoever waits for it is sent away after that. */
const WAIT_MS = 20_000;
/** A token on its last second is not handed out: its receiver's clock may see it end. */
const MARGIN_MS = 1000;

/**
 * The Durable Object behind {@link durableTokenStore}: export it from the Worker, and bind it.
 *
 * It hands out the token while that is good. When it is not, one worker is told to fetch another, and the others wait for that
 * one: there is one refresh for each expiry, however many workers ask. Where it does not come, the next one is told so
 * after 15 s.
 */
export class AmazonEventsTokens {
  readonly #storage: DurableState["storage"];
  #leasedUntil = 0;
  readonly #waiting = new Set<() => void>();

  constructor(state: DurableState) {
    this.#storage = state.storage;
  }

  /** `PUT` keeps a token; `POST` asks for one, and names the one that Amazon has refused, if any. */
  async fetch(request: Request): Promise<Response> {
    if (request.method === "PUT") {
      await this.#storage.put(TOKEN, await request.json());
      this.#leasedUntil = 0;
      for (const proceed of this.#waiting) proceed();
      return new Response(null, { status: 204 });
    }
    const refused = await request.text();
    const until = Date.now() + WAIT_MS;
    for (;;) {
      const token = (await this.#storage.get(TOKEN)) as StoredToken | undefined;
      const now = Date.now();
      if (token && token.accessToken !== refused && now + MARGIN_MS < token.refreshAt) return Response.json(token);
      if (now >= this.#leasedUntil) {
        this.#leasedUntil = now + LEASE_MS;
        return new Response(null, { status: 204 });
      }
      if (now >= until) return new Response(null, { status: 503 });
      await this.#news(Math.min(this.#leasedUntil, until) - now);
    }
  }

  /** Waits for a token, but not longer. */
  #news(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const proceed = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(proceed);
        resolve();
      };
      const timer = setTimeout(proceed, ms);
      this.#waiting.add(proceed);
    });
  }
}

/**
 * Shares access tokens by a Durable Object, an {@link AmazonEventsTokens}: exactly one refresh for each expiry.
 *
 * Each isolate asks it once, and keeps the token in memory until it ends.
 *
 * @param namespace - the binding of the Durable Object
 *
 * @example
 * ```js
 * import { withAmazonEvents } from "amazon-dsp-events/adapters/workers";
 * import { durableTokenStore } from "amazon-dsp-events/adapters/workers-tokens";
 *
 * export { AmazonEventsTokens } from "amazon-dsp-events/adapters/workers-tokens";
 * export default withAmazonEvents((request) => fetch(request), (env) => ({ tokenStore: durableTokenStore(env.TOKENS) }));
 * ```
 */
export function durableTokenStore<Id>(namespace: DurableNamespace<Id>, options: SharedTokensOptions = {}): TokenStore {
  if (typeof namespace?.idFromName !== "function") throw invalidOption("namespace", "the binding of a Durable Object", namespace);
  const ask = (method: string, body: string): Promise<Response> =>
    namespace.get(namespace.idFromName(options.name ?? NAME)).fetch("https://tokens/", { method, body, signal: AbortSignal.timeout(WAIT_MS + 2000) });
  return remembered(options, {
    async get(refused) {
      const response = await ask("POST", refused ?? "");
      if (response.status === 200) return (await response.json()) as StoredToken;
      await response.body?.cancel();
      if (response.status === 204) return undefined;
      throw new AmazonEventsError("ERR_TOKEN_UNAVAILABLE", `no access token from the worker that fetches it for all, within ${WAIT_MS / 1000} s`);
    },
    async set(token) {
      const { status } = await ask("PUT", JSON.stringify(token));
      if (status !== 204) throw new Error(`the Durable Object answered HTTP ${status}`);
    },
  });
}

/**
 * Shares access tokens by Workers KV: as a rule one refresh for each expiry and place. KV has no lock and is up to a minute
 * behind elsewhere, so workers that find the token ended at the same moment each fetch one; Amazon lets all of them be good.
 * Where that is too many, take {@link durableTokenStore}.
 *
 * @param namespace - the binding of the KV namespace
 */
export function kvTokenStore(namespace: KvNamespace, options: SharedTokensOptions = {}): TokenStore {
  if (typeof namespace?.get !== "function") throw invalidOption("namespace", "the binding of a KV namespace", namespace);
  const key = options.name ?? NAME;
  const now = (): number => options.clock?.now() ?? Date.now();
  return remembered(options, {
    async get(refused) {
      const token = (await namespace.get(key, "json")) as StoredToken | null;
      return token && token.accessToken !== refused ? token : undefined;
    },
    // KV takes no end within the next minute; whoever reads it looks at the time as well.
    set: (token) => namespace.put(key, JSON.stringify(token), { expiration: Math.ceil(Math.max(token.refreshAt, now() + 61_000) / 1000) }),
  });
}

/** A store with a memory in front, which goes on alone where the store fails. */
function remembered({ clock = { now: () => Date.now() }, logger = CONSOLE }: SharedTokensOptions, store: TokenStore): TokenStore {
  let kept: StoredToken | undefined;
  const failed = (error: unknown): void => {
    if (error instanceof AmazonEventsError) throw error;
    logger.warn({}, `the shared store of access tokens failed, this worker goes on with its own: ${redact(messageOf(error))}`);
  };
  return {
    async get(refused) {
      if (kept && kept.accessToken !== refused && clock.now() < kept.refreshAt) return kept;
      try {
        kept = await store.get(refused);
      } catch (error) {
        failed(error);
        kept = undefined;
      }
      return kept;
    },
    async set(token) {
      kept = token;
      try {
        await store.set(token);
      } catch (error) {
        failed(error);
      }
    },
  };
}
