// Access tokens (Login with Amazon): fetched with the refresh token, kept until shortly before they expire.
import type { Connection } from "../connection.js";
import { AmazonEventsError, CredentialsError, storeFault } from "../errors.js";
import { UNLABELLED } from "../metrics.js";
import { redact, said } from "../redact.js";
import { retryAfter, waitBefore, type RetryPolicy } from "./retry.js";
import { ENDED, type Runtime } from "../runtime.js";
import { post } from "./transport.js";
import type { AbortSignal } from "../web.js";

/** An access token and when to replace it. */
export interface StoredToken {
  readonly accessToken: string;
  /** From this moment on it is to be refreshed; it works a little longer. Epoch milliseconds. */
  readonly refreshAt: number;
}

/**
 * Where tokens are kept for all who share a refresh token. It holds values, never promises. One that does not answer within
 * `timeoutMs` counts as one that failed.
 */
export interface TokenStore {
  /**
   * The token, if there is one. A store that several workers share may let them wait until one of them has refreshed it;
   * whoever is given nothing, or what it cannot use, refreshes, and calls `set`.
   *
   * @param refused - the token that Amazon has refused, if there is one: it is of no use any more
   */
  get(refused?: string): Promise<StoredToken | undefined> | StoredToken | undefined;
  set(token: StoredToken): Promise<void> | void;
}

/** A store in memory, for one process or one isolate. */
export function memoryTokenStore(): TokenStore {
  let kept: StoredToken | undefined;
  return {
    get: () => kept,
    set: (token) => {
      kept = token;
    },
  };
}

/** What {@link Tokens} needs. */
export interface TokensOptions {
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly store: TokenStore;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

// Amazon's own tag refreshes this early; a request begun in time still ends in time.
const EARLY_MS = 300_000;
// Amazon's tokens live an hour; a reply that does not say is taken to mean the same.
const USUAL_LIFETIME_MS = 3_600_000;

/** The access token that is good now. At most one refresh is under way in one instance. */
export class Tokens {
  /** Tokens fetched so far. */
  refreshes = 0;
  readonly #options: TokensOptions;
  #pending: Promise<string> | undefined;
  /** The one that Amazon refused, so that it is not taken from the store again. */
  #refused: string | undefined;
  /** What ends the waits for the store: one each, for a signal is not made for hundreds of listeners. */
  readonly #waits = new Set<AbortController>();

