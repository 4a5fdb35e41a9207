// What ends a command, and with which exit code.

/** 0: all is well. 1: something was refused or left. 2: wrong use or wrong credentials. */
export type ExitCode = 0 | 1 | 2 | 130 | 143;

/** Ends the command with one sentence for the person at the keyboard. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;

  constructor(exitCode: ExitCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}
