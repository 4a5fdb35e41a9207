// The events that are measured with: made by a seeded generator, the same on every machine. A shop's traffic in Segment's form:
// 38 % pages, the rest track events, 3 % of names that nobody maps; 2,500 users, of whom some left everything and some nothing;
// some names and titles that are not ASCII or need escapes; some consent signals.

/** When it is, for whoever maps these events: all are of the week before. */
export const NOW = Date.UTC(2026, 10, 20);

const WEEK = 7 * 86_400_000;
const USERS = 2500;

/** mulberry32: numbers from 0 up to 1. */
function randomFrom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const FIRST = ["Jane", "Émile", "Maria", "Liam", "Zoë", "Noah", "Chloe", "Jürgen", "Ava", "O'Neil", "Sofia", "Mason", "Mary Ann", "Lucas", "Grace", "Ethan"];
const LAST = ["Doe", "Müller", "Garcia", "Smith-Jones", "Brown", "Lefèvre", "Wilson", "Nguyen", "Martin", "Taylor", "Anderson", "Moore", "Schmidt", "Clark"];
const DOMAINS = ["example.com", "Example.org", "mail.example.net", "shop.example", "inbox.example.com"];
const STREETS = ["Market Street", "Main St.", "Elm Avenue", "Hauptstraße", "Rue de la Paix", "King's Road", "Broadway", "Mühlenweg"];
const PLACES = {
  US: { phone: "+1 (206) 555-", language: "en-US", currency: "USD", cities: [["Seattle", "WA", "98101-1234"], ["New York", "New York", "10001"], ["San José", "CA", "95112"], ["Austin", "tx", "73301"], ["St. Louis", "Missouri", "63101"]] },
  CA: { phone: "416-555-", language: "en-CA", currency: "CAD", cities: [["Toronto", "ON", "M5H 2N2"], ["Montréal", "Quebec", "H2X 1Y4"]] },
  GB: { phone: "0 20 7946 ", language: "en-GB", currency: "GBP", cities: [["London", "England", "SW1A 1AA"], ["Leeds", "Yorkshire", "LS1 4DY"]] },
  DE: { phone: "030 5550 ", language: "de-DE", currency: "EUR", cities: [["Köln", "Nordrhein-Westfalen", "50667"], ["Berlin", "BE", "10115"]] },
};
const COUNTRIES = ["US", "US", "US", "US", "US", "US", "US", "CA", "GB", "DE"];
const AGENTS = [
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
  "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
];
const DEVICES = [undefined, "ios", "android"];
const GOODS = ["Trail Shoes", "Rain Jacket \"Storm\"", "Thermos 0.5 l", "Wool Socks – 3 pairs", "Head Torch", "Café Mug", "Sleeping Bag", "Map of the Alps"];
const CATEGORIES = ["Shoes", "Clothing", "Camping", "Kitchen"];
const TRACKS = [
  "Product Viewed", "Product Viewed", "Product Viewed", "Product Added", "Product Added", "Product List Viewed", "Product List Viewed",
  "Products Searched", "Cart Viewed", "Checkout Started", "Order Completed", "Order Completed", "Product Clicked", "Product Removed",
];
const UNMAPPED = ["Coupon Entered", "Video Played", "Wishlist Shared"];

