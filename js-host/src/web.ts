// The web's types that our declarations name, as the project has them that reads these: from its DOM, from its runtime's types or
// Node's. Where it has none of them, each is an object of which nothing is known, and the declarations compile all the same.

/** An instance of the global class of that name. */
type InstanceOf<Name extends string> = typeof globalThis extends { [Key in Name]: { prototype: infer Instance } } ? Instance : object;

/** The web's `Request`. */
export type Request = InstanceOf<"Request">;
/** The web's `Response`. */
export type Response = InstanceOf<"Response">;
/** The web's `AbortSignal`; by the request's, for Cloudflare's types declare a class, and `globalThis` has no classes. */
export type AbortSignal = Request extends { readonly signal: infer Signal } ? Signal : object;
/** What `fetch` is told besides the address. */
export type RequestInit = typeof globalThis extends { fetch: (input: any, init?: infer Init) => unknown } ? NonNullable<Init> : object;
