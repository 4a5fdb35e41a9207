// What the core does without a config: its event tables and the places where it looks. A test compares it with the core.
import { isConfigError, Transformer, type Config, type ConversionType, type InputName } from "../../core.js";

/** Whether the core takes a config. */
export function accepts(config: Config): boolean {
  try {
    new Transformer(config);
    return true;
  } catch (error) {
    if (isConfigError(error)) return false;
    throw error;
  }
}

/** The types of calls that carry no event name; a rule of that name is for the type. */
export const NAMELESS_TYPES: readonly string[] = ["page", "screen", "identify", "group", "alias"];

const METAROUTER: readonly (readonly [string, ConversionType])[] = [
  ["page", "PAGE_VIEW"],
  ["screen", "PAGE_VIEW"],
  ["Checkout Started", "CHECKOUT"],
  ["Order Completed", "OFF_AMAZON_PURCHASES"],
  ["Product Added", "ADD_TO_SHOPPING_CART"],
  ["Product Removed", "OTHER"],
  ["Product Clicked", "OTHER"],
  ["Product List Viewed", "PAGE_VIEW"],
  ["Product Viewed", "PAGE_VIEW"],
  ["Cart Viewed", "PAGE_VIEW"],
  ["Products Searched", "SEARCH"],
];
const SEGMENT: readonly (readonly [string, ConversionType])[] = [
  ["Signed Up", "SIGN_UP"],
  ["Subscription Created", "SUBSCRIBE"],
  ["Lead Generated", "LEAD"],
  ["Callback Started", "CONTACT"],
  ["Application Submitted", "APPLICATION"],
  ["Application Installed", "MOBILE_APP_FIRST_START"],
];

/** The event tables. */
export const PRESETS = {
  metarouter: new Map(METAROUTER),
  segment: new Map([...METAROUTER, ...SEGMENT]),
} satisfies Record<string, ReadonlyMap<string, ConversionType>>;

/** Segment's own event for each conversion type, for a mapping that comes without its trigger. */
export const USUAL_EVENT: Readonly<Record<ConversionType, string>> = {
  ADD_TO_SHOPPING_CART: "Product Added",
  APPLICATION: "Application Submitted",
  CHECKOUT: "Checkout Started",
  CONTACT: "Callback Started",
  LEAD: "Lead Generated",
  MOBILE_APP_FIRST_START: "Application Opened",
  OFF_AMAZON_PURCHASES: "Order Completed",
  OTHER: "Other",
  PAGE_VIEW: "page",
  SEARCH: "Products Searched",
  SIGN_UP: "Signed Up",
  SUBSCRIBE: "Subscription Created",
};

/** Where an input is looked for; the first usable wins. */
export const PATHS: Readonly<Partial<Record<InputName, readonly string[]>>> = {
  email: ["traits.email", "properties.email"],
  phone: ["traits.phone", "properties.phone"],
  firstName: ["traits.firstName", "traits.first_name"],
  lastName: ["traits.lastName", "traits.last_name"],
  city: ["traits.address.city"],
  state: ["traits.address.state"],
  postal: ["traits.address.postalCode", "traits.address.postal_code", "traits.address.zip"],
  address: ["traits.address.street"],
  maid: ["context.device.advertisingId"],
  userId: ["userId"],
  messageId: ["messageId"],
  eventTime: ["timestamp", "originalTimestamp", "sentAt", "receivedAt"],
  country: [
    "traits.address.country",
    "traits.country",
    "properties.address.country",
    "properties.country",
    "context.location.country",
  ],
  deviceType: ["context.device.type"],
  ip: ["context.ip"],
  userAgent: ["context.userAgent"],
  tcf: ["context.consent.tcf", "context.consent.tcString", "properties.tcf"],
  gpp: ["context.consent.gpp", "context.consent.gppString", "properties.gpp"],
  optOut: ["context.consent.optOut"],
  products: ["properties.products"],
  currency: ["properties.currency"],
};

/** Where the core looks for Amazon's own two words on consent. */
export function consentPaths(flag: "amznUserData" | "amznAdStorage"): readonly string[] {
  return [`context.consent.amazonConsent.${flag}`, `context.consent.amazonConsentFormat.${flag}`, `properties.${flag}`];
}

/** The consent categories that speak for both flags, in any case. */
export const CATEGORIES: readonly string[] = ["C0004", "targeting", "advertising", "marketing"];

/** Each path, and its twin under `context` right after it if it begins with `traits`; none twice. */
export function withContextTraits(paths: readonly string[]): readonly string[] {
  return [...new Set(paths.flatMap((path) => (/^traits(\.|$)/.test(path) ? [path, `context.${path}`] : [path])))];
}
