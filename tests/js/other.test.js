import assert from "node:assert/strict";
import { test } from "node:test";
import { readOwn, tellOwn, words } from "../../static/calls/other.js";

const SENDS = { sound: true, picture: true, held: false, wants: true };

/** @type {import("../../static/calls/other.js").Seen} */
const CALL = { phase: "connected", where: "in_call", sends: SENDS, still: false, wants: true };

test("a picture that moves needs no words", () => {
  assert.equal(words(CALL), "");
});

test("a page that went for good is said at once, whatever the line still shows", () => {
  for (const phase of /** @type {const} */ (["connecting", "reconnecting", "connected"])) {
    assert.equal(words({ ...CALL, phase, where: "left" }), "left");
    assert.equal(words({ ...CALL, phase, where: "back" }), "back");
  }
});

test("a page that lost the server and is heard has lost nothing that matters", () => {
  assert.equal(words({ ...CALL, where: "lost" }), "");
  assert.equal(words({ ...CALL, where: "here" }), "", "it is on its way back to the call that it never left");
  assert.equal(words({ ...CALL, where: "lost", phase: "reconnecting" }), "lost");
});

test("a line that went silent is said to reconnect, whatever the server still says", () => {
  assert.equal(words({ ...CALL, phase: "reconnecting" }), "reconnecting");
  assert.equal(words({ ...CALL, phase: "reconnecting", sends: { ...SENDS, sound: false, picture: false } }), "reconnecting");
});

test("before there is a connection one reads who is not there yet", () => {
  assert.equal(words({ ...CALL, phase: "connecting", where: "here" }), "here");
  assert.equal(words({ ...CALL, phase: "connecting" }), "connecting");
});

test("a camera that is off is said before the picture stands still, and without a word of it the picture tells", () => {
  assert.equal(words({ ...CALL, sends: { sound: true, picture: false } }), "camera-off");
  assert.equal(words({ ...CALL, sends: null, still: true }), "no-picture");
  assert.equal(words({ ...CALL, still: true }), "no-picture");
});

test("who chose sound only reads that, and a picture that is held back is said to be", () => {
  assert.equal(words({ ...CALL, wants: false }), "sound-only");
  assert.equal(words({ ...CALL, sends: { ...SENDS, held: true }, still: true }), "sound-first");
  assert.equal(words({ ...CALL, sends: { ...SENDS, picture: false, held: true }, still: true }), "camera-off");
  assert.equal(words({ ...CALL, wants: false, where: "left" }), "left");
});

test("what the other page sends is read as four facts, and nothing else is", () => {
  assert.deepEqual(readOwn(tellOwn(SENDS)), SENDS);
  const whole = '"sound":true,"picture":true,"held":false';
  for (const text of ["", "null", "1", "[]", "{", `{${whole}}`, `{${whole},"wants":1}`, `{${whole},"wants":true,"name":"x"}`, `{${whole},"wants":true}${" ".repeat(200)}`]) {
    assert.equal(readOwn(text), null, text);
  }
});
