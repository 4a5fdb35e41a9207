// The tab that says how to have the same elsewhere.
import { byId, copyButton } from "./dom.js";
import { commandOf, fragmentOf, programOf, type Shown } from "./share.js";

/** The share tab. */
export class ShareView {
  readonly #texts: Record<"command" | "program" | "link", string> = { command: "", program: "", link: "" };

  constructor() {
    const words = { command: "the command", program: "the program", link: "the link" } as const;
    for (const name of ["command", "program", "link"] as const) byId(`${name}-actions`).append(copyButton(words[name], () => this.#texts[name]));
  }

  /** @param shown - what is shown; undefined where it cannot be shared */
  show(shown: Shown | undefined): void {
    const command = shown && commandOf(shown);
    const program = shown && programOf(shown);
    const isThere = shown !== undefined && command !== undefined && program !== undefined;
    byId("share-nothing").hidden = isThere;
    byId("share-all").hidden = !isThere;
    if (!isThere) return;
    Object.assign(this.#texts, { command, program, link: `${location.origin}${location.pathname}${fragmentOf(shown)}` });
    for (const [name, text] of Object.entries(this.#texts)) byId(`${name}-text`).textContent = text;
  }
}
