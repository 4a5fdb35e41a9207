// One HTTP request and its reply, within a time limit. Knows nothing of events or tokens.
import { messageOf } from "../errors.js";
import { ENDED, type Runtime } from "../runtime.js";
import { textOf } from "./reply_body.js";

/** A reply that was read to its end. */
export interface Reply {
  readonly status: number;
  readonly body: string;
  readonly retryAfter: string | null;
}

/** No reply: the network failed, the time limit passed, or the body broke off. */
export interface NoReply {
  readonly status: 0;
  readonly problem: string;
}

/** What to send. */
export interface Post {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array<ArrayBuffer> | string;
  /** From the first byte sent to the last byte read. Milliseconds. */
  readonly timeoutMs: number;
  /** Gives the request up. */
  readonly signal?: AbortSignal | undefined;
}

/** Posts, and reads the reply. Never throws: a request that fails is an answer too. Never outlives its limit or its signal. */
export async function post(runtime: Runtime, request: Post): Promise<Reply | NoReply> {
  const control = new AbortController();
  const forward = (): void => control.abort(request.signal?.reason);
  if (request.signal?.aborted) return { status: 0, problem: "interrupted" };
  request.signal?.addEventListener("abort", forward, { once: true });
  const timer = new AbortController();
  let timedOut = false;
  // A fetch that does not heed its signal must not hold anybody up.
  const ended = new Promise<undefined>((resolve) => {
    control.signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  runtime.sleep(request.timeoutMs, timer.signal).then(
    () => {
      timedOut = true;
      control.abort();
    },
    () => undefined,
  );
  const interruption = (): string => (timedOut ? `no reply within ${request.timeoutMs / 1000} s` : "interrupted");
  const exchange = async (): Promise<Reply> => {
    const response = await runtime.fetch(request.url, {
      method: "POST",
      headers: request.headers,
      body: request.body,
      // A redirect would carry the credentials to another host.
      redirect: "manual",
      signal: control.signal,
    });
    const body = await textOf(response);
    // Browsers hide a redirect they did not follow behind status 0.
    const status = response.type === "opaqueredirect" ? 302 : response.status;
    return { status, body, retryAfter: response.headers.get("retry-after") };
  };
  try {
    const reply = await Promise.race([exchange(), ended]);
    return reply ?? { status: 0, problem: interruption() };
  } catch (error) {
    return { status: 0, problem: control.signal.aborted ? interruption() : networkProblem(error) };
  } finally {
    timer.abort(ENDED);
    request.signal?.removeEventListener("abort", forward);
  }
}

/** What a `fetch` that failed has to say: `fetch failed` says nothing, the cause does. */
export function networkProblem(error: unknown): string {
  const cause = error instanceof Error && error.cause != null ? error.cause : error;
  // Anything may be thrown, also nothing.
  const code = (cause as { code?: unknown } | null | undefined)?.code;
  const message = messageOf(cause);
  return typeof code === "string" && !message.includes(code) ? `${code} ${message}`.trim() : message;
}
