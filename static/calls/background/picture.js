// The picture that goes out in place of the camera's: each of the camera's frames goes through the worker, and only what comes back is shown.
// Loaded when somebody chooses it. There is no picture before the first one that was painted.

import { START, after } from "./pace.js";

/**
 * @typedef {import("./painter.js").Effect} Effect
 * @typedef {import("./load.js").Reason|"slow"} Why
 */

// A phone on a slow line needs a while for 800 KB. Lower: it is given up sooner.
const FIRST_MS_MAX = 45_000;

/**
 * @param {{camera: MediaStreamTrack, effect: Effect, shown: (picture: MediaStreamTrack) => void, failed: (why: Why) => void}} options
 */
export function openPicture({ camera, effect, shown, failed }) {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const [video, canvas] = [document.createElement("video"), document.createElement("canvas")];
  const pen = canvas.getContext("2d");
  /** @type {MediaStreamTrack|null} */
  let out = null;
  let pace = START;
  let givenAt = 0;
  let closed = false;
  const patience = setTimeout(fail, FIRST_MS_MAX, "missing");
  video.muted = true;
  video.playsInline = true;

  worker.addEventListener("error", () => fail("missing"));
  worker.addEventListener("message", ({ data }) => {
    /** @type {import("./worker.js").Told} */
    const told = data;
    if (told.is === "wanting") void give();
    else if (told.is === "failed") fail(told.why);
    else show(told.picture);
  });
  /** @param {import("./worker.js").Order} told @param {Transferable[]} [transfer] */
  const order = (told, transfer = []) => worker.postMessage(told, { transfer });
  order({ do: "effect", effect });
  look(camera);

  /** @param {MediaStreamTrack} at */
  function look(at) {
    video.srcObject = new MediaStream([at]);
    void video.play().catch(() => {});
  }

  async function give() {
    const there = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
    // A phone call or a sleep stops it, and nobody presses a button that is not on the page.
    if (video.paused) void video.play().catch(() => {});
    const frame = there ? await createImageBitmap(video).catch(() => null) : null;
    if (closed) return frame?.close();
    givenAt = performance.now();
    order({ do: "frame", frame }, frame ? [frame] : []);
  }

  /** @param {ImageBitmap} picture */
  function show(picture) {
    if (closed || !pen) return picture.close();
    clearTimeout(patience);
    pace = after(pace, performance.now() - givenAt);
    if (pace.slow) return fail("slow");
    if (canvas.width !== picture.width) canvas.width = picture.width;
    if (canvas.height !== picture.height) canvas.height = picture.height;
    pen.drawImage(picture, 0, 0);
    picture.close();
    if (out) return;
    [out = null] = canvas.captureStream().getVideoTracks();
    if (out) shown(out);
  }

  /** @param {Why} why */
  function fail(why) {
    if (closed) return;
    close();
    failed(why);
  }

  function close() {
    closed = true;
    clearTimeout(patience);
    worker.terminate();
    video.srcObject = null;
    out?.stop();
  }

  return {
    look,
    close,
    /** @param {Effect} other */
    change(other) { order({ do: "effect", effect: other }); },
  };
}
