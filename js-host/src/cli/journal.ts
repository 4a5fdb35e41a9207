// The journal of a job: which events of the input have their outcome, so that the same command can go on after any end.
//
// An append-only file, not the client's SQLite store. The input itself keeps the events here, so all there is to
// remember is one short line for each reply, in order; a line is written whole or is recognised as torn, needs nothing
// that Node 20 lacks, and can be read with `less`. The client's store has to keep and delete events, which is a
// database's work.
import { createHash } from "node:crypto";
import {
  chmodSync,
  closeSync,
  existsSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

import type { Settled } from "../delivery/settled.js";
import { CommandError } from "./errors.js";
import { reasonOf } from "./io.js";

const datasync = promisify(fdatasync);

/** What makes a job the same job. Hashes only: the folder tells nobody who or what it was about. */
export interface JobIdentity {
  readonly core: string;
  readonly config: string;
  readonly destination: string;
  /** `--now`, if it was given. */
  readonly now: number | null;
}

/** Figures of the whole job. */
export interface Totals {
  readonly requests: number;
  readonly retriedRequests: number;
  readonly tokenRefreshes: number;
  readonly durationMs: number;
}

/** A run of events of the input, as they were read first. */
export interface Section {
  readonly count: number;
  /** The instant they were mapped at: mapped at the same one again, they give the same bytes. */
  readonly now: number;
  readonly sha256: string;
}

/** The outcome of an event, by an earlier run. */
export type PastOutcome =
  | { readonly end: "accepted" }
  | { readonly end: "rejected"; readonly code: string; readonly message: string }
  | { readonly end: "dead_lettered"; readonly reason: string; readonly attempts: number };

type Entry =
  | { readonly job: JobIdentity & { readonly format: number } }
  | { readonly section: Section }
  | { readonly end: { readonly events: number } }
  | {
      readonly answer: {
        /** First and last of each run of neighbours. */
        readonly accepted: readonly (readonly [number, number])[];
        readonly rejected: readonly (readonly [number, string, string])[];
        readonly deadLettered: readonly (readonly [number, string, number])[];
      };
      readonly totals: Totals;
    };

const FORMAT = 1;
const FILE = "journal.ndjson";
const ACCEPTED = 1;
const OTHER = 2;

/** The journal of one job. */
export class Journal {
  readonly #directory: string;
  readonly #lock: string;
  readonly #file: number;
  /** What is known of each event, by its number in the input. */
  #known = new Uint8Array(1024);
  readonly #others = new Map<number, PastOutcome>();
  readonly #sections: Section[] = [];
  #events: number | undefined;
  #totals: Totals = { requests: 0, retriedRequests: 0, tokenRefreshes: 0, durationMs: 0 };
  #broken = false;
  #syncing: Promise<void> = Promise.resolve();
  #nextSync: Promise<void> | undefined;

  private constructor(directory: string, lock: string, file: number) {
    this.#directory = directory;
    this.#lock = lock;
    this.#file = file;
  }

  /** Opens the journal in a folder, or begins one. Refuses what is not this job's. */
  static open(directory: string, identity: JobIdentity): Journal {
    try {
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const path = join(directory, FILE);
      const strangers = readdirSync(directory).filter((name) => name !== FILE && !LOCK_NAME.test(name));
      if (!existsSync(path) && strangers.length > 0) {
        throw new CommandError(2, `--state ${directory} holds other files (${strangers[0]}) and no journal: name a folder for this job alone`);
      }
      chmodSync(directory, 0o700);
      const lock = takeLock(directory);
      try {
        const file = openSync(path, "a+", 0o600);
        chmodSync(path, 0o600);
        const journal = new Journal(directory, lock, file);
        journal.#load(readFileSync(path), identity);
        return journal;
      } catch (error) {
        rmSync(lock, { force: true });
        throw error;
      }
    } catch (error) {
      if (error instanceof CommandError) throw error;
      throw new CommandError(2, `cannot use --state ${directory}: ${reasonOf(error)}`, { cause: error });
    }
  }

  /** Events of the input as an earlier run has read them. */
  get sections(): readonly Section[] {
    return this.#sections;
  }

  /** How many events the input has, if an earlier run has seen its end. */
  get events(): number | undefined {
    return this.#events;
  }

  get totals(): Totals {
    return this.#totals;
  }

  /** The outcome of an event, if it has one. */
  outcome(event: number): PastOutcome | undefined {
    switch (this.#known[event]) {
      case ACCEPTED:
        return { end: "accepted" };
      case OTHER:
        return this.#others.get(event);
      default:
        return undefined;
    }
  }

  /** Notes the next events of the input, before any of them is sent. */
  addSection(section: Section): void {
    this.#append({ section });
    this.#sections.push(section);
  }

  /** Notes that the input has ended. */
  addEnd(events: number): void {
    this.#append({ end: { events } });
    this.#events = events;
  }

  /** Notes what a reply said. Resolves when it is on the disk; it survives the end of this process at once. */
  async addAnswer(settled: readonly Settled[], totals: Totals): Promise<void> {
    const accepted: [number, number][] = [];
    const rejected: [number, string, string][] = [];
    const deadLettered: [number, string, number][] = [];
    for (const one of settled) {
      const { key, attempts } = one.parcel;
      const last = accepted.at(-1);
      if (one.end === "accepted") {
        if (last && last[1] === key - 1) last[1] = key;
        else accepted.push([key, key]);
      } else if (one.end === "rejected") rejected.push([key, one.code, one.message]);
      else if (one.end === "dead_lettered") deadLettered.push([key, one.reason, attempts]);
    }
    this.#totals = totals;
    this.#append({ answer: { accepted, rejected, deadLettered }, totals });
    await this.#sync();
  }

  /** Lets go of the folder. */
  close(): void {
    closeSync(this.#file);
    rmSync(this.#lock, { force: true });
  }

  #load(content: Buffer, identity: JobIdentity): void {
    let at = 0;
    let whole = 0;
    while (at < content.length) {
      const end = content.indexOf(0x0a, at);
      const entry = end < 0 ? undefined : readEntry(content.toString("utf8", at, end));
      if (!entry) {
        // Only the last line can be torn; it was never answered for.
        if (end >= 0 && end + 1 < content.length) this.#refuse("is damaged", `line at byte ${at} cannot be read`);
        break;
      }
      if (at === 0) this.#compare(entry, identity);
      else this.#replay(entry);
      at = whole = end + 1;
    }
    if (whole === 0) {
      // A first line that is no torn beginning of ours is somebody else's file.
      if (content.length > 0 && !/^[0-9a-f]{0,8}( |$)/.test(content.toString("latin1", 0, 9))) {
        this.#refuse("is no journal of this program", FILE);
      }
      ftruncateSync(this.#file, 0);
      this.#append({ job: { format: FORMAT, ...identity } });
      fsyncSync(this.#file);
      const folder = openSync(this.#directory, "r");
      fsyncSync(folder);
      closeSync(folder);
    } else if (whole < content.length) {
      ftruncateSync(this.#file, whole);
    }
  }

  #compare(entry: Entry, identity: JobIdentity): void {
    if (!("job" in entry) || entry.job.format !== FORMAT) return this.#refuse("is no journal of this version", FILE);
    const { job } = entry;
    if (job.core !== identity.core) this.#refuse("was begun by another version", `${job.core}, this is ${identity.core}`);
    if (job.config !== identity.config) this.#refuse("belongs to a job with another config", "--config; --reason or --event-id of `replay`");
    if (job.destination !== identity.destination) {
      this.#refuse("belongs to a job for another account", "ADVERTISER_ID, PROFILE_ID or the host of BASE_URL");
    }
    if (job.now !== identity.now) this.#refuse("belongs to a job with another instant", "--now");
  }

  #replay(entry: Entry): void {
    if ("section" in entry) this.#sections.push(entry.section);
    else if ("end" in entry) this.#events = entry.end.events;
    else if ("answer" in entry) {
      this.#totals = entry.totals;
      for (const [first, last] of entry.answer.accepted) for (let key = first; key <= last; key++) this.#mark(key, ACCEPTED);
      for (const [key, code, message] of entry.answer.rejected) {
        this.#mark(key, OTHER);
        this.#others.set(key, { end: "rejected", code, message });
      }
      for (const [key, reason, attempts] of entry.answer.deadLettered) {
        this.#mark(key, OTHER);
        this.#others.set(key, { end: "dead_lettered", reason, attempts });
      }
    }
  }

  #mark(event: number, value: number): void {
    if (event >= this.#known.length) {
      const larger = new Uint8Array(Math.max(event + 1, this.#known.length * 2));
      larger.set(this.#known);
      this.#known = larger;
    }
    this.#known[event] = value;
  }

  #refuse(what: string, detail: string): never {
    throw new CommandError(
      2,
      `the state in ${this.#directory} ${what} (${detail}); nothing was sent or changed. Name another folder for --state to begin anew`,
    );
  }

  #append(entry: Entry): void {
    if (this.#broken) throw new Error("the journal could not be written before");
    const json = JSON.stringify(entry);
    const line = Buffer.from(`${checksum(json)} ${json}\n`);
    try {
      for (let at = 0; at < line.length; ) at += writeSync(this.#file, line, at);
    } catch (error) {
      // What is torn now must stay the last line.
      this.#broken = true;
      throw new CommandError(
        1,
        `cannot write the journal in ${this.#directory}: ${reasonOf(error)}. Nothing is lost: the same command goes on from here`,
        { cause: error },
      );
    }
  }

  /** One sync at a time; all who come meanwhile share the next. */
  #sync(): Promise<void> {
    return (this.#nextSync ??= this.#syncing.then(() => {
      this.#nextSync = undefined;
      return (this.#syncing = datasync(this.#file));
    }));
  }
}

function checksum(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

function readEntry(line: string): Entry | undefined {
  const json = line.slice(9);
  if (line[8] !== " " || checksum(json) !== line.slice(0, 8)) return undefined;
  return JSON.parse(json) as Entry;
}

const LOCK_NAME = /^run-(\d+)-(\d+)\.lock$/;

/**
 * Makes sure that no other process uses the folder.
 *
 * Each process makes a file with its own name first and looks for others then: of two that begin at once at least one
 * sees the other. The name tells who made it, so that one left by a killed process is known to be stale; when the
 * process began is a part of it, for numbers of processes come round again.
 */
function takeLock(directory: string): string {
  const own = `run-${process.pid}-${beginningOf(process.pid) ?? 0}.lock`;
  writeFileSync(join(directory, own), "", { mode: 0o600 });
  for (const name of readdirSync(directory)) {
    const [, pid, began] = LOCK_NAME.exec(name) ?? [];
    if (name === own || pid === undefined) continue;
    if (isAlive(Number(pid), Number(began))) {
      rmSync(join(directory, own), { force: true });
      throw new CommandError(2, `another run (process ${pid}) is using --state ${directory}: wait for it, or stop it first`);
    }
    rmSync(join(directory, name), { force: true });
  }
  return join(directory, own);
}

function isAlive(pid: number, began: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Not allowed to signal it means that it is there.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const now = beginningOf(pid);
  return now === undefined || began === 0 || now === began;
}

/** When a process began, in the kernel's ticks; undefined where the system does not say. */
function beginningOf(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold blanks; the fields are counted behind it.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    // A dead process that its parent has not asked for yet holds nothing any more.
    if (fields[0] === "Z" || fields[0] === "X") return -1;
    return Number(fields[19]);
  } catch {
    return undefined;
  }
}
