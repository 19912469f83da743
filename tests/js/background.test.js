import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { before, test } from "node:test";
import { START, after } from "../../static/calls/background/pace.js";
import { load } from "../../static/calls/background/load.js";
import { kept } from "../../static/calls/background_choice.js";

const FOLDER = new URL("../../static/calls/background/", import.meta.url);

/** As the worker fetches, from the folder itself. @param {Record<string, () => Response|Promise<Response>>} instead */
const fetchedBut = (instead) => async (/** @type {string} */ path) => {
  const name = path.replace("vendor/", "");
  return instead[name]?.() ?? new Response(readFileSync(new URL(path, FOLDER)));
};

test("engine and model are the ones that the folder's own list names", () => {
  const listed = [...readFileSync(new URL("vendor/README.md", FOLDER), "utf8").matchAll(/^\| `(\S+)` \|.*\| `([0-9a-f]{64})` \|$/gm)];
  assert.equal(listed.length, 2);
  for (const [, name, sum] of listed) {
    assert.equal(createHash("sha256").update(readFileSync(new URL(`vendor/${name}`, FOLDER))).digest("hex"), sum, name);
  }
});

test("the engine finds a drawn person before a pattern, upright and on a phone held upright", async () => {
  const { segmenter } = await load(fetchedBut({}));
  assert.ok(segmenter);
  for (const squeeze of [1, 1.9]) {
    const { width, height } = segmenter;
    const [rgba, mask] = [new Uint8ClampedArray(4 * width * height), new Uint8ClampedArray(4 * width * height)];
    const isPerson = draw(rgba, width, height, squeeze);
    segmenter.look(rgba, mask);
    const share = (/** @type {boolean} */ person) => {
      const places = isPerson.flatMap((is, at) => (is === person ? [(mask[4 * at + 3] ?? 0) / 255] : []));
      return places.reduce((sum, part) => sum + part, 0) / places.length;
    };
    assert.ok(share(true) > 0.9, `of the person ${share(true)} is found, ${squeeze} times as wide`);
    assert.ok(share(false) < 0.05, `${share(false)} of the room is taken for a person, ${squeeze} times as wide`);
  }
});

test("a file that does not come and a browser that refuses are told apart", async () => {
  const why = async (/** @type {Record<string, () => Response|Promise<Response>>} */ instead) => (await load(fetchedBut(instead))).failed;
  assert.equal(await why({ "tflite-simd.wasm": () => new Response("", { status: 404 }) }), "missing");
  assert.equal(await why({ "selfie_segmentation_landscape.tflite": () => Promise.reject(new TypeError("no network")) }), "missing");
  assert.equal(await why({ "tflite-simd.wasm": () => new Response("not what this browser runs") }), "refused");
  const compile = WebAssembly.compile;
  WebAssembly.compile = () => Promise.reject(new WebAssembly.CompileError("refused by the policy of this answer"));
  assert.equal(await why({}), "refused");
  WebAssembly.compile = compile;
});

test("a device is too slow when most of forty pictures in a row take longer than a quarter of a second", () => {
  const pace = (/** @type {number[]} */ tookMs) => tookMs.reduce(after, START).slow;
  assert.equal(pace(Array(39).fill(900)), false, "too few to say so");
  assert.equal(pace(Array(40).fill(251)), true);
  assert.equal(pace(Array(400).fill(250)), false);
  assert.equal(pace([...Array(19).fill(5_000), ...Array(21).fill(30)]), false, "busy for a moment");
  assert.equal(pace([...Array(100).fill(30), ...Array(21).fill(300)]), true, "it became slow");
});

test("what the tab keeps counts for its own visit, and nothing else is read out of it", () => {
  assert.equal(kept("here blur", "here"), "blur");
  assert.equal(kept("here hide", "here"), "hide");
  for (const other of [null, "", "there blur", "here none", "here blur ", "here"]) assert.equal(kept(other, "here"), "none");
});

// ---- which track goes out ----

class Track extends EventTarget {
  readyState = "live";
  enabled = true;
  muted = false;
  /** @param {"audio"|"video"} kind @param {string} of */
  constructor(kind, of) {
    super();
    this.kind = kind;
    this.of = of;
  }

  stop() { this.readyState = "ended"; }
  clone() { return made(this.kind, this.of); }
  getSettings() { return { deviceId: this.of }; }
}

class Stream {
  /** @type {Track[]} */ tracks = [];
  getTracks() { return [...this.tracks]; }
  getVideoTracks() { return this.tracks.filter(({ kind }) => kind === "video"); }
  getAudioTracks() { return this.tracks.filter(({ kind }) => kind === "audio"); }
  /** @param {Track} track */
  addTrack(track) { this.tracks.push(track); }
  /** @param {Track} track */
  removeTrack(track) { this.tracks = this.tracks.filter((other) => other !== track); }
}

/** Every track that a camera ever gave. @type {Track[]} */
let cameras = [];

/** @param {"audio"|"video"} kind @param {string} of */
function made(kind, of) {
  const track = new Track(kind, of);
  if (kind === "video" && of !== "veil" && of !== "screen") cameras.push(track);
  return track;
}

/** @type {any} */ let devices;
/** @type {(Track|null)[]} */ let behind;
const veil = { take: (/** @type {any} */ camera) => void behind.push(camera) };

/** What a person who looks at this stream could see now. */
const seen = () => devices.stream.getVideoTracks().filter((/** @type {Track} */ track) => track.readyState === "live").map((/** @type {Track} */ track) => track.of);
const open = () => cameras.filter((track) => track.readyState === "live").length;

