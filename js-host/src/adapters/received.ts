// What Segment's server fills in when events arrive: type, times, message id, address, and what a batch says for all.

/** What is known of a request that brought events. */
export interface Received {
  /** Epoch milliseconds. */
  readonly at: number;
  /** By the path; undefined for a batch, whose events say it themselves. */
  readonly type?: string | undefined;
  /** Where the request came from, if that is known. */
  readonly ip?: string | undefined;
  /** Whether a browser sent it. */
  readonly fromBrowser: boolean;
  /** A new message id. */
  readonly messageId: () => string;
}

/** An object of JSON. */
export type Fields = Record<string, unknown>;

/** Whether a value of JSON is an object. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An event with what is missing filled in. What is no object stays as it is, for the core to say so. */
export function completed(event: unknown, batch: Fields, received: Received): unknown {
  if (!isFields(event)) return event;
  // The key has done its work, and is nobody's business in a queue.
  const { writeKey: _, ...filled } = event;
  if (received.type !== undefined) filled["type"] = received.type;
  if (filled["messageId"] == null || filled["messageId"] === "") filled["messageId"] = received.messageId();
  filled["sentAt"] ??= batch["sentAt"];
  merge(filled, "context", batch);
  merge(filled, "integrations", batch);
  address(filled, received);
  times(filled, received.at);
  return filled;
}

/** What the batch says for all holds where the event itself says nothing. */
function merge(event: Fields, name: string, batch: Fields): void {
  const [own, shared] = [event[name], batch[name]];
  if (isFields(shared) && (own == null || isFields(own))) event[name] = { ...shared, ...(own as Fields | undefined) };
}

/** The sender's address is the user's only if the sender is the user's device: a browser, or what calls itself direct. */
function address(event: Fields, { ip, fromBrowser }: Received): void {
  const { context } = event;
  if (ip === undefined || !(context == null || isFields(context))) return;
  if (context?.["ip"] != null || !(fromBrowser || context?.["direct"] === true)) return;
  event["context"] = { ...context, ip };
}

/**
 * `originalTimestamp` is by the device's clock, `timestamp` by ours: the device knows best how long before `sentAt` it
 * was. An event that has both has been through this before.
 */
function times(event: Fields, now: number): void {
  const original = event["originalTimestamp"] ?? event["timestamp"];
  event["receivedAt"] = new Date(now).toISOString();
  if (original == null) {
    event["timestamp"] = event["receivedAt"];
    return;
  }
  if (event["timestamp"] != null && event["originalTimestamp"] != null) return;
  event["originalTimestamp"] = original;
  event["timestamp"] = original;
  const [happened, sent] = [instantOf(original), instantOf(event["sentAt"])];
  if (happened === undefined || sent === undefined) return;
  const corrected = new Date(now - (sent - happened));
  if (!Number.isNaN(corrected.getTime())) event["timestamp"] = corrected.toISOString();
}

/** Epoch milliseconds of an instant that says its zone; any other is left for the core to read. */
function instantOf(value: unknown): number | undefined {
  if (typeof value !== "string" || !/^\d{4}-\d\d-\d\dT[\d:.,]+(Z|[+-]\d\d:?\d\d)$/i.test(value)) return undefined;
  const instant = Date.parse(value);
  return Number.isNaN(instant) ? undefined : instant;
}
