// What a Worker's bindings and options make together: clients that share one compiled config and one access token.
import { createAmazonEvents, type AmazonEventsOptions } from "../client.js";
import { PARAMETERS, type ParameterName } from "../connection.js";
import { Transformer } from "../core.js";
import type { EventOutcome } from "../outcome.js";
import { runtimeOf, type Logger, type Runtime } from "../runtime.js";
import { memoryTokenStore, type TokenStore } from "../delivery/tokens.js";

/** The client's options in a Worker. Connection parameters that are not here are the bindings of the same names. */
export interface EnvironmentOptions extends Omit<AmazonEventsOptions, "store" | "flushIntervalMs"> {
  /** Default: warnings, errors and one line for each batch of a queue, on the console. */
  logger?: Logger;
}

/** Options, or a function that makes them of the Worker's bindings, once. */
export type OptionsFor<Env, Options> = Options | ((env: Env) => Options);

/** A log on the console, with the fields as JSON. What is for debugging is left out. */
export const CONSOLE: Logger = {
  debug: () => undefined,
  info: (fields, message) => console.log(line(fields, message)),
  warn: (fields, message) => console.warn(line(fields, message)),
  error: (fields, message) => console.error(line(fields, message)),
};

function line(fields: object, message: string): string {
  const json = JSON.stringify(fields);
  return `amazon-dsp-events: ${message}${json === "{}" ? "" : ` ${json}`}`;
}

/** Computes once for each environment, which a Worker has as many of as isolates. */
export function perEnvironment<Env, Made>(make: (env: Env) => Made): (env: Env) => Made {
  const made = new WeakMap<object, Made>();
  return (env) => {
    if (typeof env !== "object" || env === null) return make(env);
    if (!made.has(env)) made.set(env, make(env));
    return made.get(env) as Made;
  };
}

/** The options for an environment. */
export function optionsFor<Env, Options extends object>(options: OptionsFor<Env, Options>, env: Env): Options {
  return typeof options === "function" ? options(env) : options;
}

/** Sends events with the connection that the bindings and options give. */
export class Environment {
  readonly logger: Logger;
  readonly runtime: Runtime;
  readonly #env: unknown;
  readonly #options: EnvironmentOptions;
  readonly #tokenStore: TokenStore;
  #transformer: Transformer | undefined;

  constructor(env: unknown, options: EnvironmentOptions) {
    const parameters = { ...parametersOf(env), ...options };
    const secrets = PARAMETERS.flatMap(({ name, secret }) => (secret && typeof parameters[name] === "string" ? [parameters[name]] : []));
    this.runtime = runtimeOf({ ...options, logger: options.logger ?? CONSOLE }, secrets);
    this.logger = this.runtime.logger;
    this.#env = env;
    this.#options = options;
    this.#tokenStore = options.tokenStore ?? memoryTokenStore();
  }

  /**
   * Sends events, each the JSON bytes of one, and resolves to the outcome of each, in order, within a time limit: a Worker is
   * ended without a word at its own. A client is made for each call, because no request may wait for another one's.
   *
   * @throws {@link UsageError} for a connection parameter that is missing or cannot be right
   * @throws {@link ConfigError} for a config that cannot be right
   */
  async deliver(events: readonly Uint8Array[], limits: Partial<AmazonEventsOptions> & { readonly deadlineMs: number }): Promise<EventOutcome[]> {
    const { config } = this.#options;
    this.#transformer ??= config instanceof Transformer ? config : new Transformer(config);
    const { deadlineMs, ...own } = limits;
    const client = createAmazonEvents({
      ...own,
      ...parametersOf(this.#env),
      ...this.#options,
      ...("onOutcome" in own && { onOutcome: own.onOutcome }),
      logger: this.logger,
      tokenStore: this.#tokenStore,
      config: this.#transformer,
    });
    const done = new AbortController();
    this.runtime.sleep(deadlineMs, done.signal).then(
      () => client.close({ deadlineMs: 0 }).catch(() => undefined),
      () => undefined,
    );
    try {
      return await client.deliver(events);
    } finally {
      done.abort();
    }
  }
}

function parametersOf(env: unknown): Partial<Record<ParameterName, string>> {
  const bindings = (env ?? {}) as Partial<Record<ParameterName, string>>;
  return Object.fromEntries(PARAMETERS.flatMap(({ name }) => (bindings[name] === undefined ? [] : [[name, bindings[name]]])));
}
