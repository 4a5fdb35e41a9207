// A plugin for Segment's client for servers: every event of an existing app goes to Amazon as well.
import type { AmazonEvents } from "../client.js";
import { version, type AnalyticsEvent } from "../core.js";
import { invalidOption } from "../errors.js";
import { INTEGRATION } from "./segment_api.js";
import { reporter, type SinkOptions } from "./sink.js";

/** What {@link amazonEvents} takes. */
export interface PluginOptions extends Pick<SinkOptions, "onError"> {
  /** The client that sends the events. When its queue is full, events are refused, and `onError` is told. */
  amazon: Pick<AmazonEvents, "send">;
  /** What the app's `integrations` call it. Default `Amazon DSP`. */
  name?: string;
}

/** What is used of a `Context` of `@segment/analytics-node`. */
export interface PluginContext {
  readonly event: object;
}

type Call = "track" | "page" | "screen" | "identify" | "group" | "alias";

/** A plugin as `analytics.register` takes it. */
export interface AnalyticsPlugin extends Record<Call, <C extends PluginContext>(context: C) => Promise<C>> {
  readonly name: string;
  readonly type: "destination";
  readonly version: string;
  isLoaded(): boolean;
  load(): Promise<void>;
}

/**
 * Makes the plugin: `await analytics.register(amazonEvents({ amazon }))`. It works beside Segment's own delivery and never
 * makes it fail. An event is on its way for `analytics` until Amazon's answer is there as well, so that `flush` and
 * `closeAndFlush` wait for both; `integrations: { "Amazon DSP": false }` or `{ All: false }` keeps an event from Amazon.
 *
 * Close the client after `closeAndFlush`, if nothing else uses it.
 *
 * @throws {@link UsageError} for an option that cannot be right
 */
export function amazonEvents(options: PluginOptions): AnalyticsPlugin {
  const { amazon, name = INTEGRATION } = options;
  const report = reporter(options);
  if (typeof amazon?.send !== "function") throw invalidOption("amazon", "a client of createAmazonEvents", amazon);
  const send = async <C extends PluginContext>(context: C): Promise<C> => {
    try {
      await amazon.send(context.event as AnalyticsEvent, { wait: true, whenFull: "refuse" });
    } catch (error) {
      report(error);
    }
    return context;
  };
  return {
    name,
    type: "destination",
    version: version(),
    isLoaded: () => true,
    load: () => Promise.resolve(),
    track: send,
    page: send,
    screen: send,
    identify: send,
    group: send,
    alias: send,
  };
}
