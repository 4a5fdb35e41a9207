// How it is measured: everybody once a round, in turns, so that all meet the same machine; what is compared is the CPU time of
// one round (of all threads: garbage collection and compilation count), and what is told is the median of those ratios.
import { setTimeout as sleep } from "node:timers/promises";

const WARM_UP = 3;
/** A sample is not shorter than this. Microseconds of CPU. */
const LEAST = 60_000;
/** V8 sweeps on other threads after a collection; that is not to be charged to the next in line. */
const SETTLE_MS = 15;

/** CPU time of this process so far, in microseconds. */
export function cpuTime() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/**
 * Runs everybody in turns.
 *
 * @param runners - each with a `name` and a `run` that maps `events` events; `cpu` where it is not this process that works
 * @returns by name the microseconds an event, one figure a round
 */
export async function inTurns(runners, { events, rounds, progress = () => undefined }) {
  const passes = new Map();
  const samples = new Map(runners.map(({ name }) => [name, []]));
  const isCheck = rounds === 1;
  for (let round = isCheck ? 0 : -WARM_UP; round < rounds; round++) {
    progress(Math.max(0, round), rounds);
    for (let turn = 0; turn < runners.length; turn++) {
      const { name, run, cpu = cpuTime } = runners[(turn + round + WARM_UP) % runners.length];
      const times = passes.get(name) ?? 1;
      globalThis.gc?.();
      if (!isCheck) {
        await sleep(SETTLE_MS);
        // The collection has taken shapes of objects of which none was alive, and the code that knew them: V8 makes it anew.
        await run();
      }
      const before = await cpu();
      for (let pass = 0; pass < times; pass++) await run();
      const took = ((await cpu()) - before) / times;
      if (!isCheck && round < 0) passes.set(name, Math.ceil(LEAST / Math.max(took, 1)));
      if (round >= 0) samples.get(name).push(took / events);
    }
  }
  return samples;
}

/** The value below which a share of them lies. */
export function at(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

export const median = (values) => at(values, 0.5);

/** How many times as much the peer takes as we do, round by round. */
export function comparison(samples, ours, peer) {
  const [mine, its] = [samples.get(ours), samples.get(peer)];
  const ratios = its.map((value, round) => value / mine[round]);
  return { times: median(ratios), low: at(ratios, 0.1), high: at(ratios, 0.9), ours: median(mine), peer: median(its) };
}

/** The one of these that takes least. */
export function best(samples, names) {
  return names.reduce((least, name) => (median(samples.get(name)) < median(samples.get(least)) ? name : least));
}
