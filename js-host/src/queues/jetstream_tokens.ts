// Access tokens in a JetStream key-value bucket: many workers share one, and one of them refreshes it.
import { messageOf } from "../errors.js";
import { whole } from "../limits.js";
import { runtimeOf, type Runtime } from "../runtime.js";
import type { StoredToken, TokenStore } from "../delivery/tokens.js";

/** The part of `KvEntry` of `@nats-io/kv` that is used. */
export interface KeyValueEntry {
  readonly revision: number;
  readonly operation: string;
  string(): string;
}

/** The part of `KV` of `@nats-io/kv` that is used. */
export interface KeyValue {
  get(key: string): Promise<KeyValueEntry | null>;
  put(key: string, value: string): Promise<number>;
  /** Rejects if the key is there. */
  create(key: string, value: string): Promise<number>;
  /** Rejects if the key has changed since. */
  update(key: string, value: string, revision: number): Promise<number>;
  delete(key: string, options: { previousSeq: number }): Promise<void>;
}

/** What {@link jetStreamTokenStore} takes. */
export interface JetStreamTokenStoreOptions extends Partial<Pick<Runtime, "clock" | "sleep" | "random" | "logger">> {
  /**
   * A bucket, as `new Kvm(connection).create("amazon_tokens", { allow_direct: false })` of `@nats-io/kv` gives it. It holds
   * the access token: let nobody else read it. One bucket for each refresh token.
   */
  bucket: KeyValue;
  /** How long one worker may take to refresh before another one does. Milliseconds, default 15,000. */
  leaseMs?: number;
}

const TOKEN = "token";
const LOCK = "lock";
const POLL_MS = 100;

/**
 * Shares access tokens between all workers that use one bucket. Of those that find it expired, one takes the lock and
 * refreshes; the others wait for it. If it ends before it is done, another one takes its place after `leaseMs`.
 *
 * While the broker cannot be reached each worker refreshes for itself.
 */
export function jetStreamTokenStore(options: JetStreamTokenStoreOptions): TokenStore {
  return new BucketTokens(options);
}

class BucketTokens implements TokenStore {
  readonly #bucket: KeyValue;
  readonly #runtime: Runtime;
  readonly #leaseMs: number;
  /** What was read or written last: a request needs no question as long as it is good. */
  #kept: StoredToken | undefined;
  /** The lock's revision, while it is this worker's. */
  #lock: number | undefined;

  constructor(options: JetStreamTokenStoreOptions) {
    this.#bucket = options.bucket;
    this.#runtime = runtimeOf(options);
    this.#leaseMs = whole(options, "leaseMs", 1000, 600_000, 15_000);
  }

  async get(refused?: string): Promise<StoredToken | undefined> {
    if (this.#isGood(this.#kept, refused)) return this.#kept;
    try {
      return await this.#agree(refused);
    } catch (error) {
      this.#runtime.logger.warn({ problem: messageOf(error) }, "the shared access token could not be read");
      return undefined;
    }
  }

  async set(token: StoredToken): Promise<void> {
    this.#kept = token;
    try {
      await this.#bucket.put(TOKEN, JSON.stringify(token));
      await this.#unlock();
    } catch (error) {
      this.#runtime.logger.warn({ problem: messageOf(error) }, "the access token could not be shared");
    }
  }

  /** A good token; or undefined, and the lock is this worker's. */
  async #agree(refused: string | undefined): Promise<StoredToken | undefined> {
    const { clock, sleep, random } = this.#runtime;
    let seen: number | undefined;
    let since = clock.now();
    for (;;) {
      const token = await this.#read(refused);
      if (token) return token;
      const held = await this.#bucket.get(LOCK);
      const isFree = held === null || held.operation !== "PUT";
      if (!isFree && held.revision !== seen) {
        seen = held.revision;
        since = clock.now();
      }
      // Measured by this worker's clock alone: those of others may differ.
      const isLate = !isFree && clock.now() - since >= this.#leaseMs;
      if ((isFree || isLate) && (await this.#take(isLate ? held.revision : undefined))) {
        // It may have been refreshed between the two looks.
        const fresh = await this.#read(refused);
        if (!fresh) return undefined;
        await this.#unlock();
        return fresh;
      }
      await sleep(POLL_MS * (0.5 + random()));
    }
  }

  async #take(revision: number | undefined): Promise<boolean> {
    try {
      this.#lock = await (revision === undefined ? this.#bucket.create(LOCK, "") : this.#bucket.update(LOCK, "", revision));
      return true;
    } catch {
      // Somebody was quicker; if it is the broker, the next look says so.
      return false;
    }
  }

  async #unlock(): Promise<void> {
    const revision = this.#lock;
    this.#lock = undefined;
    // Somebody has taken it over: it is theirs.
    if (revision !== undefined) await this.#bucket.delete(LOCK, { previousSeq: revision }).catch(() => undefined);
  }

  async #read(refused: string | undefined): Promise<StoredToken | undefined> {
    const entry = await this.#bucket.get(TOKEN);
    if (entry?.operation !== "PUT") return undefined;
    const { accessToken, refreshAt } = JSON.parse(entry.string()) as Partial<StoredToken>;
    if (typeof accessToken !== "string" || typeof refreshAt !== "number") return undefined;
    const token = { accessToken, refreshAt };
    if (!this.#isGood(token, refused)) return undefined;
    return (this.#kept = token);
  }

  #isGood(token: StoredToken | undefined, refused: string | undefined): token is StoredToken {
    return token !== undefined && token.accessToken !== refused && this.#runtime.clock.now() < token.refreshAt;
  }
}
