// What is shown, as something to copy: a command, a program, a link. Each gives the same result elsewhere.
import { compact, readJson } from "./json.js";

/** What is shown. */
export interface Shown {
  readonly event: string;
  readonly config: string;
  /** Epoch milliseconds of the mapping. */
  readonly now: number;
}

/** A shell command that maps the event by the config; undefined while one of them is not there. */
export function commandOf({ event, config, now }: Shown): string | undefined {
  const json = readJson(config);
  if (event.trim() === "" || (config.trim() !== "" && json.root === undefined)) return undefined;
  const instant = new Date(now).toISOString();
  const lines: string[] = [];
  const hasConfig = config.trim() !== "" && compact(json) !== "{}";
  if (hasConfig) lines.push("cat > playground-config.json <<'CONFIG'", config.trim(), "CONFIG");
  lines.push(`amazon-dsp-events transform${hasConfig ? " --config playground-config.json" : ""} --now ${instant} <<'EVENT'`, lineOf(event), "EVENT");
  return lines.join("\n");
}

/** The event on one line, and as right or wrong as it was. */
function lineOf(event: string): string {
  const json = readJson(event.trim());
  // A tab is as wrong within a text as a line's end, and as good between values.
  const line = json.root ? compact(json) : json.text.replaceAll(/[\r\n]/gu, "\t");
  // What begins with a bracket would be taken for a list of events.
  return line.startsWith("[") ? `[${line}]` : line;
}

/** A JavaScript program that maps the event by the config; undefined while one of them is not there. */
export function programOf({ event, config, now }: Shown): string | undefined {
  const json = readJson(event.trim());
  const settings = readJson(config.trim() || "{}");
  if (event.trim() === "" || settings.root === undefined) return undefined;
  const isLiteral = json.root !== undefined && !event.includes("__proto__") && compact(json) === JSON.stringify(JSON.parse(json.text));
  return `import { Transformer } from "amazon-dsp-events/core";

const config = ${settings.text};
const now = Date.parse("${new Date(now).toISOString()}");
const transformer = new Transformer(config);
${
  isLiteral
    ? `
const event = ${json.text};
const outcome = transformer.evaluate(event, now);
`
    : `
// As text: what is in it would not survive being read by JavaScript.
const event = ${JSON.stringify(json.text)};
const outcome = JSON.parse(transformer.evaluateJson(new TextEncoder().encode(event), now));
`
}
console.log(JSON.stringify(outcome, null, 2));
`;
}

/** What is shown as the fragment of a link, which browsers send to nobody. */
export function fragmentOf({ event, config, now }: Shown): string {
  const short = (text: string): string => {
    const json = readJson(text);
    return json.root ? compact(json) : text;
  };
  return `#${new URLSearchParams({ event: short(event), config: short(config), now: new Date(now).toISOString() }).toString()}`;
}

/** What a fragment holds; undefined for any other. */
export function readFragment(fragment: string): { readonly event: string; readonly config: string; readonly now: string } | undefined {
  const fields = new URLSearchParams(fragment.replace(/^#/u, ""));
  const event = fields.get("event");
  if (event === null) return undefined;
  return { event, config: fields.get("config") ?? "{}", now: fields.get("now") ?? "" };
}
