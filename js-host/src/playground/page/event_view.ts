// What becomes of one event, and why: the outcome, Amazon's event, the consent, and every input that was looked at.
import { DETAILS, NOTES, REASONS, UNUSABLES } from "../../words.js";
import type { Outcome, Trace, Tried } from "./core.js";
import { byId, copyButton, counted, dotted, make, prose } from "./dom.js";
import type { Editor } from "./editor.js";
import { coloured, lightUp, type Mark } from "./highlight.js";
import { find, pretty, readJson, type Json, type Node as Place } from "./json.js";

/** What the core says of an event. */
export interface Said {
  /** The JSON of an `Outcome`. */
  readonly outcome: string;
  /** The JSON of a `Trace`. */
  readonly trace: string;
}

/** An input, with where it stands in the event and what it fed at Amazon. */
interface Row {
  readonly tried: Tried;
  readonly group: string;
  readonly from: Place | undefined;
  readonly to: Place | undefined;
}

/** Shows one event's outcome. */
export class EventView {
  readonly #editor: Editor;
  readonly #outcome = byId("outcome");
  readonly #amazon = byId("amazon");
  readonly #trace = byId("trace");
  readonly #consent = byId("consent");
  readonly #notes = byId("notes");
  #amazonText = "";

  /** @param editor - of the event */
  constructor(editor: Editor) {
    this.#editor = editor;
    byId("amazon-actions").append(copyButton("the Amazon event", () => this.#amazonText));
  }

  /** Shows that there is nothing to show. */
  nothing(why: string): void {
    this.#editor.mark([]);
    this.#outcome.className = "outcome idle";
    this.#outcome.replaceChildren(make("p", { class: "headline" }, why));
    for (const part of [this.#amazon, this.#trace, this.#consent, this.#notes]) part.replaceChildren();
    this.#show({ amazon: false, trace: false, consent: false, notes: false });
  }

  /** Shows what the core says. */
  show(said: Said): void {
    const outcome = JSON.parse(said.outcome) as Outcome;
    const trace = JSON.parse(said.trace) as Trace;
    const event = this.#editor.json;
    const amazon = amazonEvent(said.outcome);
    this.#amazonText = amazon?.text ?? "";
    const rows = trace.tried.map((tried, index): Row => ({ tried, group: `i${index}`, from: fromEvent(event, tried), to: toAmazon(amazon, tried) }));
    const broken = trace.detail === "not_json" && event.problem ? [wrongIn(event)] : [];
    this.#editor.mark([...rows.flatMap(({ from, group, tried }) => (from ? [{ ...from, look: lookOf(tried, from), group }] : [])), ...broken]);
    this.#headline(trace, event);
    this.#amazon.replaceChildren(
      ...(amazon ? coloured(amazon, rows.flatMap(({ to, group, tried }) => (to && tried.unusable === undefined ? [{ ...to, look: lookOf(tried, to), group }] : []))) : []),
    );
    this.#trace.replaceChildren(...rows.map((row) => this.#row(row)));
    const consent = consentOf(trace, outcome);
    this.#consent.replaceChildren(...consent);
    // The others stand beside the input that they are of.
    const notes = trace.notes.filter((note) => !trace.tried.some((tried) => tried.note === note));
    this.#notes.replaceChildren(...notes.map((note) => make("li", {}, make("span", {}, ...prose(NOTES[note])), make("code", { class: "code" }, note))));
    this.#show({ amazon: amazon !== undefined, trace: rows.length > 0, consent: consent.length > 0, notes: notes.length > 0 });
  }

  #show(cards: Readonly<Record<"amazon" | "trace" | "consent" | "notes", boolean>>): void {
    for (const [name, isShown] of Object.entries(cards)) byId(`card-${name}`).hidden = !isShown;
  }

  #headline({ reason, detail, remedy, tried, notes }: Trace, event: Json): void {
    const type = tried.find(({ field }) => field === "eventDescription.conversionType")?.value;
    if (reason === undefined) {
      this.#outcome.className = "outcome mapped";
      this.#outcome.replaceChildren(
        make("p", { class: "headline" }, make("span", { class: "sign", "aria-hidden": "true" }, "✓"), make("span", { class: "verdict" }, "Mapped"), type !== undefined && make("code", {}, type)),
        make("p", {}, notes.length > 0 ? `It would be sent to Amazon, with ${counted(notes.length, "note")} on what was repaired or left out.` : "It would be sent to Amazon as it stands here."),
      );
      return;
    }
    const where = detail === "not_json" && event.problem ? ` ${capital(event.problem.message)}.` : "";
    this.#outcome.className = "outcome dropped";
    this.#outcome.replaceChildren(
      make("p", { class: "headline" }, make("span", { class: "sign", "aria-hidden": "true" }, "✕"), make("span", { class: "verdict" }, "Dropped"), make("code", {}, reason)),
      make("p", {}, ...prose(`${capital(detail === undefined ? REASONS[reason] : DETAILS[detail])}.${where}`)),
      ...(remedy === undefined ? [] : [make("p", { class: "remedy" }, make("strong", {}, "To change this: "), ...prose(remedy.endsWith(".") ? remedy : `${remedy}.`))]),
    );
  }

  #light(group: string | undefined): void {
    lightUp(this.#editor.lines, group);
    lightUp(this.#amazon, group);
  }

  #row({ tried, group, from }: Row): HTMLElement {
    const { field, value, path, unusable, note, says } = tried;
    const remarks = [
      unusable !== undefined && `not used: ${UNUSABLES[unusable]}`,
      note !== undefined && unusable === undefined && NOTES[note],
      says && unusable === undefined && `says ${signalsOf(says)}`,
    ].filter((remark): remark is string => typeof remark === "string");
    const origin = from ? make("button", { type: "button", class: "path", title: "Show it in the event" }, ...dotted(path)) : make("span", { class: "path" }, ...dotted(path));
    const row = make(
      "li",
      { class: unusable === undefined ? "row used" : "row unused", "data-row": group },
      make("span", { class: "field" }, ...dotted(field)),
      make("span", { class: "value" }, value),
      origin,
      remarks.length > 0 && make("span", { class: "remark" }, ...prose(remarks.join("; "))),
    );
    for (const type of ["pointerenter", "focusin"]) row.addEventListener(type, () => this.#light(group));
    // What has the focus stays lit when the pointer only passed by.
    for (const type of ["pointerleave", "focusout"]) {
      row.addEventListener(type, () => this.#light(this.#trace.querySelector<HTMLElement>("[data-row]:focus-within")?.dataset["row"]));
    }
    if (from) origin.addEventListener("click", () => this.#editor.select(from));
    return row;
  }
}

function lookOf({ unusable }: Tried, { kind }: Place): Mark["look"] {
  if (unusable !== undefined) return "refused";
  return kind === "scalar" ? "won" : "area";
}

/** Amazon's event out of the text of an outcome, laid out, every number as it is sent. */
function amazonEvent(text: string): Json | undefined {
  const json = readJson(text);
  const place = json.root && find(json.root, "event");
  if (!place?.isExact) return undefined;
  return readJson(pretty(readJson(text.slice(place.node.start, place.node.end))) ?? "");
}

function fromEvent({ root }: Json, { path }: Tried): Place | undefined {
  if (root === undefined || ["const", "clock", "derived"].includes(path) || path.startsWith("config.")) return undefined;
  const { node, isExact } = find(root, path);
  return isExact ? node : undefined;
}

function toAmazon(amazon: Json | undefined, { field }: Tried): Place | undefined {
  if (amazon?.root === undefined) return undefined;
  const { text, root } = amazon;
  const { node, isExact } = find(root, field);
  if (isExact) return node;
  // A match key is known by its type.
  const key = find(root, "matchKeys").node.children.find(({ children }) => children.some(({ start, end }) => text.slice(start, end) === `"${field}"`));
  return key && find(key, "values.0").node;
}

/** The mark of the place where a text stops being JSON. */
export function wrongIn({ tokens, problem }: Json): Mark {
  const seen = tokens.filter(({ kind }) => kind !== "blank");
  // At the end there is nothing to underline: the last thing that stands there is.
  const { start, end } = seen.find((token) => token.start >= (problem?.at ?? 0)) ?? seen.at(-1) ?? { start: 0, end: 0 };
  return { start, end, look: "wrong" };
}

const FLAGS = ["amznUserData", "amznAdStorage"] as const;
type Says = NonNullable<Tried["says"]>;

function signalsOf(says: Says): string {
  const spoken = FLAGS.filter((flag) => says[flag] !== "unknown").map((flag) => `${flag} ${says[flag]}`);
  return spoken.length > 0 ? spoken.join(", ") : "nothing of either flag";
}

/** The decision on each flag, who spoke of it, and what is sent. Nothing where it was never looked at. */
function consentOf(trace: Trace, outcome: Outcome): HTMLElement[] {
  const signals = trace.tried.filter(({ says, unusable }) => says && unusable === undefined);
  const sent = outcome.outcome === "mapped" ? outcome.event.consent : undefined;
  const isLookedAt = outcome.outcome === "mapped" || signals.length > 0 || trace.reason === "consent_missing" || trace.reason === "consent_denied";
  if (!isLookedAt) return [];
  const flags = FLAGS.map((flag) => {
    const said = new Set(signals.map(({ says }) => says?.[flag]));
    // A no from any of them wins, then a yes.
    const together = said.has("denied") ? "denied" : said.has("granted") ? "granted" : "silent";
    const who = signals.filter(({ says }) => says?.[flag] === together).map(({ path }) => path);
    const wire = sent?.amazonConsent?.[flag];
    return make(
      "li",
      {},
      make("code", { class: "flag" }, flag),
      make("span", { class: `chip ${together}` }, { denied: "Denied", granted: "Granted", silent: "Nothing said" }[together]),
      make(
        "span",
        { class: "remark" },
        ...prose((who.length > 0 ? `by ${who.map((path) => `\`${path}\``).join(", ")}` : "by no signal of the event") + (wire === undefined ? "" : `; sent as \`${wire}\``)),
      ),
    );
  });
  const strings = [sent?.tcf !== undefined && "tcf", sent?.gpp !== undefined && "gpp"].filter((name) => name !== false);
  const told =
    trace.reason === "consent_denied" || trace.reason === "consent_missing"
      ? "Nothing is sent."
      : outcome.outcome === "dropped"
        ? "Nothing is sent: the event was dropped for another reason."
        : strings.length > 0
          ? `Sent as \`consent.${strings.join("`, `consent.")}\`: the string says what was decided.`
          : "";
  return [make("ul", { class: "flags" }, ...flags), ...(told === "" ? [] : [make("p", { class: "hint" }, ...prose(told))])];
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
