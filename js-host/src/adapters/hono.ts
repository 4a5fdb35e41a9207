// For Hono, on every runtime that it runs on: the collector as a handler, and copies of what an app does.
import { collector as makeCollector, isCollectorPath, type CollectorOptions, type RequestContext } from "./collector.js";
import type { Request, Response } from "../web.js";
import { copies, type MiddlewareOptions } from "./copies.js";

/** What is used of Hono's `Context`. */
export interface HonoContext {
  readonly req: { readonly raw: Request; readonly path: string; arrayBuffer(): Promise<ArrayBuffer> };
  /** Throws where there is none. */
  readonly executionCtx: { waitUntil(work: Promise<unknown>): void };
}

type Next = () => Promise<void>;

/** What {@link collector} takes. */
export interface HonoCollectorOptions<C extends HonoContext> extends CollectorOptions {
  /** The other end of the connection, such as `getConnInfo(c).remote.address`. Default: nobody knows. */
  ip?: (context: C) => string | undefined;
}

/**
 * The collector: `app.use(collector({ writeKeys, amazon }))`. Paths that are not for events are left to the app.
 *
 * @throws {@link UsageError} for an option that cannot be right
 */
export function collector<C extends HonoContext>(options: HonoCollectorOptions<C>): (context: C, next: Next) => Promise<Response | void> {
  const handle = makeCollector(options);
  return async (context, next) => {
    const { req } = context;
    if (!isCollectorPath(req.path)) return next();
    // Hono remembers a body that somebody has read before; the request itself does not.
    const { method, headers, url, bodyUsed } = req.raw;
    const request = bodyUsed ? new Request(url, { method, headers, body: await req.arrayBuffer() }) : req.raw;
    return handle(request, { ip: options.ip?.(context), waitUntil: (work) => keep(context, work) } satisfies RequestContext);
  };
}

/**
 * Sends the events that requests make, after their responses: `app.use(amazonEvents({ amazon, events: (c) => … }))`. It
 * delays no response and breaks none. Where nothing outlives a request (Cloudflare Workers), give a `queue` and not `amazon`.
 *
 * @throws {@link UsageError} for an option that cannot be right
 */
export function amazonEvents<C extends HonoContext = any>(options: MiddlewareOptions<[context: C]>): (context: C, next: Next) => Promise<void> {
  const send = copies(options);
  return async (context, next) => {
    await next();
    // One turn of the event loop later, so that the response goes first.
    keep(context, new Promise<void>((resolve) => setTimeout(resolve, 0)).then(() => send(context)));
  };
}

/** Where the runtime ends with the response, it is asked to wait. */
function keep(context: HonoContext, work: Promise<unknown>): void {
  try {
    context.executionCtx.waitUntil(work);
  } catch {
    // Hono throws where the runtime has nothing of the kind, and there the work goes on by itself.
  }
}
