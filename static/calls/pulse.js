// Whether anything arrives over the connection. The browser itself says so only after five seconds and more; a person wonders after one. Pure.
//
// Counted in ticks of this page's own clock: a page that was itself held up has not heard silence.

/**
 * @typedef {object} Pulse
 * @property {number} quiet  ticks in a row in which nothing came
 * @property {boolean} silent
 */

// Both pages ask each other once in a tick. Lower: silence is noticed sooner. Higher: less to send.
export const TICK_MS = 125;
// With the tick in which it begins, silence is known within a second. Lower: sooner. Higher: a gap on a mobile network is not taken for it.
const QUIET_TICKS = 5;

/** @type {Pulse} */
export const ALIVE = { quiet: 0, silent: false };

/** @param {Pulse} pulse @param {boolean} came  whether anything came since the last tick @returns {Pulse} */
export function tick(pulse, came) {
  if (came) return ALIVE;
  const quiet = pulse.quiet + 1;
  return { quiet, silent: quiet >= QUIET_TICKS };
}
