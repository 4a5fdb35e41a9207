// The queue that producer and worker share.
import { jetstream } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { jetStreamQueue } from "amazon-dsp-events/queues/jetstream";

/** The connection, and the queue on it. It waits for a broker that is not up yet, or away for a while. */
export async function openQueue() {
  const connection = await connect({ servers: process.env.NATS_URL ?? "127.0.0.1:4222", maxReconnectAttempts: -1, waitOnFirstConnect: true });
  return { connection, queue: await jetStreamQueue({ jetstream: jetstream(connection) }) };
}
