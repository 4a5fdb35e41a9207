// What the collector answers: success, or why not, as JSON.

/** Why a request was not taken. The message holds nothing of what was sent. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The events are taken. */
export function taken(): Response {
  return new Response('{"success":true}', { headers: { "content-type": "application/json" } });
}

/** They are not. */
export function refused({ status, code, message, headers }: Refusal): Response {
  return new Response(JSON.stringify({ success: false, code, message }), {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}
