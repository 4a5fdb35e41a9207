// The one place that takes secrets, raw identifiers and what moves a terminal out of texts that people or logs will see.

const PATTERNS: readonly [RegExp, string][] = [
  // Amazon's tokens, codes and client secrets, wherever they stand.
  [/\bAt[nz][ar](?:\||%7C)[\w.~+/=|%-]+/gi, "[token]"],
  [/\bamzn1\.oa2-cs\.[\w.-]+/gi, "[secret]"],
  [/\bBearer\s+[^\s"',;]+/gi, "Bearer [token]"],
  [/[^\s"'<>(),;:=]+(?:@|%40)[^\s"'<>(),;:]+\.[a-z]{2,}/gi, "[address]"],
  [/\b(?:\d{1,3}\.){3}\d{1,3}\b(?!:\d)/g, "[ip]"],
  [/(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}(?![\w:])/gi, "[ip]"],
  // With `::` for the groups that are zero.
  [/(?<![\w:])(?:[0-9a-f]{1,4}:){1,7}:(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){0,6})?(?![\w:])/gi, "[ip]"],
  [/\+\d[\d ().-]{6,}\d/g, "[phone]"],
  // Without a `+` only in groups: a number may be anything.
  [/(?<![\w-])(?:1[ .-])?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])/g, "[phone]"],
];

// Control characters but for tab and line feed, and those that turn the direction of what follows.
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const MAX_SAID = 1000;

/**
 * A text that a terminal only shows, whatever is in it: control characters are written as JSON writes them, so that JSON stays
 * the same data.
 */
export function visible(text: string): string {
  return text.replace(UNSEEN, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** What another server says, as a part of a sentence: in one line, and no longer than anybody would read. */
export function said(text: string): string {
  const line = text.replace(/[\p{Cc}\s]+/gu, " ").trim();
  return line.length > MAX_SAID ? `${line.slice(0, MAX_SAID)}…` : line;
}

/**
 * A text without what must not be shown, and {@link visible}.
 *
 * @param secrets - exact texts that must not appear, such as the refresh token
 */
export function redact(text: string, secrets: readonly string[] = []): string {
  let clean = text;
  for (const secret of secrets) {
    // A shorter text is no secret, and would cut holes in ordinary words.
    if (secret.length < 4) continue;
    // In a form, or in a URL, it is written otherwise.
    for (const text of new Set([secret, encodeURIComponent(secret)])) clean = clean.replaceAll(text, "[secret]");
  }
  for (const [pattern, replacement] of PATTERNS) clean = clean.replace(pattern, replacement);
  return visible(clean);
}
