// One HTTP request of the set-up commands and its answer, tried again where that may help.
import { textOf } from "../delivery/reply_body.js";
import { DEFAULT_RETRY, waitBefore } from "../delivery/retry.js";
import { said } from "../redact.js";
import { runtimeOf, type Fetch } from "../runtime.js";
import { networkProblem } from "../delivery/transport.js";

/** A request. */
export interface Request {
  readonly url: string;
  readonly method?: "GET" | "POST";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds. */
  readonly timeoutMs: number;
  /** How often it is tried while nothing useful comes. Default 3. */
  readonly attempts?: number;
}

/** An answer; `status` 0: none came. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  /** Why no answer came. */
  readonly problem?: string;
}

/** Asks. Never throws; redirects are not followed, which would carry credentials to another host. */
export async function ask(fetch: Fetch, request: Request): Promise<Answer> {
  const { url, method = "GET", headers = {}, body, timeoutMs, attempts = 3 } = request;
  const { sleep, random } = runtimeOf({});
  for (let attempt = 1; ; attempt++) {
    let answer: Answer;
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(url, { method, headers, redirect: "manual", signal, ...(body !== undefined && { body }) });
      answer = { status: response.status, body: await textOf(response) };
    } catch (error) {
      answer = { status: 0, body: "", problem: signal.aborted ? `no reply within ${timeoutMs / 1000} s` : networkProblem(error) };
    }
    const mayPass = answer.status === 0 || answer.status === 429 || answer.status >= 500;
    if (!mayPass || attempt >= attempts) return answer;
    await sleep(waitBefore(DEFAULT_RETRY, random, attempt, undefined));
  }
}

/** The fields of a JSON object; none if it is no such thing. */
export function fieldsOf(body: string): Record<string, unknown> {
  try {
    const json: unknown = JSON.parse(body);
    return typeof json === "object" && json !== null && !Array.isArray(json) ? (json as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** `HTTP 403 FORBIDDEN: no such profile`, as far as an answer says so. */
export function answerInWords({ status, body, problem }: Answer): string {
  if (status === 0) return problem ?? "no reply";
  const fields = fieldsOf(body);
  const first = (...names: readonly string[]): string | undefined =>
    names.map((name) => fields[name]).find((value): value is string => typeof value === "string" && value !== "");
  const code = first("error", "code");
  const words = first("error_description", "message", "details");
  return said(`HTTP ${status}${code === undefined ? "" : ` ${code}`}${words === undefined ? "" : `: ${words}`}`);
}
