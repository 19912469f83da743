// What opens beside the call or over it: chat, note, security.

/**
 * The panels beside the call, each with the button that opens it. There is room for one at a time. Escape closes it.
 * @param {{panel: HTMLElement, toggle: HTMLButtonElement}[]} sides
 */
export function panels(sides) {
  /** @param {HTMLElement} which @param {boolean} open */
  function set(which, open) {
    for (const { panel, toggle } of sides) {
      if (panel !== which && !open) continue;
      panel.hidden = panel !== which || !open;
      toggle.setAttribute("aria-expanded", String(panel.hidden === false));
      if (panel.hidden === false) delete toggle.dataset.news;
    }
  }
  for (const { panel, toggle } of sides) {
    const close = () => {
      set(panel, false);
      toggle.focus();
    };
    toggle.addEventListener("click", () => {
      set(panel, panel.hidden !== false);
      if (panel.hidden) return;
      const first = panel.querySelector("textarea, [data-first]");
      if (first instanceof HTMLElement) first.focus();
    });
    panel.querySelector("[data-close]")?.addEventListener("click", close);
    panel.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  }
  return {
    set,
    /** Something is new in a panel that is not open. @param {HTMLElement} which @param {string} text */
    news(which, text) {
      const side = sides.find(({ panel }) => panel === which);
      if (side?.panel.hidden) side.toggle.dataset.news = text;
    },
  };
}
