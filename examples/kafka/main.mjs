// Brings 1,000 events through a Kafka topic to a stand-in for Amazon that has faults.
import { consume } from "amazon-dsp-events/queues/consumer";
import { startMock } from "amazon-dsp-events/mock";
import { Kafka, logLevel } from "kafkajs";

import { kafkaQueue } from "./queue.mjs";

const kafka = new Kafka({ brokers: [process.env.KAFKA ?? "127.0.0.1:9092"], logLevel: logLevel.ERROR });
const queue = await kafkaQueue(kafka, "amazon-dsp-events-example", "amazon-dsp-events");
const mock = await startMock({ faults: { 500: 0.1, item: 0.05 } });

const event = (index) => ({
  type: "track",
  event: "Product Added",
  messageId: `m-${index}`,
  timestamp: new Date().toISOString(),
  context: { traits: { email: "jane.doe@example.com", address: { country: "US" } } },
});
await queue.put(Array.from({ length: 1000 }, (_, index) => Buffer.from(JSON.stringify(event(index)))));

const consumer = consume(queue, { ...mock.parameters, maxBatchEvents: 100 });
while (consumer.stats().accepted < 1000) await new Promise((resolve) => setTimeout(resolve, 100));
await consumer.stop();
await queue.close();
console.log(JSON.stringify({ consumer: consumer.stats(), amazon: mock.stats() }));
await mock.close();
