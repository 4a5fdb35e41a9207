// What a client measures, kept here and written as Prometheus reads it (its text format, 0.0.4).
import { METRICS, type MetricLabels, type MetricName, type Metrics } from "../metrics.js";
import { promName } from "../metrics_adapters.js";

/** What was measured under the same labels: all of it together, how often, and how often within each bucket's bound. */
interface Series {
  sum: number;
  count: number;
  readonly within: number[];
}

/** Metrics with the names and labels of {@link METRICS}, as `promClientMetrics` has them. */
export class PrometheusText implements Metrics {
  /** By name, then by labels as they are written. */
  readonly #metrics = new Map<MetricName, Map<string, Series>>();

  constructor() {
    for (const name of Object.keys(METRICS) as MetricName[]) {
      this.#metrics.set(name, new Map());
      // What has labels is there from its first value on, all else from the start.
      if (Object.keys(METRICS[name].labels).length === 0) this.#series(name, {});
    }
  }

  count(name: MetricName, value: number, labels: MetricLabels): void {
    this.#series(name, labels).sum += value;
  }

  adjust(name: MetricName, change: number, labels: MetricLabels): void {
    this.#series(name, labels).sum += change;
  }

  observe(name: MetricName, value: number, labels: MetricLabels): void {
    const series = this.#series(name, labels);
    series.sum += value;
    series.count++;
    for (const [index, bound] of (METRICS[name].buckets ?? []).entries()) {
      if (value <= bound) series.within[index] = (series.within[index] ?? 0) + 1;
    }
  }

  /** All of it. */
  text(): string {
    let text = "";
    for (const [name, all] of this.#metrics) {
      const { kind, description, buckets = [] } = METRICS[name];
      const shown = promName(name);
      text += `# HELP ${shown} ${description}\n# TYPE ${shown} ${kind === "level" ? "gauge" : kind}\n`;
      for (const [labels, { sum, count, within }] of all) {
        if (kind === "histogram") {
          for (const [index, bound] of buckets.entries()) text += line(`${shown}_bucket`, within[index] ?? 0, labels, `le="${bound}"`);
          text += line(`${shown}_bucket`, count, labels, 'le="+Inf"') + line(`${shown}_sum`, sum, labels) + line(`${shown}_count`, count, labels);
        } else {
          text += line(shown, sum, labels);
        }
      }
    }
    return text;
  }

  #series(name: MetricName, labels: MetricLabels): Series {
    const written = Object.keys(METRICS[name].labels).map((label) => `${label}="${labels[label]}"`).join(",");
    const all = this.#metrics.get(name);
    const series = all?.get(written) ?? { sum: 0, count: 0, within: [] };
    all?.set(written, series);
    return series;
  }
}

function line(name: string, value: number, ...labels: readonly string[]): string {
  const given = labels.filter((label) => label !== "").join(",");
  return `${name}${given === "" ? "" : `{${given}}`} ${value}\n`;
}
