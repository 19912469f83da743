import assert from "node:assert/strict";
import { test } from "node:test";
import { offer } from "../../static/calls/taken.js";

/** @type {import("../../static/calls/taken.js").Facts} */
const NOTHING = { microphone: null, camera: null, refused: false, stopped: false };

test("nothing is offered while nothing was taken", () => assert.equal(offer(NOTHING), null));

test("a browser that wants a tap first gets a button without an alarm", () => {
  assert.deepEqual(offer({ ...NOTHING, refused: true }), { button: "play", words: "" });
});

test("after a phone call one reads what was taken, and taps to resume", () => {
  assert.deepEqual(offer({ ...NOTHING, microphone: "held", stopped: true, refused: true }), { button: "resume", words: "taken-microphone-held" });
  assert.deepEqual(offer({ ...NOTHING, microphone: "held", camera: "held" }), { button: "resume", words: "taken-both-held" });
});

test("a plug that was pulled out is said to be that, also beside a device that is only held", () => {
  assert.deepEqual(offer({ ...NOTHING, camera: "gone" }), { button: "resume", words: "taken-camera-gone" });
  assert.deepEqual(offer({ ...NOTHING, camera: "gone", microphone: "held" }), { button: "resume", words: "taken-both-gone" });
});

test("a page that slept offers to go on", () => {
  assert.deepEqual(offer({ ...NOTHING, stopped: true, refused: true }), { button: "resume", words: "taken-stopped" });
});
