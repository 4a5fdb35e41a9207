// A store in an SQLite file: what `send` has taken survives the end of the process, and of the machine.
import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";

import { AmazonEventsError, invalidOption, messageOf } from "../errors.js";
import { runtimeOf, type Clock, type Runtime, type Sleep } from "../runtime.js";
import type { EventStore, StoredEvent } from "./store.js";

/** What {@link sqliteStore} takes. */
export interface SqliteStoreOptions {
  /** The file. It and its folder are made if they are not there, readable for the owner alone. One client at a time may have it. */
  path: string;
  /** Events that it may hold. What one client adds is limited by its `maxQueueEvents` as well. Default 1,000,000. */
  maxEvents?: number;
  /** Bytes of events that it may hold; the file is somewhat larger. Default 1,073,741,824. */
  maxBytes?: number;
  /** Events that have been in it for longer are not sent after a restart, but handed to the dead letters. Days, default 21. */
  maxAgeDays?: number;
  /** Default: the runtime's. */
  clock?: Clock;
  /** Default: the runtime's. */
  sleep?: Sleep;
  /** Pages that the file may have: a full disk for tests. @internal */
  maxPages?: number;
}

/** A store in a file; see {@link sqliteStore}. */
export interface SqliteStore extends EventStore {
  /** Events in it. */
  readonly events: number;
  /** Bytes of the events in it. */
  readonly bytes: number;
}

/**
 * Opens a store in an SQLite file, or makes one: for the `store` option of `createAmazonEvents`.
 *
 * `send` resolves when its event is on the disk; what arrives within 5 ms, or 100 events, share one write. An event
 * leaves the file when it has its outcome. Reading and writing block the thread for as long as the disk takes.
 *
 * The file holds the events as they are sent: hashed identifiers, and where the mapping gives them the IP address and
 * raw ids (MAID, partner ids). A removed event's bytes are overwritten, at the latest when the store is closed. The file
 * must not be on a network file system, where locks cannot be relied on.
 *
 * The engine is the runtime's own (Node 22.13 and newer, Deno, Bun), else the package `libsql`, if it is installed.
 *
 * @throws {@link UsageError} for an option that cannot be right
 * @throws {@link AmazonEventsError} `ERR_STORE` if there is no engine, or if the file is in use, damaged or somebody
 * else's, which leaves it unchanged. `add` rejects with `ERR_STORE_FULL` when a limit is reached or the disk is full.
 *
 * @example
 * ```js
 * import { createAmazonEvents } from "amazon-dsp-events";
 * import { sqliteStore } from "amazon-dsp-events/stores/sqlite";
 *
 * const amazon = createAmazonEvents({ ...process.env, store: sqliteStore({ path: "/var/lib/shop/amazon-queue.db" }) });
 * await amazon.flush(); // what an earlier process left
 * ```
 */
export function sqliteStore(options: SqliteStoreOptions): SqliteStore {
  return new Store(options);
}

/** What `node:sqlite`, `bun:sqlite` and `libsql` have in common. */
interface Database {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface Statement {
  run(...values: readonly unknown[]): unknown;
  get(...values: readonly unknown[]): unknown;
  all(...values: readonly unknown[]): unknown[];
}

// "ADSE" in the file's header says whose it is.
const APPLICATION_ID = 0x41445345;
const FORMAT = 1;
const DAY_MS = 86_400_000;
/** A group is written when it is so old, or so large. */
const GROUP_MS = 5;
const GROUP_EVENTS = 100;
/** Events read at once when they are restored. */
const PAGE_EVENTS = 100;

interface Row {
  readonly id: number;
  readonly added_at: number;
  readonly wire: ArrayBuffer | Uint8Array;
}

interface Adding {
  readonly wires: readonly Uint8Array[];
  readonly ids: readonly number[];
  readonly resolve: (ids: readonly number[]) => void;
  readonly reject: (error: unknown) => void;
}

interface Removing {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

class Store implements SqliteStore {
  readonly #path: string;
  readonly #runtime: Runtime;
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  readonly #maxAgeDays: number;
  readonly #database: Database;
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #page: Statement;
  /** The largest id that an earlier process gave. */
  readonly #lastPending: number;
  #lastId: number;
  /** In the file and in the open group. */
  #events: number;
  #bytes: number;
  #adding: Adding[] = [];
  #removing: Removing[] = [];
  /** Ids whose removal is not written yet. */
  #removed: number[] = [];
  #grouped = 0;
  #timer: AbortController | undefined;
  #closed = false;

