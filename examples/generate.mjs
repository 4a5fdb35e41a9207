#!/usr/bin/env node
// Writes events.ndjson: one day (2026-11-20, UTC) of an invented kitchen shop, as its analytics library would have sent it.
//
//   node examples/generate.mjs            writes the file
//   node examples/generate.mjs --check    fails if the file is not what this program writes
//
// Everything comes out of one seed, so the file is the same on every machine. People, streets and towns are invented;
// domains, IP addresses and phone numbers are from the ranges reserved for documentation and fiction.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FILE = fileURLToPath(new URL("events.ndjson", import.meta.url));
const DAY = Date.UTC(2026, 10, 20);
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const SHOP = "https://shop.example.com";

// ---------------------------------------------------------------------------------------------------- chance, from a seed

/** Mulberry32: small, fast, the same everywhere. */
function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const next = seeded(20261120);
const whole = (from, to) => from + Math.floor(next() * (to - from + 1));
const chance = (share) => next() < share;
const pick = (list) => list[whole(0, list.length - 1)];
const hex = (digits) => Array.from({ length: digits }, () => whole(0, 15).toString(16)).join("");
const uuid = () => `${hex(8)}-${hex(4)}-4${hex(3)}-${pick(["8", "9", "a", "b"])}${hex(3)}-${hex(12)}`;
const digits = (count) => Array.from({ length: count }, () => whole(0, 9)).join("");
/** Picks a key by its weight. */
function weighted(weights) {
  let point = next() * Object.values(weights).reduce((sum, weight) => sum + weight, 0);
  for (const [key, weight] of Object.entries(weights)) if ((point -= weight) < 0) return key;
  return Object.keys(weights)[0];
}
const sha256 = (text) => createHash("sha256").update(text).digest("hex");
const iso = (ms) => new Date(ms).toISOString();
const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase().replace(/[^a-z0-9]+/g, "-");

// ------------------------------------------------------------------------------------------------------- the shop's world

const PRODUCTS = [
  ["Copper kettle 1.7 l", "Kettles", 89.0], ["Whistling kettle", "Kettles", 39.95], ["Gooseneck kettle", "Kettles", 74.5],
  ["Travel kettle", "Kettles", 24.99], ["Chef's knife 20 cm", "Knives", 64.9], ["Paring knife", "Knives", 14.9],
  ["Bread knife", "Knives", 32.0], ["Knife block, oak", "Knives", 119.0], ["Cast-iron pan 26 cm", "Pans", 49.95],
  ["Steel pan 28 cm", "Pans", 79.0], ["Crêpe pan", "Pans", 34.5], ["Saucepan set, 3 pieces", "Pans", 149.0],
  ["Bread tin", "Baking", 18.5], ["Proofing basket", "Baking", 21.0], ["Cake stand", "Baking", 42.0],
  ["Rolling pin, beech", "Baking", 16.75], ["Digital scale", "Baking", 29.9], ["Hand coffee grinder", "Coffee", 69.0],
  ["Moka pot, 6 cups", "Coffee", 36.4], ["French press", "Coffee", 31.25], ["Paper filters, 100", "Coffee", 4.35],
  ["Espresso machine", "Coffee", 1299.0], ["Linen apron", "Textiles", 38.0], ["Tea towels, 3", "Textiles", 17.85],
  ["Oven gloves", "Textiles", 19.2], ["Stoneware bowl", "Tableware", 12.6], ["Dinner plates, 4", "Tableware", 56.0],
  ["Tumblers, 6", "Tableware", 23.4], ["Salt cellar", "Tableware", 15.15], ["Pepper mill", "Tableware", 44.3],
].map(([name, category, price], index) => ({
  product_id: `kc-${String(1001 + index)}`,
  sku: `${category.slice(0, 3).toUpperCase()}-${String(index + 1).padStart(3, "0")}`,
  name, category, price,
}));
const CATEGORIES = [...new Set(PRODUCTS.map((product) => product.category))];
const QUERIES = ["copper kettle", "knife block", "gift for bakers", "espresso", "bread tin 500g", "non stick pan", "apron", "moka"];
const COUPONS = ["AUTUMN10", "WELCOME5", "FREESHIP"];

