import assert from "node:assert/strict";
import { test } from "node:test";
import { standing } from "../../static/compliance/export_standing.js";

/** @param {object} data */
const said = (data) => standing({ ok: true, data: { known: true, done: 0, all: 0, ended: "", ...data } });

test("a bar moves once it is known how much there is, and is gone at the end", () => {
  assert.deepEqual(said({}), { word: "", done: 0, all: 0, over: false });
  assert.deepEqual(said({ done: 500, all: 2000 }), { word: "far", done: 500, all: 2000, over: false });
  assert.deepEqual(said({ done: 1999, all: 2000, ended: "whole" }), { word: "whole", done: 2000, all: 2000, over: true });
  assert.deepEqual(said({ done: 700, all: 2000, ended: "broken" }), { word: "broken", done: 2000, all: 2000, over: true });
  assert.equal(said({ done: 2001, all: 2000 }).done, 2000, "a log that grows meanwhile fills no bar beyond its end");
});

test("who cannot tell says nothing, and is asked again", () => {
  assert.deepEqual(standing({ ok: false, data: null }), { word: "", done: 0, all: 0, over: false });
  assert.deepEqual(standing({ ok: true, data: { known: false } }), { word: "", done: 0, all: 0, over: false });
});
