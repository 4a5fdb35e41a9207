// What the middleware of every framework does once a response has gone: asks the app for its events, and sends them.
import type { AnalyticsEvent } from "../core.js";
import { invalidOption } from "../errors.js";
import { reporter, sinkOf, type SinkOptions } from "./sink.js";

/** An event, several, or none. */
export type Events = AnalyticsEvent | readonly AnalyticsEvent[] | null | undefined | false;

/** What the middleware takes; `Arguments` are what the framework gives to its handlers. */
export interface MiddlewareOptions<Arguments extends readonly unknown[]> extends SinkOptions {
  /** Says which events a request has made. Called when the response has gone; what it throws goes to `onError`. */
  events: (...given: Arguments) => Events | Promise<Events>;
}

/** Makes the function that sends the events of one request. It never rejects. */
export function copies<Arguments extends readonly unknown[]>(
  options: MiddlewareOptions<Arguments>,
): (...given: Arguments) => Promise<void> {
  const put = sinkOf(options);
  const report = reporter(options);
  if (typeof options.events !== "function") throw invalidOption("events", "a function", options.events);
  return async (...given) => {
    try {
      const events = await options.events(...given);
      if (events) await put(Array.isArray(events) ? events : [events]);
    } catch (error) {
      report(error);
    }
  };
}
