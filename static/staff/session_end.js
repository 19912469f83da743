// When a page asks whether anybody is there, and what it does with the answer of the server, which alone decides. Pure.

/** How long before the end the question comes, in seconds. WCAG 2.2.1 asks for time enough to press one button. */
const WARN_S = 120;

/**
 * @typedef {object} State
 * @property {number} endsAt  by this page's clock, in milliseconds
 * @property {number} warnMs  how long before that the question comes
 * @property {boolean} asks  the question stands on the page
 * @property {boolean} last  the person knows that this end cannot be postponed
 *
 * @typedef {"ask"|"ask-last"|"close"|"leave"|"nothing"} Act
 */

/** @param {number} now @param {number} seconds how long the session stands @returns {State} */
export function start(now, seconds) {
  return { endsAt: now + seconds * 1_000, warnMs: Math.min(WARN_S, seconds / 2) * 1_000, asks: false, last: false };
}

/**
 * What to ask the server, if anything: "look" for what is left, "stay" to say that somebody is here. Whoever typed a moment ago is
 * not asked whether they are there, and loses no letter to a question that comes up under their fingers.
 * @param {State} state
 * @param {number} now
 * @param {number} activeAt when a key or a finger was last felt on this page
 * @returns {"look"|"stay"|null}
 */
export function due(state, now, activeAt) {
  const leftMs = state.endsAt - now;
  if (state.asks || state.last) return leftMs <= 0 ? "look" : null;
  if (leftMs > state.warnMs) return null;
  return now - activeAt < state.warnMs ? "stay" : "look";
}

/**
 * @param {State} state
 * @param {number} now
 * @param {number|null} seconds what is left, 0 when the session has ended, null when the server was not reached
 * @param {boolean} stayed  the server had been told that somebody is here
 * @returns {{state: State, act: Act}}
 */
export function told(state, now, seconds, stayed) {
  if (seconds === null) return { state, act: "nothing" };
  if (seconds <= 0) return { state, act: "leave" };
  const next = { ...state, endsAt: now + seconds * 1_000 };
  if (seconds * 1_000 > state.warnMs) return { state: { ...next, asks: false, last: false }, act: "close" };
  if (stayed && !state.last) return { state: { ...next, asks: true, last: true }, act: "ask-last" };
  if (stayed) return { state: { ...next, asks: false }, act: "close" };
  return state.asks || state.last ? { state: next, act: "nothing" } : { state: { ...next, asks: true }, act: "ask" };
}
