// Segment's HTTP API: which paths take events, which events a body holds, and whether they are meant for Amazon.
import { isObject, type Fields } from "../json.js";

const NAMES = ["track", "page", "screen", "identify", "group", "alias", "batch"];
/** The call by the last word of a path; the library for browsers has first letters. */
const CALLS: ReadonlyMap<string, string> = new Map([
  ...NAMES.flatMap((name): [string, string][] => [
    [name, name],
    [name.charAt(0), name],
  ]),
  ["import", "batch"],
]);

/** What an event's `integrations` call this destination. */
export const INTEGRATION = "Amazon DSP";

/** The call that a path names: its end, `/v1/track` and the like, whatever stands before. */
export function callOf(pathname: string): string | undefined {
  return CALLS.get(/\/v1\/([a-z]+)\/?$/.exec(pathname)?.[1] ?? "");
}

/** From so many digits on a number of JavaScript may not hold them. */
const MANY = 16;
const LONG = /\d{16}/;
const TEXT_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * The JSON of a body. Digits that a number of JavaScript cannot hold stay as they are, in a text, which means the same to the
 * core: rounded, an order's id would be another order's.
 *
 * @throws SyntaxError if it is not JSON
 */
export function contentOf(body: Uint8Array): unknown {
  const text = new TextDecoder().decode(body);
  const content: unknown = JSON.parse(text);
  if (!mayHaveLongNumber(body)) return content;
  return JSON.parse(text.replace(TEXT_OR_NUMBER, (token) => (token.startsWith('"') || !LONG.test(token) ? token : `"${token}"`)));
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

/**
 * Whether there are so many digits in a row, behind what may stand in front of a number or within one. Ids have such rows in their
 * texts, one in a hundred of hexadecimal ones: most of those are told apart.
 */
function mayHaveLongNumber(json: Uint8Array): boolean {
  // Any such row has a digit at one of these places.
  for (let at = MANY - 1; at < json.length; at += MANY) {
    if (!isDigit(json[at])) continue;
    let start = at;
    while (isDigit(json[start - 1])) start--;
    while (isDigit(json[at + 1])) at++;
    const before = json[start - 1];
    if (at + 1 - start >= MANY && (before === undefined || "-+.eE:,[ \n\r\t".includes(String.fromCharCode(before)))) return true;
  }
  return false;
}

/**
 * The events of a call, each with the call's type, or what the batch says for all of them where it says nothing itself.
 * Undefined if the content is none of such a call; what is no event among those of a batch stays as it is, for the core to
 * say so.
 */
export function eventsOf(call: string, content: unknown): unknown[] | undefined {
  if (!isObject(content)) return undefined;
  // The key has done its work, and is nobody's business in a queue.
  const { writeKey: _, ...shared } = content;
  if (call !== "batch") return [{ ...shared, type: call }];
  const { batch } = shared;
  return Array.isArray(batch) ? batch.map((event: unknown) => (isObject(event) ? completed(event, shared) : event)) : undefined;
}

function completed(event: Fields, batch: Fields): Fields {
  const { writeKey: _, ...filled } = event;
  if (batch["sentAt"] !== undefined) filled["sentAt"] ??= batch["sentAt"];
  for (const name of ["context", "integrations"]) {
    const [own, shared] = [filled[name], batch[name]];
    if (isObject(shared) && (own == null || isObject(own))) filled[name] = { ...shared, ...own };
  }
  return filled;
}

/** Whether an event may go to Amazon by its `integrations`, with which a sender, or a consent manager, keeps it from destinations. */
export function isForAmazon(event: unknown): boolean {
  if (!isObject(event) || !isObject(event["integrations"])) return true;
  return (event["integrations"][INTEGRATION] ?? event["integrations"]["All"]) !== false;
}
