// What a page opens, and when: with a browser made up that answers when the test says so, as people do who look for the right button.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fill } from "../../static/calls/device_choice.js";
import { Devices } from "../../static/calls/devices.js";

class Track extends EventTarget {
  muted = false;
  enabled = true;
  readyState = "live";
  /** @param {"video"|"audio"} kind @param {string} device */
  constructor(kind, device) { super(); Object.assign(this, { kind, device }); }
  getSettings() { return { deviceId: this.device }; }
  stop() { this.readyState = "ended"; }
}

class Stream {
  tracks = new Set();
  getTracks() { return [...this.tracks]; }
  getAudioTracks() { return this.getTracks().filter(({ kind }) => kind === "audio"); }
  getVideoTracks() { return this.getTracks().filter(({ kind }) => kind === "video"); }
  addTrack(track) { this.tracks.add(track); }
  removeTrack(track) { this.tracks.delete(track); }
}
globalThis.MediaStream = /** @type {any} */ (Stream);

/** A page's devices, and the browser that is asked for them. */
function page() {
  /** What was asked and is not answered yet. */ const asked = [];
  /** All that was ever opened. */ const opened = [];
  const getUserMedia = (wanted) => new Promise((resolve, reject) => asked.push({
    wanted,
    allow() {
      const tracks = ["video", "audio"].filter((kind) => wanted[kind]).map((kind) => new Track(kind, wanted[kind].deviceId?.exact ?? `first ${kind}`));
      opened.push(...tracks);
      resolve({ getTracks: () => tracks });
    },
    refuse(name) { reject(new DOMException("", name)); },
  }));
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: { getUserMedia } }, configurable: true });
  /** The next question, once the page has come so far. */
  const next = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return asked.shift();
  };
  /** What is open, kind by kind. */
  const live = () => opened.filter(({ readyState }) => readyState === "live").map(({ kind }) => kind);
  return { devices: new Devices(), next, live };
}

const BOTH = { camera: true, microphone: true };
const NOTHING = { camera: null, microphone: null };

test("what opens after everything was let go is closed at once, and can be opened again", async () => {
  const { devices, next, live } = page();
  const opening = devices.open(BOTH);
  const late = await next();
  devices.stop();
  late.allow();
  assert.deepEqual([await opening, live(), devices.hasCamera, devices.hasMicrophone], [NOTHING, [], false, false]);

  const again = devices.open(BOTH);
  (await next()).allow();
  await again;
  assert.deepEqual(live(), ["video", "audio"]);
});

test("what is refused after everything was let go is not asked for again one by one", async () => {
  const { devices, next } = page();
  const opening = devices.open(BOTH);
  const late = await next();
  devices.stop();
  late.refuse("NotFoundError");
  assert.deepEqual([await opening, await next()], [NOTHING, undefined]);
});

test("nor when it is let go between the one and the other", async () => {
  const { devices, next, live } = page();
  const opening = devices.open(BOTH);
  (await next()).refuse("NotReadableError");
  const sound = await next();
  devices.stop();
  sound.allow();
  assert.deepEqual([await opening, await next(), live()], [NOTHING, undefined, []]);
});

test("a camera that is turned off while it opens stays off, and the microphone that was asked for with it comes", async () => {
  const { devices, next, live } = page();
  const opening = devices.open(BOTH);
  const asking = await next();
  await devices.turnCamera(true);
  asking.allow();
  await opening;
  assert.deepEqual([live(), devices.hasMicrophone, devices.cameraOff], [["audio"], true, true]);

  for (const answer of /** @type {const} */ (["allow", "refuse"])) {
    const turning = devices.turnCamera(false);
    const late = await next();
    await devices.turnCamera(true);
    late[answer]("NotAllowedError");
    assert.deepEqual([await turning, live(), devices.cameraOff], [null, ["audio"], true], answer);
  }

  const turning = devices.turnCamera(false);
  (await next()).allow();
  assert.deepEqual([await turning, live(), devices.cameraOff], [null, ["audio", "video"], false]);
});

test("a camera that opens while a screen is shown does not take its place", async () => {
  const { devices, next, live } = page();
  const opening = devices.open({ camera: true, microphone: false });
  const late = await next();
  const screen = /** @type {any} */ (new Track("video", "a screen"));
  devices.showScreen(screen);
  late.allow();
  await opening;
  assert.deepEqual([live(), devices.stream.getVideoTracks()], [[], [screen]]);
});

