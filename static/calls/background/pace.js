// Whether this device keeps up: how long its pictures take from the camera until they can be shown. Pure.

/** @typedef {{tookMs: number[], slow: boolean}} Pace */

// Fewer than four pictures in a second are no talk any more. Lower: the person reads sooner that it does not work. Higher: they look at a slide show.
const TOOK_MS_MAX = 250;
// Of so many pictures in a row, the middle one. Lower: it is said sooner. Higher: a device that is busy for a moment is not given up.
const PICTURES = 40;

/** @type {Pace} */
export const START = { tookMs: [], slow: false };

/** One more picture. @param {Pace} pace @param {number} tookMs @returns {Pace} */
export function after(pace, tookMs) {
  const last = [...pace.tookMs, tookMs].slice(-PICTURES);
  const middle = [...last].sort((a, b) => a - b)[PICTURES / 2] ?? 0;
  return { tookMs: last, slow: last.length === PICTURES && middle > TOOK_MS_MAX };
}
