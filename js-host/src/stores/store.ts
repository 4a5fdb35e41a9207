// What a durable store for queued events must do. The client without one keeps its queue in memory.

/** An event that has no outcome yet. */
export interface StoredEvent {
  /** The store's own number for it; larger for later ones. */
  readonly id: number;
  /** The Amazon event's JSON, to be sent byte for byte. */
  readonly wire: Uint8Array;
  /** Why it is not to be sent any more, in words: the client hands it to the dead letters as `expired`. */
  readonly expired?: string;
}

/** Keeps events until they have an outcome, over restarts. */
export interface EventStore {
  /**
   * Keeps events, and resolves when they are durable. Gives back their ids, in order.
   *
   * Rejects if it cannot, and has kept none of them then. With an `AmazonEventsError` of code `ERR_STORE_FULL` the client
   * refuses these events alone; with anything else it takes the store to have failed, and stops for 30 s.
   */
  add(wires: readonly Uint8Array[]): Promise<readonly number[]>;
  /**
   * Forgets events that have an outcome. Forgetting one that is not there is no error. A removal that is lost with the
   * machine only means that the event is sent again.
   */
  remove(ids: readonly number[]): Promise<void>;
  /**
   * What an earlier process left without an outcome, oldest first. Called before anything is added: once, and again after
   * it has failed. It is read while there is room in the client's queue, and events may be removed meanwhile: read in pieces,
   * not at once.
   */
  pending(): AsyncIterable<StoredEvent> | Iterable<StoredEvent>;
  /** Called once, also after a failure, after the last of the others has resolved. */
  close(): Promise<void> | void;
}