  constructor(options: SqliteStoreOptions) {
    if (typeof options.path !== "string" || options.path === "") throw invalidOption("path", "a file's path", options.path);
    this.#path = resolve(options.path);
    this.#maxEvents = atLeastOne("maxEvents", options.maxEvents, 1_000_000);
    this.#maxBytes = atLeastOne("maxBytes", options.maxBytes, 2 ** 30);
    this.#maxAgeDays = atLeastOne("maxAgeDays", options.maxAgeDays, 21);
    this.#runtime = runtimeOf(options);
    const database = (this.#database = open(this.#path));
    try {
      if (options.maxPages !== undefined) database.exec(`PRAGMA max_page_count=${options.maxPages}`);
      const held = database
        .prepare("SELECT count(*) AS events, coalesce(sum(length(wire)), 0) AS bytes, coalesce(max(id), 0) AS last FROM event")
        .get() as { events: number; bytes: number; last: number };
      this.#events = held.events;
      this.#bytes = held.bytes;
      this.#lastId = this.#lastPending = held.last;
      this.#insert = database.prepare("INSERT INTO event (id, added_at, wire) VALUES (?, ?, ?)");
      this.#delete = database.prepare("DELETE FROM event WHERE id = ? RETURNING length(wire) AS bytes");
      this.#page = database.prepare("SELECT id, added_at, wire FROM event WHERE id > ? AND id <= ? ORDER BY id LIMIT ?");
    } catch (error) {
      abandon(database);
      throw this.#fault(error, "read");
    }
  }

  get events(): number {
    return this.#events;
  }

  get bytes(): number {
    return this.#bytes;
  }

  async add(wires: readonly Uint8Array[]): Promise<readonly number[]> {
    this.#mustBeOpen();
    if (wires.length === 0) return [];
    const bytes = wires.reduce((sum, { length }) => sum + length, 0);
    if (this.#events + wires.length > this.#maxEvents) throw this.#full(`${this.#maxEvents} events, \`maxEvents\``);
    if (this.#bytes + bytes > this.#maxBytes) throw this.#full(`${this.#maxBytes} bytes, \`maxBytes\``);
    this.#events += wires.length;
    this.#bytes += bytes;
    return new Promise((resolve, reject) => {
      this.#adding.push({ wires, ids: wires.map(() => ++this.#lastId), resolve, reject });
      this.#group(wires.length);
    });
  }

  async remove(ids: readonly number[]): Promise<void> {
    this.#mustBeOpen();
    if (ids.length === 0) return;
    await new Promise<void>((resolve, reject) => {
      this.#removing.push({ resolve, reject });
      this.#removed.push(...ids);
      this.#group(ids.length);
    });
  }

  *pending(): Generator<StoredEvent> {
    const expired = `it was in the store for more than ${this.#maxAgeDays} days (\`maxAgeDays\`)`;
    for (let after = 0; ; ) {
      const page = this.#read(after);
      for (const { id, added_at, wire } of page) {
        after = id;
        const isOld = this.#runtime.clock.now() - added_at > this.#maxAgeDays * DAY_MS;
        yield { id, wire: new Uint8Array(wire), ...(isOld && { expired }) };
      }
      if (page.length < PAGE_EVENTS) return;
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#write();
    this.#closed = true;
    const left = this.#removed.length;
    release(this.#database);
    if (left === 0) return;
    throw this.#error(
      "ERR_STORE_FULL",
      `still holds ${left} events that have their outcome, for the disk is full: they will be sent again`,
    );
  }

  #read(after: number): Row[] {
    this.#mustBeOpen();
    try {
      return this.#page.all(after, this.#lastPending, PAGE_EVENTS) as Row[];
    } catch (error) {
      throw this.#fault(error, "read");
    }
  }

  /** Takes so many events more into the group, and writes it when it is time. */
  #group(events: number): void {
    this.#grouped += events;
    if (this.#grouped >= GROUP_EVENTS) return this.#write();
    if (this.#timer) return;
    const timer = (this.#timer = new AbortController());
    this.#runtime.sleep(GROUP_MS, timer.signal).then(
      () => this.#write(),
      () => undefined,
    );
  }

  #write(): void {
    this.#timer?.abort();
    this.#timer = undefined;
    this.#grouped = 0;
    // First, for it makes room.
    this.#writeRemoved();
    this.#writeAdded();
  }

  #writeRemoved(): void {
    if (this.#removed.length === 0) return;
    const removing = this.#removing;
    this.#removing = [];
    try {
      // Not worth a wait for the disk: the next write that is will take it along.
      const forgotten = this.#transaction("NORMAL", () =>
        this.#removed.map((id) => this.#delete.get(id) as { bytes: number } | null | undefined),
      );
      this.#removed = [];
      for (const event of forgotten) {
        if (!event) continue;
        this.#events--;
        this.#bytes -= event.bytes;
      }
    } catch (error) {
      // A full disk keeps nobody from delivering: the next group tries again, and a restart sends them again at worst.
      if (!isFull(error)) {
        this.#removed = [];
        for (const { reject } of removing) reject(this.#fault(error, "write"));
        return;
      }
    }
    for (const { resolve } of removing) resolve();
  }

  #writeAdded(): void {
    const adding = this.#adding;
    this.#adding = [];
    if (adding.length === 0) return;
    const now = this.#runtime.clock.now();
    try {
      this.#transaction("FULL", () => {
        for (const { wires, ids } of adding) {
          for (const [index, wire] of wires.entries()) this.#insert.run(ids[index], now, wire);
        }
      });
    } catch (error) {
      const fault = isFull(error) ? this.#full("the disk has no room") : this.#fault(error, "write");
      for (const { wires, reject } of adding) {
        this.#events -= wires.length;
        for (const { length } of wires) this.#bytes -= length;
        reject(fault);
      }
      return;
    }
    for (const { ids, resolve } of adding) resolve(ids);
  }