const COUNTRIES = {
  US: {
    weight: 50, written: ["US", "US", "US", "USA", "United States", "us"], currency: "USD", rate: 1, locale: "en-US", zone: "America/Chicago",
    first: ["Ada", "Ruth", "Miles", "June", "Theo", "Iris", "Wade", "Nell", "Omar", "Faye", "Hugo", "Vera"],
    last: ["Samplewood", "Testerly", "Mockingham", "Placeholt", "Fixturely", "Demoway", "Stubbsworth", "Exampleton"],
    street: () => `${whole(1, 990)} ${pick(["Example", "Sample", "Placeholder"])} ${pick(["Street", "Avenue", "Lane"])}`,
    town: () => pick([["Sampleton", "OR", "97000"], ["Exampleville", "CA", "90000-0100"], ["New Fixture", "NY", "10000"], ["Mock Springs", "TX", "75000"], ["Port Placeholder", "Washington", "98000"]]),
    phone: () => pick([`(${pick(["415", "212", "503"])}) 555-01${digits(2)}`, `+1 ${pick(["415", "212", "503"])}-555-01${digits(2)}`, `${pick(["415", "212", "503"])}.555.01${digits(2)}`]),
  },
  DE: {
    weight: 13, written: ["DE", "DE", "Germany", "DEU"], currency: "EUR", rate: 1, locale: "de-DE", zone: "Europe/Berlin",
    first: ["Erika", "Otto", "Jörg", "Anke", "Uwe", "Käthe"], last: ["Mustermann", "Beispiel", "Platzhalter", "Musterfrau"],
    street: () => `${pick(["Musterstraße", "Beispielweg"])} ${whole(1, 99)}`, town: () => ["Musterstadt", undefined, "12345"],
    phone: () => pick([`030 23125 ${digits(3)}`, `+49 30 23125${digits(3)}`, `0049 30 23125${digits(3)}`]),
  },
  GB: {
    weight: 10, written: ["GB", "UK", "United Kingdom"], currency: "GBP", rate: 0.85, locale: "en-GB", zone: "Europe/London",
    first: ["Imogen", "Rupert", "Beryl", "Alfie"], last: ["Exampleby", "Sampleford", "Mockridge"],
    street: () => `${whole(1, 120)} Placeholder Road`, town: () => ["Exampleford", undefined, "ZZ99 3VZ"],
    phone: () => pick([`020 7946 0${digits(3)}`, `07700 900${digits(3)}`, `+44 7700 900${digits(3)}`]),
  },
  FR: {
    weight: 7, written: ["FR", "France", "fr"], currency: "EUR", rate: 1, locale: "fr-FR", zone: "Europe/Paris",
    first: ["Zoé", "Rémi", "Odile", "Luc"], last: ["Exemple", "Fictif", "Modèle"],
    street: () => `${whole(1, 80)} rue de l'Exemple`, town: () => ["Exempleville", undefined, "99123"],
    phone: () => pick([`01 99 00 ${digits(2)} ${digits(2)}`, `+33 6 39 98 ${digits(2)} ${digits(2)}`]),
  },
  ES: {
    weight: 5, written: ["ES", "Spain"], currency: "EUR", rate: 1, locale: "es-ES", zone: "Europe/Madrid",
    first: ["Inés", "Paco", "Lola"], last: ["Ejemplo", "Muestra"], street: () => `Calle de Ejemplo ${whole(1, 60)}`, town: () => ["Villaejemplo", undefined, "99001"],
  },
  IT: {
    weight: 4, written: ["IT", "Italy", "ITA"], currency: "EUR", rate: 1, locale: "it-IT", zone: "Europe/Rome",
    first: ["Nora", "Elio", "Pia"], last: ["Esempio", "Campione"], street: () => `Via Esempio ${whole(1, 60)}`, town: () => ["Borgo Esempio", undefined, "99010"],
  },
  CA: {
    weight: 5, written: ["CA", "Canada"], currency: "CAD", rate: 1.35, locale: "en-CA", zone: "America/Toronto",
    first: ["Maeve", "Gord", "Sylvie"], last: ["Sampleau", "Mockenzie"], street: () => `${whole(1, 400)} Example Crescent`, town: () => ["Port Sample", "ON", "X0X 0X0"],
    phone: () => `604-555-01${digits(2)}`,
  },
  BR: {
    weight: 3, written: ["BR", "Brazil"], currency: "BRL", rate: 5.5, locale: "pt-BR", zone: "America/Sao_Paulo",
    first: ["Fulana", "Beltrano"], last: ["Exemplo", "Amostra"], street: () => `Rua do Exemplo, ${whole(1, 300)}`, town: () => ["Cidade Exemplo", "SP", "99999-010"],
  },
  JP: {
    weight: 3, written: ["JP", "Japan"], currency: "JPY", rate: 150, locale: "ja-JP", zone: "Asia/Tokyo",
    first: ["Hanako", "Taro"], last: ["Rei", "Mihon"], street: () => `Mihon-cho ${whole(1, 9)}-${whole(1, 30)}`, town: () => ["Mihon", undefined, "999-0001"],
  },
};
const CONSENT_REQUIRED = new Set(["DE", "GB", "FR", "ES", "IT", "IS"]);

