// The demo: a shop's day goes through the command line's `send` to a stand-in for Amazon on loopback, and one of its
// events is shown beside the Amazon event that was made from it.
import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { Transformer, type AnalyticsEvent, type Config } from "amazon-dsp-events";
import { startMock } from "amazon-dsp-events/mock";

// The day after the file's day: later, most of its events would be too old to send.
const NOW = "2026-11-21T00:00:00Z";

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
const events = path("../../examples/events.ndjson");
const config = path("../../examples/amazon-dsp-events.json");

const amazon = await startMock({ now: Date.parse(NOW), latencyMs: 150 });
// The first request meets a fault that passes, as it happens in life.
amazon.script({ kind: "status", status: 503 });

say(`A stand-in for Amazon listens at ${amazon.url}. Sending examples/events.ndjson to it:\n`);
const exitCode = await new Promise<number>((resolve, reject) => {
  const child = spawn(
    process.execPath,
    [path("../bin/amazon-dsp-events.js"), "send", events, "--config", config, "--now", NOW],
    { env: { ...process.env, ...amazon.parameters }, stdio: ["ignore", "inherit", "inherit"] },
  );
  child.once("error", reject).once("exit", (code) => resolve(code ?? 1));
});

const transformer = new Transformer(JSON.parse(await readFile(config, "utf8")) as Config);
for (const line of (await readFile(events, "utf8")).split("\n")) {
  const event = read(line);
  if (event?.event !== "Order Completed") continue;
  const made = transformer.transform(event, Date.parse(NOW));
  if (!made?.currencyCode) continue;
  say("One of the shop's events, and the Amazon event made from it:\n");
  say(beside(JSON.stringify(event, null, 2), JSON.stringify(made, null, 2), process.stdout.columns || 160));
  break;
}

const { accepted, eventRequests } = amazon.stats();
say(`\nThe stand-in took ${accepted.toLocaleString("en-US")} events in ${eventRequests} requests.`);
await amazon.close();
process.exit(exitCode);

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function read(line: string): AnalyticsEvent | undefined {
  try {
    const json: unknown = JSON.parse(line);
    return typeof json === "object" && json !== null ? (json as AnalyticsEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** Two texts side by side, or one below the other where there is no room. */
function beside(left: string, right: string, width: number): string {
  const half = Math.floor((width - 3) / 2);
  if (half < 50) return `${left}\n\n      becomes\n\n${right}`;
  const [a, b] = [left, right].map((text) => text.split("\n").flatMap((line) => folded(line, half)));
  if (!a || !b) return "";
  return Array.from({ length: Math.max(a.length, b.length) }, (_, row) => `${(a[row] ?? "").padEnd(half)} │ ${b[row] ?? ""}`.trimEnd()).join("\n");
}

function folded(line: string, width: number): string[] {
  const rows: string[] = [];
  for (let at = 0; at === 0 || at < line.length; at += width) rows.push(line.slice(at, at + width));
  return rows;
}
