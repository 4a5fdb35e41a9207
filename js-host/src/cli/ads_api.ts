// What the Amazon Ads API says of an account: its profiles, and the DSP advertisers that a profile may see.
import type { Connection } from "../connection.js";
import { redact } from "../redact.js";
import type { Fetch } from "../runtime.js";
import type { Tokens } from "../delivery/tokens.js";
import { answerInWords, ask, type Answer } from "./http.js";

/** A profile. Ids are texts: they may have more digits than a number keeps. */
export interface Profile {
  readonly profileId: string;
  readonly countryCode: string;
  readonly currencyCode: string;
  readonly timezone: string;
  /** `agency` for DSP; `seller`, `vendor`. */
  readonly type: string;
  readonly name: string;
  /** The entity, or the seller's id. */
  readonly accountId: string;
}

/** A DSP advertiser. */
export interface Advertiser {
  readonly advertiserId: string;
  readonly name: string;
  readonly country: string;
  readonly currency: string;
  /** Which profile sees it. */
  readonly profileId: string;
}

/** The Amazon Ads API did not say what it was asked. */
export class AdsApiError extends Error {
  /** 0: no answer at all. */
  readonly status: number;
  /** What to do about it. */
  readonly remedy: string;

  constructor(status: number, message: string, remedy: string) {
    super(message);
    this.status = status;
    this.remedy = remedy;
  }
}

const PAGE = 100;
// A list that never ends is a fault; no seat has so many advertisers.
const MAX_PAGES = 500;

/** The host of a connection, with the path in front of the API's if there is one. */
export function baseUrlOf({ eventsUrl }: Connection): string {
  return eventsUrl.slice(0, -"/adsApi/v1/create/events".length);
}

/** Asks the Amazon Ads API about an account. */
export class AdsApi {
  readonly #connection: Connection;
  readonly #tokens: Tokens;
  readonly #fetch: Fetch;
  readonly #timeoutMs: number;

  constructor(connection: Connection, tokens: Tokens, fetch: Fetch, timeoutMs: number) {
    this.#connection = connection;
    this.#tokens = tokens;
    this.#fetch = fetch;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * The profiles of the region.
   *
   * @throws {@link AdsApiError}
   */
  async profiles(): Promise<Profile[]> {
    const { answer, json } = await this.#get("/v2/profiles", {});
    if (!Array.isArray(json)) throw this.#fault(answer, "/v2/profiles");
    return (json as unknown[]).map((one) => {
      const profile = object(one);
      const account = object(profile["accountInfo"]);
      return {
        profileId: text(profile["profileId"]),
        countryCode: text(profile["countryCode"]),
        currencyCode: text(profile["currencyCode"]),
        timezone: text(profile["timezone"]),
        type: text(account["type"]),
        name: text(account["name"]),
        accountId: text(account["id"]),
      };
    });
  }

  /**
   * The DSP advertisers that a profile may see, page by page.
   *
   * @throws {@link AdsApiError}
   */
  async advertisers(profileId: string): Promise<Advertiser[]> {
    const all: Advertiser[] = [];
    for (let page = 0; page < MAX_PAGES; page++) {
      const path = `/dsp/advertisers?startIndex=${all.length}&count=${PAGE}`;
      const { answer, json } = await this.#get(path, { "Amazon-Advertising-API-Scope": profileId });
      const { response, totalResults } = object(json);
      if (!Array.isArray(response)) throw this.#fault(answer, "/dsp/advertisers");
      for (const one of response as unknown[]) {
        const { advertiserId, name, country, currency } = object(one);
        all.push({ advertiserId: text(advertiserId), name: text(name), country: text(country), currency: text(currency), profileId });
      }
      if (response.length === 0 || all.length >= Number(totalResults ?? 0)) break;
    }
    return all;
  }

  async #get(path: string, headers: Readonly<Record<string, string>>): Promise<{ answer: Answer; json: unknown }> {
    const answer = await ask(this.#fetch, {
      url: `${baseUrlOf(this.#connection)}${path}`,
      headers: {
        Authorization: `Bearer ${await this.#tokens.get()}`,
        "Amazon-Advertising-API-ClientId": this.#connection.clientId,
        Accept: "application/json",
        ...headers,
      },
      timeoutMs: this.#timeoutMs,
    });
    if (answer.status !== 200) throw this.#fault(answer, path.replace(/\?.*/, ""));
    try {
      // A number in JSON loses digits above 2^53.
      return { answer, json: JSON.parse(answer.body.replace(/("(?:profileId|advertiserId)"\s*:\s*)(\d+)/g, '$1"$2"')) };
    } catch {
      throw this.#fault(answer, path.replace(/\?.*/, ""));
    }
  }

  #fault(answer: Answer, path: string): AdsApiError {
    const url = `${baseUrlOf(this.#connection)}${path}`;
    const said = redact(answerInWords(answer), this.#connection.secrets);
    switch (answer.status) {
      case 0:
        return new AdsApiError(0, `no answer from ${url}: ${said}`, "Check BASE_URL and the network, then run it again");
      case 200:
        return new AdsApiError(200, `${url} answered what is no list`, "Check BASE_URL: something else answers there");
      case 401:
        return new AdsApiError(
          401,
          `Amazon does not let CLIENT_ID use the Amazon Ads API (${said})`,
          "The application must be approved for it: advertising.amazon.com > Amazon Ads API > Apply for access, with the security profile of CLIENT_ID",
        );
      case 403:
        return new AdsApiError(
          403,
          `the user who consented may not read this account (${said})`,
          "Let a user of the DSP account consent (`amazon-dsp-events login`), or give that user rights: Amazon DSP > Manage users",
        );
      default:
        return new AdsApiError(answer.status, `${url} answered ${said}`, "Run it again in a while; if it stays so, check BASE_URL");
    }
  }
}

/** Whether the DSP's advertisers can be asked for with a profile. */
export function isDsp({ type }: Profile): boolean {
  return type === "agency";
}

function object(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A text from outside for a terminal: nothing in it that moves the cursor. */
function text(value: unknown): string {
  return typeof value === "string" || typeof value === "number" ? String(value).replace(/\p{C}+/gu, " ").trim() : "";
}
