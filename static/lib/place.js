// The keyboard's place on a page that changes by itself. When what it was at goes away, it goes on beside it, not at the top of the page.

import { all } from "./page.js";

const PARTS = "li, section, main";

export function keepPlace() {
  /** @type {HTMLElement|null} */
  let last = null;
  /** The person went away from it, as opposed to it from them. */
  let left = false;
  addEventListener("focusin", (event) => {
    last = event.target instanceof HTMLElement ? event.target : null;
    left = false;
  });
  addEventListener("focusout", () => { left = last !== null && canHold(last); });
  // Not at once: a change may happen while the keyboard is on its way from one control to the next.
  new MutationObserver(() => setTimeout(keep)).observe(document.body, { subtree: true, childList: true, attributeFilter: ["hidden", "disabled", "data-held", "data-left", "data-state", "data-view"] });

  function keep() {
    const at = document.activeElement;
    if (!last || left || (at !== last && at !== document.body)) return;
    if (!canHold(last)) near(last)?.focus({ preventScroll: true });
    else if (at !== last) last.focus({ preventScroll: true });
  }
}

/** @param {HTMLElement} element */
function canHold(element) {
  return element.isConnected && element.checkVisibility() && !element.matches(":disabled");
}

/** The heading of the smallest part that is still there. @param {HTMLElement} lost @returns {HTMLElement|null} */
function near(lost) {
  for (let part = lost.closest(PARTS); part; part = part.parentElement?.closest(PARTS) ?? null) {
    const heading = headingOf(part);
    if (heading) return heading;
  }
  return headingOf(document.body);
}

/** @param {Element} part @returns {HTMLElement|null} */
function headingOf(part) {
  const heading = part.isConnected ? all(part, "h1, h2").find((one) => one.checkVisibility()) : undefined;
  if (heading) heading.tabIndex = -1;
  return heading ?? null;
}
