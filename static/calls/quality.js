// How good the line is, from what the browser measured in the last second, and when the picture gives way to the sound. Pure.
//
// Each page decides about the picture that it sends. It comes back by itself; if that was too early, the next try waits twice as long.

/**
 * @typedef {object} Sample  one second of a call
 * @property {number} lostOut  part of what this page sent that was lost, 0 to 1
 * @property {number} lostIn  part of what was sent to this page
 * @property {number} rttMs  there and back
 * @property {number|null} sendableBps  what the browser thinks the line takes. Null while no picture goes out: nothing measures it then
 *
 * @typedef {"good"|"weak"|"poor"} Word
 *
 * @typedef {object} Quality
 * @property {Word} word  what one reads
 * @property {Word} heard  what the last second was like
 * @property {number} times  how many seconds in a row
 * @property {boolean} soundFirst
 * @property {number} bad  seconds in a row in which the line did not carry the picture
 * @property {number} fine  seconds in a row since the picture is held back in which it might have
 * @property {number} waitS  how many of those it takes
 * @property {number} heldAgo  seconds since the picture came back, up to `RELAPSE_S`
 */

// From here on speech suffers. Lower: the picture goes sooner. Higher: speech breaks up first.
const POOR = { lost: 0.15, rttMs: 1_200, sendableBps: 80_000 };
// Up to here nobody notices. Between the two the line is weak, and nothing changes: that keeps the picture from going to and fro.
const GOOD = { lost: 0.03, rttMs: 400, sendableBps: 300_000 };
// Lower: the picture gives way sooner. Higher: a short dip is not taken for a poor line.
const POOR_S = 4;
// Lower: what one reads follows the line more closely. Higher: it is calmer.
const WORD_S = 3;
// Lower: the picture is back sooner. Higher: it goes to and fro less.
const [WAIT_S, WAIT_S_MAX] = [8, 64];
// A line that fails again so soon was never good: the next try waits twice as long.
const RELAPSE_S = 30;

/** @type {Quality} */
export const UNKNOWN = { word: "good", heard: "good", times: 0, soundFirst: false, bad: 0, fine: 0, waitS: WAIT_S, heldAgo: RELAPSE_S };

/** One more second. @param {Quality} quality @param {Sample} sample @returns {Quality} */
export function judge(quality, sample) {
  const heard = wordFor(Math.max(sample.lostOut, sample.lostIn), sample);
  const times = heard === quality.heard ? quality.times + 1 : 1;
  const next = { ...quality, heard, times, word: times >= WORD_S ? heard : quality.word };
  const out = wordFor(sample.lostOut, sample);
  return quality.soundFirst ? held(next, out) : sending(next, out);
}

/** @param {Quality} quality @param {Word} out @returns {Quality} */
function sending(quality, out) {
  const heldAgo = Math.min(quality.heldAgo + 1, RELAPSE_S);
  const bad = out === "poor" ? quality.bad + 1 : 0;
  if (bad < POOR_S) return { ...quality, bad, heldAgo };
  const waitS = heldAgo < RELAPSE_S ? Math.min(2 * quality.waitS, WAIT_S_MAX) : WAIT_S;
  return { ...quality, soundFirst: true, bad: 0, fine: 0, waitS, heldAgo };
}

/** @param {Quality} quality @param {Word} out @returns {Quality} */
function held(quality, out) {
  const fine = out === "good" ? quality.fine + 1 : 0;
  return fine < quality.waitS ? { ...quality, fine } : { ...quality, soundFirst: false, fine: 0, heldAgo: 0 };
}

/** @param {number} lost @param {Sample} sample @returns {Word} */
function wordFor(lost, { rttMs, sendableBps }) {
  const bps = sendableBps ?? Infinity;
  if (lost >= POOR.lost || rttMs >= POOR.rttMs || bps < POOR.sendableBps) return "poor";
  return lost <= GOOD.lost && rttMs <= GOOD.rttMs && bps >= GOOD.sendableBps ? "good" : "weak";
}
