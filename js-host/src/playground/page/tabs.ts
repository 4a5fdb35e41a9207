// Tabs as the ARIA practices have them: one stop of the Tab key, arrows, Home and End within.

/**
 * Makes a tab list work.
 *
 * @param chosen - called with the id of the panel that is shown
 */
export function tabs(list: HTMLElement, chosen: (panel: string) => void): (panel: string) => void {
  const all = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
  const panelOf = (tab: HTMLElement): string => tab.getAttribute("aria-controls") ?? "";
  const choose = (tab: HTMLElement): void => {
    for (const one of all) {
      const isChosen = one === tab;
      one.setAttribute("aria-selected", String(isChosen));
      one.tabIndex = isChosen ? 0 : -1;
      const panel = document.getElementById(panelOf(one));
      if (panel) panel.hidden = !isChosen;
    }
    chosen(panelOf(tab));
  };
  for (const [index, tab] of all.entries()) {
    tab.addEventListener("click", () => choose(tab));
    tab.addEventListener("keydown", (event) => {
      const next = { ArrowRight: index + 1, ArrowLeft: index - 1, Home: 0, End: -1 }[event.key];
      const other = next === undefined ? undefined : all.at(next % all.length);
      if (other === undefined) return;
      event.preventDefault();
      choose(other);
      other.focus();
    });
  }
  return (panel) => {
    const tab = all.find((one) => panelOf(one) === panel);
    if (tab) choose(tab);
  };
}
