// `playground`: a page on loopback to try events and configs in.
import { readFile } from "node:fs/promises";
import { basename } from "node:path";

import { startPlayground, type StartConfig } from "../playground/server.js";
import { CommandError } from "./errors.js";
import { configFile, listenReasonOf, reasonOf, say } from "./io.js";

/** Options of `playground`. */
export interface PlaygroundOptions {
  readonly port: number;
  readonly config?: string | false;
}

/** Runs `playground` until it is stopped. Its URL goes to standard output. */
export async function playground({ port, config: named }: PlaygroundOptions): Promise<0> {
  const config = configFile(named);
  // Before anybody opens the page; what is wrong inside the file is for the page to say.
  if (config !== undefined) await read(config);
  const running = await startPlayground({ port, ...(config !== undefined && { config: () => read(config) }) }).catch((error: unknown) => {
    throw new CommandError(2, `cannot listen on port ${port}: ${listenReasonOf(error)}`);
  });
  process.stdout.write(`${running.url}\n`);
  say("Open it in a browser: events are mapped there, and none leaves it. Ctrl-C ends it.");
  await new Promise<void>((resolve) => {
    process.once("SIGINT", resolve).once("SIGTERM", resolve);
  });
  await running.close();
  return 0;
}

async function read(file: string): Promise<StartConfig> {
  try {
    return { name: basename(file), text: (await readFile(file, "utf8")).replace(/^\ufeff/, "") };
  } catch (error) {
    throw new CommandError(2, `cannot read the config ${file}: ${reasonOf(error)}`);
  }
}
