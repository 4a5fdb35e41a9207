// A queue on Amazon SQS (standard), by the AWS SDK.
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";

const AT_ONCE = 10; // SQS takes and gives no more in one call.
const VISIBLE_AFTER_S = 60;
const decoder = new TextDecoder();

/** `queueUrl` and `deadUrl` must be there. */
export function sqsQueue(sqs, queueUrl, deadUrl) {
  const of = (QueueUrl, { ReceiptHandle }) => ({ QueueUrl, ReceiptHandle });
  const visible = (message, seconds) =>
    sqs.send(new ChangeMessageVisibilityCommand({ ...of(queueUrl, message), VisibilityTimeout: Math.min(43_200, Math.ceil(seconds)) }));
  const forget = (message) => sqs.send(new DeleteMessageCommand(of(queueUrl, message)));

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
      for (let from = 0; from < events.length; from += AT_ONCE) {
        const entries = events.slice(from, from + AT_ONCE).map((event, index) => ({ Id: String(index), MessageBody: decoder.decode(event) }));
        const { Failed: failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
        if (failed.length > 0) throw new Error(`SQS did not take ${failed.length} events: ${failed[0].Code}`);
      }
    },
    async take(max, waitMs) {
      const taken = await receive(max, Math.min(20, Math.ceil(waitMs / 1000)));
      // Where there are ten, there may be more.
      for (let last = taken.length; last === AT_ONCE && taken.length < max; ) {
        const more = await receive(max - taken.length, 0);
        last = more.length;
        taken.push(...more);
      }
      return taken;
    },
    async close() {},
  };
}
