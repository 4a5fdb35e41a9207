// Maps a batch beside the page, so that the page answers while it runs.
import { CoverageCounter, nameOf } from "../../coverage.js";
import { RecordSplitter, type InputRecord } from "../../records.js";
import type { BatchProgress, BatchTask, Sample } from "./batch_messages.js";
import { compile, start, type Trace } from "./core.js";

const TELL_MS = 120;
/** A longer event is no example. */
const MOST_SAMPLE = 64 * 1024;

addEventListener("message", ({ data }: MessageEvent<BatchTask>) => {
  // What fails here ends as the worker's `error` event, in words.
  run(data).catch((error: unknown) => reportError(error));
});

async function run({ module, config, now, input }: BatchTask): Promise<void> {
  start(module);
  const compiled = compile(config);
  if ("problem" in compiled) throw new Error(compiled.problem.message);
  const counter = new CoverageCounter(config);
  const samples: Record<string, Sample> = {};
  const splitter = new RecordSplitter();
  const decoder = new TextDecoder();
  let bytesRead = 0;
  let told = 0;
  const tell = (isDone: boolean): void => {
    postMessage({ coverage: counter.result(), samples, bytesRead, isDone } satisfies BatchProgress);
    told = performance.now();
  };
  const count = (records: readonly InputRecord[]): void => {
    for (const { line, bytes } of records) {
      const trace = JSON.parse(compiled.transformer.explainJson(bytes, now)) as Trace;
      counter.add(trace, nameOf(bytes));
      for (const code of trace.reason === undefined ? trace.notes : [trace.reason]) {
        if (!(code in samples) && bytes.length <= MOST_SAMPLE) samples[code] = { line, text: decoder.decode(bytes) };
      }
      if (performance.now() - told > TELL_MS) tell(false);
    }
  };
  const reader = input.stream().getReader();
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    bytesRead += chunk.value.length;
    count(splitter.push(chunk.value));
  }
  count(splitter.end());
  tell(true);
}
