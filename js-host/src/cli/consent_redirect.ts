// What comes back when a user has consented: Amazon's redirect, taken on a loopback port or pasted, and held against the
// `state` that was sent.
import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { createInterface } from "node:readline";

import { messageOf } from "../errors.js";
import { redact, said } from "../redact.js";
import { CommandError } from "./errors.js";

/** What came back. */
export interface Redirect {
  readonly query: URLSearchParams;
  /** A code that was pasted has no `state` with it: whoever pastes it says where it is from. */
  readonly isCodeAlone: boolean;
}

/** Where the code comes in. */
export interface Callback {
  /** The return URL, which Amazon must know. */
  readonly redirectUri: string;
  readonly redirect: Promise<Redirect>;
  readonly close: () => void;
}

const PAGE = { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store", Connection: "close" };

/**
 * Listens on loopback for a redirect. `localhost` may mean either family of addresses, so both are listened to.
 *
 * @param port - 0 takes a free one
 * @throws {@link CommandError} if another program has the port
 */
export async function listenForRedirect(port: number, path = "/callback"): Promise<Callback> {
  let took!: (redirect: Redirect) => void;
  const redirect = new Promise<Redirect>((resolve) => {
    took = resolve;
  });
  const serve = (): Server =>
    createServer((request, response) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      if (request.method !== "GET" || url.pathname !== path) return void response.writeHead(404, PAGE).end("There is nothing here.\n");
      response.writeHead(200, PAGE).end("amazon-dsp-events has its answer; the terminal says how it ended. You may close this window.\n");
      took({ query: url.searchParams, isCodeAlone: false });
    });
  const first = serve();
  await listen(first, port, "127.0.0.1");
  const own = (first.address() as AddressInfo).port;
  const second = serve();
  const servers = [first, second];
  try {
    await listen(second, own, "::1");
  } catch (error) {
    servers.pop();
    // Without that family of addresses nobody can be there. Another program there would get the code.
    if (error instanceof CommandError) {
      first.close();
      throw error;
    }
  }
  return {
    redirectUri: `http://localhost:${own}${path}`,
    redirect,
    close: () => {
      for (const server of servers) {
        server.close();
        server.closeIdleConnections();
      }
    },
  };
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE" || error.code === "EACCES") {
        const why = error.code === "EACCES" ? "permission denied" : "another program listens there";
        reject(
          new CommandError(
            2,
            `cannot listen on port ${port} for Amazon's redirect: ${why}. Choose another with --port, and enter ` +
              "http://localhost:PORT/callback with it among the Allowed Return URLs (developer.amazon.com > Login with Amazon > your " +
              "security profile > Web Settings); or use --no-browser",
          ),
        );
      } else if (host === "127.0.0.1") reject(new CommandError(2, `cannot listen on port ${port} for Amazon's redirect: ${messageOf(error)}`));
      else reject(error);
    });
    server.listen(port, host, () => resolve());
  });
}

/** The first line of standard input that is not empty, as a redirect: the whole address, or the code alone. */
export function pastedRedirect(prompt: string): Promise<Redirect> {
  return new Promise((resolve, reject) => {
    const isTerminal = process.stdin.isTTY === true;
    const lines = createInterface({ input: process.stdin, ...(isTerminal && { output: process.stderr }) });
    lines.setPrompt(prompt);
    if (isTerminal) lines.prompt();
    lines.on("line", (line) => {
      const text = line.trim().replace(/^["'<]|["'>]$/g, "");
      if (text === "") return;
      resolve(redirectOf(text));
      lines.close();
    });
    lines.on("SIGINT", () => {
      process.stderr.write("\n");
      process.exit(130);
    });
    lines.on("close", () => reject(new CommandError(2, "no address and no code came on standard input: paste what the browser's address bar shows")));
  });
}

function redirectOf(text: string): Redirect {
  if (/^https?:/i.test(text) && URL.canParse(text)) return { query: new URL(text).searchParams, isCodeAlone: false };
  if (/^\?|(^|&)(code|error|state)=/.test(text)) return { query: new URLSearchParams(text), isCodeAlone: false };
  return { query: new URLSearchParams({ code: text }), isCodeAlone: true };
}

/**
 * The code of a redirect.
 *
 * @throws {@link CommandError} if the user did not consent, Amazon refused, or the redirect is not of this login
 */
export function codeOf({ query, isCodeAlone }: Redirect, state: string): string {
  const code = query.get("code");
  if (!isCodeAlone && !isSame(query.get("state") ?? "", state)) {
    throw new CommandError(
      1,
      "the redirect is not of this login: its `state` is another one or missing. Nothing of it was used. Run `login` again, and " +
        "consent at the address that it shows",
    );
  }
  const error = query.get("error");
  if (error !== null) throw refusal(error, query.get("error_description") ?? "");
  if (code === null || !/^[\x21-\x7e]{1,2048}$/.test(code)) {
    throw new CommandError(1, "the redirect has neither a code nor an error: paste the whole address, from http to its end");
  }
  return code;
}

function refusal(error: string, description: string): CommandError {
  const words = redact(said(`${error}${description && `: ${description}`}`.slice(0, 300)));
  switch (error) {
    case "access_denied":
      return new CommandError(1, `the user did not consent (${words}). Run \`login\` again and choose Allow`);
    case "invalid_scope":
    case "unauthorized_client":
      return new CommandError(
        2,
        `Amazon does not let CLIENT_ID ask for advertising::campaign_management (${words}). The application must be approved for the ` +
          "Amazon Ads API: advertising.amazon.com > Amazon Ads API > Apply for access, with the security profile of CLIENT_ID",
      );
    default:
      return new CommandError(1, `Amazon did not give a code (${words}). Run \`login\` again`);
  }
}

/** Equal, in a time that does not tell how much of it is. */
function isSame(a: string, b: string): boolean {
  const sum = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(sum(a), sum(b));
}