/** So many events, as objects. */
export function events(count = 10_000, seed = 2026) {
  const random = randomFrom(seed);
  const below = (limit) => Math.floor(random() * limit);
  const one = (list) => list[below(list.length)];
  const chance = (share) => random() < share;
  const hex = (length) => Array.from({ length }, () => below(16).toString(16)).join("");
  const uuid = () => [8, 4, 4, 4, 12].map(hex).join("-");
  const digits = (length) => String(below(10 ** length)).padStart(length, "0");

  const userOf = (number) => {
    const code = one(COUNTRIES);
    const place = PLACES[code];
    const [city, state, postalCode] = one(place.cities);
    const [firstName, lastName] = [one(FIRST), one(LAST)];
    const plain = (name) => name.normalize("NFD").replace(/[^A-Za-z]/g, "");
    const email = `${plain(firstName)}.${plain(lastName)}${chance(0.1) ? "+shop" : ""}${number}@${one(DOMAINS)}`;
    const address = { city, country: chance(0.8) ? code : code.toLowerCase(), postalCode, state, street: `${1 + below(200)} ${one(STREETS)}` };
    const kind = random();
    // Somebody who bought, somebody who signed up, somebody who took the newsletter, and somebody unknown.
    const traits =
      kind < 0.42 ? { email, phone: place.phone + digits(4), firstName, lastName, address }
      : kind < 0.6 ? { email, firstName, lastName, address: { country: address.country } }
      : kind < 0.85 ? { email: chance(0.04) ? "null" : email, address: { country: address.country } }
      : { address: { country: address.country } };
    return {
      code,
      place,
      traits,
      anonymousId: uuid(),
      userId: kind < 0.6 ? `user-${number}` : kind < 0.9 && kind >= 0.85 ? email : undefined,
      agent: below(AGENTS.length),
      ip: `203.0.113.${below(256)}`,
    };
  };
  const users = Array.from({ length: USERS }, (_, number) => userOf(number));

  const product = () => {
    const number = below(500);
    return {
      product_id: hex(24),
      sku: `SKU-${number}`,
      name: GOODS[number % GOODS.length],
      brand: "Northwind",
      category: CATEGORIES[number % CATEGORIES.length],
      variant: one(["black", "blue", "größe 42"]),
      price: (199 + number * 13) / 100,
      quantity: 1 + below(3),
      url: `https://shop.example/p/${number}?ref=list`,
      image_url: `https://cdn.shop.example/img/${number}/640x640.webp`,
    };
  };
  const propertiesOf = (name, page, currency) => {
    const few = (most) => Array.from({ length: 1 + below(most) }, product);
    switch (name) {
      case "page": return { ...page, name: one(["Home", "Category", "Blog", "Help"]), category: one(CATEGORIES), load_ms: below(4000), ab_tests: { checkout: "B", hero: "A" } };
      case "Products Searched": return { query: one(["rain jacket", "schuhe größe 42", "\"thermos\"", "map"]), results: below(90) };
      case "Product List Viewed": return { list_id: `list-${below(30)}`, category: one(CATEGORIES), products: few(4) };
      case "Cart Viewed": return { cart_id: uuid(), products: few(3), currency };
      case "Checkout Started":
      case "Order Completed": {
        const products = few(chance(0.1) ? 10 : 3);
        if (chance(0.15)) for (const line of products) delete line.price;
        const cents = products.reduce((sum, { price = 20, quantity }) => sum + Math.round(price * 100) * quantity, 0);
        const order = { order_id: `O-${digits(8)}`, currency, products, shipping: 4.9, tax: 3.2, total: cents / 100, coupon: chance(0.2) ? "WELCOME" : null };
        if (chance(0.1)) delete order.currency;
        return order;
      }
      default: return { ...product(), currency, position: below(20), list_id: `list-${below(30)}` };
    }
  };

  const eventOf = () => {
    const user = users[below(USERS)];
    const path = `/${one(["", "c/shoes", "c/camping", "p/trail-shoes", "cart", "blog/größer-wandern"])}`;
    const page = { path, referrer: chance(0.5) ? "https://search.example/?q=outdoor" : "", search: chance(0.2) ? "?utm_source=news&utm_medium=email" : "", title: `${one(GOODS)} | Northwind`, url: `https://shop.example${path}` };
    const kind = random();
    const name = kind < 0.38 ? "page" : kind < 0.41 ? one(UNMAPPED) : one(TRACKS);
    const at = new Date(NOW - Math.floor(random() * WEEK));
    const time = at.toISOString();
    const context = {
      ip: user.ip,
      library: { name: "analytics.js", version: "2.18.1" },
      locale: user.place.language,
      page,
      timezone: "America/Los_Angeles",
      traits: user.traits,
      userAgent: AGENTS[user.agent],
    };
    if (DEVICES[user.agent] !== undefined && chance(0.7)) context.device = { id: uuid(), type: DEVICES[user.agent] };
    // Where it is asked for, most say yes.
    if (user.code === "DE" || user.code === "GB" || chance(0.15)) {
      const says = chance(0.9);
      context.consent = chance(0.7)
        ? { categoryPreferences: { Advertising: says, Analytics: true, Functional: true } }
        : { amazonConsent: { amznUserData: says ? "GRANTED" : "DENIED", amznAdStorage: says ? "GRANTED" : "DENIED" } };
    }
    const event = { anonymousId: user.anonymousId, channel: "client", context };
    if (name !== "page") event.event = name;
    return Object.assign(event, {
      integrations: { All: true, "Amazon DSP": true },
      messageId: `ajs-next-${hex(32)}`,
      originalTimestamp: time,
      properties: propertiesOf(name, page, user.place.currency),
      receivedAt: new Date(at.getTime() + 340).toISOString(),
      sentAt: new Date(at.getTime() + 15).toISOString(),
      timestamp: time,
      type: name === "page" ? "page" : "track",
      userId: user.userId ?? null,
      version: 2,
    });
  };
  return Array.from({ length: count }, eventOf);
}

const encoder = new TextEncoder();

/**
 * What is measured with. Batches are kept, being no part of the heap that is collected; of the rest each row makes what it needs:
 * who has batches has no ten thousand objects beside them, which every collection would look through.
 */
export function inputOf(count) {
  const objects = () => events(count);
  return { count, chunks: bytesOf(objects()).chunks, each: () => bytesOf(objects()).each, objects };
}

/** Events as they come over the wire: the bytes of each, and those of NDJSON in chunks of so many lines. */
export function bytesOf(objects, perChunk = 500) {
  const lines = objects.map((event) => JSON.stringify(event));
  const chunks = [];
  for (let at = 0; at < lines.length; at += perChunk) chunks.push(encoder.encode(`${lines.slice(at, at + perChunk).join("\n")}\n`));
  return { each: lines.map((line) => encoder.encode(line)), chunks };
}
