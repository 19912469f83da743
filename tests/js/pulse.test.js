import assert from "node:assert/strict";
import { test } from "node:test";
import { ALIVE, TICK_MS, tick } from "../../static/calls/pulse.js";

/** @param {boolean[]} came */
const after = (came) => came.reduce(tick, ALIVE);

test("silence is known within a second of its beginning, and not by one lost answer or three", () => {
  // It begins at worst right after a tick that still heard something, and the next one may have too.
  for (let quiet = 0; quiet < 10; quiet += 1) {
    const { silent } = after([true, ...Array(quiet).fill(false)]);
    const worstMs = (quiet + 1) * TICK_MS;
    if (quiet <= 3) assert.equal(silent, false, `${quiet} ticks`);
    if (worstMs >= 900) assert.equal(silent, true, `${worstMs} ms`);
  }
});

test("whatever is heard ends the silence at once", () => {
  assert.deepEqual(after([...Array(50).fill(false), true]), ALIVE);
  assert.equal(after([...Array(50).fill(false), true, false, false]).silent, false);
});

test("doubt comes well before silence, and one lost answer is none", () => {
  assert.equal(after([true, false]).doubt, false);
  assert.deepEqual(after([true, false, false]), { quiet: 2, doubt: true, silent: false });
  // Whoever notices last may have heard something for a tick longer than the other side, and be asked by it then.
  const [first, last] = [after([true, ...Array(5).fill(false)]), after([true, true, ...Array(4).fill(false)])];
  assert.deepEqual([first.silent, last.silent, last.doubt], [true, false, true]);
});
