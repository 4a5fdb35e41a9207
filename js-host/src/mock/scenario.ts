// Which fault a request gets: from the queue, else by the script, else by chance. The same seed and the same requests give
// the same faults: each request draws from numbers of its own, so that what others drew does not matter.
import { ERROR_CODES } from "./enums.js";
import { seeded, UNKNOWN_CODE, type Endpoint, type Fault, type FaultShares } from "./faults.js";
import { faultOf, type Latency, type Step } from "./plan.js";

/** What one event of a request gets instead of the usual. */
export type ItemFault = { readonly missing: true } | { readonly code: string; readonly message: string };

/** What a request gets. */
export interface Verdict {
  /** Milliseconds before anything else. */
  readonly latencyMs: number;
  /** What the whole reply gets. */
  readonly fault: Fault | undefined;
  /** What single events get, by index. */
  readonly items: ReadonlyMap<number, ItemFault>;
  /** The status of a multi-status. */
  readonly multiStatus: 200 | 207;
  /** The names of the faults, for the log. */
  readonly names: readonly string[];
}

/** What a {@link Scenario} goes by. */
export interface ScenarioOptions {
  readonly seed: number;
  readonly endpoint: Endpoint;
  readonly latencyMs: Latency;
  readonly faults: FaultShares;
  readonly script: readonly Step[];
}

const MESSAGE = "by request";
/** What keeps the endpoints' numbers apart. */
const STRIDES: Readonly<Record<Endpoint, number>> = { events: 0x9e3779b1, token: 0x85ebca6b, consent: 0xc2b2ae35, accounts: 0x27d4eb2f };
const NO_ITEMS: ReadonlyMap<number, ItemFault> = new Map();

/** The faults of one endpoint, request by request. */
export class Scenario {
  readonly #options: ScenarioOptions;
  readonly #queue: (Fault | undefined)[] = [];
  readonly #steps: { readonly step: Step; readonly fault: Fault; left: number }[];
  readonly #shares: readonly (readonly [string, number])[];
  #requests = 0;

  constructor(options: ScenarioOptions) {
    this.#options = options;
    this.#steps = options.script.map((step) => ({ step, fault: faultOf(step), left: step.times ?? Infinity }));
    this.#shares = Object.entries(options.faults).filter(([, share]) => share > 0);
  }

  /** Gives the next requests these faults, before any other. */
  queue(faults: readonly (Fault | undefined)[]): void {
    this.#queue.push(...faults);
  }

  /**
   * What the next request gets.
   *
   * @param events - how many it has
   * @param idAt - the id of one of them
   */
  next(events: number, idAt: (index: number) => unknown): Verdict {
    const number = ++this.#requests;
    const { seed, endpoint, latencyMs: latency } = this.#options;
    const random = seeded(seed ^ Math.imul(number, STRIDES[endpoint]));
    const latencyMs = typeof latency === "number" ? latency : latency[0] + random() * (latency[1] - latency[0]);
    const verdict = new Gathered(events);
    if (this.#queue.length > 0) {
      const fault = this.#queue.shift();
      if (fault) verdict.add(fault);
    } else if (!this.#scripted(number, events, idAt, verdict)) this.#draw(random, events, verdict);
    const { fault, items, multiStatus, names } = verdict;
    return { latencyMs, fault, items, multiStatus, names };
  }

  #scripted(number: number, events: number, idAt: (index: number) => unknown, verdict: Gathered): boolean {
    let applies = false;
    for (const one of this.#steps) {
      const { step, fault } = one;
      if (one.left <= 0) continue;
      let indexes: readonly number[] | undefined;
      if (step.eventId === undefined) {
        if (!isMeant(step, number)) continue;
      } else {
        indexes = upTo(events).filter((index) => idAt(index) === step.eventId);
        if (indexes.length === 0) continue;
      }
      one.left--;
      applies = true;
      verdict.add(indexes && (fault.kind === "item" || fault.kind === "missing") ? { ...fault, indexes } : fault);
    }
    return applies;
  }

  #draw(random: () => number, events: number, verdict: Gathered): void {
    for (const [name, share] of this.#shares) {
      const code = name === "item" ? "INTERNAL_ERROR" : name === "unknown" ? UNKNOWN_CODE : ERROR_CODES.has(name) ? name : undefined;
      if (code !== undefined || name === "missing") {
        for (let index = 0; index < events; index++) {
          if (random() >= share) continue;
          verdict.add(code === undefined ? { kind: "missing", indexes: [index] } : { kind: "item", indexes: [index], code });
        }
      } else if (random() < share) verdict.add(byChance(name));
    }
  }
}

/** The first fault of the whole reply counts, and the first of each event. */
class Gathered {
  fault: Fault | undefined;
  items: ReadonlyMap<number, ItemFault> = NO_ITEMS;
  multiStatus: 200 | 207 = 207;
  readonly #names = new Set<string>();
  readonly #events: number;

  constructor(events: number) {
    this.#events = events;
  }

  get names(): readonly string[] {
    return [...this.#names];
  }

  add(fault: Fault): void {
    if (fault.kind !== "item" && fault.kind !== "missing") {
      if (!this.fault) this.#names.add(nameOf(fault));
      this.fault ??= fault;
      return;
    }
    this.multiStatus = fault.status ?? this.multiStatus;
    const items = (this.items === NO_ITEMS ? new Map<number, ItemFault>() : this.items) as Map<number, ItemFault>;
    const item: ItemFault = fault.kind === "missing" ? { missing: true } : { code: fault.code, message: fault.message ?? MESSAGE };
    for (const index of fault.indexes ?? upTo(this.#events)) if (!items.has(index)) items.set(index, item);
    this.#names.add(nameOf(fault));
    this.items = items;
  }
}

function isMeant({ request, requests, every = 1 }: Step, number: number): boolean {
  if (request !== undefined) return number === request;
  return requests ? number >= requests[0] && number <= requests[1] : number % every === 0;
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function byChance(name: string): Fault {
  switch (name) {
    case "reset":
      return { kind: "reset" };
    case "lost":
      return { kind: "reset", after: true };
    case "slow":
      return { kind: "slow", ms: 200 };
    case "hang":
    case "garbage":
    case "truncated":
    case "empty":
    case "html":
    case "revoke":
    case "invalid_grant":
    case "invalid_client":
    case "unauthorized_client":
    case "no_token":
    case "denied":
    case "wrong_state":
    case "no_profiles":
    case "no_advertisers":
      return { kind: name };
    default:
      return { kind: "status", status: Number(name), ...(name === "429" && { retryAfter: "1" }) };
  }
}

function nameOf(fault: Fault): string {
  if (fault.kind === "status") return String(fault.status);
  if (fault.kind === "reset" && fault.after) return "lost";
  return fault.kind === "item" ? fault.code : fault.kind;
}
