// Brings one batch to its end: requests, reads, tries again, splits, isolates, gives up. Every event of a batch is
// settled exactly once.
import type { Connection } from "./connection.js";
import { AmazonEventsError, CredentialsError, messageOf } from "./errors.js";
import { readMultiStatus, readProblem } from "./multi_status.js";
import type { DeadLetterReason, DeadLetterSink } from "./outcome.js";
import { bodyOf, type Parcel } from "./parcel.js";
import { redact } from "./redact.js";
import { classOfStatus, retryAfter, waitBefore, type RetryPolicy } from "./retry.js";
import type { Runtime } from "./runtime.js";
import { Slots } from "./slots.js";
import type { Tokens } from "./tokens.js";
import { post, type NoReply, type Reply } from "./transport.js";

/** The end of one event's way. */
export type Settled = { readonly parcel: Parcel } & (
  | { readonly end: "accepted" }
  | { readonly end: "rejected"; readonly code: string; readonly message: string }
  | { readonly end: "dead_lettered"; readonly reason: DeadLetterReason }
  /** Not sent, or not known to be: the run was stopped. What happens to it is the sender's to say. */
  | { readonly end: "undelivered"; readonly fault: AmazonEventsError }
);

/** What {@link Delivery} needs. */
export interface DeliveryOptions {
  readonly connection: Connection;
  readonly runtime: Runtime;
  readonly tokens: Tokens;
  readonly retry: RetryPolicy;
  readonly timeoutMs: number;
  /** Requests at once. */
  readonly concurrency: number;
  readonly deadLetters: DeadLetterSink | undefined;
  /** How long a fault of all requests (a refused token, no permission) stops everything. */
  readonly haltMs: number;
  /**
   * Called after every reply, with the events that it settled. An event counts as settled when this has resolved;
   * if it rejects, everything stops.
   */
  readonly settle: (settled: readonly Settled[]) => Promise<void> | void;
}

