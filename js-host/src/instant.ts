// An instant as a person writes it.

/** The epoch milliseconds of an ISO 8601 date or instant; undefined if it is none. */
export function parseInstant(text: string): number | undefined {
  const parts = /^(\d{4}-\d{2}-\d{2})(?:[T ]([\d:.]+)(Z|[+-]\d{2}:?\d{2})?)?$/i.exec(text);
  // Without an offset it is UTC, as in events, and not whatever the machine's zone is.
  const millis = parts ? Date.parse(`${parts[1]}T${parts[2] ?? "00:00"}${parts[3] ?? "Z"}`) : Number.NaN;
  return Number.isNaN(millis) ? undefined : millis;
}
