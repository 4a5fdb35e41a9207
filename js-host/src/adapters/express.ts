// For Express: the collector as a middleware, and copies of what an app does.
import { collector as makeCollector, isCollectorPath, type CollectorOptions } from "./collector.js";
import { copies, type MiddlewareOptions } from "./copies.js";
import { nodeHandler, type NodeRequest, type NodeResponse } from "./node.js";

type Next = () => void;

/**
 * The collector: `app.use(collector({ writeKeys, amazon }))`. Paths that are not for events are left to the app. It may
 * stand before or after `express.json()`, whose own limit (100 KB) holds in the second case.
 *
 * @throws {@link UsageError} for an option that cannot be right
 */
export function collector(options: CollectorOptions): (request: NodeRequest, response: NodeResponse, next: Next) => void {
  const handle = nodeHandler(makeCollector(options));
  return (request, response, next) => {
    if (isCollectorPath((request.url ?? "").split("?", 1)[0] ?? "")) void handle(request, response);
    else next();
  };
}

/**
 * Sends the events that requests make, after their responses: `app.use(amazonEvents({ amazon, events: (req, res) => … }))`.
 * It delays no response and breaks none. A response that was cut off makes no event.
 *
 * @throws {@link UsageError} for an option that cannot be right
 */
export function amazonEvents<Req extends object = any, Res extends { on(event: "finish", listener: () => void): unknown } = any>(
  options: MiddlewareOptions<[request: Req, response: Res]>,
): (request: Req, response: Res, next: Next) => void {
  const send = copies(options);
  return (request, response, next) => {
    response.on("finish", () => void send(request, response));
    next();
  };
}