const BROWSERS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Safari/605.1.15",
  "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Mobile Safari/537.36",
];
const APPS = {
  ios: { library: { name: "analytics-swift", version: "1.9.1" }, os: { name: "iOS", version: "18.6" }, device: { manufacturer: "Apple", model: "iPhone17,1" }, agent: "KettleAndCrumb/4.2.0 CFNetwork/1568.200.51 Darwin/24.6.0" },
  Android: { library: { name: "analytics-kotlin", version: "1.21.0" }, os: { name: "Android", version: "16" }, device: { manufacturer: "Example", model: "EX-10" }, agent: "Dalvik/2.1.0 (Linux; U; Android 16; EX-10)" },
  firetv: { library: { name: "analytics-kotlin", version: "1.21.0" }, os: { name: "Fire OS", version: "8.1" }, device: { manufacturer: "Amazon", model: "AFTEX1" }, agent: "Dalvik/2.1.0 (Linux; U; Android 11; AFTEX1)" },
};
const RANGES = ["192.0.2", "198.51.100", "203.0.113"];

// ------------------------------------------------------------------------------------------------------------- visitors

let people = 0;

/** Somebody who visits: where from, what they agreed to, and what the shop knows of them. */
function visitor(kind, countryCode = weighted(Object.fromEntries(Object.entries(COUNTRIES).map(([code, { weight }]) => [code, weight])))) {
  const country = COUNTRIES[countryCode];
  const [first, last, number] = [pick(country.first), pick(country.last), ++people];
  const [city, state, postalCode] = country.town();
  const address = `${plain(first)}.${plain(last)}${number}@${pick(["example.com", "example.org", "example.net"])}`;
  const written = pick(country.written);
  return {
    kind, countryCode, country, written, number,
    firstName: first, lastName: last, address,
    email: weighted({ asIs: 70, capitals: 12, tagged: 8, spaced: 5, hashed: 5 }),
    phone: country.phone && chance(0.6) ? country.phone() : undefined,
    place: { street: country.street(), city, ...(state ? { state } : {}), postalCode, country: written },
    userId: `cus_${String(40_000 + number)}`,
    anonymousId: uuid(),
    ip: chance(0.1) ? `2001:db8:${hex(4)}::${hex(3)}` : `${pick(RANGES)}.${whole(1, 254)}`,
    agent: pick(BROWSERS),
    consent: consentOf(countryCode),
    known: kind === "customer",
    nowhere: chance(0.03),
  };
}

