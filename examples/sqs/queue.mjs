// A queue on Amazon SQS (standard), by the AWS SDK.
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";

const AT_ONCE = 10; // SQS takes and gives no more in one call.
const VISIBLE_AFTER_S = 60;
const decoder = new TextDecoder();
/** So many in calls of ten: the size of each. */
const tens = (count) => Array.from({ length: Math.ceil(count / AT_ONCE) }, (_, index) => Math.min(AT_ONCE, count - index * AT_ONCE));

/** `queueUrl` and `deadUrl` must be there. */
export function sqsQueue(sqs, queueUrl, deadUrl) {
  const of = (QueueUrl, { ReceiptHandle }) => ({ QueueUrl, ReceiptHandle });
  const visible = (message, seconds) =>
    sqs.send(new ChangeMessageVisibilityCommand({ ...of(queueUrl, message), VisibilityTimeout: Math.min(43_200, Math.ceil(seconds)) }));

  // Outcomes come by the batch: their messages are deleted ten in a call, too.
  const forgotten = [];
  const forget = (message) =>
    new Promise((resolve, reject) => {
      if (forgotten.push({ message, resolve, reject }) === 1) setImmediate(deleteAll);
    });
  async function deleteTen(some) {
    try {
      const entries = some.map(({ message }, index) => ({ Id: String(index), ReceiptHandle: message.ReceiptHandle }));
      const { Failed: failed = [] } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
      for (const { Id, Code } of failed) some[Id].reject(new Error(`SQS did not delete a message: ${Code}`));
    } catch (error) {
      for (const { reject } of some) reject(error);
    }
    for (const { resolve } of some) resolve();
  }
  function deleteAll() {
    while (forgotten.length > 0) void deleteTen(forgotten.splice(0, AT_ONCE));
  }

  async function receive(max, waitS) {
    const { Messages: messages = [] } = await sqs.send(
      new ReceiveMessageCommand({
        QueueUrl: queueUrl,
        MaxNumberOfMessages: Math.min(AT_ONCE, max),
        WaitTimeSeconds: waitS,
        VisibilityTimeout: VISIBLE_AFTER_S,
        MessageSystemAttributeNames: ["ApproximateReceiveCount", "SentTimestamp"],
      }),
    );
    return messages.map((message) => ({
      body: new TextEncoder().encode(message.Body),
      attempts: Number(message.Attributes.ApproximateReceiveCount),
      putAt: Number(message.Attributes.SentTimestamp),
      ack: async () => void (await forget(message)),
      retry: async (delayMs) => void (await visible(message, delayMs / 1000)),
      extend: async () => void (await visible(message, VISIBLE_AFTER_S)),
      dead: async (reason) => {
        const attributes = { reason: { DataType: "String", StringValue: reason } };
        await sqs.send(new SendMessageCommand({ QueueUrl: deadUrl, MessageBody: message.Body, MessageAttributes: attributes }));
        await forget(message);
      },
    }));
  }

  return {
    async put(events) {
      const put = async (some) => {
        const entries = some.map((event, index) => ({ Id: String(index), MessageBody: decoder.decode(event) }));
        const { Failed: failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
        if (failed.length > 0) throw new Error(`SQS did not take ${failed.length} events: ${failed[0].Code}`);
      };
      await Promise.all(tens(events.length).map((size, index) => put(events.slice(index * AT_ONCE, index * AT_ONCE + size))));
    },
    async take(max, waitMs) {
      const taken = await receive(max, Math.min(20, Math.ceil(waitMs / 1000)));
      if (taken.length < AT_ONCE) return taken;
      // Where there are ten, there may be more. What a call that fails was to bring is handed out again.
      const more = await Promise.allSettled(tens(max - taken.length).map((size) => receive(size, 0)));
      return taken.concat(...more.map(({ value }) => value ?? []));
    },
    async close() {},
  };
}
