// Brings one batch to its end: requests, reads, tries again, splits, isolates, gives up. Every event of a batch is
// settled exactly once.
import type { Connection } from "../connection.js";
import { AmazonEventsError, CredentialsError, storeFault } from "../errors.js";
import { statusLabel, UNLABELLED } from "../metrics.js";
import { readMultiStatus, readProblem } from "./multi_status.js";
import type { DeadLetterReason } from "../outcome.js";
import { bodyOf, type Parcel } from "./parcel.js";
import { RateLimiter, type RateLimits } from "./rate.js";
import { redact } from "../redact.js";
import { classOfStatus, retryAfter, waitBefore, type RetryPolicy } from "./retry.js";
import { ENDED, type Runtime } from "../runtime.js";
import type { Settled } from "./settled.js";
import { Slots } from "./slots.js";
import type { Tokens } from "./tokens.js";
import { post, type NoReply, type Reply } from "./transport.js";

/** What {@link Delivery} needs. */
export interface DeliveryOptions {
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly tokens: Tokens;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  /** Requests at once. */
  readonly concurrency: number;
  readonly rate?: RateLimits;
  /** How long a fault of all requests (a refused token, no permission) stops everything. */
  readonly haltMs: number;
  /**
   * Called after every reply, with the events that it settled, and with those that are given up or left. An event counts as
   * settled when this has resolved. If it rejects, so does {@link Delivery.deliver}.
   */
  readonly settle: (settled: readonly Settled[]) => Promise<void> | void;
}

const RETRY = { kind: "retry" };
const RATE = { kind: "rate" };

/** A reply, and what it was asked with. */
interface Answer {
  readonly token: string;
  /** The rate limiter's number of the request. */
  readonly turn: number;
  readonly reply: Reply | NoReply;
}

