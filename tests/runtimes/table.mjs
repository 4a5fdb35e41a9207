// Runs the fixture table through a module that has `Transformer`; the same code in every runtime. Answers one line of
// outcome JSON per case, so that runtimes can be compared byte by byte.

/** The table's default instant. */
const NOW = "2026-11-21T00:00:00Z";

/** The text of a case: its event as JSON, or its raw text, perhaps in pieces. */
const textOf = ({ event, text }) => {
  if (text === undefined) return JSON.stringify(event);
  return [text].flat().map((piece) => (typeof piece === "string" ? piece : piece.repeat.repeat(piece.times))).join("");
};

export function run(Transformer, cases) {
  const encoder = new TextEncoder();
  return cases.map((one) => {
    try {
      return new Transformer(one.config).evaluateJson(encoder.encode(textOf(one)), Date.parse(one.now ?? NOW));
    } catch (error) {
      return JSON.stringify({ configError: { path: error.path, name: error.name } });
    }
  });
}
