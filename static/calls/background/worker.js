// The worker in which a picture's background is blurred or hidden. It gets pictures from its page and gives pictures back; nothing else leaves it.
// The only script of ours that may run compiled code (`web/headers.rs`).

import { load } from "./load.js";
import { painter } from "./painter.js";

/**
 * @typedef {{do: "effect", effect: import("./painter.js").Effect} | {do: "frame", frame: ImageBitmap|null}} Order  no frame: the camera has none at the moment
 * @typedef {{is: "wanting"} | {is: "picture", picture: ImageBitmap} | {is: "failed", why: import("./load.js").Reason}} Told
 */

// Lower: smoother. Higher: the device stays cool, and the call has its share of it.
const EVERY_MS = 50;
const CAMERA_AGAIN_MS = 100;

/** @type {import("./painter.js").Effect} */
let effect = "hide";
/** @type {((frame: ImageBitmap, effect: import("./painter.js").Effect) => ImageBitmap)|null} */
let paint = null;
let asked = 0;

addEventListener("message", (event) => {
  /** @type {Order} */
  const order = event.data;
  if (order.do === "effect") effect = order.effect;
  else if (order.frame) show(order.frame);
  else setTimeout(want, CAMERA_AGAIN_MS);
});

void begin();

async function begin() {
  const { segmenter, failed } = await load((path) => fetch(new URL(path, import.meta.url)));
  if (!segmenter) return tell({ is: "failed", why: failed });
  paint = painter(segmenter);
  want();
}

/** The clock is here, because a page that nobody looks at has a slow one. */
function want() {
  asked = performance.now();
  tell({ is: "wanting" });
}

/** @param {ImageBitmap} frame */
function show(frame) {
  try {
    const picture = paint?.(frame, effect);
    if (picture) tell({ is: "picture", picture }, [picture]);
  } catch {
    return tell({ is: "failed", why: "refused" });
  } finally {
    frame.close();
  }
  setTimeout(want, Math.max(0, EVERY_MS - (performance.now() - asked)));
}

/** @param {Told} told @param {Transferable[]} [with_] */
function tell(told, with_ = []) {
  postMessage(told, { transfer: with_ });
}
