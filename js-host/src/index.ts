// The package's front door.
export { createAmazonEvents } from "./client.js";
export type { AmazonEvents, AmazonEventsOptions, BatchReceipt, Receipt, SendOptions } from "./client.js";
export { PARAMETERS } from "./connection.js";
export type { ConnectionParameters, GivenParameters, ParameterInfo, ParameterName } from "./connection.js";
export { isConfigError, outcomeCodes, transform, Transformer, version } from "./core.js";
export type * from "./core.js";
export { callbackDeadLetters, memoryDeadLetters, queueDeadLetters } from "./dead_letters.js";
export type { MemoryDeadLetters, MessageQueue } from "./dead_letters.js";
export { AmazonEventsError, CredentialsError, UsageError } from "./errors.js";
export type { FaultCode, UsageErrorCode } from "./errors.js";
export { METRICS } from "./metrics.js";
export type { CounterName, HistogramName, LevelName, MetricInfo, MetricLabels, MetricName, Metrics } from "./metrics.js";
export { openTelemetryMetrics, promClientMetrics, promName } from "./metrics_adapters.js";
export type { OpenTelemetryMeter, PromClient } from "./metrics_adapters.js";
export type {
  Accepted,
  DeadLetter,
  DeadLettered,
  DeadLetterReason,
  DeadLetterSink,
  Dropped,
  EventOutcome,
  Rejected,
  Stats,
} from "./outcome.js";
export type { Clock, Fetch, Logger, Sleep } from "./runtime.js";
export type { EventStore, StoredEvent } from "./stores/store.js";
export { memoryTokenStore } from "./delivery/tokens.js";
export type { StoredToken, TokenStore } from "./delivery/tokens.js";