/** What the consent banner handed on: MetaRouter's opt-out map mostly, Amazon's own words sometimes, now and then nothing. */
function consentOf(countryCode) {
  const required = CONSENT_REQUIRED.has(countryCode);
  const answer = weighted(required ? { yes: 76, no: 14, nothing: 10 } : { yes: 52, no: 9, nothing: 39 });
  if (answer === "nothing") return undefined;
  const denied = answer === "no";
  if (chance(0.2)) {
    const word = denied ? "DENIED" : "GRANTED";
    return { amazonConsent: { amznUserData: word, amznAdStorage: denied && chance(0.4) ? "GRANTED" : word } };
  }
  const say = chance(0.3) ? String : (value) => value;
  return { optOut: { C0001: say(false), C0002: say(denied || chance(0.3)), C0004: say(denied) } };
}

function emailOf(person) {
  const capitals = () => person.address.replace(/^[^@]+/, (name) => name.split(".").map((part) => part[0].toUpperCase() + part.slice(1)).join("."));
  if (person.email === "capitals") return capitals();
  if (person.email === "tagged") return person.address.replace("@", "+shop@");
  if (person.email === "spaced") return ` ${person.address} `;
  if (person.email === "hashed") return chance(0.5) ? sha256(person.address) : sha256(person.address).toUpperCase();
  return person.address;
}

function traitsOf(person) {
  return {
    email: emailOf(person),
    firstName: person.firstName, lastName: person.lastName,
    ...(person.phone ? { phone: person.phone } : {}),
    address: person.place,
  };
}

// --------------------------------------------------------------------------------------------------------------- events

const stream = [];
const put = (at, event) => stream.push({ at, line: JSON.stringify(event) });

/** The four times of an event, as a batching library and a collector stamp them. */
function times(at) {
  const sent = at + whole(40, 4_000);
  return { originalTimestamp: iso(at), sentAt: iso(sent), receivedAt: iso(sent + whole(60, 900)), timestamp: iso(at) };
}

/** A browsing session; `say` sends one event at the session's clock and moves the clock on. */
function session(person, start) {
  let clock = start;
  let page = { path: "/", title: "Kettle & Crumb" };
  const { countryCode, country } = person;
  const context = () => ({
    library: { name: "analytics.js", version: "next-1.81.0" },
    page: { path: page.path, referrer: "https://search.example.org/", search: page.search ?? "", title: page.title, url: SHOP + page.path + (page.search ?? "") },
    userAgent: person.agent,
    ip: person.ip,
    locale: country.locale,
    timezone: country.zone,
    ...(person.nowhere ? {} : { location: { country: countryCode } }),
    ...(person.consent ? { consent: person.consent } : {}),
    ...(person.known ? { traits: person.nowhere ? { email: emailOf(person) } : traitsOf(person) } : {}),
  });
  const say = (body) => {
    const at = clock;
    clock += whole(6, 95) * SECOND + whole(0, 999);
    put(at, {
      ...body,
      messageId: `ajs-next-${at}-${hex(12)}`,
      anonymousId: person.anonymousId,
      ...(person.kind === "customer" && person.known ? { userId: person.userId } : {}),
      ...times(at),
      context: context(),
    });
    return at;
  };
  return {
    go(path, title, search) {
      page = { path, title, search };
      say({ type: "page", name: title, properties: { ...page, url: SHOP + path + (search ?? ""), search: search ?? "" } });
    },
    track: (event, properties) => say({ type: "track", event, properties }),
    say,
  };
}

const money = (country, price) => (country.currency === "JPY" ? Math.round(price * country.rate) : Math.round(price * country.rate * 100) / 100);
const line = (country, product, quantity) => ({ ...product, price: money(country, product.price), ...(quantity ? { quantity } : {}) });
const sum = (country, lines) => (country.currency === "JPY" ? lines.reduce((all, { price, quantity = 1 }) => all + price * quantity, 0) : Math.round(lines.reduce((all, { price, quantity = 1 }) => all + price * quantity, 0) * 100) / 100);

let orders = 0;

