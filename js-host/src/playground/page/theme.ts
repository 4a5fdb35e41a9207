// Dark or light: as the system has it, until the person says otherwise. Nothing else is remembered.
import { byId } from "./dom.js";

const KEY = "playground-theme";
const system = matchMedia("(prefers-color-scheme: dark)");

/** Makes the button work that changes between dark and light. */
export function themeButton(): void {
  const toggle = byId("theme");
  const chosen = (): string | undefined => document.documentElement.dataset["theme"];
  const isDark = (): boolean => (chosen() ?? (system.matches ? "dark" : "light")) === "dark";
  const show = (): void => {
    toggle.setAttribute("aria-pressed", String(isDark()));
  };
  const kept = read();
  if (kept === "dark" || kept === "light") document.documentElement.dataset["theme"] = kept;
  toggle.addEventListener("click", () => {
    const theme = isDark() ? "light" : "dark";
    document.documentElement.dataset["theme"] = theme;
    keep(theme);
    show();
  });
  system.addEventListener("change", show);
  show();
}

// A browser may be told to keep nothing.
function read(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null;
  }
}

function keep(theme: string): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    return;
  }
}
