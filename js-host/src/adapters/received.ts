// What Segment's server fills in when events arrive: times, message id, address.
import { isObject, type Fields } from "../json.js";

/** What is known of a request that brought events. */
export interface Received {
  /** Epoch milliseconds. */
  readonly at: number;
  /** Where the request came from, if that is known. */
  readonly ip?: string | undefined;
  /** Whether a browser sent it. */
  readonly fromBrowser: boolean;
  /** A new message id. */
  readonly messageId: () => string;
}

/** An event with what is missing filled in. What is no object stays as it is, for the core to say so. */
export function received(event: unknown, by: Received): unknown {
  if (!isObject(event)) return event;
  const filled = { ...event };
  if (filled["messageId"] == null || filled["messageId"] === "") filled["messageId"] = by.messageId();
  address(filled, by);
  times(filled, by.at);
  return filled;
}

/** The sender's address is the user's only if the sender is the user's device: a browser, or what calls itself direct. */
function address(event: Fields, { ip, fromBrowser }: Received): void {
  const { context } = event;
  if (ip === undefined || !(context == null || isObject(context))) return;
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