/** What the order event looks like: most are clean, some are what real shops send. */
function order(person, lines) {
  const { country } = person;
  const total = sum(country, lines);
  const shape = weighted({ clean: 58, shipped: 14, texts: 8, revenue: 6, unpriced: 6, noCurrency: 3, comma: 3, noQuantity: 2 });
  const properties = { order_id: `KC-2026-${String(++orders).padStart(5, "0")}`, total, currency: country.currency, products: lines };
  if (shape === "shipped") {
    const shipping = money(country, 4.9);
    return { ...properties, subtotal: total, shipping, revenue: total, total: Math.round((total + shipping) * 100) / 100 };
  }
  if (shape === "texts") return { ...properties, total: total.toFixed(2), products: lines.map((item) => ({ ...item, price: item.price.toFixed(2), quantity: String(item.quantity) })) };
  if (shape === "revenue") return { order_id: properties.order_id, revenue: total, currency: country.currency.toLowerCase(), quantity: lines.length };
  if (shape === "unpriced") return { ...properties, products: lines.map(({ price, ...item }) => item) };
  if (shape === "noCurrency") return { order_id: properties.order_id, total, products: lines };
  if (shape === "comma") return { order_id: properties.order_id, total: "1,299.00", currency: country.currency, products: [{ product_id: "kc-1022", name: "Espresso machine" }] };
  if (shape === "noQuantity") return { ...properties, products: lines.map(({ quantity, ...item }) => item) };
  return properties;
}

function browse(person, start) {
  const { country } = person;
  const visit = session(person, start);
  visit.go("/", "Kettle & Crumb", chance(0.3) ? "?utm_source=news&utm_campaign=autumn" : undefined);
  if (chance(0.35)) {
    const query = pick(QUERIES);
    visit.go("/search", "Search", `?q=${encodeURIComponent(query)}`);
    visit.track("Products Searched", { query });
  }
  const seen = [];
  for (let lists = whole(1, 2); lists > 0; lists--) {
    const category = pick(CATEGORIES);
    const shelf = PRODUCTS.filter((product) => product.category === category);
    visit.go(`/${plain(category)}`, category);
    visit.track("Product List Viewed", { list_id: plain(category), category, products: shelf.slice(0, 3).map(({ product_id, name, price }, index) => ({ product_id, name, price: money(country, price), position: index + 1 })) });
    for (let looks = whole(0, 2); looks > 0; looks--) {
      const product = pick(shelf);
      if (chance(0.5)) visit.track("Product Clicked", { ...line(country, product), position: whole(1, 6) });
      visit.track(chance(0.04) ? " product viewed " : "Product Viewed", { ...line(country, product), currency: country.currency, url: `${SHOP}/p/${product.product_id}` });
      seen.push(product);
    }
  }
  if (chance(0.06)) visit.track("Promotion Viewed", { promotion_id: "autumn-baking", name: "Autumn baking" });
  return { visit, seen: seen.length > 0 ? seen : [pick(PRODUCTS)] };
}

function shop(person, start) {
  const { country } = person;
  if (person.kind === "customer" && chance(0.2)) person.known = false;
  const { visit, seen } = browse(person, start);
  if (person.kind === "customer" && !person.known) {
    person.known = true;
    visit.say({ type: "identify", traits: traitsOf(person) });
  }
  const lines = [];
  for (const product of seen.slice(0, whole(1, 3))) {
    const item = line(country, product, weighted({ 1: 7, 2: 2, 3: 1 }) * 1);
    lines.push(item);
    visit.track(chance(0.05) ? "product added" : "Product Added", { cart_id: `cart-${person.number}`, ...item, currency: country.currency });
  }
  if (chance(0.75)) {
    visit.go("/cart", "Your cart");
    visit.track("Cart Viewed", { cart_id: `cart-${person.number}`, products: lines });
  }
  if (lines.length > 1 && chance(0.35)) visit.track("Product Removed", { cart_id: `cart-${person.number}`, ...lines.pop() });
  if (chance(0.22)) return;
  if (chance(0.2)) visit.track("Coupon Entered", { cart_id: `cart-${person.number}`, coupon_id: pick(COUPONS) });
  const guest = person.kind === "guest" ? { email: emailOf(person) } : {};
  visit.go("/checkout", "Checkout");
  visit.track("Checkout Started", { ...guest, value: sum(country, lines), currency: country.currency, products: lines });
  if (chance(0.2)) return;
  if (chance(0.12)) visit.track("Payment Info Entered", { payment_method: "card" });
  if (person.kind === "guest" && chance(0.5)) person.known = true;
  visit.track("Order Completed", { ...guest, ...order(person, lines) });
  if (chance(0.15)) visit.track("Newsletter Subscribed", { ...guest, list: "kitchen-notes" });
}

