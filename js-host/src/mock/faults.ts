// Faults on demand: one after the other from a script, or by chance from a seed.

/** A fault of one reply. */
export type Fault =
  /** An HTTP status instead of the usual reply. */
  | { readonly kind: "status"; readonly status: number; readonly retryAfter?: string; readonly body?: string }
  /** The connection is cut before a reply. With `after`, when the events were taken already. */
  | { readonly kind: "reset"; readonly after?: boolean }
  /** The usual reply, late. */
  | { readonly kind: "slow"; readonly ms: number }
  /** A 207 whose body cannot be read; the events were taken. */
  | { readonly kind: "garbage" }
  /** A 207 that says nothing of these events; they were taken. */
  | { readonly kind: "missing"; readonly indexes: readonly number[] }
  /** A 207 with an error for these events. */
  | { readonly kind: "item"; readonly indexes: readonly number[]; readonly code: string; readonly message?: string }
  /** The access token is no longer good, this one and all before. */
  | { readonly kind: "revoke" };

/** Shares, from 0 to 1, of requests (`item` and `missing`: of events) that get a fault. */
export type FaultShares = Readonly<Record<string, number>>;

/** Numbers from 0 up to, not including, 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const NAMES = ["reset", "lost", "slow", "garbage", "missing", "item", "revoke"];

/**
 * Reads `429:0.1,500:0.05,reset:0.02`.
 *
 * Names: an HTTP status, `reset` (before the events are taken), `lost` (after), `slow`, `garbage`, `missing`, `item`,
 * `revoke`.
 *
 * @throws RangeError for a name or share that cannot be
 */
export function parseShares(text: string): FaultShares {
  const shares: Record<string, number> = {};
  for (const part of text.split(",").filter(Boolean)) {
    const [name = "", share = ""] = part.trim().split(":");
    const value = Number(share);
    if (!(/^[45]\d\d$/.test(name) || NAMES.includes(name)) || share === "" || !(value >= 0 && value <= 1)) {
      throw new RangeError(`a fault must be a status or one of ${NAMES.join(", ")}, a colon and a share from 0 to 1, got \`${part}\``);
    }
    shares[name] = value;
  }
  return shares;
}

/** The fault that chance has for a request of so many events, if any. */
export function drawFault(shares: FaultShares, random: () => number, events: number): Fault | undefined {
  for (const [name, share] of Object.entries(shares)) {
    if (name === "missing" || name === "item") {
      const indexes = Array.from({ length: events }, (_, index) => index).filter(() => random() < share);
      if (indexes.length === 0) continue;
      return name === "missing" ? { kind: "missing", indexes } : { kind: "item", indexes, code: "INTERNAL_ERROR", message: "try later" };
    }
    if (random() >= share) continue;
    switch (name) {
      case "reset":
        return { kind: "reset" };
      case "lost":
        return { kind: "reset", after: true };
      case "slow":
        return { kind: "slow", ms: 200 };
      case "garbage":
        return { kind: "garbage" };
      case "revoke":
        return { kind: "revoke" };
      default:
        return { kind: "status", status: Number(name), ...(name === "429" && { retryAfter: "1" }) };
    }
  }
  return undefined;
}
