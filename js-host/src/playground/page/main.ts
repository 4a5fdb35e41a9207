// The playground: what is typed, and what is shown of it. Nothing that is typed is sent or kept anywhere.
import { parseInstant } from "../../instant.js";
import { BatchView } from "./batch_view.js";
import { compile, fetchModule, start, type Config, type Transformer } from "./core.js";
import { announce, button, byId, make, prose } from "./dom.js";
import { Editor, placeOf } from "./editor.js";
import { EventView, wrongIn } from "./event_view.js";
import { examplesAt, manyAt } from "./examples.js";
import type { Mark } from "./highlight.js";
import { find, pretty, readJson, type Node as Place } from "./json.js";
import { readFragment, type Shown } from "./share.js";
import { ShareView } from "./share_view.js";
import { tabs } from "./tabs.js";
import { themeButton } from "./theme.js";

const BEGINNING = `{
  "dataSetName": "web_events",
  "defaults": { "currencyCode": "USD" }
}`;

/** What is shown, and what it was made by. */
class Playground {
  readonly #event = new Editor("event-text", () => {
    byId<HTMLSelectElement>("example").value = "";
    this.#map();
  });
  readonly #config = new Editor("config-text", () => this.#settingsChanged());
  readonly #now = byId<HTMLInputElement>("now");
  readonly #view = new EventView(this.#event);
  readonly #share = new ShareView();
  readonly #batch: BatchView;
  readonly #choose: (panel: string) => void;
  /** Of the last config that was right. */
  #transformer: Transformer | undefined;
  /** The same, as data. */
  #settings: Config = {};
  #isConfigRight = false;
  #shown: Shown | undefined;

  constructor(module: WebAssembly.Module) {
    this.#batch = new BatchView(
      () => {
        const now = this.#instant();
        return this.#isConfigRight && now !== undefined ? { module, config: this.#settings, now } : undefined;
      },
      () => manyAt(this.#instant() ?? Date.now()),
      ({ text }) => {
        this.event = text;
        this.#choose("panel-event");
        byId("tab-event").focus();
        announce("The event is shown in the first tab");
      },
    );
    this.#choose = tabs(byId("tabs"), (panel) => {
      // One config for both: it stands where the person is.
      document.querySelector(`#${panel} [data-settings]`)?.append(byId("settings"));
      if (panel === "panel-share") this.#share.show(this.#isConfigRight ? this.#shown : undefined);
    });
    this.#examples();
    this.#now.addEventListener("input", () => this.#settingsChanged());
    byId("clock").addEventListener("click", () => {
      this.#now.value = "";
      this.#settingsChanged();
      this.#now.focus();
    });
    byId("many-open").addEventListener("click", () => {
      this.#batch.take(this.#event.text);
      this.#choose("panel-batch");
      byId("tab-batch").focus();
    });
    byId("format-event").addEventListener("click", () => this.#format(this.#event));
    byId("fold").addEventListener("click", () => fold(!byId("settings").classList.contains("folded")));
    byId("format-config").addEventListener("click", () => this.#format(this.#config));
    addEventListener("hashchange", () => this.openLink());
    this.#choose("panel-event");
  }

  set event(text: string) {
    this.#event.text = laidOut(text);
    byId<HTMLSelectElement>("example").value = "";
    this.#map();
  }

  set config(text: string) {
    this.#config.text = text.trimEnd();
    this.#settingsChanged();
  }

  /** Takes over what the page's link holds. */
  openLink(): boolean {
    const held = readFragment(location.hash);
    if (held === undefined) return false;
    this.#now.value = held.now;
    this.#config.text = laidOut(held.config);
    this.#event.text = laidOut(held.event);
    byId<HTMLSelectElement>("example").value = "";
    this.#settingsChanged();
    // What was typed need not stand in the address for longer.
    history.replaceState(undefined, "", location.pathname);
    notice("Event, config and instant come from the link.");
    return true;
  }

  /** Shows the first example. */
  begin(): void {
    const select = byId<HTMLSelectElement>("example");
    select.value = "0";
    select.dispatchEvent(new Event("change"));
  }

  #examples(): void {
    const select = byId<HTMLSelectElement>("example");
    for (const [index, { label }] of examplesAt(0).entries()) select.append(make("option", { value: String(index) }, label));
    select.addEventListener("change", () => {
      const example = examplesAt(this.#instant() ?? Date.now())[Number(select.value)];
      if (select.value === "" || example === undefined) return;
      this.#event.text = laidOut(example.text);
      this.#map();
    });
  }

  #format(editor: Editor): void {
    const text = pretty(editor.json);
    if (text === undefined) return announce("It is not JSON, so it stays as it is");
    editor.text = text;
    if (editor === this.#config) this.#settingsChanged();
    else this.#map();
    announce("Laid out anew");
  }

  /** The instant to map at; undefined while what stands there is none. */
  #instant(): number | undefined {
    const text = this.#now.value.trim();
    return text === "" ? Date.now() : parseInstant(text);
  }

  #settingsChanged(): void {
    this.#compile();
    const isRight = this.#instant() !== undefined;
    this.#now.setAttribute("aria-invalid", String(!isRight));
    byId("now-problem").hidden = isRight;
    byId("clock").hidden = this.#now.value === "";
    this.#map();
    this.#batch.refresh();
  }

  #compile(): void {
    const { json, text } = this.#config;
    if (text.trim() !== "" && json.problem) {
      return this.#configProblem(`it is not JSON: ${json.problem.message}`, wrongIn(json));
    }
    const config: unknown = text.trim() === "" ? {} : JSON.parse(text);
    const compiled = compile(config);
    if ("problem" in compiled) {
      const { message, path } = compiled.problem;
      return this.#configProblem(message, json.root && markOf(find(json.root, path), message));
    }
    this.#transformer?.free();
    this.#transformer = compiled.transformer;
    this.#settings = config as Config;
    this.#isConfigRight = true;
    this.#config.mark([]);
    this.#config.area.setAttribute("aria-invalid", "false");
    byId("config-problem").hidden = true;
  }

  #configProblem(message: string, mark: Mark | undefined): void {
    this.#isConfigRight = false;
    this.#config.mark(mark ? [mark] : []);
    this.#config.area.setAttribute("aria-invalid", "true");
    fold(false);
    const problem = byId("config-problem");
    problem.hidden = false;
    problem.replaceChildren(
      make("p", {}, ...prose(message)),
      ...(mark ? [button(`Go to ${placeOf(this.#config.text, mark.start)}`, { class: "link" }, () => this.#config.select(mark))] : []),
    );
  }

  #map(): void {
    const now = this.#instant();
    this.#shown = undefined;
    byId("stale").hidden = true;
    byId("many").hidden = !isMany(this.#event.text, this.#event.json.root);
    if (this.#event.text.trim() === "") return this.#view.nothing("Paste an event, or pick an example.");
    if (this.#transformer === undefined) return this.#view.nothing("Nothing is mapped while the config is wrong.");
    if (now === undefined) return this.#view.nothing("Nothing is mapped until “Map at” is an instant.");
    const bytes = new TextEncoder().encode(this.#event.text.trim());
    this.#view.show({ outcome: this.#transformer.evaluateJson(bytes, now), trace: this.#transformer.explainJson(bytes, now) });
    byId("stale").hidden = this.#isConfigRight;
    this.#shown = { event: this.#event.text, config: this.#config.text, now };
  }
}

/** Folds the config away, or not; where there is room for it, it is shown in any case. */
function fold(isFolded: boolean): void {
  byId("settings").classList.toggle("folded", isFolded);
  byId("fold").setAttribute("aria-expanded", String(!isFolded));
  byId("fold").textContent = isFolded ? "Show" : "Hide";
}

function laidOut(text: string): string {
  return pretty(readJson(text.trim())) ?? text;
}

/** Whether a text is a list of events, or one event a line. */
function isMany(text: string, root: Place | undefined): boolean {
  if (root) return root.kind === "list";
  const [first = "", second = ""] = text.trim().split("\n", 2);
  return second.trimStart().startsWith("{") && readJson(first).root?.kind === "object";
}

/** The place that an error of a config is about: its value, or its key where the value is long or missing. */
function markOf({ node, isExact }: { readonly node: Place; readonly isExact: boolean }, message: string): Mark {
  const isOfKey = node.key && (!isExact || node.kind !== "scalar" || /is not a known key|stands twice/u.test(message));
  const { start, end } = isOfKey ? (node.key as { start: number; end: number }) : node;
  return { start, end: node.kind === "scalar" || isOfKey ? end : start + 1, look: "wrong" };
}

function notice(text: string): void {
  byId("notice-text").textContent = text;
  byId("notice").hidden = false;
}

themeButton();
byId("notice-close").addEventListener("click", () => (byId("notice").hidden = true));
try {
  const [module, given] = await Promise.all([fetchModule(), fetch(new URL("/config", location.href)).then((response) => response.json() as Promise<{ name?: string; text?: string; problem?: string } | null>)]);
  start(module);
  const playground = new Playground(module);
  if (!playground.openLink()) {
    playground.config = given?.text ?? BEGINNING;
    playground.begin();
    if (given?.name !== undefined) byId("config-origin").textContent = given.name;
    if (given?.problem !== undefined) notice(given.problem);
  }
  document.body.dataset["ready"] = "true";
} catch (error) {
  notice(`The playground could not start: ${error instanceof Error ? error.message : String(error)}`);
}
