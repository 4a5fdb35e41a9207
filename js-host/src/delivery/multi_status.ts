// Reads the 207 body: what became of each event of a request, by index. Lenient in form, strict in what counts as sent.
import { isObject } from "../json.js";
import { said } from "../redact.js";
import { isPassingCode } from "./retry.js";

/** What the body says about one event. */
export type ItemResult =
  | { readonly result: "accepted" }
  | { readonly result: "rejected"; readonly code: string; readonly message: string }
  | { readonly result: "retry"; readonly code: string; readonly message: string };

const MISSING: ItemResult = { result: "retry", code: "MISSING_INDEX", message: "the reply says nothing about this event" };
const ACCEPTED: ItemResult = { result: "accepted" };

/**
 * One result for each event of a request.
 *
 * An index in neither list is to be tried again (safe, for the event id is the same). One in both lists counts as an
 * error: what Amazon refused is never counted as sent.
 *
 * @param count - how many events the request had
 * @returns undefined if the body is no multi-status, so that nothing is known of any event
 */
export function readMultiStatus(body: string, count: number): ItemResult[] | undefined {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const { success, error } = json as { success?: unknown; error?: unknown };
  if (success == null && error == null) return undefined;
  const [sent, refused] = [success ?? [], error ?? []];
  if (!Array.isArray(sent) || !Array.isArray(refused)) return undefined;

  const results: ItemResult[] = new Array<ItemResult>(count).fill(MISSING);
  for (const item of sent as unknown[]) {
    const index = indexOf(item, count);
    if (index !== undefined) results[index] = ACCEPTED;
  }
  for (const item of refused as unknown[]) {
    const index = indexOf(item, count);
    if (index !== undefined) results[index] = errorOf(item);
  }
  return results;
}

/** Amazon's code and message of a whole reply, as far as it has them. */
export function readProblem(body: string): { code?: string; message?: string } {
  try {
    const json: unknown = JSON.parse(body);
    if (!isObject(json)) return {};
    const { code, message, details } = json as Record<string, unknown>;
    const words = typeof message === "string" ? message : details;
    return {
      ...(typeof code === "string" && { code: said(code) }),
      ...(typeof words === "string" && { message: said(words) }),
    };
  } catch {
    return {};
  }
}

function errorOf(item: unknown): ItemResult {
  const { errors } = item as { errors?: unknown };
  const causes = (Array.isArray(errors) ? (errors as unknown[]) : []).filter(isObject).map((cause) => {
    const { code, message } = cause as Record<string, unknown>;
    return {
      code: typeof code === "string" && code !== "" ? said(code) : "UNKNOWN",
      message: typeof message === "string" ? said(message) : "",
    };
  });
  const permanent = causes.find((cause) => !isPassingCode(cause.code));
  if (permanent) return { result: "rejected", ...permanent };
  const [passing] = causes;
  if (passing) return { result: "retry", ...passing };
  return { result: "rejected", code: "UNKNOWN", message: "Amazon gave no reason" };
}

function indexOf(item: unknown, count: number): number | undefined {
  if (!isObject(item)) return undefined;
  const { index } = item as { index?: unknown };
  return typeof index === "number" && Number.isInteger(index) && index >= 0 && index < count ? index : undefined;
}

