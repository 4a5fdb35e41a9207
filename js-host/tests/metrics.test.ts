// Metrics: the numbers are the outcomes', the adapters fit the real packages, the list is closed and documented.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import prometheus from "prom-client";

import { PrometheusText } from "../dist/cli/prometheus.js";
import { METRICS, openTelemetryMetrics, outcomeCodes, promClientMetrics, promName, type MetricName, type Metrics } from "../dist/index.js";
import { DEAD_LETTER_REASONS } from "../dist/outcome.js";
import { event, ok, Recorder, World } from "./world.js";

/** Accepts one, rejects one, gives one up, drops one; with a 503, a 429 and a new token on the way. */
async function scenario(metrics: Metrics): Promise<World> {
  const world = new World();
  world.latency = () => 40;
  world.answer = (asked, call) => {
    if (call === 1) return { status: 401 };
    if (call === 2) return { status: 503 };
    if (call === 3) return { status: 429, headers: { "Retry-After": "1" } };
    return {
      status: 207,
      body: {
        success: asked.ids.flatMap((id, index) => (id === "a" ? [{ index }] : [])),
        error: asked.ids.flatMap((id, index) => (id === "b" ? [{ index, errors: [{ code: "BAD_REQUEST", message: "no" }] }] : [])),
      },
    };
  };
  const client = world.client({ metrics, maxAttempts: 4 });
  for (const id of ["a", "b", "c"]) await client.send(event(id) as never);
  await client.send({ type: "track", event: "Nobody Knows" });
  await world.time.run(client.close());
  return world;
}

test("what is counted is what happened", async () => {
  const metrics = new Recorder();
  await scenario(metrics);
  assert.deepEqual(metrics.counts(), {
    "amazon_dsp_events.events outcome=accepted reason=none": 1,
    "amazon_dsp_events.events outcome=dead_lettered reason=attempts_exhausted": 1,
    "amazon_dsp_events.events outcome=dropped reason=unmapped_event": 1,
    "amazon_dsp_events.events outcome=rejected reason=bad_request": 1,
    "amazon_dsp_events.queue.events": 0,
    "amazon_dsp_events.requests status=2xx": 2,
    "amazon_dsp_events.requests status=401": 1,
    "amazon_dsp_events.requests status=429": 1,
    "amazon_dsp_events.requests status=5xx": 1,
    "amazon_dsp_events.requests.retried": 4,
    "amazon_dsp_events.token.refreshes": 2,
  });
  assert.deepEqual(metrics.observed("amazon_dsp_events.request.events"), [3, 3, 3, 3, 1]);
  assert.deepEqual(metrics.observed("amazon_dsp_events.request.duration").map((seconds) => Number(seconds.toFixed(3))), Array(5).fill(0.04));
  assert.equal(metrics.observed("amazon_dsp_events.wait.duration").length, 3);
});

test("metrics that throw or reject cost no event, and are logged once", async () => {
  const failing = (): never => {
    throw new Error("no metrics for jane@example.com");
  };
  const world = await scenario({ count: failing, observe: failing, adjust: failing });
  assert.equal(world.outcomes.length, 4);
  const lines = world.logs.filter((line) => line.startsWith("metrics threw"));
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? "", /"message":"no metrics for \[address\]"/);
  const rejecting = async (): Promise<void> => failing();
  const quiet = await scenario({ count: rejecting, observe: rejecting, adjust: rejecting });
  assert.equal(quiet.logs.filter((line) => line.startsWith("metrics threw")).length, 1);
});

test("OpenTelemetry's own meter takes them, with names, units and labels", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 });
  const provider = new MeterProvider({ readers: [reader] });
  await scenario(openTelemetryMetrics(provider.getMeter("test")));
  await reader.forceFlush();
  const metrics = exporter.getMetrics().at(-1)?.scopeMetrics[0]?.metrics ?? [];
  assert.deepEqual(
    metrics.map(({ descriptor: { name, unit, description } }) => [name, unit, description]).sort(),
    Object.entries(METRICS).map(([name, { unit, description }]) => [name, unit, description]).sort(),
  );
  const points = (name: MetricName): unknown =>
    metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints.map(({ attributes, value }) => [attributes, value]);
  assert.deepEqual(points("amazon_dsp_events.events"), [
    [{ outcome: "dropped", reason: "unmapped_event" }, 1],
    [{ outcome: "accepted", reason: "none" }, 1],
    [{ outcome: "rejected", reason: "bad_request" }, 1],
    [{ outcome: "dead_lettered", reason: "attempts_exhausted" }, 1],
  ]);
  assert.deepEqual(points("amazon_dsp_events.queue.events"), [[{}, 0]]);
  const [[, sizes]] = points("amazon_dsp_events.request.events") as [[unknown, { sum: number; count: number; buckets: { boundaries: number[] } }]];
  assert.deepEqual([sizes.sum, sizes.count, sizes.buckets.boundaries], [13, 5, METRICS["amazon_dsp_events.request.events"].buckets]);
  await provider.shutdown();
});

