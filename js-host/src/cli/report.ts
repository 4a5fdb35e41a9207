// What became of all events of a job: counted as it happens, told as one JSON object or to a person.
import type { DropReason } from "../core.js";
import { redact } from "../redact.js";

/** The report; see `--report`. */
export interface Report {
  events: number;
  mapped: number;
  dropped: Partial<Record<DropReason, number>>;
  accepted: number;
  rejected: number;
  deadLettered: number;
  undelivered: number;
  requests: number;
  retriedRequests: number;
  tokenRefreshes: number;
  durationMs: number;
  rejections: { eventId: string; code: string; message: string }[];
  deadLetters: { eventId: string; reason: string; attempts: number }[];
}

/** What can be said before anything has happened. */
export function emptyReport(): Report {
  return {
    events: 0,
    mapped: 0,
    dropped: {},
    accepted: 0,
    rejected: 0,
    deadLettered: 0,
    undelivered: 0,
    requests: 0,
    retriedRequests: 0,
    tokenRefreshes: 0,
    durationMs: 0,
    rejections: [],
    deadLetters: [],
  };
}

const number = (value: number): string => value.toLocaleString("en-US");

/** A time as a person says it. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** The report for a person. */
export function tell(report: Report, options: { readonly dryRun: boolean }): string {
  const lines: string[] = [];
  const line = (label: string, value: number, note = ""): void => {
    lines.push(`  ${label.padEnd(22)}${number(value).padStart(10)}${note && `   ${note}`}`);
  };
  line("events in", report.events);
  line("mapped", report.mapped);
  const dropped = Object.entries(report.dropped).sort(([, a], [, b]) => b - a);
  line(
    "dropped",
    dropped.reduce((sum, [, count]) => sum + count, 0),
  );
  for (const [reason, count] of dropped) line(`  ${reason}`, count);
  if (report.events > 0 && report.dropped.invalid_event === report.events) {
    lines.push("", "  none of them is an event: one JSON object a line, or one list of them, is expected. `coverage` says what they are");
  }
  if (options.dryRun) {
    lines.push("", "  dry run: nothing was sent");
    return lines.join("\n");
  }
  line("accepted", report.accepted);
  line("rejected", report.rejected);
  line("dead-lettered", report.deadLettered);
  line("undelivered", report.undelivered);
  line("requests", report.requests, `${number(report.retriedRequests)} of them retried`);
  line("token refreshes", report.tokenRefreshes);
  lines.push(`  ${"time".padEnd(22)}${duration(report.durationMs).padStart(10)}`);
  lines.push(...top("rejections", report.rejections, ({ code, message }) => `${code}: ${redact(message)}`));
  lines.push(...top("dead letters", report.deadLetters, ({ reason, attempts }) => `${reason} after ${attempts} attempts`));
  return lines.join("\n");
}

function top<T extends { eventId: string }>(title: string, all: readonly T[], words: (one: T) => string): string[] {
  if (all.length === 0) return [];
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = words(one);
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  const most = [...groups].sort(([, a], [, b]) => b.length - a.length).slice(0, 5);
  return [
    "",
    `  ${title}`,
    ...most.map(([key, group]) => {
      const ids = group.slice(0, 3).map(({ eventId }) => redact(eventId));
      return `  ${number(group.length).padStart(8)} × ${key} (${ids.join(", ")}${group.length > 3 ? ", …" : ""})`;
    }),
  ];
}
