// `mock`: the stand-in for Amazon as a command.
import { readFile } from "node:fs/promises";

import { messageOf, UsageError } from "../errors.js";
import { FAULTS, faultNames, parsePlan, parseShares, startMock, type FaultName, type FaultShares, type Plan } from "../mock/index.js";
import { CommandError } from "./errors.js";
import { listenReasonOf, reasonOf, say, writeReasonOf } from "./io.js";

/** Options of `mock`. */
export interface MockOptions {
  readonly port: number;
  readonly plan?: string;
  readonly faults?: string;
  readonly seed?: number;
  readonly tokenLifetime?: number;
  readonly log?: string;
  readonly remember: "ids" | "counts";
  readonly validate: boolean;
  readonly json?: true;
}

/** Every fault, for the help. */
export const FAULTS_HELP = `
Faults of --faults, with the share of requests (per event: of events) that get them:
${(Object.keys(FAULTS) as FaultName[])
  .filter((name) => (FAULTS[name].endpoints as readonly string[]).includes("events"))
  .map((name) => `  ${(name === "status" ? "400 to 599" : name).padEnd(12)}${FAULTS[name].effect.replaceAll("`", "")}`)
  .join("\n")}
  BAD_REQUEST or another of Amazon's codes: an error for the event, with that code

Faults of a plan's other endpoints:
${(["token", "consent", "accounts"] as const).map((endpoint) => `  ${endpoint.padEnd(12)}${faultNames(endpoint).join(", ")}`).join("\n")}`;

/** Runs `mock` until it is stopped. The parameters that lead to it go to standard output. */
export async function mock(options: MockOptions): Promise<0> {
  const { port, seed, tokenLifetime, log, remember, validate } = options;
  const plan = await readPlan(options.plan);
  const faults = readFaults(options.faults);
  const running = await startMock({
    port,
    plan,
    remember,
    validate,
    ...(faults && { faults }),
    ...(seed !== undefined && { seed }),
    ...(tokenLifetime !== undefined && { tokenLifetime }),
    ...(log !== undefined && { log }),
  }).catch((error: unknown) => {
    const { syscall } = error as NodeJS.ErrnoException;
    if (syscall === "open") throw new CommandError(2, `cannot write the log ${log}: ${writeReasonOf(error)}`);
    throw new CommandError(2, `cannot listen on port ${port}: ${listenReasonOf(error)}`);
  });
  if (options.json) process.stdout.write(`${JSON.stringify(running.parameters)}\n`);
  else for (const [name, value] of Object.entries(running.parameters)) process.stdout.write(`${name}='${value}'\n`);
  say(`A stand-in for Amazon listens at ${running.url}; what it has seen is at ${running.url}/__stats. Ctrl-C ends it.`);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve).once("SIGTERM", resolve);
  });
  await running.close();
  return 0;
}

function readFaults(list: string | undefined): FaultShares | undefined {
  try {
    return list === undefined ? undefined : parseShares(list);
  } catch (error) {
    throw new CommandError(2, `--faults: ${messageOf(error)}`);
  }
}

async function readPlan(file: string | undefined): Promise<Plan> {
  if (file === undefined) return {};
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    throw new CommandError(2, `cannot read the plan ${file}: ${reasonOf(error)}`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    throw new CommandError(2, `${file} is not JSON: ${messageOf(error)}`);
  }
  try {
    return parsePlan(json);
  } catch (error) {
    if (error instanceof UsageError) throw new CommandError(2, `${file}: ${error.message}`);
    throw error;
  }
}

