// Paints what may be seen of a camera's picture: the person as they are, and behind them a blur or a plain card. In the worker.

/** @typedef {"blur"|"hide"} Effect */

// Of the longer side. Lower: less work for each picture. Higher: finer hair.
const SIDE_MAX = 640;
// The picture is halved that often and drawn large again. Lower: one can read what hangs on the wall. Higher: the blur swallows the light of the room.
const HALVINGS = 5;
const CARD = "#cfd8d4";
// Below the first it is the background, above the second the person. Nearer: harder edges. Further: a rim of the room shines through.
const [FROM, TO] = [0.4, 0.75];
/** The mask's own values put between those two. */
const EDGE = Uint8ClampedArray.from({ length: 256 }, (_, alpha) => {
  const part = Math.min(1, Math.max(0, (alpha / 255 - FROM) / (TO - FROM)));
  return 255 * part * part * (3 - 2 * part);
});

/**
 * @param {import("./segmenter.js").Segmenter} segmenter
 * @returns {(frame: ImageBitmap, effect: Effect) => ImageBitmap}
 */
export function painter(segmenter) {
  const { width, height } = segmenter;
  const small = new OffscreenCanvas(width, height);
  const outline = new OffscreenCanvas(width, height);
  const mask = new ImageData(width, height);
  const whole = new OffscreenCanvas(1, 1);
  const halves = Array.from({ length: HALVINGS }, () => new OffscreenCanvas(1, 1));
  const [look, draw, paint] = [pen(small, true), pen(outline), pen(whole)];

  return (frame, effect) => {
    const shrink = Math.min(1, SIDE_MAX / Math.max(frame.width, frame.height));
    const [w, h] = [frame.width, frame.height].map((side) => Math.max(2, 2 * Math.round((side * shrink) / 2)));
    resize(whole, w, h);

    look.drawImage(frame, 0, 0, width, height);
    segmenter.look(look.getImageData(0, 0, width, height).data, mask.data);
    for (let at = 3; at < mask.data.length; at += 4) mask.data[at] = EDGE[mask.data[at] ?? 0] ?? 0;
    draw.putImageData(mask, 0, 0);

    // Over nothing: what was there before is of another moment.
    paint.globalCompositeOperation = "copy";
    paint.drawImage(outline, 0, 0, w, h);
    paint.globalCompositeOperation = "source-in";
    paint.drawImage(frame, 0, 0, w, h);
    paint.globalCompositeOperation = "destination-over";
    if (effect === "hide") {
      paint.fillStyle = CARD;
      paint.fillRect(0, 0, w, h);
    } else {
      paint.drawImage(blurred(frame, w, h, halves), 0, 0, w, h);
    }
    return whole.transferToImageBitmap();
  };
}

/** Halved again and again, and back: every browser can do that, and not every one has a filter. @param {ImageBitmap} frame @param {number} w @param {number} h @param {OffscreenCanvas[]} halves */
function blurred(frame, w, h, halves) {
  /** @type {ImageBitmap|OffscreenCanvas} */
  let from = frame;
  for (const [step, half] of halves.entries()) {
    resize(half, Math.ceil(w / 2 ** (step + 1)), Math.ceil(h / 2 ** (step + 1)));
    pen(half).drawImage(from, 0, 0, half.width, half.height);
    from = half;
  }
  // Back in steps too: in one, the pixels of the smallest would show.
  for (const half of halves.slice(0, -1).reverse()) {
    pen(half).drawImage(from, 0, 0, half.width, half.height);
    from = half;
  }
  return from;
}

/** @param {OffscreenCanvas} canvas @param {number} w @param {number} h */
function resize(canvas, w, h) {
  if (canvas.width !== w) canvas.width = w;
  if (canvas.height !== h) canvas.height = h;
}

/** @param {OffscreenCanvas} canvas @param {boolean} [read] its pixels are asked for with every picture */
function pen(canvas, read = false) {
  const context = canvas.getContext("2d", { willReadFrequently: read });
  if (!context) throw new Error("There is nothing to draw on");
  return context;
}
