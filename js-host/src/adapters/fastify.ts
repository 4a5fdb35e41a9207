// For Fastify: the collector as a plugin, and copies of what an app does.
import { collector as makeCollector, type CollectorOptions } from "./collector.js";
import { copies, type MiddlewareOptions } from "./copies.js";
import { nodeHandler, type NodeRequest, type NodeResponse } from "./node.js";

/** What is used of Fastify's instance by {@link collector}. */
export interface FastifyScope {
  removeAllContentTypeParsers(): void;
  addContentTypeParser(type: string, parse: (request: unknown, payload: unknown, done: (error: null) => void) => void): unknown;
  route(route: {
    method: string[];
    url: string;
    handler: (request: { raw: NodeRequest }, reply: { raw: NodeResponse; hijack(): unknown }) => void;
  }): unknown;
}

/** What is used of Fastify's instance by {@link amazonEvents}. */
export interface FastifyHooks<Req, Reply> {
  addHook(name: "onResponse", hook: (request: Req, reply: Reply, done: () => void) => void): unknown;
}

/**
 * The collector: `app.register(collector({ writeKeys, amazon }))`, with `{ prefix }` where the paths are below a folder.
 * It takes `/v1/*` for POST and OPTIONS.
 *
 * @throws {@link UsageError} for an option that cannot be right
 */
export function collector(options: CollectorOptions): (scope: FastifyScope) => Promise<void> {
  const handle = nodeHandler(makeCollector(options));
  return async (scope) => {
    // In the plugin's own scope: the body stays a stream, whatever its type.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    scope.route({
      method: ["POST", "OPTIONS"],
      url: "/v1/*",
      handler: (request, reply) => {
        reply.hijack();
        void handle(request.raw, reply.raw);
      },
    });
  };
}

/**
 * Sends the events that requests make, after their responses:
 * `app.register(amazonEvents({ amazon, events: (request, reply) => … }))`. It delays no response and breaks none.
 *
 * @throws {@link UsageError} for an option that cannot be right
 */
export function amazonEvents<Req = any, Reply = any>(
  options: MiddlewareOptions<[request: Req, reply: Reply]>,
): (instance: FastifyHooks<Req, Reply>) => Promise<void> {
  const send = copies(options);
  const plugin = async (instance: FastifyHooks<Req, Reply>): Promise<void> => {
    instance.addHook("onResponse", (request, reply, done) => {
      void send(request, reply);
      done();
    });
  };
  // Fastify's word for a plugin whose hooks are for the whole app, and not for its own routes alone.
  return Object.assign(plugin, { [Symbol.for("skip-override")]: true });
}
