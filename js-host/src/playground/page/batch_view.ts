// A file of events at a glance: outcomes, drop reasons, match keys, and what would help most.
import type { Coverage, EventCoverage } from "../../coverage.js";
import { NOTES, REASONS } from "../../words.js";
import type { BatchProgress, BatchTask, Sample } from "./batch_messages.js";
import { barTable, grid, share } from "./charts.js";
import type { Config } from "./core.js";
import { announce, button, byId, counted, make, number, prose } from "./dom.js";

/** What a batch is mapped by. */
export interface BatchSettings {
  readonly module: WebAssembly.Module;
  readonly config: Config;
  /** Epoch milliseconds. */
  readonly now: number;
}

interface Source {
  readonly name: string;
  readonly blob: Blob;
}

/** More than this is not put into the text area, which would be slow for minutes. */
const MOST_TYPED = 200_000;
const SETTLED_MS = 350;
const MOST_ROWS = 30;

// The one text that names code: the worker, which is this page's own file.
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}
const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
const workerUrl = new URL("batch_worker.js", import.meta.url).href;
const trustedUrl = trustedTypes?.createPolicy("playground", { createScriptURL: () => workerUrl }).createScriptURL(workerUrl) ?? workerUrl;

/** The batch tab. */
export class BatchView {
  readonly #area = byId<HTMLTextAreaElement>("batch-text");
  readonly #results = byId("batch-results");
  readonly #settings: () => BatchSettings | undefined;
  readonly #open: (sample: Sample) => void;
  #source: Source | undefined;
  #worker: Worker | undefined;
  #waiting: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param settings - what to map by; undefined while the config is wrong
   * @param example - events to try it with
   * @param open - shows one event by itself
   */
  constructor(settings: () => BatchSettings | undefined, example: () => string, open: (sample: Sample) => void) {
    this.#settings = settings;
    this.#open = open;
    this.#area.addEventListener("input", () => {
      const text = this.#area.value;
      this.#take(text.trim() === "" ? undefined : { name: "what you typed", blob: new Blob([text]) }, SETTLED_MS);
    });
    this.#area.addEventListener("paste", (event) => {
      const text = event.clipboardData?.getData("text/plain") ?? "";
      if (text.length <= MOST_TYPED) return;
      event.preventDefault();
      this.take(text);
    });
    const file = byId<HTMLInputElement>("batch-file");
    file.addEventListener("change", () => {
      const [chosen] = file.files ?? [];
      if (chosen) this.#large({ name: chosen.name, blob: chosen });
      // The same file again is another choice: it may have changed.
      file.value = "";
    });
    const drop = byId("batch-drop");
    const over = (isOver: boolean) => (event: DragEvent): void => {
      event.preventDefault();
      drop.classList.toggle("over", isOver);
    };
    drop.addEventListener("dragover", over(true));
    drop.addEventListener("dragleave", over(false));
    drop.addEventListener("drop", (event) => {
      over(false)(event);
      const [dropped] = event.dataTransfer?.files ?? [];
      const text = event.dataTransfer?.getData("text/plain") ?? "";
      if (dropped) this.#large({ name: dropped.name, blob: dropped });
      else if (text !== "") this.#large({ name: "what you dropped", blob: new Blob([text]) });
    });
    byId("batch-example").addEventListener("click", () => this.#large({ name: "made-up events", blob: new Blob([example()]) }));
    byId("batch-stop").addEventListener("click", () => this.#stop("Stopped: what is shown is of the events until then."));
    byId("batch-clear").addEventListener("click", () => {
      this.#area.value = "";
      this.#take(undefined, 0);
      this.#area.focus();
    });
    this.#take(undefined, 0);
  }

  /** Takes a text, as if it had been pasted. */
  take(text: string): void {
    this.#large({ name: "what you pasted", blob: new Blob([text]) });
  }

  /** Counts again, with the settings of now. */
  refresh(): void {
    this.#schedule(SETTLED_MS);
  }

  #large(source: Source): void {
    this.#area.value = "";
    this.#take(source, 0);
  }

  #take(source: Source | undefined, afterMs: number): void {
    this.#source = source;
    const isTyped = source === undefined || this.#area.value !== "";
    byId("batch-source").hidden = isTyped;
    byId("batch-text-box").hidden = !isTyped;
    if (source) byId("batch-source-name").replaceChildren(make("strong", {}, source.name), make("span", { class: "muted" }, ` ${sizeOf(source.blob.size)}`));
    this.#schedule(afterMs);
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#waiting);
    this.#waiting = setTimeout(() => this.#run(), afterMs);
  }

  #run(): void {
    this.#stop("");
    const source = this.#source;
    this.#empty("empty", source === undefined);
    const settings = source && this.#settings();
    this.#empty("stuck", source !== undefined && settings === undefined);
    if (source === undefined || settings === undefined) {
      this.#results.replaceChildren();
      return;
    }
    const worker = new Worker(trustedUrl, { type: "module" });
    this.#worker = worker;
    byId("batch-running").hidden = false;
    this.#say("Counting…");
    worker.addEventListener("message", ({ data }: MessageEvent<BatchProgress>) => {
      if (worker !== this.#worker) return;
      this.#show(data, source.blob.size);
      if (data.isDone) this.#stop(data.coverage.events === 0 ? "There is no event in it." : "");
    });
    worker.addEventListener("error", (event) => {
      if (worker !== this.#worker) return;
      this.#stop(`It could not be counted: ${event.message || "the browser does not say why"}`);
    });
    worker.postMessage({ ...settings, input: source.blob } satisfies BatchTask);
  }

  #stop(why: string): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    byId("batch-running").hidden = true;
    this.#say(why);
  }

  #say(text: string): void {
    const status = byId("batch-status");
    status.hidden = text === "";
    status.textContent = text;
  }

  #empty(which: "empty" | "stuck", isShown: boolean): void {
    byId(`batch-${which}`).hidden = !isShown;
  }

  #show({ coverage, samples, bytesRead, isDone }: BatchProgress, size: number): void {
    byId<HTMLProgressElement>("batch-progress").value = size === 0 ? 1 : bytesRead / size;
    const { events, mapped } = coverage;
    const sentence = `${counted(events, "event")}: ${number(mapped)} mapped, ${number(events - mapped)} dropped`;
    this.#say(isDone ? "" : `${sentence} so far`);
    if (isDone) announce(sentence);
    this.#results.replaceChildren(...(events > 0 ? this.#cards(coverage, samples) : []));
  }

  #cards(coverage: Coverage, samples: BatchProgress["samples"]): HTMLElement[] {
    const { events, mapped, dropped, notes, matchKeys, fixes } = coverage;
    const sampleOf = (code: string): HTMLElement | undefined => {
      const sample = samples[code];
      return sample && button(`Line ${number(sample.line)}`, { class: "link", "aria-label": `Line ${number(sample.line)}: show the first event with ${code}` }, () => this.#open(sample));
    };
    const rowsOf = (counts: Readonly<Record<string, number>>, words: Readonly<Record<string, string>>) =>
      Object.entries(counts).map(([code, count]) => ({ code, words: words[code] ?? "", count, action: sampleOf(code) }));
    const left: HTMLElement[] = [];
    const right: HTMLElement[] = [];
    const outcomes = card(
      "Outcomes",
      make("div", { class: "split", "aria-hidden": "true" }, part("mapped", mapped), part("dropped", events - mapped)),
      make("dl", { class: "figures" }, ...figure("Events", number(events)), ...figure("Mapped", number(mapped), share(mapped, events), "mapped"), ...figure("Dropped", number(events - mapped), share(events - mapped, events), "dropped")),
    );
    if (fixes.length > 0) {
      left.push(card("What would help most", make("ol", { class: "fixes" }, ...fixes.map(({ events: count, fix }) => make("li", {}, make("strong", {}, counted(count, "event")), make("span", {}, ...prose(capital(fix))))))));
    }
    if (events > mapped) right.push(card("Dropped, by reason", barTable({ caption: "Dropped events by reason", what: "Reason", of: "of all events", look: "dropped", all: events, rows: rowsOf(dropped, REASONS) })));
    if (mapped > 0) {
      const keys = Object.entries(matchKeys).map(([code, count]) => ({ code, words: "", count, action: undefined }));
      left.push(card("Match keys", barTable({ caption: "Mapped events by match key", what: "Match key", of: "of mapped events", look: "mapped", all: mapped, rows: keys })));
    }
    if (Object.keys(notes).length > 0) right.push(card("Notes", barTable({ caption: "Events by note", what: "Note", of: "of all events", look: "noted", all: events, rows: rowsOf(notes, NOTES) })));
    return [outcomes, make("div", { class: "stack" }, ...left), make("div", { class: "stack" }, ...right), byEvent(coverage)];
  }
}