/** A session in one of the shop's apps. */
function app(person, start, type) {
  const { library, os, device, agent } = APPS[type];
  const { country, countryCode } = person;
  const tracked = chance(0.7);
  const advertisingId = tracked ? (type === "ios" ? uuid().toUpperCase() : uuid()) : "00000000-0000-0000-0000-000000000000";
  const deviceId = hex(16);
  let clock = start;
  const say = (body) => {
    const at = clock;
    clock += whole(5, 70) * SECOND + whole(0, 999);
    put(at, {
      ...body,
      messageId: uuid().toUpperCase(),
      anonymousId: person.anonymousId,
      ...(person.known ? { userId: person.userId } : {}),
      ...times(at),
      context: {
        app: { name: "Kettle & Crumb", version: "4.2.0", build: "4200", namespace: "com.example.shop" },
        device: { id: deviceId, advertisingId, adTrackingEnabled: tracked, ...device, type },
        os, library, userAgent: agent, ip: person.ip, locale: country.locale, timezone: country.zone,
        network: { wifi: chance(0.7), cellular: false },
        location: { country: countryCode },
        ...(person.consent ? { consent: person.consent } : {}),
        ...(person.known ? { traits: { email: emailOf(person), ...(person.phone ? { phone: person.phone } : {}), address: { country: person.written } } } : {}),
      },
    });
  };
  const product = pick(PRODUCTS);
  say({ type: "track", event: "Application Opened", properties: { from_background: chance(0.5), version: "4.2.0" } });
  say({ type: "screen", name: "Home", properties: {} });
  say({ type: "screen", name: "Product", properties: { product_id: product.product_id } });
  say({ type: "track", event: "Product Viewed", properties: { ...line(country, product), currency: country.currency } });
  if (type === "firetv" || chance(0.4)) return;
  const item = line(country, product, 1);
  say({ type: "track", event: "Product Added", properties: { ...item, currency: country.currency } });
  if (person.known && chance(0.6)) say({ type: "track", event: "Order Completed", properties: order(person, [item]) });
}

// ------------------------------------------------------------------------------------------------------ the day's oddities

/** An event of the shop's back end: no browser, so only what the order record holds. */
function backend(at, event, properties, more = {}) {
  const { context, ...rest } = more;
  put(at, { type: "track", event, properties, messageId: `node-next-${at}-${uuid()}`, timestamp: iso(at), sentAt: iso(at + 150), ...rest, context: { library: { name: "@segment/analytics-node", version: "2.3.0" }, ...context } });
}

