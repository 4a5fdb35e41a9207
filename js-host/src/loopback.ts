// Who may speak to a server on loopback: programs of this machine, and no page of the web, not even one whose name was made
// to lead here.

/** Whether a host, with or without a port, is this machine's alone. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}

/**
 * Whether a request comes from a page of the web, or through a name that is not this machine's. Browsers tell both, in headers
 * that a page cannot set; other programs have no reason to lie.
 *
 * @param mayCome - origins that are let in all the same
 */
export function isForeign(
  headers: { readonly host?: string | undefined; readonly origin?: string | undefined },
  mayCome: readonly string[] = [],
): boolean {
  const { host, origin } = headers;
  if (host !== undefined && !isLoopback(host)) return true;
  return origin !== undefined && !mayCome.includes(origin) && !mayCome.includes("*") && !isLoopback(origin.replace(/^https?:\/\//i, ""));
}
