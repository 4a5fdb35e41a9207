// The mapping as one would write it in JavaScript: an event's object to Amazon's, by the rules of docs/mapping.md, as far as
// the benchmark's events and config need them. Consent strings, text as amounts, odd times and the like are left out, which
// only makes it faster.
import { CALLING_CODES, CONVERSION_TYPES, CURRENCIES, OPT_IN, SOURCES, STATES } from "./words.mjs";
import { CONFIG } from "../config.mjs";

const DAY = 86_400_000;
const CATEGORIES = new Set(["c0004", "targeting", "advertising", "marketing"]);
const WORDS = new Map([["GRANTED", true], ["DENIED", false]]);

const folded = (text) =>
  text.toLowerCase().replaceAll("ä", "ae").replaceAll("ö", "oe").replaceAll("ü", "ue").replaceAll("ß", "ss").normalize("NFD").replace(/[^a-z0-9]/g, "");

const NORMALIZERS = {
  EMAIL: (text) => {
    const address = text.toLowerCase().replace(/[^a-z0-9.@_-]/g, "");
    return /^[^@]+@[^@]+$/.test(address) ? address : "";
  },
  PHONE: (text, country) => {
    const all = text.replace(/[^0-9]/g, "");
    const digits = all.replace(/^0+/, "");
    const zeros = all.length - digits.length;
    const code = CALLING_CODES.get(country);
    const isWhole = /^[^0-9]*\+/.test(text) || zeros >= 2 || (zeros === 0 && digits.startsWith(code));
    const number = isWhole ? digits : code + digits;
    return number.length >= 7 && number.length <= 15 ? number : "";
  },
  FIRST_NAME: (text) => text.toLowerCase().replace(/[^a-z]/g, ""),
  LAST_NAME: (text) => text.toLowerCase().replace(/[^a-z]/g, ""),
  ADDRESS: folded,
  CITY: (text) => text.toLowerCase().replace(/[^a-z0-9]/g, ""),
  STATE: (text, country) => {
    const state = folded(text);
    const states = STATES[country];
    return states ? (states.get(state) ?? "") : state.slice(0, 2);
  },
  POSTAL: (text) => text.split("-", 1)[0].toLowerCase().replace(/[^a-z0-9]/g, ""),
};
const IDENTIFYING = new Set(["EMAIL", "PHONE", "ADDRESS"]);

/** What stands for an identifier that nobody gave. */
const isPlaceholder = (text) => text === "" || /^(?:null|undefined|none|n\/a|[\W_]*0[0\W_]*)$/i.test(text);

function inputsOf(event) {
  const traits = event.traits ?? {};
  const more = event.context?.traits ?? {};
  const [address, other] = [traits.address ?? {}, more.address ?? {}];
  return {
    EMAIL: [traits.email, more.email, event.properties?.email, event.userId],
    PHONE: [traits.phone, more.phone, event.properties?.phone],
    FIRST_NAME: [traits.firstName, more.firstName, traits.first_name, more.first_name],
    LAST_NAME: [traits.lastName, more.lastName, traits.last_name, more.last_name],
    ADDRESS: [address.street, other.street],
    CITY: [address.city, other.city],
    STATE: [address.state, other.state],
    POSTAL: [address.postalCode, other.postalCode, address.postal_code, other.postal_code, address.zip, other.zip],
    country: [address.country, other.country, traits.country, more.country, event.properties?.address?.country, event.properties?.country],
  };
}

function consentOf(event) {
  const { categoryPreferences, amazonConsent } = event.context?.consent ?? {};
  let [userData, adStorage] = [WORDS.get(amazonConsent?.amznUserData), WORDS.get(amazonConsent?.amznAdStorage)];
  for (const [name, says] of Object.entries(categoryPreferences ?? {})) {
    if (!CATEGORIES.has(name.trim().toLowerCase()) || typeof says !== "boolean") continue;
    if (userData !== false) userData = says;
    if (adStorage !== false) adStorage = says;
  }
  return { userData, adStorage };
}

function moneyOf(event) {
  const { products = [], total, revenue, value, currency, quantity } = event.properties ?? {};
  const isPriced = products.length > 0 && products.every(({ price }) => typeof price === "number");
  const amount = isPriced
    ? products.reduce((cents, line) => cents + Math.round(line.price * 100) * (line.quantity ?? 1), 0) / 100
    : [total, revenue, value].find((amount) => typeof amount === "number");
  const code = currency === undefined || currency === null ? CONFIG.defaults.currencyCode : currency;
  const units = products.length > 0 ? products.reduce((sum, line) => sum + (line.quantity ?? 1), 0) : quantity;
  const isSent = amount !== undefined && CURRENCIES.has(code);
  return { ...(isSent && { value: amount, currencyCode: code }), ...(units >= 1 && { unitsSold: units }) };
}

/**
 * Makes a mapping: an event to Amazon's, or undefined if it is dropped.
 *
 * @param hash - SHA-256 of a text, in hex
 */
export function mappingOf(hash) {
  return function map(event, now) {
    const name = (event.type === "track" ? event.event : event.type).trim().toLowerCase();
    const conversionType = CONVERSION_TYPES.get(name);
    if (conversionType === undefined) return undefined;
    const time = Date.parse(event.timestamp);
    if (now - time > 21 * DAY || time - now > DAY) return undefined;
    const inputs = inputsOf(event);
    const country = (inputs.country.find((text) => typeof text === "string") ?? CONFIG.defaults.countryCode).toUpperCase();
    const { userData, adStorage } = consentOf(event);
    if (OPT_IN.has(country) && !(userData === true && adStorage === true)) return undefined;
    const matchKeys = [];
    for (const type of CONFIG.identity.matchKeys) {
      for (const input of inputs[type]) {
        if (typeof input !== "string" || isPlaceholder(input)) continue;
        const text = NORMALIZERS[type](input.trim(), country);
        if (text === "") continue;
        matchKeys.push({ type, values: [hash(text)] });
        break;
      }
    }
    if (!matchKeys.some(({ type }) => IDENTIFYING.has(type))) return undefined;
    const said = (granted) => (granted === false ? "DENIED" : "GRANTED");
    return {
      eventDescription: {
        name,
        conversionType,
        eventSource: SOURCES.get(event.context?.device?.type?.toLowerCase()) ?? "WEBSITE",
        eventIngestionMethod: "SERVER_TO_SERVER",
        dataSetName: CONFIG.dataSetName,
      },
      eventId: event.messageId,
      eventTime: new Date(time).toISOString().replace(".000Z", "Z"),
      countryCode: country,
      matchKeys,
      ...(conversionType === "OFF_AMAZON_PURCHASES" && moneyOf(event)),
      consent: {
        ...(event.context?.ip !== undefined && { geo: { ipAddress: event.context.ip } }),
        amazonConsent: { amznUserData: said(userData), amznAdStorage: said(adStorage) },
      },
    };
  };
}
