// What somebody may have meant: the known word nearest to the one that was typed.

/**
 * The known word nearest to what was typed, if it is near enough to be a slip.
 *
 * @param most - the letters that may be wrong; two in the wrong order are two
 */
export function nearest(typed: string, known: readonly string[], most = Math.max(typed.length > 3 ? 2 : 1, Math.floor(typed.length / 3))): string | undefined {
  let best: string | undefined;
  let least = most + 1;
  for (const word of known) {
    const steps = distance(typed.toLowerCase(), word.toLowerCase());
    if (steps < least) [best, least] = [word, steps];
  }
  return best;
}

/** Levenshtein: how many letters must be put in, left out or changed. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
