// What an event costs by the size of the batch that it comes in, and by the size of the file.
import { execFileSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { CONFIG } from "../config.mjs";
import { bytesOf } from "../events.mjs";
import { ours } from "../peers/ours.mjs";
import { inTurns, median } from "../rounds.mjs";
import { figure, table } from "../tables.mjs";

const SIZES = [1, 2, 5, 20, 100, 500];
const bin = fileURLToPath(new URL("../../js-host/bin/amazon-dsp-events.js", import.meta.url));
const usage = new URL("../usage.mjs", import.meta.url).href;

export async function sizes({ input, now, rounds, progress, check, all }) {
  const objects = input.objects();
  const runners = SIZES.map((size) => {
    const { chunks } = bytesOf(objects, size);
    return {
      name: size,
      run: () => {
        for (const chunk of chunks) ours.batch(chunk, now);
      },
    };
  });
  const samples = await inTurns(runners, { events: input.count, rounds, progress: progress("batches of 1 to 500") });
  const batches = table(["Events in a batch", ...SIZES], [["µs an event", ...SIZES.map((size) => figure(median(samples.get(size))))]]);

  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    writeFileSync(join(folder, "config.json"), JSON.stringify(CONFIG));
    const rows = [];
    for (const megabytes of check ? [1] : all ? [1, 10, 100, 1000] : [1, 10, 100]) {
      progress(`a file of ${megabytes} MB`)(0, 1);
      rows.push(fileRow(folder, megabytes, input, now));
    }
    const files = table(["A file, by `send --dry-run`", "Events", "µs of CPU an event", "Resident, MB"], rows);
    return { text: `${batches}\n\n${files}` };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function fileRow(folder, megabytes, { chunks, count }, now) {
  const file = join(folder, "events.ndjson");
  const handle = openSync(file, "w");
  let [bytes, at] = [0, 0];
  while (bytes < megabytes * 1e6) bytes += writeSync(handle, chunks[at++ % chunks.length]);
  closeSync(handle);
  const events = (at * count) / chunks.length;
  const args = ["--import", usage, bin, "send", file, "--dry-run", "--config", join(folder, "config.json"), "--now", new Date(now).toISOString()];
  execFileSync(process.execPath, args, { stdio: "ignore", env: { ...process.env, USAGE_FILE: join(folder, "usage") } });
  const { cpu, resident } = JSON.parse(readFileSync(join(folder, "usage"), "utf8"));
  rmSync(file);
  return [`${megabytes} MB`, events, figure(cpu / events), figure(resident / 1e3)];
}