  constructor(options: TokensOptions) {
    this.#options = options;
    options.signal?.addEventListener("abort", () => this.#waits.forEach((wait) => wait.abort()), { once: true });
  }

  /**
   * An access token.
   *
   * @throws {@link CredentialsError} if Amazon refuses the client or the refresh token: trying again is of no use
   * @throws {@link AmazonEventsError} `ERR_TOKEN_UNAVAILABLE` if the token endpoint did not answer usefully, `ERR_STORE` if
   * the token store failed
   */
  async get(): Promise<string> {
    const { clock, sleep } = this.#options.runtime;
    const { store } = this.#options;
    const kept = await this.#answered("could not read the token store", () => store.get(this.#refused));
    if (kept && kept.accessToken !== this.#refused && clock.now() < kept.refreshAt && isToken(kept.accessToken)) return kept.accessToken;
    if (!this.#pending) return this.#begin();
    // In a Worker a promise of another request may never settle: whoever waits has a time limit of their own, and
    // then goes ahead alone.
    const waiting = new AbortController();
    const limit = sleep(2 * this.#options.timeoutMs, waiting.signal).then(
      () => undefined,
      () => undefined,
    );
    try {
      return (await Promise.race([this.#pending, limit])) ?? (await this.#begin());
    } finally {
      waiting.abort(ENDED);
    }
  }

  /** Says that Amazon did not take this token. The next {@link get} finds another one. */
  refuse(accessToken: string): void {
    this.#refused = accessToken;
  }

  /** What the store says, if it does so in time. */
  async #answered<T>(doing: string, ask: () => Promise<T> | T): Promise<T> {
    const { connection, runtime, timeoutMs } = this.#options;
    let wait: AbortController | undefined;
    try {
      const answer = ask();
      if (!(answer instanceof Promise)) return await answer;
      wait = new AbortController();
      this.#waits.add(wait);
      const late = runtime.sleep(timeoutMs, wait.signal).then(() => {
        throw new Error(`no answer within ${timeoutMs / 1000} s`);
      });
      return await Promise.race([answer, late]);
    } catch (error) {
      // A store that fetches for all may say that there is no token to be had, which is no fault of its own.
      if (error instanceof AmazonEventsError && error.code === "ERR_TOKEN_UNAVAILABLE") throw error;
      throw storeFault(doing, error, connection.secrets);
    } finally {
      if (wait) {
        wait.abort(ENDED);
        this.#waits.delete(wait);
      }
    }
  }

  #begin(): Promise<string> {
    const pending = this.#refresh().finally(() => {
      if (this.#pending === pending) this.#pending = undefined;
    });
    this.#pending = pending;
    return pending;
  }

  async #refresh(): Promise<string> {
    const { connection, runtime, retry, timeoutMs, signal, store } = this.#options;
    for (let attempt = 1; ; attempt++) {
      const asked = runtime.clock.now();
      const reply = await post(runtime, {
        url: connection.tokenUrl,
        // No Authorization header: the endpoint refuses a call that has one.
        headers: { "Content-Type": "application/x-www-form-urlencoded;charset=UTF-8", Accept: "application/json" },
        body: new URLSearchParams({
          grant_type: "refresh_token",
          refresh_token: connection.refreshToken,
          client_id: connection.clientId,
          client_secret: connection.clientSecret,
        }).toString(),
        timeoutMs,
        signal,
      });
      let problem: string;
      if ("problem" in reply) {
        problem = reply.problem;
      } else {
        const fields = readFields(reply.body);
        if (reply.status >= 200 && reply.status < 300) {
          const token = tokenOf(fields, asked);
          if (token) {
            this.refreshes++;
            // Given out anew, it deserves another try.
            if (token.accessToken === this.#refused) this.#refused = undefined;
            runtime.metrics.count("amazon_dsp_events.token.refreshes", 1, UNLABELLED);
            await this.#answered("could not write the token store", () => store.set(token));
            runtime.logger.debug({ refreshAt: token.refreshAt }, "fetched an access token");
            return token.accessToken;
          }
          problem = `HTTP ${reply.status} without an access token`;
        } else {
          problem = `HTTP ${reply.status}${typeof fields["error"] === "string" ? ` ${said(fields["error"])}` : ""}`;
          if (isPermanent(reply.status)) throw this.#refusal(reply.status, fields);
        }
      }
      if (attempt >= retry.maxAttempts || signal?.aborted) {
        throw new AmazonEventsError(
          "ERR_TOKEN_UNAVAILABLE",
          `no access token from ${connection.tokenUrl} after ${attempt} attempts: ${redact(problem, connection.secrets)}. ` +
            "Check TOKEN_URL and the network, then run it again",
        );
      }
      const asksFor = "retryAfter" in reply ? retryAfter(reply.retryAfter, runtime.clock.now()) : undefined;
      const waitMs = waitBefore(retry, runtime.random, attempt, asksFor);
      runtime.logger.warn(
        { attempt, waitMs: Math.round(waitMs), problem: redact(problem, connection.secrets) },
        "the token endpoint did not answer usefully; trying again",
      );
      // An abort ends the wait, and the next turn ends the loop.
      await runtime.sleep(waitMs, signal).catch(() => undefined);
    }
  }

  #refusal(status: number, fields: Record<string, unknown>): CredentialsError {
    const { secrets, tokenUrl } = this.#options.connection;
    const code = typeof fields["error"] === "string" ? fields["error"] : "";
    const words = typeof fields["error_description"] === "string" ? fields["error_description"] : "";
    const answer = redact(said(`HTTP ${status}${code && ` ${code}`}${words && `: ${words}`}`), secrets);
    const fault = (parameters: string[], problem: string, remedy: string): CredentialsError =>
      new CredentialsError("ERR_CREDENTIALS", parameters, `${problem} (${answer}). ${remedy}`);
    switch (code) {
      case "invalid_grant":
        return fault(
          ["REFRESH_TOKEN"],
          "Amazon refused REFRESH_TOKEN",
          "It has expired (365 days after consent), was revoked, was cut when copied, or belongs to another CLIENT_ID. " +
            "Let the advertiser consent again and set the new token",
        );
      case "invalid_client":
        return fault(
          ["CLIENT_ID", "CLIENT_SECRET"],
          "Amazon refused CLIENT_ID or CLIENT_SECRET",
          "Copy both anew from Login with Amazon > your security profile > Web Settings; they belong together",
        );
      case "unauthorized_client":
        return fault(
          ["CLIENT_ID"],
          "Amazon does not let CLIENT_ID use this REFRESH_TOKEN",
          "Set the CLIENT_ID that the consent was given to, and see that it is approved for the Amazon Ads API",
        );
      default:
        return fault(
          ["TOKEN_URL", "CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"],
          `${tokenUrl} refused the request for an access token`,
          "Check TOKEN_URL, then CLIENT_ID, CLIENT_SECRET and REFRESH_TOKEN",
        );
    }
  }
}

function isPermanent(status: number): boolean {
  return status < 500 && status !== 408 && status !== 425 && status !== 429;
}

/** Whether it can stand in a header; whoever may write to the store, or answers for Amazon, may send anything. */
function isToken(value: unknown): value is string {
  return typeof value === "string" && /^[\x21-\x7e]{1,8192}$/.test(value);
}

function tokenOf(fields: Record<string, unknown>, asked: number): StoredToken | undefined {
  const { access_token: accessToken, expires_in: expiresIn } = fields;
  if (!isToken(accessToken)) return undefined;
  const seconds = Number(expiresIn);
  const lifetime = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : USUAL_LIFETIME_MS;
  // A token that lives no longer than the margin would never be good: half its life is.
  return { accessToken, refreshAt: asked + (lifetime > EARLY_MS ? lifetime - EARLY_MS : lifetime / 2) };
}

function readFields(body: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
