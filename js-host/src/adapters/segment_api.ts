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
  if (!LONG.test(text)) return content;
  return JSON.parse(text.replace(TEXT_OR_NUMBER, (token) => (token.startsWith('"') || !LONG.test(token) ? token : `"${token}"`)));
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
