// Checks of a set-up: each says what is, or what is wrong, why, and what to do. Told line by line as they end.
import { visible } from "../redact.js";
import type { ExitCode } from "./errors.js";

/** How a check ended. `warning`: it works, and may surprise; `skipped`: it could not be made. */
export type CheckStatus = "ok" | "warning" | "failed" | "skipped";

/** A check that was made. */
export interface Check {
  readonly name: string;
  readonly status: CheckStatus;
  readonly says: string;
  /** What to do about it. */
  readonly remedy?: string;
}

/** What a check comes to, and how the command ends if it failed. */
export type Result = Omit<Check, "name"> & { readonly exitCode?: 1 | 2 };

export const ok = (says: string): Result => ({ status: "ok", says });
export const warning = (says: string, remedy: string): Result => ({ status: "warning", says, remedy });
export const skipped = (says: string): Result => ({ status: "skipped", says });
export const failed = (says: string, remedy: string, exitCode: 1 | 2 = 1): Result => ({ status: "failed", says, remedy, exitCode });

const MARKS: Readonly<Record<CheckStatus, readonly [string, string]>> = {
  ok: ["✓", "32"],
  warning: ["!", "33"],
  failed: ["✗", "31"],
  skipped: ["-", "2"],
};
const NAME_WIDTH = 15;

/** Makes checks one after the other. */
export class Checkup {
  readonly checks: Check[] = [];
  readonly #tell: (text: string) => unknown;
  #exitCode: ExitCode = 0;

  /** @param tell - is given each check in words, as it ends */
  constructor(tell: (text: string) => unknown) {
    this.#tell = tell;
  }

  get exitCode(): ExitCode {
    return this.#exitCode;
  }

  get isWell(): boolean {
    return this.#exitCode === 0;
  }

  /** Adds a check; true if it did not fail. */
  add(name: string, { exitCode, ...result }: Result): boolean {
    const check = { name, ...result };
    this.checks.push(check);
    if (exitCode !== undefined && exitCode > this.#exitCode) this.#exitCode = exitCode;
    this.#tell(inWords(check));
    return result.status !== "failed";
  }
}

/** A check as lines, within the width of a terminal if there is one. */
export function inWords(check: Check, terminal: { readonly columns?: number; readonly colours?: boolean } = screen()): string {
  const [mark, colour] = MARKS[check.status];
  const shown = terminal.colours ? `\x1b[${colour}m${mark}\x1b[0m` : mark;
  const { columns = Number.POSITIVE_INFINITY } = terminal;
  // On a narrow screen the words go below the name.
  const isNarrow = columns < 60;
  const indent = " ".repeat(isNarrow ? 4 : NAME_WIDTH + 3);
  const lines = [check.says, ...(check.remedy === undefined ? [] : [`→ ${check.remedy}`])].flatMap((text) => wrap(visible(text), columns - indent.length - 1));
  const head = `${shown} ${check.name.padEnd(isNarrow ? 0 : NAME_WIDTH)}`;
  return isNarrow ? [head, ...lines.map((line) => indent + line)].join("\n") : `${head} ${lines.join(`\n${indent}`)}`;
}

function screen(): { columns?: number; colours?: boolean } {
  const { isTTY, columns } = process.stdout;
  if (!isTTY) return {};
  return { columns: Math.max(30, columns || 80), colours: !process.env["NO_COLOR"] };
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split("\n")) {
    let line = "";
    for (const word of paragraph.split(" ")) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === "" ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}