test("what was chosen and is unplugged gives way to what else there is, and the other choice stays", async () => {
  const { devices, next, live } = page();
  devices.choice = { camera: "unplugged", microphone: "the good one" };
  const opening = devices.open(BOTH);
  (await next()).refuse("OverconstrainedError");
  (await next()).allow();
  const picture = await next();
  assert.equal(picture.wanted.video.deviceId.exact, "unplugged");
  picture.refuse("OverconstrainedError");
  const other = await next();
  assert.equal(other.wanted.video.deviceId, undefined);
  other.allow();
  assert.deepEqual([await opening, live(), devices.choice], [NOTHING, ["audio", "video"], { microphone: "the good one" }]);
});

test("a headset that was pulled out is followed by another device, one kind without the other", async () => {
  const { devices, next, live } = page();
  devices.choice = { microphone: "headset" };
  devices.taken = { microphone: "gone", camera: "gone" };
  const taking = devices.takeBack();
  (await next()).refuse("NotFoundError");
  (await next()).refuse("NotFoundError");
  (await next()).allow();
  (await next()).refuse("NotFoundError");
  assert.deepEqual([await taking, live(), await next()], ["missing", ["audio"], undefined]);
});

test("where a change fails, the device before stays in use and chosen", async () => {
  const { devices, next, live } = page();
  devices.choice = { camera: "old" };
  const opening = devices.open(BOTH);
  (await next()).allow();
  await opening;
  const changing = devices.change({ camera: "new" });
  (await next()).refuse("OverconstrainedError");
  assert.deepEqual([await changing, await next(), devices.choice, devices.camera, live()], ["missing", undefined, { camera: "old" }, "old", ["video", "audio"]]);
});

test("on a phone that opens one camera at a time the old one makes room, and comes back where the new one fails", async () => {
  const { devices, next, live } = page();
  const opening = devices.open({ camera: true, microphone: false });
  (await next()).allow();
  await opening;
  /** The phone's answers, the n-th camera that it could open being broken. @param {string} id @param {(opened: number) => boolean} broken */
  const change = async (id, broken) => {
    const changing = devices.change({ camera: id });
    for (let count = 0, asking = await next(); asking; asking = await next()) {
      if (live().length > 0) asking.refuse("NotReadableError");
      else if (broken(count++)) asking.refuse("AbortError");
      else asking.allow();
    }
    return [await changing, live(), devices.camera, devices.choice.camera];
  };
  assert.deepEqual(await change("back", () => false), [null, ["video"], "back", "back"]);
  assert.deepEqual(await change("front", (count) => count === 0), ["busy", ["video"], "back", "back"]);
  assert.deepEqual(devices.stream.getVideoTracks().map(({ readyState }) => readyState), ["live"]);

  let told = 0;
  devices.changed = () => { told += 1; };
  assert.deepEqual(await change("front", () => true), ["busy", [], undefined, "back"]);
  assert.deepEqual([devices.stream.getVideoTracks(), told], [[], 1], "none is left that stands still");
});

test("a camera that is off is the one that will come, and one that is gone is none", async () => {
  const { devices, next } = page();
  const opening = devices.open({ camera: true, microphone: false });
  (await next()).allow();
  await opening;
  await devices.turnCamera(true);
  await devices.change({ camera: "other" });
  assert.equal(devices.camera, "other");
  const turning = devices.turnCamera(false);
  (await next()).allow();
  await turning;
  devices.stream.getVideoTracks()[0]?.dispatchEvent(new Event("ended"));
  assert.equal(devices.camera, undefined);
});

test("where none of a kind is in use, the only one left can be chosen", () => {
  Object.assign(globalThis, { document: { createElement: () => ({}) } });
  /** @param {string|undefined} current */
  const shown = (current) => {
    const select = { options: [], replaceChildren(...options) { this.options = options; } };
    fill(/** @type {any} */ (select), /** @type {any} */ ([{ deviceId: "left", label: "" }]), current, "Camera", "Choose");
    return select.options.map(({ value, textContent, selected }) => `${value} ${textContent}${selected ? " *" : ""}`);
  };
  assert.deepEqual(shown("left"), ["left Camera 1 *"]);
  for (const current of [undefined, "gone"]) assert.deepEqual(shown(current), [" Choose", "left Camera 1"], "a page shows the first one");
});
