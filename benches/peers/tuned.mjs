// JavaScript as fast as it gets with care: JSON.parse of one line at a time (one character above Latin-1 makes a whole chunk
// two-byte), the event's JSON put together as text, no intermediate objects, no pattern where a loop over ASCII will do, and
// the fastest hash of the runtime.
import { CALLING_CODES, CONVERSION_TYPES, CURRENCIES, OPT_IN, SOURCES, STATES } from "./words.mjs";
import { CONFIG } from "../config.mjs";

const DAY = 86_400_000;
const NEWLINE = 10;

// What is kept of a text, by character: 1 letters, 2 digits, 4 what else an address may have.
const KIND = new Uint8Array(128);
for (let code = 97; code <= 122; code++) KIND[code] = 1;
for (let code = 48; code <= 57; code++) KIND[code] = 2;
for (const other of ".@_-") KIND[other.charCodeAt(0)] = 4;

/** What is of those kinds, lower-cased; the text itself if all of it is. */
function kept(text, kinds) {
  const lower = text.toLowerCase();
  for (let at = 0; at < lower.length; at++) {
    const code = lower.charCodeAt(at);
    if (code < 128 && (KIND[code] & kinds) !== 0) continue;
    let out = lower.slice(0, at);
    for (let rest = at + 1; rest < lower.length; rest++) {
      const code = lower.charCodeAt(rest);
      if (code < 128 && (KIND[code] & kinds) !== 0) out += lower[rest];
    }
    return out;
  }
  return lower;
}

function isAscii(text) {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}

const folded = (text) =>
  isAscii(text)
    ? kept(text, 3)
    : kept(text.toLowerCase().replaceAll("ä", "ae").replaceAll("ö", "oe").replaceAll("ü", "ue").replaceAll("ß", "ss").normalize("NFD"), 3);

function email(text) {
  const address = kept(text, 7);
  const at = address.indexOf("@");
  return at > 0 && at < address.length - 1 && address.indexOf("@", at + 1) < 0 ? address : "";
}

function phone(text, country) {
  let [digits, hasPlus, zeros] = ["", false, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 43 && digits === "" && zeros === 0) hasPlus = true;
    if (code < 48 || code > 57) continue;
    if (code === 48 && digits === "") zeros++;
    else digits += text[at];
  }
  const code = CALLING_CODES.get(country);
  const isWhole = hasPlus || zeros >= 2 || (zeros === 0 && digits.startsWith(code));
  const number = isWhole ? digits : code + digits;
  return number.length >= 7 && number.length <= 15 ? number : "";
}

function state(text, country) {
  const states = STATES[country];
  const state = folded(text);
  return states === undefined ? state.slice(0, 2) : (states.get(state) ?? "");
}

const postal = (text) => kept(text.includes("-") ? text.slice(0, text.indexOf("-")) : text, 3);
const name = (text) => kept(text, 1);
const city = (text) => kept(text, 3);

function isPlaceholder(text) {
  const first = text.charCodeAt(0) | 32;
  // Only n, u, 0 and what is no letter may begin one.
  return (first < 97 || first === 110 || first === 117 || first > 122) && /^(?:|null|undefined|none|n\/a|[\W_]*0[0\W_]*)$/i.test(text);
}

/** A text in Amazon's form, or nothing. */
const usable = (value, normalize, country) => (typeof value !== "string" || isPlaceholder(value) ? "" : normalize(value.trim(), country));

