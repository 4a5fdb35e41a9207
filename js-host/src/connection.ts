// The connection parameters, by the starter kit's names: what each is, whether it is well-formed, what it leads to.
import { UsageError } from "./errors.js";
import { isLoopback } from "./loopback.js";
import { redact } from "./redact.js";

/** The connection parameters. */
export interface ConnectionParameters {
  /** The advertiser's account: a number, or `amzn1.ads-account.g.…`. Goes into `Amazon-Ads-AccountId`. */
  ADVERTISER_ID: string;
  /** The Login with Amazon client. */
  CLIENT_ID: string;
  /** Its secret. */
  CLIENT_SECRET: string;
  /** What the advertiser's consent gave; access tokens are made from it. */
  REFRESH_TOKEN: string;
  /** Goes into `Amazon-Advertising-API-Scope`, if set. */
  PROFILE_ID?: string;
  /** The region's host. Default North America, `https://advertising-api.amazon.com`. */
  BASE_URL?: string;
  /** Where access tokens come from. Default by the region of `BASE_URL`. */
  TOKEN_URL?: string;
}

/** The name of a connection parameter. */
export type ParameterName = keyof ConnectionParameters;

/**
 * Connection parameters as an environment has them, such as `...process.env`: which of them are there, types cannot know.
 * {@link connectionOf} names all that are missing.
 */
export type GivenParameters = { readonly [Name in keyof ConnectionParameters]?: string | undefined };

/** What a person needs to know about a connection parameter. */
export interface ParameterInfo {
  readonly name: ParameterName;
  readonly required: boolean;
  readonly secret: boolean;
  /** Where to find it. */
  readonly where: string;
}

/** All connection parameters, in the order in which a person meets them. */
export const PARAMETERS: readonly ParameterInfo[] = [
  {
    name: "ADVERTISER_ID",
    required: true,
    secret: false,
    where: "Amazon DSP > Advertisers > the number beside the advertiser's name (not the ENTITY… id)",
  },
  {
    name: "CLIENT_ID",
    required: true,
    secret: false,
    where: "developer.amazon.com > Login with Amazon > your security profile > Web Settings (amzn1.application-oa2-client.…)",
  },
  {
    name: "CLIENT_SECRET",
    required: true,
    secret: true,
    where: "on the same page, behind Show Secret (amzn1.oa2-cs.…)",
  },
  {
    name: "REFRESH_TOKEN",
    required: true,
    secret: true,
    where: "from the advertiser's consent to that security profile (Atzr|…); `amazon-dsp-events login` gets it",
  },
  { name: "PROFILE_ID", required: false, secret: false, where: "GET /v2/profiles of the Amazon Ads API; `amazon-dsp-events profiles` lists them" },
  {
    name: "BASE_URL",
    required: false,
    secret: false,
    where:
      "by region: https://advertising-api.amazon.com (NA, default), https://advertising-api-eu.amazon.com, https://advertising-api-fe.amazon.com",
  },
  {
    name: "TOKEN_URL",
    required: false,
    secret: false,
    where: "by region: https://api.amazon.com/auth/o2/token (NA), https://api.amazon.co.uk/… (EU), https://api.amazon.co.jp/… (FE)",
  },
];

/** A connection that is well-formed. */
export interface Connection {
  readonly advertiserId: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly refreshToken: string;
  readonly profileId?: string;
  /** Where events are posted. */
  readonly eventsUrl: string;
  readonly tokenUrl: string;
  /** Texts that must never be shown. */
  readonly secrets: readonly string[];
}

const DEFAULT_BASE_URL = "https://advertising-api.amazon.com";
const EXAMPLES: Partial<Record<ParameterName, string>> = { TOKEN_URL: "https://api.amazon.com/auth/o2/token" };
const EVENTS_PATH = "/adsApi/v1/create/events";

/**
 * Checks the parameters all at once. Blanks around a value, which come with copying, are taken off.
 *
 * @throws {@link UsageError} that names every parameter that is missing, or the first one that cannot be right
 */
export function connectionOf(parameters: GivenParameters): Connection {
  const given = (name: ParameterName): string | undefined => {
    const value: unknown = parameters[name];
    if (value !== undefined && typeof value !== "string") {
      throw new UsageError("ERR_INVALID_ARG_TYPE", `${name} must be a text, got a value of type ${typeof value}`);
    }
    return value?.trim() || undefined;
  };
  const missing = PARAMETERS.filter((parameter) => parameter.required && given(parameter.name) === undefined);
  if (missing.length > 0) {
    const lines = missing.map(({ name, where }) => `  ${name.padEnd(14)} ${where}`);
    throw new UsageError(
      "ERR_MISSING_PARAMETERS",
      `missing ${missing.length === 1 ? "connection parameter" : "connection parameters"}:\n${lines.join("\n")}`,
    );
  }
  const required = (name: ParameterName): string => headerSafe(name, given(name) ?? "");
  const advertiserId = required("ADVERTISER_ID");
  if (/^ENTITY/i.test(advertiserId)) {
    throw new UsageError(
      "ERR_INVALID_ARG_VALUE",
      `ADVERTISER_ID must be the advertiser's own id, got the entity id \`${advertiserId}\`: an entity holds advertisers. ` +
        "Open the entity in Amazon DSP and take the number beside the advertiser's name",
    );
  }
  const base = url("BASE_URL", given("BASE_URL") ?? DEFAULT_BASE_URL);
  const token = url("TOKEN_URL", given("TOKEN_URL") ?? tokenUrlFor(base));
  const profileId = given("PROFILE_ID");
  const clientSecret = required("CLIENT_SECRET");
  const refreshToken = required("REFRESH_TOKEN");
  return {
    advertiserId,
    clientId: required("CLIENT_ID"),
    clientSecret,
    refreshToken,
    ...(profileId !== undefined && { profileId: headerSafe("PROFILE_ID", profileId) }),
    eventsUrl: `${base.origin}${base.pathname.replace(/\/+$/, "")}${EVENTS_PATH}`,
    tokenUrl: token.href,
    secrets: [clientSecret, refreshToken],
  };
}

/** Amazon's token endpoint for the region of a host. Tokens of one region hold in all; this one is the nearest. */
function tokenUrlFor(base: URL): string {
  if (/-eu\./.test(base.hostname)) return "https://api.amazon.co.uk/auth/o2/token";
  if (/-fe\./.test(base.hostname)) return "https://api.amazon.co.jp/auth/o2/token";
  return "https://api.amazon.com/auth/o2/token";
}

function url(name: ParameterName, text: string): URL {
  let parsed: URL;
  try {
    parsed = new URL(text);
  } catch {
    throw new UsageError("ERR_INVALID_ARG_VALUE", `${name} must be a URL such as ${EXAMPLES[name] ?? DEFAULT_BASE_URL}, got \`${redact(text)}\``);
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new UsageError("ERR_INVALID_ARG_VALUE", `${name} must be a URL without user name and password`);
  }
  // Tokens and secrets go there: in the clear only where nobody else can listen.
  if (parsed.protocol !== "https:" && !(parsed.protocol === "http:" && isLoopback(parsed.hostname))) {
    throw new UsageError("ERR_INVALID_ARG_VALUE", `${name} must begin with https:// (http:// is for loopback alone), got \`${redact(text)}\``);
  }
  return parsed;
}

function headerSafe(name: ParameterName, value: string): string {
  if (/^[\x21-\x7e]+$/.test(value)) return value;
  throw new UsageError("ERR_INVALID_ARG_VALUE", `${name} must be letters, digits and signs without blanks or line breaks`);
}
