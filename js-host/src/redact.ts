// The one place that takes secrets and raw identifiers out of texts that people or logs will see.

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

/**
 * A text without what must not be shown.
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
  return clean;
}