  #transaction<T>(synchronous: "NORMAL" | "FULL", work: () => T): T {
    const database = this.#database;
    database.exec(`PRAGMA synchronous=${synchronous}`);
    database.exec("BEGIN");
    try {
      const result = work();
      database.exec("COMMIT");
      return result;
    } catch (error) {
      try {
        database.exec("ROLLBACK");
      } catch {
        // SQLite has rolled back already.
      }
      throw error;
    }
  }

  #mustBeOpen(): void {
    if (this.#closed) throw this.#error("ERR_CLOSED", "is closed");
  }

  #full(what: string): AmazonEventsError {
    return this.#error("ERR_STORE_FULL", `is full (${what}): nothing was taken`);
  }

  #fault(error: unknown, verb: string): AmazonEventsError {
    return faultOf(error, this.#path, verb);
  }

  #error(code: AmazonEventsError["code"], what: string): AmazonEventsError {
    return new AmazonEventsError(code, `the store ${this.#path} ${what}`);
  }
}

/** Opens the file for this process alone, and makes sure that it is a store. */
function open(path: string): Database {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    // Made before SQLite would, with the right mode. One that is there must not be opened here: closing it again would
    // let go of the lock that a store of this process has on it.
    if (!existsSync(path)) closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    throw faultOf(error, path, "make");
  }
  const database = connect(path);
  try {
    // The kernel's lock on the file: it cannot be left behind by a process that was killed.
    database.exec("PRAGMA locking_mode=EXCLUSIVE");
    database.exec("BEGIN EXCLUSIVE");
    const number = (sql: string): number => Object.values(database.prepare(sql).get() as Record<string, number>)[0] ?? 0;
    const application = number("PRAGMA application_id");
    const format = number("PRAGMA user_version");
    if (application === 0 && format === 0 && number("SELECT count(*) FROM sqlite_schema") === 0) {
      database.exec(`
        CREATE TABLE event (id INTEGER PRIMARY KEY, added_at INTEGER NOT NULL, wire BLOB NOT NULL) STRICT;
        PRAGMA application_id=${APPLICATION_ID};
        PRAGMA user_version=${FORMAT}`);
    } else if (application !== APPLICATION_ID) {
      throw refused(`${path} is a database of another program: it was not changed. Name another file for the store`);
    } else if (format !== FORMAT) {
      throw refused(`the store ${path} has format ${format}, this version reads ${FORMAT}: it was not changed`);
    } else if (String(Object.values(database.prepare("PRAGMA quick_check(1)").get() as object)[0]) !== "ok") {
      throw new Error("database disk image is malformed");
    }
    database.exec("COMMIT");
    for (const name of [path, `${path}-wal`]) if (existsSync(name)) chmodSync(name, 0o600);
    database.exec("PRAGMA journal_mode=WAL");
    database.exec("PRAGMA journal_size_limit=16777216");
    database.exec("PRAGMA secure_delete=ON");
    return database;
  } catch (error) {
    abandon(database);
    throw error instanceof AmazonEventsError ? error : faultOf(error, path, "open");
  }
}

