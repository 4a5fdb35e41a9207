// Brings 1,000 events, or EVENTS of them, through an SQS queue to a stand-in for Amazon that has faults.
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { startMock } from "amazon-dsp-events/mock";
import { consume } from "amazon-dsp-events/queues/consumer";

import { sqsQueue } from "./queue.mjs";

const sqs = new SQSClient({}); // AWS_REGION, AWS_ENDPOINT_URL_SQS and the credentials are the environment's
const urlOf = async (name) => (await sqs.send(new CreateQueueCommand({ QueueName: name }))).QueueUrl;
const queue = sqsQueue(sqs, await urlOf("amazon-dsp-events-example"), await urlOf("amazon-dsp-events-example-dead"));
const count = Number(process.env.EVENTS ?? 1000);
const mock = await startMock({ faults: { 500: 0.1, item: 0.05 } });

const event = (index) => ({
  type: "track",
  event: "Product Added",
  messageId: `m-${index}`,
  timestamp: new Date().toISOString(),
  context: { traits: { email: "jane.doe@example.com", address: { country: "US" } } },
});
await queue.put(Array.from({ length: count }, (_, index) => Buffer.from(JSON.stringify(event(index)))));

const consumer = consume(queue, { ...mock.parameters, maxBatchEvents: 100, extendEveryMs: 20_000 });
// By Amazon's count: SQS may hand out a message twice, and the consumer counts both.
while (mock.stats().accepted < count) await new Promise((resolve) => setTimeout(resolve, 100));
await consumer.stop();
await queue.close();
console.log(JSON.stringify({ consumer: consumer.stats(), amazon: mock.stats() }));
await mock.close();
