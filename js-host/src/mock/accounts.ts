// The account of a stand-in: one profile, and the DSP advertisers it may see, in pages.

/** What there is in the account. */
export interface Account {
  readonly advertiserId: string;
  readonly advertisers: number;
  readonly countryCode: string;
}

/** The id of the profile. */
export const PROFILE_ID = 1;
const MAX_PAGE = 100;

/** The reply of `GET /v2/profiles`. */
export function profilesOf({ countryCode }: Account): object[] {
  const accountInfo = { id: "ENTITY1", type: "agency", name: "Stand-in" };
  return [{ profileId: PROFILE_ID, countryCode, currencyCode: "USD", timezone: "America/Los_Angeles", accountInfo }];
}

/** The reply of `GET /dsp/advertisers`: at most 100 of them, from `startIndex` on. */
export function advertisersOf({ advertiserId, advertisers, countryCode }: Account, query: URLSearchParams): object {
  const start = Number(query.get("startIndex") ?? 0);
  const count = Math.min(Number(query.get("count") ?? MAX_PAGE), MAX_PAGE, Math.max(0, advertisers - start));
  const response = Array.from({ length: count }, (_, index) => {
    const number = start + index;
    return {
      advertiserId: number === 0 ? advertiserId : String(9_000_000_000 + number),
      name: number === 0 ? "Stand-in Shop" : `Stand-in Shop ${number + 1}`,
      currency: "USD",
      url: "shop.example.com",
      country: countryCode,
      timezone: "America/Los_Angeles",
    };
  });
  return { totalResults: advertisers, response };
}
