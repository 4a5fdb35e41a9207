// Metrics for OpenTelemetry and prom-client. Both are the user's own objects, known by their shape alone.
import { METRICS, type MetricInfo, type MetricLabels, type MetricName, type Metrics } from "./metrics.js";

/** What is used of OpenTelemetry's `Meter`. */
export interface OpenTelemetryMeter {
  createCounter(name: string, options: InstrumentOptions): { add(value: number, attributes: Record<string, string>): void };
  createUpDownCounter(name: string, options: InstrumentOptions): { add(value: number, attributes: Record<string, string>): void };
  createHistogram(name: string, options: InstrumentOptions): { record(value: number, attributes: Record<string, string>): void };
}

interface InstrumentOptions {
  description: string;
  unit: string;
  advice?: { explicitBucketBoundaries: number[] };
}

/**
 * Metrics on a meter of OpenTelemetry, such as `metrics.getMeter("amazon-dsp-events")` of `@opentelemetry/api`. Names, units
 * and labels are those of {@link METRICS}.
 */
export function openTelemetryMetrics(meter: OpenTelemetryMeter): Metrics {
  return recorders(([name, { kind, unit, description, buckets }]) => {
    const options = { description, unit, ...(buckets && { advice: { explicitBucketBoundaries: [...buckets] } }) };
    if (kind === "histogram") {
      const histogram = meter.createHistogram(name, options);
      return (value, labels) => histogram.record(value, { ...labels });
    }
    const counter = kind === "counter" ? meter.createCounter(name, options) : meter.createUpDownCounter(name, options);
    return (value, labels) => counter.add(value, { ...labels });
  });
}

/** What is used of the module `prom-client`. */
export interface PromClient<Registry> {
  readonly register: Registry;
  Counter: new (options: PromOptions<Registry>) => { inc(labels: Record<string, string>, value: number): void };
  Gauge: new (options: PromOptions<Registry>) => { inc(labels: Record<string, string>, value: number): void };
  Histogram: new (options: PromOptions<Registry> & { buckets?: number[] }) => {
    observe(labels: Record<string, string>, value: number): void;
  };
}

interface PromOptions<Registry> {
  name: string;
  help: string;
  labelNames: string[];
  registers: Registry[];
}

/**
 * Metrics in prom-client: `promClientMetrics(client)` with the module itself. Names are those of {@link METRICS} as
 * Prometheus writes them, such as `amazon_dsp_events_request_duration_seconds`; see {@link promName}.
 *
 * Call it once for a registry, and give the result to every client: prom-client refuses a name that it has already.
 *
 * @param registry - default: `client.register`
 */
export function promClientMetrics<Registry>(client: PromClient<Registry>, registry: Registry = client.register): Metrics {
  return recorders(([name, info]) => {
    const { kind, description, labels, buckets } = info;
    const options = { name: promName(name), help: description, labelNames: Object.keys(labels), registers: [registry] };
    if (kind === "histogram") {
      const histogram = new client.Histogram({ ...options, ...(buckets && { buckets: [...buckets] }) });
      return (value, given) => histogram.observe({ ...given }, value);
    }
    const counter = kind === "counter" ? new client.Counter(options) : new client.Gauge(options);
    return (value, given) => counter.inc({ ...given }, value);
  });
}

/** A metric's name in Prometheus: underscores, the unit if it is one, `_total` for a counter. */
export function promName(name: MetricName): string {
  const { kind, unit } = METRICS[name];
  return `${name.replaceAll(".", "_")}${unit === "s" ? "_seconds" : ""}${kind === "counter" ? "_total" : ""}`;
}

type Recorder = (value: number, labels: MetricLabels) => void;

function recorders(make: (metric: [MetricName, MetricInfo]) => Recorder): Metrics {
  const all = new Map((Object.entries(METRICS) as [MetricName, MetricInfo][]).map((metric) => [metric[0], make(metric)]));
  const record = (name: MetricName, value: number, labels: MetricLabels): void => all.get(name)?.(value, labels);
  return { count: record, observe: record, adjust: record };
}
