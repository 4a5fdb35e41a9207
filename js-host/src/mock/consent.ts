// The page where a user consents, as a stand-in: it says yes at once, and redirects with a code that is good once, for five
// minutes, for the return URL it was asked with.
import { randomBytes } from "node:crypto";

import type { Fault } from "./faults.js";

/** What the page does with a request. */
export type ConsentAnswer = { readonly location: string } | { readonly problem: string };

const CODE_LIFETIME_MS = 300_000;
const SCOPE = "advertising::campaign_management";

/** The codes of one stand-in. */
export class Consents {
  readonly #now: () => number;
  readonly #codes = new Map<string, { readonly redirectUri: string; readonly until: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  clear(): void {
    this.#codes.clear();
  }

  /**
   * Answers `GET /ap/oa`.
   *
   * @param returnUrls - those that it redirects to; undefined: any
   */
  answer(query: URLSearchParams, clientId: string, returnUrls: readonly string[] | undefined, fault: Fault | undefined): ConsentAnswer {
    const redirectUri = query.get("redirect_uri") ?? "";
    if (query.get("client_id") !== clientId) return { problem: "The client_id you provided is not known" };
    if (!URL.canParse(redirectUri) || (returnUrls && !returnUrls.includes(redirectUri))) {
      return { problem: "The redirect URI you provided has not been whitelisted for your application" };
    }
    const location = new URL(redirectUri);
    const state = query.get("state");
    const back = (answer: Record<string, string>): ConsentAnswer => {
      for (const [name, value] of Object.entries(answer)) location.searchParams.set(name, value);
      if (state !== null) location.searchParams.set("state", fault?.kind === "wrong_state" ? "not-the-state" : state);
      return { location: location.href };
    };
    if (query.get("response_type") !== "code") return back({ error: "unsupported_response_type", error_description: "response_type must be code" });
    if (query.get("scope") !== SCOPE) return back({ error: "invalid_scope", error_description: "An unknown scope was requested" });
    if (fault?.kind === "denied") return back({ error: "access_denied", error_description: "Access not permitted." });
    const code = `ANmock${randomBytes(9).toString("hex")}`;
    this.#codes.set(code, { redirectUri, until: this.#now() + CODE_LIFETIME_MS });
    return back({ code, scope: SCOPE });
  }

  /** Whether a code is good for a return URL. It is good once. */
  redeem(code: string | null, redirectUri: string | null): boolean {
    const kept = this.#codes.get(code ?? "");
    this.#codes.delete(code ?? "");
    return kept !== undefined && kept.redirectUri === redirectUri && kept.until > this.#now();
  }
}