test("prom-client's own registry takes them, with Prometheus' names", async () => {
  const registry = new prometheus.Registry();
  await scenario(promClientMetrics(prometheus, registry));
  const text = await registry.metrics();
  for (const line of [
    "# TYPE amazon_dsp_events_events_total counter",
    'amazon_dsp_events_events_total{outcome="accepted",reason="none"} 1',
    'amazon_dsp_events_events_total{outcome="dead_lettered",reason="attempts_exhausted"} 1',
    'amazon_dsp_events_requests_total{status="429"} 1',
    "amazon_dsp_events_requests_retried_total 4",
    "amazon_dsp_events_token_refreshes_total 2",
    "# TYPE amazon_dsp_events_queue_events gauge",
    "amazon_dsp_events_queue_events 0",
    "amazon_dsp_events_request_events_sum 13",
    'amazon_dsp_events_request_duration_seconds_bucket{le="0.05",status="2xx"} 2',
    'amazon_dsp_events_wait_duration_seconds_count{kind="retry"} 3',
  ]) {
    assert.ok(text.split("\n").includes(line), `${line} is not in\n${text}`);
  }
  assert.equal(prometheus.register.getMetricsAsArray().length, 0, "the default registry is left alone");
});

/** The lines of Prometheus' text format, in an order of their own, each with its labels in one. */
function linesOf(text: string): string[] {
  const sorted = (labels: string): string => `{${labels.slice(1, -1).split(",").sort().join(",")}}`;
  return text.split("\n").filter((line) => line !== "").map((line) => line.replace(/\{.*\}/, sorted)).sort();
}

test("`serve` writes the same text as prom-client", async () => {
  const registry = new prometheus.Registry();
  const theirs = promClientMetrics(prometheus, registry);
  const ours = new PrometheusText();
  await scenario({
    count: (...measured) => (theirs.count(...measured), ours.count(...measured)),
    observe: (...measured) => (theirs.observe(...measured), ours.observe(...measured)),
    adjust: (...measured) => (theirs.adjust(...measured), ours.adjust(...measured)),
  });
  assert.deepEqual(linesOf(ours.text()), linesOf(await registry.metrics()));
});

test("every reason that an event can have is a label", () => {
  const dropped = outcomeCodes().flatMap((code) => (code.outcome === "dropped" ? [code.reason] : []));
  assert.deepEqual(METRICS["amazon_dsp_events.events"].labels["reason"], [
    "none", "bad_request", "content_too_large", "other", ...new Set(dropped), ...DEAD_LETTER_REASONS,
  ]);
});

test("the table in docs/operations.md is the list in the code", () => {
  const document = readFileSync(new URL("../../docs/operations.md", import.meta.url), "utf8");
  const documented = [...document.matchAll(/^\| `(amazon_dsp_events\.[a-z.]+)` \| `([a-z_]+)` \| (\w+), (\S+) \| (.*?) \| (.*) \|$/gm)].map((match) => match.slice(1));
  assert.deepEqual(
    documented,
    Object.entries(METRICS).map(([name, { kind, unit, labels, description }]) => [
      name,
      promName(name as MetricName),
      kind,
      `\`${unit}\``,
      description,
      Object.keys(labels).map((label) => `\`${label}\``).join(", "),
    ]),
  );
  for (const { labels } of Object.values(METRICS)) {
    for (const value of Object.values(labels).flat()) assert.ok(document.includes(`\`${value}\``), `${value} is not in the document`);
  }
});

test("the example of monitoring asks for metrics and labels that there are", () => {
  const known = new Map<string, Readonly<Record<string, readonly string[]>>>();
  for (const [name, { kind, labels }] of Object.entries(METRICS)) {
    for (const suffix of kind === "histogram" ? ["_bucket", "_sum", "_count"] : [""]) known.set(promName(name as MetricName) + suffix, labels as never);
  }
  const asked = new Set<string>();
  for (const file of ["dashboard.json", "alerts.yaml", "alerts.test.yaml"]) {
    const text = readFileSync(new URL(`../../examples/monitoring/${file}`, import.meta.url), "utf8").replaceAll('\\"', '"');
    for (const [, name = "", selector = ""] of text.matchAll(/(?<![\w.-])(amazon_dsp_events_\w+)(?:\{([^}]*)\})?/g)) {
      const labels = known.get(name);
      assert.ok(labels, `${file}: there is no ${name}`);
      asked.add(name.replace(/_(bucket|sum|count)$/, ""));
      for (const [, label = "", value = ""] of selector.matchAll(/(\w+)!?="([^"]*)"/g)) assert.ok(labels[label]?.includes(value), `${file}: ${name} has no ${label}="${value}"`);
    }
    for (const [, label = ""] of text.matchAll(/by \((\w+)\)/g)) assert.ok(label === "le" || [...known.values()].some((labels) => label in labels), `${file}: no label ${label}`);
  }
  const dashboard = JSON.parse(readFileSync(new URL("../../examples/monitoring/dashboard.json", import.meta.url), "utf8")) as { panels: object[] };
  assert.ok(dashboard.panels.length > 5);
  // Everything but how often something was tried again has its place.
  assert.deepEqual(Object.keys(METRICS).map((name) => promName(name as MetricName)).filter((name) => !asked.has(name)), ["amazon_dsp_events_requests_retried_total"]);
});

const rules = new URL("../../examples/monitoring/", import.meta.url);
const promtool = spawnSync("promtool", ["--version"]).error === undefined;

test("the alerts come when they should, and stay away else", { skip: promtool ? false : "promtool, of Prometheus, is not installed" }, () => {
  const { status, stdout, stderr } = spawnSync("promtool", ["test", "rules", "alerts.test.yaml"], { cwd: rules, encoding: "utf8" });
  assert.equal(status, 0, stdout + stderr);
});

test("a client without metrics asks nothing of anybody", async () => {
  const world = new World();
  world.answer = ok;
  await world.deliver(3);
  assert.equal(world.count("accepted"), 3);
});
