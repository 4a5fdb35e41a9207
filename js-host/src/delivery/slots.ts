// Lets so many go on at once, and the others wait in line.

/** A limit on how many do something at once. */
export class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Runs the work as soon as there is a slot for it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      // The slot goes from hand to hand; it is free only when nobody waits.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
