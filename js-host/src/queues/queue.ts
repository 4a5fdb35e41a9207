// What a queue of events is, whichever engine stands behind it.

/** A queue of events. */
export interface Queue {
  /** Resolves when the queue keeps all of them. Each is the JSON bytes of one analytics event. */
  put(events: readonly Uint8Array[]): Promise<void>;
  /** At most `max` messages; fewer, or none, when `waitMs` milliseconds have brought no more. */
  take(max: number, waitMs: number): Promise<QueueMessage[]>;
  close(): Promise<void>;
}

/** One event, as the queue hands it out. It is this consumer's until it is acknowledged, given back, or its time is up. */
export interface QueueMessage {
  /** The JSON bytes of one analytics event. */
  readonly body: Uint8Array;
  /** How often it has been handed out, from 1. */
  readonly attempts: number;
  /** It has its outcome: the queue forgets it. */
  ack(): Promise<void> | void;
  /** Hands it out again, after so many milliseconds at the earliest. */
  retry(delayMs: number): Promise<void> | void;
  /** Puts it where dead letters go. */
  dead(reason: string): Promise<void> | void;
}