before(() => {
  const ask = async (/** @type {any} */ { video, audio }) => {
    const stream = new Stream();
    if (video) stream.addTrack(made("video", video.deviceId?.exact ?? "camera"));
    if (audio) stream.addTrack(made("audio", "microphone"));
    return stream;
  };
  Object.defineProperty(globalThis, "navigator", { value: { mediaDevices: { getUserMedia: ask } }, configurable: true });
  Object.assign(globalThis, { MediaStream: Stream });
});

async function fresh() {
  [cameras, behind] = [[], []];
  const { Devices } = await import("../../static/calls/devices.js");
  devices = new Devices();
}

test("chosen in a call, the track that was sent ends before anybody is told, and nothing goes out until the veil gives a picture", async () => {
  await fresh();
  await devices.open({ camera: true, microphone: true });
  const sent = devices.stream.getVideoTracks()[0];
  /** @type {string[][]} */
  const told = [];
  devices.changed = () => told.push(seen());
  devices.behind(veil);
  assert.equal(sent.readyState, "ended");
  assert.deepEqual([told, devices.preparing, devices.hasCamera], [[[]], true, false]);
  assert.deepEqual([behind.at(-1)?.of, open()], ["camera", 1]);
  devices.veiled(made("video", "veil"));
  assert.deepEqual([seen(), devices.preparing, devices.hasCamera], [["veil"], false, true]);
});

test("behind a veil no act brings a camera's own track out", async () => {
  await fresh();
  devices.behind(veil);
  devices.changed = () => { for (const of of seen()) assert.ok(of === "veil" || of === "screen", of); };
  const acts = [
    () => devices.open({ camera: true, microphone: true }),
    () => devices.veiled(made("video", "veil")),
    () => devices.change({ camera: "other" }),
    () => devices.open({ camera: true, microphone: true }),
    () => devices.turnCamera(true),
    () => devices.veiled(made("video", "veil")), // came too late: the camera is off
    () => devices.turnCamera(false),
    () => devices.veiled(made("video", "veil")),
    () => devices.showScreen(made("video", "screen")),
    () => devices.hideScreen(),
    () => devices.veiled(made("video", "veil")),
    () => behind.at(-1)?.dispatchEvent(new Event("ended")),
    () => devices.takeBack(),
  ];
  const shown = [];
  for (const act of acts) {
    await act();
    assert.ok(!seen().some((/** @type {string} */ of) => of !== "veil" && of !== "screen"));
    shown.push([seen().join(), open()].join(" "));
  }
  assert.deepEqual(shown, [" 1", "veil 1", "veil 1", "veil 1", " 0", " 0", " 1", "veil 1", "screen 0", " 1", "veil 1", " 0", " 1"]);
  assert.equal(behind.filter(Boolean).length, 5, "each camera went to the veil");
  assert.equal(devices.camera, "other");
});

test("without it the camera itself is seen again, and a screen is never behind it", async () => {
  await fresh();
  devices.behind(veil);
  await devices.open({ camera: true, microphone: false });
  devices.veiled(made("video", "veil"));
  devices.behind(null);
  assert.deepEqual([seen(), open(), behind.at(-1)], [["camera"], 1, null]);
  devices.showScreen(made("video", "screen"));
  devices.behind(veil);
  assert.deepEqual(seen(), ["screen"]);
  devices.stop();
  assert.deepEqual([seen(), open()], [[], 0]);
});

// ---- a drawn person ----

/** Head and shoulders before squares. Which places are the person. @param {Uint8ClampedArray} rgba @param {number} width @param {number} height @param {number} squeeze */
function draw(rgba, width, height, squeeze) {
  const isPerson = [];
  for (let at = 0; at < width * height; at += 1) {
    const [column, row] = [at % width, Math.floor(at / width)];
    const [x, y] = [(column - width / 2) / height / squeeze, row / height];
    const person = colourOfPerson(x, y);
    isPerson.push(person !== null);
    rgba.set([...(person ?? (((column >> 3) + (row >> 3)) % 2 ? [200, 200, 190] : [90, 110, 100])), 255], 4 * at);
  }
  return isPerson;
}

/** @param {number} x @param {number} y @returns {number[]|null} */
function colourOfPerson(x, y) {
  const within = (/** @type {number} */ left, /** @type {number} */ top, /** @type {number} */ wide, /** @type {number} */ high) => ((x - left) / wide) ** 2 + ((y - top) / high) ** 2 < 1;
  const both = (/** @type {number} */ left, /** @type {number} */ top, /** @type {number} */ wide, /** @type {number} */ high) => within(-left, top, wide, high) || within(left, top, wide, high);
  const shaded = (/** @type {number[]} */ colour) => colour.map((part) => part * (1 - 0.7 * Math.abs(x)));
  const hair = [60, 40, 30];
  if (within(0, 0.4, 0.135, 0.18)) {
    if (both(0.055, 0.37, 0.009, 0.01)) return [40, 25, 20];
    if (both(0.055, 0.37, 0.022, 0.012)) return [235, 230, 225];
    if (both(0.055, 0.335, 0.032, 0.008) || y < 0.285 + 1.2 * x * x) return hair;
    if (within(0, 0.49, 0.045, 0.014)) return [170, 80, 80];
    return shaded(within(0, 0.43, 0.018, 0.03) ? [205, 150, 125] : [225, 172, 145]);
  }
  if (within(0, 0.36, 0.165, 0.19) && y < 0.42) return hair;
  if (Math.abs(x) < 0.065 && y > 0.5 && y < 0.66) return shaded([205, 150, 125]);
  return within(0, 1.02, 0.42, 0.4) && y > 0.6 ? shaded([50, 80, 140]) : null;
}
