// How far a job is: one line that is redrawn on a terminal, a line now and then in a log.

/** A state of a job. */
export interface ProgressState {
  readonly events: number;
  /** Where events are sent. */
  readonly accepted?: number;
  readonly failed?: number;
  /** From 0 to 1; undefined where nobody knows. */
  readonly fraction: number | undefined;
}

const BAR = 24;
const REDRAW_MS = 100;
const LOG_MS = 5_000;

const number = (value: number): string => value.toLocaleString("en-US");

/** Shows how far a job is on standard error. */
export class Progress {
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #began = Date.now();
  #state: () => ProgressState;
  #timer: NodeJS.Timeout | undefined;

  constructor(state: () => ProgressState) {
    this.#state = state;
    this.#timer = setInterval(() => this.#show(), this.#isTerminal ? REDRAW_MS : LOG_MS);
    this.#timer.unref();
  }

  /** The last word; after it the line stays. */
  end(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#show();
    if (this.#isTerminal) process.stderr.write("\n");
  }

  #show(): void {
    const text = this.#text();
    if (!this.#isTerminal) process.stderr.write(`${text}\n`);
    else process.stderr.write(`\r${text.slice(0, (process.stderr.columns || 80) - 1)}\x1b[K`);
  }

  #text(): string {
    const { events, accepted, failed, fraction } = this.#state();
    const seconds = (Date.now() - this.#began) / 1000;
    const parts = [`${number(events)} events`];
    if (accepted !== undefined) parts.push(`${number(accepted)} accepted`);
    if (failed) parts.push(`${number(failed)} failed`);
    if (seconds > 0.2) parts.push(`${number(Math.round(events / seconds))}/s`);
    if (fraction === undefined) return parts.join("  ");
    const left = fraction > 0.01 && fraction < 1 && seconds > 1 ? (seconds / fraction) * (1 - fraction) : undefined;
    if (left !== undefined) parts.push(`${clock(left)} left`);
    const full = Math.round(fraction * BAR);
    return `[${"█".repeat(full)}${"░".repeat(BAR - full)}] ${String(Math.floor(fraction * 100)).padStart(3)}%  ${parts.join("  ")}`;
  }
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
