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
  return json(200, '{"success":true}');
}

/** They are not. */
export function refused({ status, code, message, headers }: Refusal): Response {
  return json(status, JSON.stringify({ success: false, code, message }), headers);
}

/** With its length, or it would go in two pieces. All of it is ASCII. */
function json(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(text, { status, headers: { "content-type": "application/json", "content-length": String(text.length), ...headers } });
}