/** Delivers batches. */
export class Delivery {
  /** Event requests made. */
  requests = 0;
  /** Those of them that repeated an earlier one for the same events. */
  retriedRequests = 0;
  readonly #options: DeliveryOptions;
  readonly #slots: Slots;
  /** What ends the waits and the requests under way: one each, for a signal is not made for hundreds of listeners. */
  readonly #waits = new Set<AbortController>();
  readonly #underWay = new Set<AbortController>();
  #aborted = false;
  /** Whether Amazon has taken a token of this job. */
  #taken = false;
  #fault: { error: AmazonEventsError; until: number } | undefined;
  /** Amazon asked everybody to wait until then. Epoch milliseconds. */
  #notBefore = 0;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#slots = new Slots(options.concurrency);
  }

  /** Why nothing is being sent, if so. */
  get fault(): AmazonEventsError | undefined {
    if (this.#fault && this.#options.runtime.clock.now() >= this.#fault.until) this.#fault = undefined;
    return this.#fault?.error;
  }

  /** Stops: no more requests. Those under way are waited for. */
  halt(error: AmazonEventsError, forMs = Number.POSITIVE_INFINITY): void {
    this.#fault ??= { error, until: this.#options.runtime.clock.now() + forMs };
    for (const wait of this.#waits) wait.abort();
  }

  /** Stops, and gives up the requests under way as well. */
  abort(error: AmazonEventsError): void {
    this.halt(error);
    this.#aborted = true;
    for (const request of this.#underWay) request.abort();
  }

  /** Resolves when each event of the batch is settled. Rejects only if `settle` or the dead-letter sink does. */
  deliver(batch: readonly Parcel[]): Promise<void> {
    return this.#deliver(batch, false);
  }

  async #deliver(batch: readonly Parcel[], repeats: boolean): Promise<void> {
    const { clock } = this.#options.runtime;
    let rest = batch;
    let again = repeats;
    let renewed = false;
    while (rest.length > 0) {
      const answer = await this.#slots.run(() => this.#request(rest, again));
      if (!answer) return this.#leave(rest);
      const { token, reply } = answer;
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
        await Promise.all([this.#deliver(rest.slice(0, middle), false), this.#deliver(rest.slice(middle), false)]);
        return;
      }
      for (const parcel of rest) parcel.attempts++;
      const asksFor = "retryAfter" in reply ? retryAfter(reply.retryAfter, clock.now()) : undefined;
      rest = await this.#read(rest, kind === "read" ? (reply as Reply) : undefined, reply);
      if (rest.length === 0) return;
      again = true;
      rest = await this.#wait(rest, reply, asksFor);
    }
  }

  /** One request. Undefined if everything has stopped, or stops now for want of a token. */
  async #request(parcels: readonly Parcel[], again: boolean): Promise<{ token: string; reply: Reply | NoReply } | undefined> {
    const { clock } = this.#options.runtime;
    for (let waitMs = 0; (waitMs = this.#notBefore - clock.now()) > 0 && !this.fault; ) await this.#pause(waitMs);
    if (this.fault) return undefined;
    let token: string;
    try {
      token = await this.#options.tokens.get();
    } catch (error) {
      this.#haltAwhile(error instanceof AmazonEventsError ? error : new AmazonEventsError("ERR_STORE", messageOf(error), { cause: error }));
      return undefined;
    }
    if (this.fault) return undefined;
    const { connection, runtime, timeoutMs } = this.#options;
    for (const parcel of parcels) parcel.firstTriedAt ??= clock.now();
    this.requests++;
    if (again) this.retriedRequests++;
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
    return this.#aborted && "problem" in reply ? undefined : { token, reply };
  }

  /** Waits so long, or until everything stops. */
  async #pause(ms: number): Promise<void> {
    const wait = new AbortController();
    this.#waits.add(wait);
    await this.#options.runtime.sleep(ms, wait.signal).catch(() => undefined);
    this.#waits.delete(wait);
  }

  /** Settles what the reply settles, and gives back the events that are to be tried again. */
  async #read(parcels: readonly Parcel[], answered: Reply | undefined, reply: Reply | NoReply): Promise<Parcel[]> {
    const results = answered && readMultiStatus(answered.body, parcels.length);
    const whole = results ? "" : this.#problem(reply, answered !== undefined);
    const settled: Settled[] = [];
    const retry: Parcel[] = [];
    for (const [index, parcel] of parcels.entries()) {
      const item = results?.[index];
      if (item?.result === "accepted") {
        settled.push({ parcel, end: "accepted" });
      } else if (item?.result === "rejected") {
        settled.push({ parcel, end: "rejected", code: item.code, message: this.#clean(item.message) });
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
    if (attempt >= retry.maxAttempts) return this.#giveUp(parcels, "attempts_exhausted");
    const waitMs = waitBefore(retry, runtime.random, attempt, asksFor);
    const now = runtime.clock.now();
    const late = parcels.filter((parcel) => now + waitMs - (parcel.firstTriedAt ?? now) > retry.maxElapsedMs);
    if (late.length > 0) await this.#giveUp(late, "deadline_exceeded");
    const rest = parcels.filter((parcel) => !late.includes(parcel));
    if (rest.length === 0) return rest;
    // The limit is the account's, not this batch's.
    if (asksFor !== undefined || reply.status === 429) this.#notBefore = Math.max(this.#notBefore, now + waitMs);
    runtime.logger.warn(
      { events: rest.length, attempt, waitMs: Math.round(waitMs), problem: rest[0]?.lastError },
      "events are tried again",
    );
    if (!this.fault) await this.#pause(waitMs);
    return rest;
  }

  async #giveUp(parcels: readonly Parcel[], reason: DeadLetterReason): Promise<readonly Parcel[]> {
    await deadLetter(this.#options.deadLetters, parcels, reason);
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
          code: code ?? (kind === "split" ? "CONTENT_TOO_LARGE" : "BAD_REQUEST"),
          message: this.#clean(message ?? `HTTP ${reply.status}`),
        };
      }),
    );
  }

  async #leave(parcels: readonly Parcel[]): Promise<void> {
    const fault = this.fault ?? new AmazonEventsError("ERR_INTERRUPTED", "interrupted");
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
    this.#haltAwhile(error);
  }

  #haltAwhile(error: AmazonEventsError): void {
    this.#options.runtime.logger.error({ code: error.code }, error.message);
    this.halt(error, this.#options.haltMs);
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

/** Hands events to a sink. Without one there is nothing to do: the outcome itself is the record. */
export async function deadLetter(
  sink: DeadLetterSink | undefined,
  parcels: readonly Parcel[],
  reason: DeadLetterReason,
): Promise<void> {
  if (!sink || parcels.length === 0) return;
  try {
    await sink.put(
      parcels.map(({ event, eventId, attempts, lastError, wire }) => ({ eventId, reason, attempts, lastError, event, wire })),
    );
  } catch (error) {
    throw new AmazonEventsError("ERR_STORE", `could not write dead letters: ${messageOf(error)}`, { cause: error });
  }
}
