// What a durable store for queued events must do. The client without one keeps its queue in memory.

/** An event that has no outcome yet. */
export interface StoredEvent {
  /** The store's own number for it; larger for later ones. */
  readonly id: number;
  /** The Amazon event's JSON, to be sent byte for byte. */
  readonly wire: Uint8Array;
}

/** Keeps events until they have an outcome, over restarts. */
export interface EventStore {
  /** Keeps events, and resolves when they are durable. Gives back their ids, in order. */
  add(wires: readonly Uint8Array[]): Promise<readonly number[]>;
  /** Forgets events that have an outcome. Forgetting one that is not there is no error. */
  remove(ids: readonly number[]): Promise<void>;
  /** What an earlier process left without an outcome, oldest first. Called once, before anything is added. */
  pending(): AsyncIterable<StoredEvent> | Iterable<StoredEvent>;
  close(): Promise<void> | void;
}
