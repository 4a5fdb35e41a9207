// Events to begin with: one for each thing that can become of an event. No person in them exists.

/** An event to pick. */
export interface Example {
  readonly label: string;
  readonly text: string;
}

type Fields = Readonly<Record<string, unknown>>;

const JANE = { email: "Jane.Doe@example.com", phone: "+1 (206) 555-0142", firstName: "Jane", lastName: "Doe" };
const SEATTLE = { city: "Seattle", state: "Washington", postalCode: "98109-5210", country: "US" };
const PRODUCTS = [
  { product_id: "kc-1007", name: "Bread knife", price: 32, quantity: 2 },
  { product_id: "kc-1019", name: "Moka pot, 6 cups", price: 36.4, quantity: 1 },
];
/** Purposes 1 to 10 and vendor 793, as a consent platform writes them. */
const TCF = "CQuAQVAQuAQVAAfBABENB-EgAIIAAAAAAAYgGMwAYAAgYyAAAAA";

const MAKERS: readonly (readonly [label: string, event: Fields])[] = [
  [
    "Order Completed: a purchase",
    { type: "track", event: "Order Completed", userId: "u-1042", traits: { ...JANE, address: SEATTLE }, properties: { order_id: "KC-2051", total: 100.4, currency: "USD", products: PRODUCTS }, context: { ip: "192.0.2.44" } },
  ],
  ["Product Added: known by a user id alone", { type: "track", event: "Product Added", userId: "u-1042", properties: { product_id: "kc-1007", price: 32, quantity: 1 }, traits: { country: "US" } }],
  ["Page in Germany: consent in a TCF string", { type: "page", name: "Coffee", traits: { email: "erika@example.org", country: "DE" }, context: { consent: { tcf: TCF }, ip: "198.51.100.7" } }],
  ["Page in Germany: nobody was asked", { type: "page", name: "Coffee", traits: { email: "erika@example.org", country: "DE" } }],
  ["Page in the US: advertising refused", { type: "page", name: "Knives", traits: { email: "jane.doe@example.com", country: "US" }, context: { consent: { categoryPreferences: { C0001: true, C0004: false } } } }],
  ["Screen of an app: an advertising id", { type: "screen", name: "Cart", traits: { country: "CA" }, context: { device: { type: "android", advertisingId: "8f3c0b7e-52d4-4f7b-9a53-2f1d0c6b9a11", adTrackingEnabled: true } } }],
  [
    "Order with much to repair",
    { type: "track", event: "Order Completed", messageId: null, traits: { email: "n/a", phone: "020 7946 0958", address: { country: "UK", postalCode: "SW1A 1AA" } }, properties: { products: PRODUCTS, total: "1,299.00", currency: "GBP" }, context: { ip: "300.1.1.1", consent: { amazonConsent: { amznUserData: "yes", amznAdStorage: "opted_in" } } } },
  ],
  ["Page of a stranger: nobody to match", { type: "page", name: "Home", anonymousId: "f7ca999d-4ad6-4f42-9cbc-c3a225412172", properties: { country: "US" } }],
  ["Coupon Entered: no rule for it", { type: "track", event: "Coupon Entered", traits: { email: "jane.doe@example.com", country: "US" }, properties: { coupon_id: "AUTUMN" } }],
  ["Cart Viewed: five weeks late", { type: "track", event: "Cart Viewed", timestamp: -35 * 86_400, traits: { email: "jane.doe@example.com", country: "US" } }],
];

/** The examples, a minute before `now` so that none is too old. */
export function examplesAt(now: number): Example[] {
  const examples = MAKERS.map(([label, fields], index) => ({ label, text: JSON.stringify(dated(fields, index, now), undefined, 2) }));
  const [first] = examples;
  // As a log that was cut has it.
  return [...examples, { label: "Half a line: not JSON", text: first?.text.slice(0, 214) ?? "" }];
}

/** How often each example comes up in {@link manyAt}, in their order. */
const SHARES = [14, 22, 16, 12, 15, 9, 6, 38, 10, 3];

/** A few hundred of them as NDJSON, for a batch. */
export function manyAt(now: number): string {
  const lines: string[] = [];
  for (let round = 0; round < 3; round++) {
    for (const [index, [, fields]] of MAKERS.entries()) {
      for (let count = 0; count < (SHARES[index] ?? 0); count++) lines.push(JSON.stringify(dated(fields, lines.length, now)));
    }
  }
  return `${lines.join("\n")}\n{"type":"page","name":"Cof\n`;
}

function dated({ type, event, name, messageId, timestamp, ...rest }: Fields, index: number, now: number): Fields {
  const seconds = Math.floor(now / 1000) + (typeof timestamp === "number" ? timestamp : -60 - index);
  return {
    type,
    ...(event !== undefined && { event }),
    ...(name !== undefined && { name }),
    ...(messageId !== null && { messageId: `example-${index + 1}` }),
    timestamp: new Date(seconds * 1000).toISOString().replace(".000Z", "Z"),
    ...rest,
  };
}
