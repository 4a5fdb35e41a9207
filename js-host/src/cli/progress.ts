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
/** A shorter bar says nothing: the figures do. */
const LEAST_BAR = 8;
const REDRAW_MS = 100;
const LOG_MS = 5_000;
/** A job of hours does not need a line each five seconds. */
const LOG_MOST_MS = 60_000;

const number = (value: number): string => value.toLocaleString("en-US");

/** Shows how far a job is on standard error. */
export class Progress {
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #began = Date.now();
  #state: () => ProgressState;
  #timer: NodeJS.Timeout | undefined;
  /** When the next line of a log is due. */
  #due = 0;

  constructor(state: () => ProgressState) {
    this.#state = state;
    this.#timer = setInterval(() => this.#tick(), this.#isTerminal ? REDRAW_MS : LOG_MS);
    this.#timer.unref();
  }

  /** A word in between, on a line of its own. */
  interject(text: string): void {
    process.stderr.write(this.#isTerminal ? `\r${text}\x1b[K\n` : `${text}\n`);
    if (this.#isTerminal && this.#timer) this.#show();
  }

  /** The last word; after it the line stays. */
  end(): void {
    if (!this.#timer) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#show();
    if (this.#isTerminal) process.stderr.write("\n");
  }

  #tick(): void {
    const now = Date.now();
    if (!this.#isTerminal && now < this.#due) return;
    this.#due = now + Math.min(LOG_MOST_MS, (now - this.#began) / 10);
    this.#show();
  }

  #show(): void {
    const text = this.#text();
    if (!this.#isTerminal) process.stderr.write(`${text}\n`);
    else process.stderr.write(`\r${text}\x1b[K`);
  }

  #text(): string {
    const { events, accepted, failed, fraction } = this.#state();
    const seconds = (Date.now() - this.#began) / 1000;
    const left = fraction !== undefined && fraction > 0.01 && fraction < 1 && seconds > 1 ? (seconds / fraction) * (1 - fraction) : undefined;
    return line(
      {
        events: events === 1 ? "1 event" : `${number(events)} events`,
        ...(accepted !== undefined && { accepted: `${number(accepted)} accepted` }),
        ...(failed && { failed: `${number(failed)} failed` }),
        ...(seconds > 0.2 && { rate: `${number(Math.round(events / seconds))}/s` }),
        ...(left !== undefined && { left: `${clock(left)} left` }),
      },
      fraction,
      this.#isTerminal ? process.stderr.columns || 80 : undefined,
    );
  }
}

/** What a line may have, in its order. */
export interface LineParts {
  readonly events: string;
  readonly accepted?: string;
  readonly failed?: string;
  readonly rate?: string;
  readonly left?: string;
}

/**
 * The line of a state. A terminal gets a bar in the room that is left; where there is too little, what matters least goes.
 *
 * @param columns - undefined: no terminal
 */
export function line(parts: LineParts, fraction: number | undefined, columns: number | undefined): string {
  const percent = fraction === undefined ? [] : [`${String(Math.floor(fraction * 100)).padStart(3)}%`];
  const { events, accepted, failed, rate, left } = parts;
  const of = (...shown: readonly (string | undefined)[]): string => [...percent, ...shown.filter((part) => part !== undefined)].join("  ");
  const forms = [of(events, accepted, failed, rate, left), of(events, failed, rate, left), of(events, failed, left)];
  const [all = ""] = forms;
  if (columns === undefined) return all.trimStart();
  const form = forms.find(({ length }) => length < columns);
  if (form === undefined) return (forms.at(-1) ?? "").slice(0, columns - 1);
  const room = Math.min(BAR, columns - 1 - form.length - 3);
  if (fraction === undefined || room < LEAST_BAR) return form;
  const full = Math.round(fraction * room);
  return `[${"█".repeat(full)}${"░".repeat(room - full)}] ${form}`;
}

function clock(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
