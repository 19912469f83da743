// How long to wait before trying again: by chance, up to a quarter of the time that one has been without. So whoever comes back is late by that
// quarter at most: a restart of four seconds is over after five. Chance from nothing on keeps everyone from coming at once.

/** The longest wait of all while nothing has been tried yet, and for a long time without. */
const FIRST_MS = 500;
// Lower: a page is back sooner after a long absence. Higher: a server that starts again has less to bear.
const LONGEST_MS = 8_000;
// Lower: fewer tries. Higher: a page is back sooner.
const PARTS = 4;

/**
 * @param {number} awayMs  since what is wanted was there last
 * @param {number} random 0 up to 1
 */
export function backoffMs(awayMs, random) {
  return Math.round(Math.min(LONGEST_MS, Math.max(FIRST_MS, awayMs / PARTS)) * random);
}
