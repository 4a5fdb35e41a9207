// The few words it takes to make elements. Text stays text: nothing here reads HTML.

/** What an element may contain. */
export type Child = Node | string | undefined | false;

/** The element with an id, which the page has. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as T;
}

/** Makes an element. */
export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  attributes: Readonly<Record<string, string>> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children.filter((child): child is Node | string => child !== undefined && child !== false));
  return element;
}

/** A sentence in which what stands in backticks is code. */
export function prose(text: string): (Node | string)[] {
  return text.split(/`([^`]+)`/u).map((part, index) => (index % 2 === 1 ? make("code", {}, part) : part));
}

/** A path that may go on in the next line after each dot. */
export function dotted(path: string): (Node | string)[] {
  return path.split(/(?<=\.)/u).flatMap((key, index) => (index > 0 ? [make("wbr"), key] : [key]));
}

/** A button that does something. */
export function button(label: string, attributes: Readonly<Record<string, string>>, act: () => void): HTMLButtonElement {
  const element = make("button", { type: "button", ...attributes }, label);
  element.addEventListener("click", act);
  return element;
}

/** A button that copies a text, and says that it did. */
export function copyButton(what: string, text: () => string): HTMLButtonElement {
  const label = make("span", {}, "Copy");
  const element = make("button", { type: "button", class: "quiet", "aria-label": `Copy ${what}` }, label);
  element.addEventListener("click", () => {
    const told = (word: string): void => {
      label.textContent = word;
      announce(word === "Copied" ? `Copied ${what}` : `Could not copy ${what}`);
      setTimeout(() => (label.textContent = "Copy"), 1600);
    };
    navigator.clipboard.writeText(text()).then(() => told("Copied"), () => told("Failed"));
  });
  return element;
}

/** Tells those who listen to the page instead of looking at it. */
export function announce(text: string): void {
  byId("spoken").textContent = text;
}

/** A number for people. */
export const number = (value: number): string => value.toLocaleString("en-US");

/** `1 event`, `2 events`. */
export const counted = (count: number, one: string): string => `${number(count)} ${one}${count === 1 ? "" : "s"}`;
