// Events, each the JSON bytes of one, as the lines of one input.
const NEWLINE = 0x0a;
const RETURN = 0x0d;
// One byte that is not JSON stands for an event without any, or it would pass for a blank line.
const NOT_JSON = Uint8Array.of(0x2c);

/** Events as lines, one each whatever is in them. */
export function linesOf(events: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const event of events) length += Math.max(event.length, 1) + 1;
  const input = new Uint8Array(length);
  let at = 0;
  for (const event of events) {
    const bytes = event.length > 0 ? event : NOT_JSON;
    input.set(bytes, at);
    // Between values JSON takes both for a blank, within a text neither: one event stays one line, and as valid as before.
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, end + 1)) input[at + end] = RETURN;
    at += bytes.length;
    input[at++] = NEWLINE;
  }
  return input;
}
