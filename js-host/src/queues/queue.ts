// What a queue between those who have events and those who send them must do.

/** An event that was taken from a queue. It stays there until it is acknowledged. */
export interface QueueMessage {
  /** The JSON of one analytics event. */
  readonly body: Uint8Array;
  /** How often it has been handed out, this time included. */
  readonly attempts: number;
  /** It has its outcome: the queue forgets it. */
  ack(): Promise<void> | void;
  /** It is to be handed out again, not before so long. */
  retry(delayMs: number): Promise<void> | void;
  /** It is given up: the queue puts it where dead letters go. */
  dead(reason: string): Promise<void> | void;
  /** When it was put into the queue, epoch milliseconds: an event without a time of its own is mapped alike each time. */
  readonly putAt?: number;
  /** It is still worked on. For queues that hand out again what is not acknowledged in time. */
  extend?(): Promise<void> | void;
}

/** A queue of analytics events. */
export interface Queue {
  /** Resolves when the events are safe in the queue. */
  put(events: readonly Uint8Array[]): Promise<void>;
  /** Waits until there is something, or so long; at most so many. */
  take(max: number, waitMs: number): Promise<QueueMessage[]>;
  close(): Promise<void>;
}
