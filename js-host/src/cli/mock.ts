// `mock`: the stand-in for Amazon as a command.
import { messageOf } from "../errors.js";
import { parseShares, startMock, type FaultShares } from "../mock/index.js";
import { CommandError } from "./errors.js";
import { say } from "./io.js";

/** Options of `mock`. */
export interface MockOptions {
  readonly port: number;
  readonly faults?: string;
  readonly seed: number;
  readonly tokenLifetime: number;
}

/** Runs `mock` until it is stopped. The parameters that lead to it go to standard output. */
export async function mock(options: MockOptions): Promise<0> {
  let faults: FaultShares = {};
  try {
    faults = parseShares(options.faults ?? "");
  } catch (error) {
    throw new CommandError(2, `--faults: ${messageOf(error)}`);
  }
  const running = await startMock({ ...options, faults }).catch((error: unknown) => {
    throw new CommandError(2, `cannot listen on port ${options.port}: ${messageOf(error)}`);
  });
  for (const [name, value] of Object.entries(running.parameters)) process.stdout.write(`${name}='${value}'\n`);
  say(`A stand-in for Amazon listens at ${running.url}; what it has seen is at ${running.url}/__stats. Ctrl-C ends it.`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve).once("SIGTERM", resolve);
  });
  await running.close();
  return 0;
}
