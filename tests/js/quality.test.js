import assert from "node:assert/strict";
import { test } from "node:test";
import { UNKNOWN, judge } from "../../static/calls/quality.js";

/** @typedef {import("../../static/calls/quality.js").Sample} Sample */

const CLEAR = { lostOut: 0, lostIn: 0, rttMs: 40, sendableBps: 1_500_000 };
const LOSSY = { ...CLEAR, lostOut: 0.3 };
/** In between: bad enough to say so, good enough for a picture. */
const WEAK = { ...CLEAR, lostOut: 0.08 };
/** What is measured while the picture is held back. */
const QUIET = { ...CLEAR, sendableBps: null };

/** @param {number} seconds @param {Sample} sample @param {import("../../static/calls/quality.js").Quality} from */
function after(seconds, sample, from = UNKNOWN) {
  let quality = from;
  for (let second = 0; second < seconds; second += 1) quality = judge(quality, sample);
  return quality;
}

/** How many clear seconds it takes until the picture is back. @param {import("../../static/calls/quality.js").Quality} quality */
function waitOf(quality) {
  let seconds = 0;
  while (quality.soundFirst) [quality, seconds] = [judge(quality, QUIET), seconds + 1];
  return { seconds, quality };
}

test("sound goes first after four poor seconds in a row, for each of the three reasons", () => {
  for (const poor of [LOSSY, { ...CLEAR, rttMs: 2_000 }, { ...CLEAR, sendableBps: 50_000 }]) {
    assert.equal(after(3, poor).soundFirst, false);
    assert.equal(after(4, poor).soundFirst, true);
    assert.equal(after(3, poor, after(1, CLEAR, after(3, poor))).soundFirst, false, "a good second begins the count anew");
  }
});

test("a line between good and poor changes nothing, in either direction", () => {
  assert.equal(after(1_000, WEAK).soundFirst, false);
  assert.equal(after(1_000, { ...WEAK, sendableBps: null }, after(4, LOSSY)).soundFirst, true);
});

test("the picture comes back by itself, and after a relapse each try waits twice as long, up to a minute", () => {
  let quality = after(4, LOSSY);
  const waits = [];
  for (let time = 0; time < 6; time += 1) {
    const { seconds, quality: back } = waitOf(quality);
    waits.push(seconds);
    quality = after(4, LOSSY, back);
  }
  assert.deepEqual(waits, [8, 16, 32, 64, 64, 64]);
  const rested = after(60, CLEAR, waitOf(quality).quality);
  assert.equal(waitOf(after(4, LOSSY, rested)).seconds, 8, "a line that was good for half a minute is trusted again");
});

test("what the other side loses on its way here is said, and does not stop the picture that goes there", () => {
  const quality = after(60, { ...CLEAR, lostIn: 0.4 });
  assert.equal(quality.word, "poor");
  assert.equal(quality.soundFirst, false);
});

test("words follow after three seconds of the same, not before", () => {
  assert.equal(after(2, WEAK).word, "good");
  assert.equal(after(3, WEAK).word, "weak");
  let quality = after(3, WEAK);
  for (let second = 0; second < 30; second += 1) quality = judge(quality, second % 2 ? CLEAR : LOSSY);
  assert.equal(quality.word, "weak");
});

test("a line that goes to and fro every few seconds moves the picture at most twice a minute", () => {
  let [quality, moves] = [UNKNOWN, 0];
  for (let second = 0; second < 600; second += 1) {
    const next = judge(quality, second % 14 < 5 ? { ...LOSSY, sendableBps: quality.soundFirst ? null : 1_500_000 } : CLEAR);
    if (next.soundFirst !== quality.soundFirst) moves += 1;
    quality = next;
  }
  assert.ok(moves <= 20, `${moves} in ten minutes`);
});