/** Delivers batches. */
export class Delivery {
  /** Event requests made. */
  requests = 0;
  /** Those of them that repeated an earlier one for the same events. */
  retriedRequests = 0;
  readonly #options: DeliveryOptions;
  readonly #slots: Slots;
  readonly #rate: RateLimiter;
  /** What ends the waits and the requests under way: one each, for a signal is not made for hundreds of listeners. */
  readonly #waits = new Set<AbortController>();
  readonly #underWay = new Set<AbortController>();
  #aborted = false;
  /** Whether Amazon has taken a token of this job. */
  #taken = false;
  #fault: { error: AmazonEventsError; until: number; forMs: number } | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#slots = new Slots(options.concurrency);
    this.#rate = new RateLimiter(options.runtime, options.rate);
  }

  /** Why nothing is being sent, if so. */
  get fault(): AmazonEventsError | undefined {
    return this.haltedMs > 0 ? this.#fault?.error : undefined;
  }

  /** How much longer nothing is being sent. Milliseconds; infinite if it is for good. */
  get haltedMs(): number {
    if (!this.#fault) return 0;
    const ms = this.#fault.until - this.#options.runtime.clock.now();
    // More than it was at first: the clock was set back.
    return ms > this.#fault.forMs ? 0 : Math.max(0, ms);
  }

  /** Stops: no more requests. Those under way are waited for. */
  halt(error: AmazonEventsError, forMs = Number.POSITIVE_INFINITY): void {
    const { fault, haltedMs } = this;
    // The longest is the end, and the first is the reason: but for one of the store, which senders must hear of.
    const isNews = error.code === "ERR_STORE" && haltedMs < Number.POSITIVE_INFINITY;
    const longest = this.#fault && haltedMs >= forMs ? this.#fault : { until: this.#options.runtime.clock.now() + forMs, forMs };
    this.#fault = { ...longest, error: isNews ? error : (fault ?? error) };
    for (const wait of this.#waits) wait.abort();
  }

  /** Stops for a while, for a fault that would befall any request. */
  fail(error: AmazonEventsError): void {
    this.#options.runtime.logger.error({ code: error.code, ...(error.cause !== undefined && { err: error.cause }) }, error.message);
    this.halt(error, this.#options.haltMs);
  }

  /** Stops, and gives up the requests under way as well. */
  abort(error: AmazonEventsError): void {
    this.halt(error);
    this.#aborted = true;
    for (const request of this.#underWay) request.abort();
  }

  /**
   * Resolves when each event of the batch is settled. Rejects only if `settle` does.
   *
   * @param batch - of one delivery, if it is not the first: events that were left are given anew as they were left
   */
  deliver(batch: readonly Parcel[]): Promise<void> {
    const again = batch.some(({ firstTriedAt }) => firstTriedAt !== undefined);
    // A fault of all requests is not to be laid to these events.
    for (const parcel of batch) parcel.firstTriedAt = undefined;
    return this.#deliver(batch, again);
  }

  async #deliver(batch: readonly Parcel[], repeats: boolean): Promise<void> {
    const { clock } = this.#options.runtime;
    let rest = batch;
    let again = repeats;
    let renewed = false;
    while (rest.length > 0) {
      const answer = await this.#slots.run(() => this.#request(rest, again));
      if (answer === "stopped") return this.#leave(rest);
      if (answer === "late") {
        await this.#giveUp(rest, "deadline_exceeded");
        return;
      }
      const { token, turn, reply } = answer;
      const kind = "problem" in reply ? "retry" : classOfStatus(reply.status);
      if (kind === "renew_token") {
        this.#options.tokens.refuse(token);
        await this.#options.settle([]);
        again = true;
        renewed = !renewed;
        if (renewed) continue;
        // A fresh one was refused as well. That is a wrong parameter, unless tokens of this job have been taken before:
        // then it is more likely a fault that passes, and may do so as often as any other.
        const attempt = (rest[0]?.attempts ?? 0) + 1;
        if (!this.#taken || attempt >= this.#options.retry.maxAttempts) {
          this.#refuse(reply);
          return this.#leave(rest);
        }
        for (const parcel of rest) {
          parcel.attempts = attempt;
          parcel.lastError = this.#problem(reply, false);
        }
        rest = await this.#wait(rest, reply, undefined);
        continue;
      }
      renewed = false;
      this.#taken ||= kind === "read";
      if (kind === "refuse") {
        this.#refuse(reply);
        return this.#leave(rest);
      }
      if (kind === "split" || kind === "isolate") {
        if (rest.length === 1) return this.#rejectWhole(rest, reply, kind);
        await this.#options.settle([]);
        const middle = rest.length >> 1;
        const halves = [rest.slice(0, middle), rest.slice(middle)].map((half) => this.#deliver(half, false));
        // Where one fails the other is still on its way.
        await Promise.allSettled(halves);
        await Promise.all(halves);
        return;
      }
      for (const parcel of rest) parcel.attempts++;
      const asksFor = "retryAfter" in reply ? retryAfter(reply.retryAfter, clock.now()) : undefined;
      rest = await this.#read(rest, kind === "read" ? (reply as Reply) : undefined, reply, turn);
      if (rest.length === 0) return;
      again = true;
      rest = await this.#wait(rest, reply, asksFor);
    }
  }

  /** One request, unless everything has stopped, stops now for want of a token, or the events' time is up. */
  async #request(parcels: readonly Parcel[], again: boolean): Promise<Answer | "stopped" | "late"> {
    const { connection, runtime, timeoutMs } = this.#options;
    const { clock, metrics } = runtime;
    if (this.fault) return "stopped";
    // Before the turn, so that no request is late for it. Should the turn take longer than the token lives, a 401 is free.
    const token = await this.#token();
    if (token === undefined || this.fault) return "stopped";
    const turn = this.#rate.tryTurn(parcels.length) ?? (await this.#turn(parcels));
    if (this.fault) return "stopped";
    if (turn === undefined || clock.now() > this.#tryUntil(parcels)) return "late";
    const began = clock.now();
    for (const parcel of parcels) parcel.firstTriedAt ??= began;
    this.requests++;
    metrics.observe("amazon_dsp_events.request.events", parcels.length, UNLABELLED);
    if (again) {
      this.retriedRequests++;
      metrics.count("amazon_dsp_events.requests.retried", 1, UNLABELLED);
    }
    const underWay = new AbortController();
    this.#underWay.add(underWay);
    const reply = await post(runtime, {
      url: connection.eventsUrl,
      headers: {
        Authorization: `Bearer ${token}`,
        "Amazon-Ads-ClientId": connection.clientId,
        "Amazon-Ads-AccountId": connection.advertiserId,
        ...(connection.profileId !== undefined && { "Amazon-Advertising-API-Scope": connection.profileId }),
        "Content-Type": "application/json",
        Accept: "application/json",
      },
      body: bodyOf(parcels),
      timeoutMs,
      signal: underWay.signal,
    });
    this.#underWay.delete(underWay);
    const labels = { status: statusLabel(reply.status) };
    metrics.count("amazon_dsp_events.requests", 1, labels);
    metrics.observe("amazon_dsp_events.request.duration", (clock.now() - began) / 1000, labels);
    if (reply.status === 429) this.#rate.throttled(turn);
    return this.#aborted && "problem" in reply ? "stopped" : { token, turn, reply };
  }

  /** A token. Undefined if there is none to be had, or everything is given up meanwhile. */
  async #token(): Promise<string | undefined> {
    const underWay = new AbortController();
    this.#underWay.add(underWay);
    const ended = new Promise<undefined>((resolve) => {
      underWay.signal.addEventListener("abort", () => resolve(undefined), { once: true });
    });
    try {
      return await Promise.race([this.#options.tokens.get(), ended]);
    } catch (error) {
      const isNamed = error instanceof AmazonEventsError;
      this.fail(isNamed ? error : storeFault("could not get an access token", error, this.#options.connection.secrets));
      return undefined;
    } finally {
      this.#underWay.delete(underWay);
    }
  }

  /** Waits for a turn. Undefined if everything stops, or the events' time is up, before it comes. */
  async #turn(parcels: readonly Parcel[]): Promise<number | undefined> {
    const { clock, metrics, sleep } = this.#options.runtime;
    const began = clock.now();
    const until = this.#tryUntil(parcels);
    const wait = new AbortController();
    this.#waits.add(wait);
    if (until < Number.POSITIVE_INFINITY) {
      sleep(Math.max(0, until - began), wait.signal).then(
        () => wait.abort(),
        () => undefined,
      );
    }
    const turn = await this.#rate.turn(parcels.length, wait.signal);
    wait.abort(ENDED);
    this.#waits.delete(wait);
    metrics.observe("amazon_dsp_events.wait.duration", (clock.now() - began) / 1000, RATE);
    return turn;
  }

  /** The last moment for another request. INVARIANT: events that share a request have first been tried together. */
  #tryUntil(parcels: readonly Parcel[]): number {
    return (parcels[0]?.firstTriedAt ?? Number.POSITIVE_INFINITY) + this.#options.retry.maxElapsedMs;
  }

  /** Waits so long, or until everything stops. */
  async #pause(ms: number): Promise<void> {
    const wait = new AbortController();
    this.#waits.add(wait);
    const { clock, metrics, sleep } = this.#options.runtime;
    const began = clock.now();
    await sleep(ms, wait.signal).catch(() => undefined);
    this.#waits.delete(wait);
    metrics.observe("amazon_dsp_events.wait.duration", (clock.now() - began) / 1000, RETRY);
  }

  /** Settles what the reply settles, and gives back the events that are to be tried again. */
  async #read(
    parcels: readonly Parcel[],
    answered: Reply | undefined,
    reply: Reply | NoReply,
    turn: number,
  ): Promise<Parcel[]> {
    const results = answered && readMultiStatus(answered.body, parcels.length);
    const whole = results ? "" : this.#problem(reply, answered !== undefined);
    const settled: Settled[] = [];
    const retry: Parcel[] = [];
    // Amazon may be busy for a part of the events alone.
    if (results?.some((item) => item.result === "retry" && item.code === "TOO_MANY_REQUESTS")) this.#rate.throttled(turn);
    else if (results) this.#rate.succeeded(turn);
    for (const [index, parcel] of parcels.entries()) {
      const item = results?.[index];
      if (item?.result === "accepted") {
        settled.push({ parcel, end: "accepted" });
      } else if (item?.result === "rejected") {
        settled.push({ parcel, end: "rejected", code: this.#clean(item.code), message: this.#clean(item.message) });
      } else {
        parcel.lastError = item ? this.#clean(`${item.code}: ${item.message}`) : whole;
        retry.push(parcel);
      }
    }
    await this.#options.settle(settled);
    return retry;
  }

  /** Waits before the next attempt. Gives up the events that have had enough, and gives back the others. */
  async #wait(parcels: readonly Parcel[], reply: Reply | NoReply, asksFor: number | undefined): Promise<readonly Parcel[]> {
    const { retry, runtime } = this.#options;
    // INVARIANT: events of one batch that are tried again have been tried equally often.
    const attempt = parcels[0]?.attempts ?? 0;
    const waitMs = waitBefore(retry, runtime.random, attempt, asksFor);
    const until = runtime.clock.now() + waitMs;
    // The limit is the account's, not this batch's: it holds for the others even if this is the batch's end.
    if (asksFor !== undefined || reply.status === 429) this.#rate.hold(until);
    if (attempt >= retry.maxAttempts) return this.#giveUp(parcels, "attempts_exhausted");
    if (until > this.#tryUntil(parcels)) return this.#giveUp(parcels, "deadline_exceeded");
    runtime.logger.warn(
      { events: parcels.length, attempt, waitMs: Math.round(waitMs), problem: parcels[0]?.lastError },
      "events are tried again",
    );
    if (!this.fault) await this.#pause(waitMs);
    return parcels;
  }

  async #giveUp(parcels: readonly Parcel[], reason: DeadLetterReason): Promise<readonly Parcel[]> {
    // A token may have been refused, or a batch split, as long as there was time.
    for (const parcel of parcels) parcel.lastError ||= "Amazon did not take it in time";
    this.#options.runtime.logger.error({ events: parcels.length, reason, problem: parcels[0]?.lastError }, "events are given up");
    await this.#options.settle(parcels.map((parcel) => ({ parcel, end: "dead_lettered", reason })));
    return [];
  }

  async #rejectWhole(parcels: readonly Parcel[], reply: Reply | NoReply, kind: "split" | "isolate"): Promise<void> {
    const { code, message } = "body" in reply ? readProblem(reply.body) : {};
    await this.#options.settle(
      parcels.map((parcel) => {
        parcel.attempts++;
        return {
          parcel,
          end: "rejected",
          code: this.#clean(code ?? (kind === "split" ? "CONTENT_TOO_LARGE" : "BAD_REQUEST")),
          message: this.#clean(message ?? `HTTP ${reply.status}`),
        };
      }),
    );
  }

  async #leave(parcels: readonly Parcel[]): Promise<void> {
    const fault = this.#fault?.error ?? new AmazonEventsError("ERR_INTERRUPTED", "interrupted");
    await this.#options.settle(parcels.map((parcel) => ({ parcel, end: "undelivered", fault })));
  }

  /** A reply that any request would get. */
  #refuse(reply: Reply | NoReply): void {
    const { connection } = this.#options;
    const answer = this.#problem(reply, false);
    const denied = (parameters: string[], problem: string, remedy: string): CredentialsError =>
      new CredentialsError("ERR_ACCESS_DENIED", parameters, `${problem} (${answer}). ${remedy}`);
    const error = ((): AmazonEventsError => {
      if (reply.status >= 300 && reply.status < 400) {
        return denied(["BASE_URL"], `${new URL(connection.eventsUrl).origin} answers with a redirect`, "Check BASE_URL; redirects are not followed, for they would carry the token elsewhere");
      }
      switch (reply.status) {
        case 401:
          return denied(
            ["CLIENT_ID", "REFRESH_TOKEN", "BASE_URL"],
            "Amazon refused the access token, and a fresh one as well",
            "CLIENT_ID must be the client that REFRESH_TOKEN was given to, with access to the Amazon Ads API; BASE_URL must be the account's region",
          );
        case 403:
          return denied(
            ["ADVERTISER_ID", "REFRESH_TOKEN", "PROFILE_ID"],
            `Amazon does not allow events for ADVERTISER_ID ${redact(connection.advertiserId)}`,
            "Whoever consented (REFRESH_TOKEN) needs event_manager_edit for this advertiser, and the advertiser must have accepted the terms in Events Manager; see that PROFILE_ID, if set, belongs to it",
          );
        case 404:
          return denied(
            ["ADVERTISER_ID", "BASE_URL"],
            `Amazon does not know ADVERTISER_ID ${redact(connection.advertiserId)} at ${new URL(connection.eventsUrl).origin}`,
            "Check the number, and that BASE_URL is the host of the advertiser's region",
          );
        default:
          return new AmazonEventsError("ERR_REQUEST_REFUSED", `Amazon refuses requests of this kind (${answer})`);
      }
    })();
    this.fail(error);
  }

  #problem(reply: Reply | NoReply, unreadable: boolean): string {
    if ("problem" in reply) return this.#clean(reply.problem);
    if (unreadable) return `HTTP ${reply.status} with a body that cannot be read`;
    const { code, message } = readProblem(reply.body);
    return this.#clean(`HTTP ${reply.status}${code === undefined ? "" : ` ${code}`}${message === undefined ? "" : `: ${message}`}`);
  }

  #clean(text: string): string {
    return redact(text, this.#options.connection.secrets);
  }
}
