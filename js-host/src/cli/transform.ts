// `transform`: one line out for each event in, in order.
import { loadConfig, openInput, Output, parseNow, recordsOf } from "./io.js";

/** Options of `transform`. */
export interface TransformOptions {
  /** False: none, whatever the folder has. */
  readonly config?: string | false;
  readonly now?: string;
}

// Enough to spare a system call for each event, little enough to keep a reader busy.
const WRITE_AT = 64 * 1024;

/** Runs `transform`. */
export async function transform(file: string | undefined, options: TransformOptions): Promise<0> {
  const now = parseNow(options.now);
  const { transformer } = await loadConfig(options.config);
  const input = openInput(file);
  const output = new Output();
  let text = "";
  for await (const records of recordsOf(input)) {
    for (const { line, bytes } of records) {
      // The core's words go out as they are, with the line in front.
      text += `{"line":${line},${transformer.evaluateJson(bytes, now).slice(1)}\n`;
      if (text.length < WRITE_AT) continue;
      const written = text;
      text = "";
      if (!(await output.write(written))) return 0;
    }
    // What a pipe has brought so far is answered now.
    if (text !== "" && !(await output.write(text))) return 0;
    text = "";
  }
  return 0;
}
