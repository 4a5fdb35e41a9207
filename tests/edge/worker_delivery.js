// A proxy with a queue whose consumer throws now and then: before it has done anything, half-way, or when all but the
// acknowledgement is done. Reports what it acknowledged.
import { amazonEventsConsumer } from "amazon-dsp-events/adapters/queues";
import { withAmazonEvents } from "amazon-dsp-events/adapters/workers";

const options = { config: { defaults: { countryCode: "US" } }, queue: (env) => env.EVENTS, firstRetryMs: 1000, maxRetryMs: 1000 };
const consume = amazonEventsConsumer({ ...options, logger: { debug() {}, info() {}, warn() {}, error() {} } });
let turn = 0;

export default {
  // Answers without a look at the body, which the runtime would then throw away.
  ...withAmazonEvents(() => new Response("passed"), options),
  async queue(batch, env) {
    const acknowledged = [];
    const messages = batch.messages.map((message) => ({
      body: message.body,
      timestamp: message.timestamp,
      attempts: message.attempts,
      ack() {
        acknowledged.push(JSON.parse(message.body).messageId);
        message.ack();
      },
      retry: (how) => message.retry(how),
    }));
    const kind = ++turn % 8;
    if (kind === 1) throw new Error("before");
    if (kind === 3) messages.length >>= 1;
    await consume({ queue: batch.queue, messages }, env);
    if (kind === 3) throw new Error("half-way");
    if (kind === 5) throw new Error("after");
    await env.REPORT.fetch("http://report/", { method: "POST", body: JSON.stringify(acknowledged) });
  },
};
