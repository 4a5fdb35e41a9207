// `send`: brings the events of a file to Amazon, and says of each what became of it.
import { Mapper } from "../mapper.js";
import type { ExitCode } from "./errors.js";
import { loadConfig, parseNow } from "./io.js";
import { hash, runJob, type JobOptions } from "./job.js";

/** Options of `send`. */
export interface SendOptions extends JobOptions {
  /** False: none, whatever the folder has. */
  readonly config?: string | false;
  readonly now?: string;
}

/** Runs `send`. */
export async function send(file: string | undefined, options: SendOptions): Promise<ExitCode> {
  const now = parseNow(options.now);
  const { transformer, text } = await loadConfig(options.config);
  const mapper = new Mapper(transformer);
  return runJob(
    {
      file,
      now,
      config: hash(text),
      prepare: (records, at) =>
        mapper.map(
          records.map(({ bytes }) => bytes),
          at,
        ),
    },
    options,
  );
}
