// What is said where nobody listens: a program without `onOutcome` and `logger` must not lose events in silence.
import type { EventOutcome } from "./outcome.js";
import { redact } from "./redact.js";

/** Amazon may have codes that nobody knows yet. */
const MOST_KINDS = 100;

/**
 * Makes what is told of each outcome, and says the first loss of each kind on the console.
 *
 * @param secrets - exact texts that must not appear
 * @param hasSink - what is given up goes to a sink for dead letters, which hears of it
 */
export function sayLosses(secrets: readonly string[], hasSink: boolean): (outcome: EventOutcome) => void {
  const said = new Set<string>();
  return (outcome) => {
    const loss = lossOf(outcome);
    if (loss === undefined || (hasSink && outcome.outcome === "dead_lettered") || said.has(loss.kind) || said.size === MOST_KINDS) return;
    said.add(loss.kind);
    console.error(redact(`amazon-dsp-events: ${loss.what} (said once for each kind; \`onOutcome\` hears of every event)`, secrets));
  };
}

function lossOf(outcome: EventOutcome): { kind: string; what: string } | undefined {
  switch (outcome.outcome) {
    case "rejected":
      return { kind: outcome.code, what: `Amazon rejects an event: ${outcome.code}: ${outcome.message}` };
    case "dead_lettered":
      return { kind: outcome.reason, what: `an event is given up, ${outcome.reason}: ${outcome.lastError}` };
    default:
      return undefined;
  }
}
