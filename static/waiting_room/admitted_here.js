// The act of admitting carries over to the next page, once: then the camera may start by itself. An address typed in, a reload and
// the back button carry nothing, and the page asks for a tap.

const KEPT = "admitted";

/** @param {string} visit */
export function remember(visit) {
  sessionStorage.setItem(KEPT, visit);
}

/** @param {string} visit */
export function wasJustAdmitted(visit) {
  const is = sessionStorage.getItem(KEPT) === visit;
  sessionStorage.removeItem(KEPT);
  const [entry] = performance.getEntriesByType("navigation");
  return is && entry instanceof PerformanceNavigationTiming && entry.type === "navigate";
}
