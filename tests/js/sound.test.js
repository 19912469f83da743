// Which speaker the notes come from.

import assert from "node:assert/strict";
import { test } from "node:test";

/** Where each note went. @type {string[]} */
let heard = [];
/** @param {string} name */
const node = (name) => ({ name, type: "", frequency: {}, gain: { setValueAtTime() {}, exponentialRampToValueAtTime() {} }, start() {}, stop() {}, connect(to) { if (to.name !== "volume") heard.push(to.name); return to; } });

/** @type {any} */
let element;
Object.assign(globalThis, {
  AudioContext: class {
    state = "running";
    destination = node("the system's speaker");
    createOscillator() { return node("tone"); }
    createGain() { return node("volume"); }
    createMediaStreamDestination() { return { ...node("the element"), stream: "the notes" }; }
  },
  Audio: class {
    srcObject = null;
    speaker = "";
    playing = false;
    constructor() { element = this; }
    async setSinkId(id) {
      if (id === "unplugged") throw new DOMException("", "NotFoundError");
      this.speaker = id;
    }
    async play() { this.playing = true; }
  },
});
const sound = await import("../../static/lib/sound.js");

function tested() {
  heard = [];
  sound.test();
  return heard;
}

test("the sound to try comes from the speaker that was chosen, and from the one before where that fails", async () => {
  sound.unlock();
  assert.deepEqual(tested(), ["the system's speaker", "the system's speaker"]);
  await assert.rejects(sound.choose("unplugged"));
  assert.deepEqual(tested(), ["the system's speaker", "the system's speaker"]);

  await sound.choose("headphones");
  assert.deepEqual(tested(), ["the element", "the element"]);
  assert.deepEqual([element.srcObject, element.speaker, element.playing], ["the notes", "headphones", true]);
  const first = element;
  await assert.rejects(sound.choose("unplugged"));
  await sound.choose("loudspeaker");
  assert.deepEqual([element, element.speaker, tested()], [first, "loudspeaker", ["the element", "the element"]]);
});

test("who chooses a speaker hears the other person and the sound to try from there, or reads that it does not work", async () => {
  /** One of a page's parts, whichever. */
  class Part extends EventTarget {
    textContent = "";
    value = "";
  }
  /** @type {Record<string, any>} */
  const parts = {};
  const kinds = Object.fromEntries(["HTMLElement", "HTMLDialogElement", "HTMLSelectElement", "HTMLInputElement", "HTMLVideoElement", "HTMLMeterElement"].map((kind) => [kind, Part]));
  Object.assign(globalThis, { ...kinds, document: { querySelector: (/** @type {string} */ name) => (parts[name] ??= new Part()), querySelectorAll: () => [] } });
  if (!("navigator" in globalThis)) Object.assign(globalThis, { navigator: {} });
  const { deviceChoice } = await import("../../static/calls/device_choice.js");
  const remote = { speaker: "", setSinkId: async (/** @type {string} */ id) => { remote.speaker = id; } };
  deviceChoice(/** @type {any} */ ({ devices: {}, remote, soundOnly: async () => {}, say: (/** @type {string} */ key) => key }));
  /** @param {string} id */
  const choose = async (id) => {
    parts["#choose-speaker"].value = id;
    parts["#choose-speaker"].dispatchEvent(new Event("change"));
    await new Promise((resolve) => setImmediate(resolve));
    return [remote.speaker, element.speaker, parts["#devices-problem"].textContent];
  };
  assert.deepEqual(await choose("hearing aid"), ["hearing aid", "hearing aid", ""]);
  assert.deepEqual((await choose("unplugged"))[2], "speaker-failed");
});
