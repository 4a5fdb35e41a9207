// Segment's HTTP API: which requests carry events, and which events.
import type { AnalyticsEvent } from "../core.js";

/** The calls, as its libraries for servers name them, and the short ones of its library for browsers. */
const CALLS: Readonly<Record<string, string>> = {
  track: "track",
  page: "page",
  screen: "screen",
  identify: "identify",
  group: "group",
  alias: "alias",
  batch: "batch",
  t: "track",
  p: "page",
  s: "screen",
  i: "identify",
  g: "group",
  a: "alias",
  b: "batch",
};

/** The call that a path names: its end, `/v1/track` and the like, whatever stands before. */
export function callOf(path: string): string | undefined {
  const name = /\/v1\/([a-z]+)\/?$/.exec(path)?.[1];
  return name !== undefined && Object.hasOwn(CALLS, name) ? CALLS[name] : undefined;
}

/**
 * The events of a body. One that names no type has that of the call; those of a batch have its context and its `sentAt`
 * where they name none. What cannot be read is one event, of which the core will say what is wrong with it.
 */
export function eventsOf(call: string, body: Uint8Array): unknown[] {
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(body));
  } catch {
    return [undefined];
  }
  if (!isObject(json)) return [json];
  if (call !== "batch") return [{ type: call, ...json }];
  const { batch, context, sentAt } = json as { batch?: unknown; context?: unknown; sentAt?: unknown };
  if (!Array.isArray(batch)) return [undefined];
  return batch.map((event: unknown) => {
    if (!isObject(event)) return event;
    return {
      ...(sentAt !== undefined && { sentAt }),
      ...event,
      ...(isObject(context) && (event["context"] === undefined || isObject(event["context"])) && { context: { ...context, ...(event["context"] as object) } }),
    };
  });
}

/** Whether something is a JSON object. */
export function isObject(value: unknown): value is AnalyticsEvent {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
