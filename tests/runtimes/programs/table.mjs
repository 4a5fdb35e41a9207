// The fixture table through the core. One line per case: the outcome and the trace, as the core wrote them, so that
// runtimes can be compared byte by byte.
import { Transformer } from "amazon-dsp-events/core";

/** The table's default instant. */
const NOW = "2026-11-21T00:00:00Z";

/** The text of a case: its event as JSON, or its raw text, perhaps in pieces. */
function textOf({ event, text }) {
  if (text === undefined) return JSON.stringify(event);
  return [text].flat().map((piece) => (typeof piece === "string" ? piece : piece.repeat.repeat(piece.times))).join("");
}

export function run(cases) {
  const encoder = new TextEncoder();
  return cases.map((one) => {
    try {
      const transformer = new Transformer(one.config);
      const now = Date.parse(one.now ?? NOW);
      const bytes = encoder.encode(textOf(one));
      return `${transformer.evaluateJson(bytes, now)}\t${transformer.explainJson(bytes, now)}`;
    } catch (error) {
      return JSON.stringify({ configError: { path: error.path, name: error.name } });
    }
  });
}