function oddities() {
  const one = [{ product_id: "kc-1001", name: "Copper kettle 1.7 l", price: 89, quantity: 1 }];
  const us = { traits: { email: "pat.backoffice@example.com", address: { country: "US" } } };

  // Offline queues that were emptied late, beyond and just within three weeks.
  for (const [days, title] of [[40, "Copper kettle 1.7 l"], [29, "Bread tin"], [22, "French press"], [20, "Moka pot, 6 cups"]]) {
    backend(DAY + 9 * HOUR + days * SECOND, "Product Viewed", { name: title }, { timestamp: iso(DAY - days * 24 * HOUR), userId: "cus_39001", context: us });
  }
  // A clock that is months ahead.
  backend(DAY + 10 * HOUR, "Product Viewed", { name: "Linen apron" }, { timestamp: "2027-03-01T08:00:00.000Z", userId: "cus_39002", context: us });

  // Times in other forms.
  backend(DAY + 11 * HOUR, "Order Completed", { order_id: "KC-2026-90001", total: 89, currency: "EUR", products: one }, { timestamp: "2026-11-20T12:00:00+01:00", userId: "cus_39003", context: { traits: { email: "anke.beispiel@example.org", address: { country: "Germany" } }, consent: { optOut: { C0004: "false" } } } });
  backend(DAY + 11 * HOUR + SECOND, "Order Completed", { order_id: "KC-2026-90002", total: 89, currency: "USD", products: one }, { timestamp: (DAY + 11 * HOUR) / 1_000, userId: "cus_39004", context: us });
  backend(DAY + 11 * HOUR + 2 * SECOND, "Order Completed", { order_id: "KC-2026-90003", total: 89, currency: "USD", products: one }, { timestamp: String(DAY + 11 * HOUR), userId: "cus_39005", context: us });

  // Nobody says where.
  for (const minute of [3, 17, 44, 51]) {
    backend(DAY + 13 * HOUR + minute * MINUTE, "Order Completed", { order_id: `KC-2026-9010${minute % 10}`, total: 38, currency: "USD" }, { userId: `cus_391${minute}`, context: { traits: { email: `guest${minute}@example.net` } } });
  }
  // Somewhere that is no country.
  backend(DAY + 13 * HOUR + 5 * MINUTE, "Order Completed", { total: 38, currency: "USD" }, { userId: "cus_39120", context: { traits: { email: "sailor@example.net", address: { country: "On board" } } } });

  // Identifiers that are none.
  for (const [second, email] of ["null", "undefined", "n/a", "none@", "@example.com", "00000000", ""].entries()) {
    backend(DAY + 14 * HOUR + second * SECOND, "Product Added", { product_id: "kc-1013", price: 18.5, quantity: 1 }, { anonymousId: uuid(), context: { traits: { email, address: { country: "US" } } } });
  }
  backend(DAY + 14 * HOUR + 20 * SECOND, "Product Added", { product_id: "kc-1013", price: 18.5, quantity: 1 }, { userId: "undefined", context: { traits: { phone: "+++", address: { country: "US" } } } });
  backend(DAY + 14 * HOUR + 30 * SECOND, "Product Added", { product_id: "kc-1013", price: 18.5, quantity: 1 }, { userId: "cus_39130", context: { traits: { email: "null", phone: "(503) 555-0166", address: { country: "US" } } } });

  // Amounts as back offices write them.
  const amounts = [
    { total: "1,299.00", currency: "USD" }, { total: "$12", currency: "USD" }, { revenue: "89.00", currency: "usd" }, { total: 0, currency: "USD" },
    { total: -89, revenue: 89, currency: "USD" }, { total: "free", currency: "USD" }, { total: 19.999, currency: "USD" }, { total: 1.005, currency: "USD" },
    { products: [{ price: 0.1, quantity: 3 }], currency: "USD" }, { products: [{ price: 89, quantity: 0 }], total: 89, currency: "USD" },
    { products: [{ price: "ask", quantity: 1 }], total: 64.9, currency: "USD" }, { products: [], total: 15.15, currency: "USD" }, { total: 44.3 }, { total: 44.3, currency: "KETTLES" },
    { products: [{ price: 10, quantity: 2 }], total: 35, revenue: 20, currency: "USD" }, {},
  ];
  for (const [minute, amount] of amounts.entries()) {
    backend(DAY + 15 * HOUR + minute * MINUTE, "Order Completed", { order_id: `KC-2026-902${String(minute).padStart(2, "0")}`, ...amount }, { userId: `cus_392${minute}`, context: us });
  }
  backend(DAY + 15 * HOUR + 30 * MINUTE, "Order Completed", { order_id: "KC-2026-90299", total: 12490, currency: "ISK" }, { userId: "cus_39299", context: { traits: { email: "dora.daemisdottir@example.org", address: { country: "Iceland" } }, consent: { optOut: { C0004: false } } } });

  // Names a person typed into a tag manager.
  for (const [second, event] of ["ORDER COMPLETED", "  Checkout Started", "products searched"].entries()) {
    backend(DAY + 16 * HOUR + second * SECOND, event, { query: "apron", total: 38, currency: "USD" }, { userId: `cus_393${second}`, context: us });
  }
  backend(DAY + 16 * HOUR + 10 * SECOND, "Gift card: 50% off!", { value: 25 }, { userId: "cus_39310", context: us });
  backend(DAY + 16 * HOUR + 20 * SECOND, "", {}, { userId: "cus_39311", context: us });
  put(DAY + 16 * HOUR + 30 * SECOND, { type: "group", groupId: "kitchen-club", messageId: `node-next-${uuid()}`, userId: "cus_39312", timestamp: iso(DAY + 16 * HOUR + 30 * SECOND), traits: { name: "Kitchen Club" }, context: us });
  // No messageId: the event gets the same id every time it is sent.
  put(DAY + 16 * HOUR + 40 * SECOND, { type: "track", event: "Product Viewed", userId: "cus_39313", timestamp: iso(DAY + 16 * HOUR + 40 * SECOND), properties: { product_id: "kc-1004" }, context: us });

  // A line separator and half an emoji, as copied out of other programs: data, not damage.
  backend(DAY + 17 * HOUR, "Product Viewed", { product_id: "kc-1015", name: "Cake stand", description: "For cakes\u2028and for pies" }, { userId: "cus_39401", context: us });
  backend(DAY + 17 * HOUR + SECOND, "Product Viewed", { product_id: "kc-1019", name: "Moka pot \ud83d" }, { userId: "cus_39402", context: us });

  // Lines that are no events.
  const broken = [
    '{"type":"track","event":"Product Viewed","messageId":"ajs-next-1795165200000-0badc0ffee","context":{"page":{"path":"/kett',
    '[{"type":"page","name":"Kettle & Crumb"}]',
    "null",
    "2026-11-20T17:20:00Z collector restarted",
    '{"type":"track","event":"Product Added","properties":{"price":18.5,}}',
    '"Product Viewed"',
    '{"messageId":"ajs-next-1795195200000-00000000beef","properties":{}}',
  ];
  for (const [minute, line] of broken.entries()) stream.push({ at: DAY + 17 * HOUR + (5 + minute) * MINUTE, line });
}