/** Closes the file, and lets go of the lock. */
function release(database: Database): void {
  try {
    // Brings all that is in the log into the file, without which the lock could not be let go of.
    database.exec("PRAGMA journal_mode=DELETE");
  } catch {
    // A full disk: the log stays, and whoever opens the store next reads it.
  }
  abandon(database);
}

/** Closes a file as it is. */
function abandon(database: Database): void {
  // `libsql` keeps a closed file open while one of its statements is around: the lock has to go first, which takes a read.
  for (const sql of ["ROLLBACK", "PRAGMA locking_mode=NORMAL", "SELECT count(*) FROM sqlite_schema"]) {
    try {
      database.exec(sql);
    } catch {
      // There was no transaction, or it is no database.
    }
  }
  database.close();
}

/** Where SQLite may be, and the name of its class there, if it is not the module itself. */
const ENGINES = [["node:sqlite", "DatabaseSync"], ["bun:sqlite", "Database"], ["libsql"]] as const;

function connect(path: string): Database {
  const require = createRequire(import.meta.url);
  type Engine = new (path: string) => Database;
  let engine: Engine | undefined;
  let missing: unknown;
  for (const [module, name] of ENGINES) {
    try {
      const found = require(module) as Engine & Record<string, Engine>;
      engine = name === undefined ? found : found[name];
      break;
    } catch (error) {
      missing = error;
    }
  }
  if (!engine) {
    throw refused("the store needs SQLite, which this runtime does not have: use Node 22.13 or newer, or `npm install libsql`", missing);
  }
  try {
    return new engine(path);
  } catch (error) {
    throw faultOf(error, path, "open");
  }
}

// The engines name codes in different ways, but the words are SQLite's in all of them.
function isFull(error: unknown): boolean {
  return /database or disk is full/.test(messageOf(error)) || (error as NodeJS.ErrnoException).code === "ENOSPC";
}

function faultOf(error: unknown, path: string, verb: string): AmazonEventsError {
  const words = messageOf(error);
  if (isFull(error)) {
    return new AmazonEventsError("ERR_STORE_FULL", `cannot ${verb} the store ${path}: the disk is full`, { cause: error });
  }
  if (/database is locked/.test(words)) {
    return refused(`the store ${path} is in use: one client at a time may have it. Close the other, or name another file`, error);
  }
  if (/not a database|malformed/.test(words)) {
    return refused(`${path} is damaged, or no store: it was not changed. Move it away, or name another file for the store`, error);
  }
  return refused(`cannot ${verb} the store ${path}: ${words}`, error);
}

function refused(message: string, cause?: unknown): AmazonEventsError {
  return new AmazonEventsError("ERR_STORE", message, { cause });
}

function atLeastOne(name: string, value: unknown, standard: number): number {
  if (value === undefined) return standard;
  if (typeof value === "number" && Number.isInteger(value) && value >= 1) return value;
  throw invalidOption(name, "a whole number from 1", value);
}