// eslint-disable-next-line no-control-regex
const quoted = (text) => (/[\u0000-\u001f"\\\ud800-\udfff]/.test(text) ? JSON.stringify(text) : `"${text}"`);

const CATEGORIES = new Set(["c0004", "targeting", "advertising", "marketing"]);
const NONE = {};
const TAIL = `"eventIngestionMethod":"SERVER_TO_SERVER","dataSetName":${quoted(CONFIG.dataSetName)}},"eventId":`;
/** What each event begins with, by its name as it came. */
const HEADS = new Map();
for (const [name, type] of CONVERSION_TYPES) HEADS.set(name, `{"eventDescription":{"name":"${name}","conversionType":"${type}","eventSource":"`);
const headOf = (name) => HEADS.get(name) ?? HEADS.get(name.trim().toLowerCase());
const COUNTRIES = new Set(CALLING_CODES.keys());

/** A peer that hashes with a function. */
export function tunedWith(peer, hash, decode) {
  /** A match key, if one of these is usable. Written out for the few there are, as a list of them would be made each time. */
  const key = (type, text) => (text === "" ? "" : `,{"type":"${type}","values":["${hash(text)}"]}`);

  // Names and places that came before in a batch, as they came, by what they are; nothing for a single event.
  let memo;
  /** A match key that many share. */
  function shared(type, value, normalize, country) {
    if (typeof value !== "string") return "";
    if (memo === undefined) return key(type, usable(value, normalize, country));
    const known = memo[type];
    const text = country === undefined ? value : country + value;
    let made = known.get(text);
    if (made === undefined) known.set(text, (made = key(type, usable(value, normalize, country))));
    return made;
  }

  function map(event, now) {
    const isTrack = event.type === "track";
    const head = headOf(isTrack ? event.event : event.type);
    if (head === undefined) return "";
    const { timestamp } = event;
    const time = Date.parse(timestamp);
    if (now - time > 21 * DAY || time - now > DAY) return "";
    const context = event.context ?? NONE;
    const properties = event.properties ?? NONE;
    const own = event.traits ?? NONE;
    const traits = context.traits ?? NONE;
    const ownAddress = own.address ?? NONE;
    const address = traits.address ?? NONE;
    const named = ownAddress.country ?? address.country ?? own.country ?? traits.country ?? properties.address?.country ?? properties.country ?? CONFIG.defaults.countryCode;
    const country = COUNTRIES.has(named) ? named : named.toUpperCase();

    let [userData, adStorage] = [undefined, undefined];
    const { consent } = context;
    if (consent !== undefined) {
      const { amazonConsent, categoryPreferences } = consent;
      if (amazonConsent !== undefined) {
        userData = amazonConsent.amznUserData === "GRANTED" ? true : amazonConsent.amznUserData === "DENIED" ? false : undefined;
        adStorage = amazonConsent.amznAdStorage === "GRANTED" ? true : amazonConsent.amznAdStorage === "DENIED" ? false : undefined;
      }
      for (const category in categoryPreferences) {
        if (!CATEGORIES.has(category.toLowerCase())) continue;
        const says = categoryPreferences[category];
        if (userData !== false) userData = says;
        if (adStorage !== false) adStorage = says;
      }
    }
    if (OPT_IN.has(country) && !(userData === true && adStorage === true)) return "";

    const address1 =
      usable(own.email, email) || usable(traits.email, email) || usable(properties.email, email) || usable(event.userId, email);
    const number = usable(own.phone, phone, country) || usable(traits.phone, phone, country) || usable(properties.phone, phone, country);
    const street = usable(ownAddress.street, folded) || usable(address.street, folded);
    if (address1 === "" && number === "" && street === "") return "";
    const keys =
      key("EMAIL", address1) +
      key("PHONE", number) +
      (shared("FIRST_NAME", own.firstName, name) || shared("FIRST_NAME", traits.firstName, name) || shared("FIRST_NAME", own.first_name, name) || shared("FIRST_NAME", traits.first_name, name)) +
      (shared("LAST_NAME", own.lastName, name) || shared("LAST_NAME", traits.lastName, name) || shared("LAST_NAME", own.last_name, name) || shared("LAST_NAME", traits.last_name, name)) +
      key("ADDRESS", street) +
      (shared("CITY", ownAddress.city, city) || shared("CITY", address.city, city)) +
      (shared("STATE", ownAddress.state, state, country) || shared("STATE", address.state, state, country)) +
      (shared("POSTAL", ownAddress.postalCode, postal) || shared("POSTAL", address.postalCode, postal) || shared("POSTAL", ownAddress.zip, postal) || shared("POSTAL", address.zip, postal));

    let money = "";
    if (isTrack && head.includes("OFF_AMAZON_PURCHASES")) {
      const { products } = properties;
      let [cents, units, isPriced] = [0, 0, products !== undefined && products.length > 0];
      if (isPriced) {
        for (const { price, quantity = 1 } of products) {
          if (typeof price === "number") cents += Math.round(price * 100) * quantity;
          else isPriced = false;
          units += quantity;
        }
      } else units = properties.quantity;
      const value = isPriced ? cents / 100 : (properties.total ?? properties.revenue ?? properties.value);
      const currency = properties.currency ?? CONFIG.defaults.currencyCode;
      if (typeof value === "number" && CURRENCIES.has(currency)) money = `,"value":${value},"currencyCode":"${currency}"`;
      if (units >= 1) money += `,"unitsSold":${units}`;
    }
    const device = context.device?.type;
    const source = device === undefined ? "WEBSITE" : (SOURCES.get(device) ?? SOURCES.get(device.toLowerCase()) ?? "WEBSITE");
    // As it is sent, if it came so.
    const isSame = timestamp.length === 24 && timestamp.endsWith("Z") && !timestamp.endsWith(".000Z");
    const at = isSame ? timestamp : new Date(time).toISOString().replace(".000Z", "Z");
    const geo = context.ip === undefined ? "" : `"geo":{"ipAddress":"${context.ip}"},`;
    return `${head}${source}",${TAIL}${quoted(event.messageId)},"eventTime":"${at}","countryCode":"${country}","matchKeys":[${keys.slice(1)}]${money},"consent":{${geo}"amazonConsent":{"amznUserData":"${userData === false ? "DENIED" : "GRANTED"}","amznAdStorage":"${adStorage === false ? "DENIED" : "GRANTED"}"}}}`;
  }

  const encoder = new TextEncoder();
  const encoded = (text) => (text === "" ? undefined : encoder.encode(text));
  return {
    name: peer,
    batch(bytes, now) {
      memo = { FIRST_NAME: new Map(), LAST_NAME: new Map(), CITY: new Map(), STATE: new Map(), POSTAL: new Map() };
      let events = "";
      for (let start = 0, end; start < bytes.length; start = end + 1) {
        end = bytes.indexOf(NEWLINE, start);
        if (end < 0) end = bytes.length;
        if (end === start) continue;
        const event = map(JSON.parse(decode(bytes, start, end)), now);
        if (event !== "") events += events === "" ? event : `,${event}`;
      }
      memo = undefined;
      return encoder.encode(`{"events":[${events}]}`);
    },
    json: (bytes, now) => encoded(map(JSON.parse(decode(bytes, 0, bytes.length)), now)),
    bytes: (object, now) => encoded(map(object, now)),
    // To an object it is the plain mapping that is fastest.
  };
}
