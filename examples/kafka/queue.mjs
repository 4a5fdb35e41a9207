// A queue on a Kafka topic, by kafkajs. Kafka acknowledges offsets, not messages: a fetched batch is committed when each
// event of it has its end, so a process that ends hands out the rest of its batch again.
import { once, EventEmitter } from "node:events";

/** `topic` and `${topic}.dead` must be there. */
export async function kafkaQueue(kafka, topic, groupId) {
  const producer = kafka.producer();
  const consumer = kafka.consumer({ groupId });
  const arrived = new EventEmitter().setMaxListeners(0);
  const ready = [];
  const send = (to, values, headers) => producer.send({ topic: to, acks: -1, messages: values.map((value) => ({ value, headers })) });
  await producer.connect();
  let running;

  /** Offers a batch to `take`, and resolves when each message of it has its end. */
  async function offer({ batch, heartbeat, isRunning, isStale }) {
    let left = batch.messages.length;
    const done = () => --left === 0 && arrived.emit("done");
    for (const { value, headers, timestamp } of batch.messages) {
      const attempts = Number(headers?.attempts ?? 0) + 1;
      ready.push({
        body: value,
        attempts,
        putAt: Number(headers?.putAt ?? timestamp),
        ack: done,
        // There is no handing out again: a copy goes to the end of the topic, and this one is done.
        retry: async (delayMs) => {
          await new Promise((resolve) => setTimeout(resolve, delayMs));
          await send(topic, [value], { attempts: String(attempts), putAt: String(headers?.putAt ?? timestamp) });
          done();
        },
        dead: async (reason) => {
          await send(`${topic}.dead`, [value], { reason });
          done();
        },
      });
    }
    arrived.emit("ready");
    while (left > 0 && isRunning() && !isStale()) {
      await once(arrived, "done", { signal: AbortSignal.timeout(1000) }).catch(() => undefined);
      await heartbeat();
    }
    if (left === 0) await consumer.commitOffsets([{ topic, partition: batch.partition, offset: String(BigInt(batch.lastOffset()) + 1n) }]);
  }

  return {
    put: async (events) => void (await send(topic, events)),
    async take(max, waitMs) {
      running ??= consumer
        .connect()
        .then(() => consumer.subscribe({ topic, fromBeginning: true }))
        .then(() => consumer.run({ autoCommit: false, partitionsConsumedConcurrently: 4, eachBatch: offer }));
      await running;
      if (ready.length === 0) await once(arrived, "ready", { signal: AbortSignal.timeout(waitMs) }).catch(() => undefined);
      return ready.splice(0, max);
    },
    async close() {
      await Promise.all([consumer.disconnect(), producer.disconnect()]);
    },
  };
}
