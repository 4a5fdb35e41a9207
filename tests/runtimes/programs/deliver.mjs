// Delivers events to the stand-in by the runtime's own fetch and timers, and says what became of them.
import { createAmazonEvents } from "amazon-dsp-events";

export async function run({ parameters, events }) {
  const outcomes = {};
  const ids = new Set();
  const amazon = createAmazonEvents({
    ...parameters,
    maxBatchEvents: 25,
    maxWaitMs: 20,
    maxAttempts: 50,
    onOutcome: ({ outcome, eventId }) => {
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      ids.add(eventId);
    },
  });
  for (const event of events) await amazon.send(event);
  await amazon.close();
  const { mapped, accepted, pending, retriedRequests } = amazon.stats();
  return [JSON.stringify({ outcomes, ids: ids.size, mapped, accepted, pending, retried: retriedRequests > 0 })];
}