// ------------------------------------------------------------------------------------------------------------- the day

function day() {
  const busy = [2, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6, 7, 7, 7, 8, 8, 9, 10, 10, 9, 8, 6, 0];
  const moment = () => DAY + Number(weighted(Object.fromEntries(busy.map((weight, hour) => [`${hour}`, weight])))) * HOUR + whole(0, 59 * 60) * SECOND + whole(0, 999);
  for (let n = 0; n < 20; n++) browse(visitor("anonymous"), moment());
  for (let n = 0; n < 64; n++) shop(visitor("customer"), moment());
  for (let n = 0; n < 22; n++) shop(visitor("guest"), moment());
  for (const [type, sessions] of [["ios", 7], ["Android", 6], ["firetv", 4]]) {
    for (let n = 0; n < sessions; n++) app(visitor(n % 4 === 3 ? "anonymous" : "customer"), moment(), type);
  }
  oddities();
  stream.sort((a, b) => a.at - b.at || (a.line < b.line ? -1 : 1));
  const ids = stream.map(({ line }) => /"messageId":"([^"]+)"/.exec(line)?.[1]).filter(Boolean);
  if (new Set(ids).size !== ids.length) throw new Error("two events have the same messageId");
  return stream.map(({ line }) => `${line}\n`).join("");
}

const text = day();
if (process.argv.includes("--check")) {
  let kept = "";
  try {
    kept = readFileSync(FILE, "utf8");
  } catch {
    // An absent file differs like any other.
  }
  if (kept !== text) {
    console.error("examples/events.ndjson is not what examples/generate.mjs writes; run: node examples/generate.mjs");
    process.exit(1);
  }
  console.error("examples/events.ndjson is up to date");
} else {
  writeFileSync(FILE, text);
  console.error(`examples/events.ndjson: ${stream.length} lines, ${Buffer.byteLength(text)} bytes`);
}
