// Amazon's three regions: their hosts, and the countries whose accounts they hold.

import { isLoopback } from "../loopback.js";

/** A region. */
export interface Region {
  readonly key: "na" | "eu" | "fe";
  readonly name: string;
  readonly baseUrl: string;
  /** Where a user consents. */
  readonly consentUrl: string;
  /** Of accounts, not of events. */
  readonly countries: readonly string[];
}

/** All regions (Amazon Ads API, API overview). */
export const REGIONS: readonly Region[] = [
  {
    key: "na",
    name: "North America",
    baseUrl: "https://advertising-api.amazon.com",
    consentUrl: "https://www.amazon.com/ap/oa",
    countries: ["US", "CA", "MX", "BR"],
  },
  {
    key: "eu",
    name: "Europe",
    baseUrl: "https://advertising-api-eu.amazon.com",
    consentUrl: "https://eu.account.amazon.com/ap/oa",
    countries: ["GB", "UK", "FR", "IT", "ES", "DE", "NL", "AE", "PL", "TR", "EG", "SA", "SE", "BE", "IN", "ZA", "IE"],
  },
  {
    key: "fe",
    name: "Far East",
    baseUrl: "https://advertising-api-fe.amazon.com",
    consentUrl: "https://apac.account.amazon.com/ap/oa",
    countries: ["JP", "AU", "SG"],
  },
];

const TRUSTED = [...REGIONS.map(({ baseUrl }) => new URL(baseUrl).hostname), "api.amazon.com", "api.amazon.co.uk", "api.amazon.co.jp"];
const [NORTH_AMERICA] = REGIONS as [Region, ...Region[]];

/** The region of that name; North America if there is none. */
export function regionOf(key: string | undefined): Region {
  return REGIONS.find((region) => region.key === key) ?? NORTH_AMERICA;
}

/** The region that a BASE_URL is of; undefined for a host that is none of Amazon's three. */
export function regionOfUrl(baseUrl: string): Region | undefined {
  return REGIONS.find((region) => new URL(region.baseUrl).hostname === new URL(baseUrl).hostname);
}

/** Whether a URL is one of Amazon's for events, tokens or accounts, or on this machine: what is secret may go there. */
export function isTrusted(url: string): boolean {
  const { hostname } = new URL(url);
  return isLoopback(hostname) || TRUSTED.includes(hostname);
}

/** The region whose host has the accounts of a country. */
export function regionOfCountry(countryCode: string): Region | undefined {
  return REGIONS.find(({ countries }) => countries.includes(countryCode));
}

/** Where a user consents for a BASE_URL. A stand-in has everything in one place. */
export function consentUrlFor(baseUrl: string): string {
  const region = regionOfUrl(baseUrl);
  if (region) return region.consentUrl;
  const { hostname, origin } = new URL(baseUrl);
  return isLoopback(hostname) ? `${origin}/ap/oa` : NORTH_AMERICA.consentUrl;
}
