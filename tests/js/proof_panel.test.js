import assert from "node:assert/strict";
import { test } from "node:test";
import { ASSOCIATIONS_MAX, associations } from "../../static/calls/associations.js";
import { looks } from "../../static/calls/proof_panel.js";

const WORDS = /** @type {const} */ ({ is: "words", numbers: [1, 2, 3, 4], again: false });

/** @param {any[]} views */
const after = (...views) => views.reduce((now, view) => looks(now, view), null);

test("words are there only after the run has ended well, and go with their connection", () => {
  assert.equal(after({ is: "preparing" })?.words, false);
  assert.deepEqual(after({ is: "preparing" }, WORDS), { status: "compare", words: true, answers: true });
  for (const end of [{ is: "none" }, { is: "preparing" }, { is: "unchecked" }, { is: "spent" }]) assert.ok(!after({ is: "preparing" }, WORDS, end)?.words, end.is);
});

test("a connection made anew has to be compared again, whatever was said of the one before", () => {
  const again = after({ is: "preparing" }, WORDS, { is: "matched" }, { is: "none" }, { is: "preparing" }, { ...WORDS, again: true });
  assert.deepEqual(again, { status: "again", words: true, answers: true });
});

test("only words that are shown can match, and what was compared is not undone by noise", () => {
  for (const before of [{ is: "none" }, { is: "preparing" }, { is: "unchecked" }, { is: "spent" }]) assert.notEqual(after(before, { is: "matched" })?.status, "matched", before.is);
  assert.equal(after(WORDS, { is: "matched" })?.status, "matched");
  assert.equal(after(WORDS, { is: "matched" }, { is: "unchecked" })?.status, "matched");
});

/** @returns {any} */
function tab() {
  const kept = new Map();
  return { getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => kept.set(key, value) };
}

test("a tab has eight connections of a visit checked and no more, reloaded or not", () => {
  const storage = tab();
  for (let count = 1; count <= ASSOCIATIONS_MAX; count += 1) {
    const loaded = associations("a visit", storage);
    assert.ok(loaded.another());
    assert.equal(loaded.again, count > 1);
  }
  const last = associations("a visit", storage);
  assert.equal(last.another(), false);
  assert.equal(last.another(), false);
  assert.ok(associations("another visit", storage).another());
});

test("what is not a count of ours counts as too many", () => {
  for (const odd of ["-1", "1e9", "", "99", "null"]) {
    const storage = tab();
    storage.setItem("connected a visit", odd);
    assert.equal(associations("a visit", storage).another(), false, odd);
  }
});
