// Events, each the JSON bytes of one, as the lines of one input.
const NEWLINE = 0x0a;
const RETURN = 0x0d;
// What is not JSON stands for an event of nothing but blanks, or it would pass for a blank line, which is no event.
const NOT_JSON = ",";
const NOT_JSON_BYTES = new TextEncoder().encode(NOT_JSON);
// A mark of UTF-8 in front of the first line is passed over.
const MARK = [0xef, 0xbb, 0xbf];

/** Events as lines, one each whatever is in them. */
export function linesOf(events: readonly Uint8Array[]): Uint8Array {
  const lines = events.map((event) => (isBlank(event) ? NOT_JSON_BYTES : event));
  let length = 0;
  for (const bytes of lines) length += bytes.length + 1;
  const input = new Uint8Array(length);
  let at = 0;
  for (const bytes of lines) {
    input.set(bytes, at);
    // Between values JSON takes both for a blank, within a text neither: one event stays one line, and as valid as before.
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, end + 1)) input[at + end] = RETURN;
    at += bytes.length;
    input[at++] = NEWLINE;
  }
  return input;
}

/** As {@link linesOf}, of JSON texts as `JSON.stringify` makes them. */
export function linesOfTexts(events: readonly string[]): string {
  return events.map((event) => `${event || NOT_JSON}\n`).join("");
}

/** Whether the core would take these bytes for an empty line. */
function isBlank(bytes: Uint8Array): boolean {
  const start = MARK.every((byte, at) => bytes[at] === byte) ? MARK.length : 0;
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte !== 0x20 && byte !== 0x0c && !(byte >= 0x09 && byte <= NEWLINE) && byte !== RETURN) return false;
  }
  return true;
}
