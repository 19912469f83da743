import assert from "node:assert/strict";
import { test } from "node:test";
import { standing } from "../../static/compliance/export_standing.js";

/** @param {object} data */
const said = (data) => standing({ ok: true, data: { known: true, done: 0, all: 0, places: 0, ended: "", ...data } });

test("a bar moves once it is known how much there is, and is gone at the end", () => {
  const nothing = { word: "", done: 0, all: 0, percent: 0, places: 0, over: false };
  assert.deepEqual(said({}), nothing);
  const log = { all: 2000, places: 1000 };
  assert.deepEqual(said({ ...log, done: 507 }), { ...log, word: "far", done: 507, percent: 25, over: false });
  assert.deepEqual(said({ ...log, done: 1999, ended: "whole" }), { ...log, word: "whole", done: 2000, percent: 100, over: true });
  assert.deepEqual(said({ ...log, done: 700, ended: "broken" }), { ...log, word: "broken", done: 2000, percent: 100, over: true });
  assert.equal(said({ done: 2001, all: 2000 }).done, 2000, "a log that grows meanwhile fills no bar beyond its end");
});

test("who cannot tell says nothing, and is asked again", () => {
  const nothing = { word: "", done: 0, all: 0, percent: 0, places: 0, over: false };
  assert.deepEqual(standing({ ok: false, data: null }), nothing);
  assert.deepEqual(standing({ ok: true, data: { known: false } }), nothing);
});
