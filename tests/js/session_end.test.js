// The question before a session ends: when it comes, to whom it does not, and what becomes of it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { due, start, told } from "../../static/staff/session_end.js";

const MINUTE = 60_000;
const NEVER = -Infinity;
/** A quarter of an hour, from the instant 0 on. */
const fresh = start(0, 15 * 60);
const asked = told(fresh, 13 * MINUTE, 120, false).state;

test("the question comes two minutes before the end, and the server is asked first", () => {
  assert.equal(due(fresh, 13 * MINUTE - 1, NEVER), null);
  assert.equal(due(fresh, 13 * MINUTE, NEVER), "look");
  assert.equal(told(fresh, 13 * MINUTE, 120, false).act, "ask");
});

test("what happened in another tab or in a call postpones the question", () => {
  const { state, act } = told(fresh, 13 * MINUTE, 900, false);
  assert.equal(act, "close");
  assert.equal(due(state, 25 * MINUTE, NEVER), null);
  assert.equal(due(state, 26 * MINUTE, NEVER), "look");
});

test("whoever typed a moment ago is not asked", () => {
  assert.equal(due(fresh, 13 * MINUTE, 12 * MINUTE), "stay");
  assert.equal(due(fresh, 13 * MINUTE, 11 * MINUTE), "look");
  assert.equal(told(fresh, 13 * MINUTE, 900, true).act, "close");
});

test("a press on the button, here or in another tab, takes the question away", () => {
  for (const stayed of [true, false]) {
    const { state, act } = told(asked, 14 * MINUTE, 900, stayed);
    assert.equal(act, "close");
    assert.equal(state.asks, false);
    assert.equal(due(state, 28 * MINUTE, NEVER), "look");
  }
});

test("a question is put once, and at its end the server is asked before the page is left", () => {
  assert.equal(due(asked, 14 * MINUTE, NEVER), null);
  assert.equal(told(asked, 14 * MINUTE, 60, false).act, "nothing");
  assert.equal(due(asked, 15 * MINUTE, NEVER), "look");
  assert.equal(told(asked, 15 * MINUTE, 0, false).act, "leave");
});

test("a server that cannot be reached changes nothing", () => {
  assert.deepEqual(told(asked, 15 * MINUTE, null, true), { state: asked, act: "nothing" });
});

test("the end that nothing postpones is said once, and closes when it was read", () => {
  const last = told(asked, 14 * MINUTE, 60, true);
  assert.equal(last.act, "ask-last");
  const read = told(last.state, 14 * MINUTE, 60, true);
  assert.equal(read.act, "close");
  assert.equal(due(read.state, 14 * MINUTE + 30_000, 14 * MINUTE + 29_000), null);
  assert.equal(due(read.state, 15 * MINUTE, NEVER), "look");
});

test("a session of two minutes asks at its half", () => {
  const short = start(0, 120);
  assert.equal(due(short, MINUTE - 1, NEVER), null);
  assert.equal(due(short, MINUTE, NEVER), "look");
});
