// What the client measures: a closed list of names, and the interface that takes the numbers.
import { quietly } from "./errors.js";
import { DEAD_LETTER_REASONS } from "./outcome.js";
import type { Logger } from "./runtime.js";

/** What is known of a metric. */
export interface MetricInfo {
  /** `counter` only grows, `level` goes up and down, `histogram` has a distribution. */
  readonly kind: "counter" | "level" | "histogram";
  /** A unit by UCUM, as OpenTelemetry writes it. */
  readonly unit: string;
  readonly description: string;
  /** The labels, each with every value that it can have. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Bounds of a histogram's buckets that suit what is measured. */
  readonly buckets?: readonly number[];
}

const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

const table = {
  "amazon_dsp_events.events": {
    kind: "counter",
    unit: "{event}",
    description: "Events that have got their outcome",
    labels: {
      outcome: ["accepted", "rejected", "dropped", "dead_lettered"],
      reason: [
        // accepted
        "none",
        // rejected
        "bad_request", "content_too_large", "other",
        // dropped
        "invalid_event", "unmapped_event", "disabled_event", "event_too_old", "event_in_future", "country_missing",
        "consent_missing", "consent_denied", "no_match_key",
        // dead_lettered
        ...DEAD_LETTER_REASONS,
      ],
    },
  },
  "amazon_dsp_events.requests": {
    kind: "counter",
    unit: "{request}",
    description: "Event requests that have ended, with every repetition",
    labels: { status: ["2xx", "3xx", "401", "413", "429", "4xx", "5xx", "none"] },
  },
  "amazon_dsp_events.requests.retried": {
    kind: "counter",
    unit: "{request}",
    description: "Event requests made again for events that an earlier one carried in vain",
    labels: {},
  },
  "amazon_dsp_events.token.refreshes": {
    kind: "counter",
    unit: "{refresh}",
    description: "Access tokens fetched",
    labels: {},
  },
  "amazon_dsp_events.request.duration": {
    kind: "histogram",
    unit: "s",
    description: "From the start of an event request to the last byte of its reply, or to its failure",
    labels: { status: ["2xx", "3xx", "401", "413", "429", "4xx", "5xx", "none"] },
    buckets: SECONDS,
  },
  "amazon_dsp_events.request.events": {
    kind: "histogram",
    unit: "{event}",
    description: "Events in a request",
    labels: {},
    buckets: [1, 5, 10, 25, 50, 100, 200, 300, 400, 500],
  },
  "amazon_dsp_events.wait.duration": {
    kind: "histogram",
    unit: "s",
    description: "Waits before a request: after a fault (retry), or for the rate limit and Amazon's Retry-After (rate)",
    labels: { kind: ["retry", "rate"] },
    buckets: SECONDS,
  },
  "amazon_dsp_events.queue.events": {
    kind: "level",
    unit: "{event}",
    description: "Events that wait or are on their way",
    labels: {},
  },
} as const satisfies Record<string, MetricInfo>;

type Table = typeof table;
type NameOf<Kind extends MetricInfo["kind"]> = {
  [Name in keyof Table]: Table[Name]["kind"] extends Kind ? Name : never;
}[keyof Table];

/** The name of a counter. */
export type CounterName = NameOf<"counter">;
/** The name of a histogram. */
export type HistogramName = NameOf<"histogram">;
/** The name of a level. */
export type LevelName = NameOf<"level">;
/** The name of a metric. */
export type MetricName = keyof Table;
/** The labels of a measurement: names and values from {@link METRICS}, never an identifier. */
export type MetricLabels = Readonly<Record<string, string>>;

/** Every metric there is. */
export const METRICS: Readonly<Record<MetricName, MetricInfo>> = table;

/** Takes the numbers. What it throws is logged once, and costs no event. */
export interface Metrics {
  /** So many more. */
  count(name: CounterName, value: number, labels: MetricLabels): void;
  /** One value of a distribution, in the metric's unit. */
  observe(name: HistogramName, value: number, labels: MetricLabels): void;
  /** A level rises by so much, or falls. */
  adjust(name: LevelName, change: number, labels: MetricLabels): void;
}

const nothing = (): void => undefined;

/** Measures nothing. */
export const UNMEASURED: Metrics = { count: nothing, observe: nothing, adjust: nothing };

/** No labels. */
export const UNLABELLED: MetricLabels = {};

/** Metrics that never throw: the first error is logged, the others are not worth a line each. */
export function safeMetrics(metrics: Metrics, logger: Logger): Metrics {
  let failed = false;
  const safely = (record: () => unknown): void => {
    quietly(record, (error) => {
      if (failed) return;
      failed = true;
      logger.error({ err: error }, "metrics threw; further errors of theirs are not logged");
    });
  };
  return {
    count: (name, value, labels) => safely(() => metrics.count(name, value, labels)),
    observe: (name, value, labels) => safely(() => metrics.observe(name, value, labels)),
    adjust: (name, change, labels) => safely(() => metrics.adjust(name, change, labels)),
  };
}

/** The class of a reply's status; 0 stands for no reply. */
export function statusLabel(status: number): string {
  switch (status) {
    case 0:
      return "none";
    case 401:
    case 413:
    case 429:
      return String(status);
    default:
      return `${Math.floor(status / 100)}xx`;
  }
}