function byEvent({ byEvent: all, matchKeys }: Coverage): HTMLElement {
  const keys = Object.keys(matchKeys) as (keyof EventCoverage["matchKeys"])[];
  const hasValues = all.some(({ withValue }) => withValue > 0);
  const columns = ["Mapped", "Dropped", ...keys, ...(hasValues ? ["value"] : [])];
  const rows = all.slice(0, MOST_ROWS).map((one) => ({
    name: one.event,
    remark: one.conversionType ?? "",
    cells: [
      { text: number(one.mapped) },
      { text: number(one.dropped) },
      ...[...keys.map((key) => one.matchKeys[key] ?? 0), ...(hasValues ? [one.withValue] : [])].map((count) => ({ text: share(count, one.mapped), part: one.mapped === 0 ? 0 : count / one.mapped })),
    ],
  }));
  const left = all.length - rows.length;
  const made = card("By event", grid("Match keys by event", "Event", columns, rows), left > 0 && make("p", { class: "hint" }, `and ${number(left)} more names`));
  made.classList.add("wide");
  return made;
}

function card(title: string, ...children: (HTMLElement | false)[]): HTMLElement {
  return make("section", { class: "card" }, make("h2", {}, title), ...children);
}

function part(look: string, count: number): HTMLElement {
  const element = make("span", { class: `part ${look}` });
  element.style.flexGrow = String(count);
  element.hidden = count === 0;
  return element;
}

function figure(name: string, value: string, remark?: string, look = ""): HTMLElement[] {
  return [make("div", { class: `figure ${look}` }, make("dt", {}, name), make("dd", {}, value, remark !== undefined && make("span", { class: "muted" }, ` ${remark}`)))];
}

function sizeOf(bytes: number): string {
  if (bytes < 1024) return counted(bytes, "byte");
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(0)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
