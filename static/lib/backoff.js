// How long to wait before trying again: doubling, with full jitter, so that a restarted server is not met by everyone at once.

const FIRST_MS = 500;
// Lower: a page is back sooner. Higher: a server that starts again has less to bear.
const LONGEST_MS = 8_000;

/**
 * @param {number} attempt 0 for the first try after a loss
 * @param {number} random 0 up to 1
 */
export function backoffMs(attempt, random) {
  return Math.round(Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16)) * random);
}
