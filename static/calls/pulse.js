// Whether anything arrives over the connection. The browser itself says so only after five seconds and more; a person wonders after one. Pure.
//
// Counted in ticks of this page's own clock: a page that was itself held up has not heard silence.

/**
 * @typedef {object} Pulse
 * @property {number} quiet  ticks in a row in which nothing came
 * @property {boolean} doubt  it may be silent: what the other side says of it is believed
 * @property {boolean} silent
 */

// Both pages ask each other once in a tick. Lower: silence is noticed sooner. Higher: less to send.
export const TICK_MS = 125;
// With the tick in which it begins, silence is known within a second. Lower: sooner. Higher: a gap on a mobile network is not taken for it.
const QUIET_TICKS = 5;
// Sound alone comes six times in a tick. Lower: the page that notices last follows sooner. Higher: a gap is not taken for it.
const DOUBT_TICKS = 2;

/** @type {Pulse} */
export const ALIVE = { quiet: 0, doubt: false, silent: false };

/** @param {Pulse} pulse @param {boolean} came  whether anything came since the last tick @returns {Pulse} */
export function tick(pulse, came) {
  if (came) return ALIVE;
  const quiet = pulse.quiet + 1;
  return { quiet, doubt: quiet >= DOUBT_TICKS, silent: quiet >= QUIET_TICKS };
}
