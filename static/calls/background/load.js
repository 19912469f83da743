// Fetches the engine and its model, and says in one word why it is not to be had.

import { segmenter } from "./segmenter.js";

/** @typedef {"missing"|"refused"} Reason  it did not come here, or this browser does not run it */

/**
 * @param {(path: string) => Promise<Response>} get
 * @returns {Promise<{segmenter: import("./segmenter.js").Segmenter, failed: null} | {segmenter: null, failed: Reason}>}
 */
export async function load(get) {
  /** @type {ArrayBuffer[]} */
  let files;
  try {
    files = await Promise.all(["tflite-simd.wasm", "selfie_segmentation_landscape.tflite"].map(async (name) => {
      const answer = await get(`vendor/${name}`);
      if (!answer.ok) throw new Error(`${name} is not there`);
      return answer.arrayBuffer();
    }));
  } catch {
    return { segmenter: null, failed: "missing" };
  }
  const [engine = new ArrayBuffer(), model = new ArrayBuffer()] = files;
  try {
    return { segmenter: await segmenter(await WebAssembly.compile(engine), model), failed: null };
  } catch {
    // The server forbids it, or the browser is too old for its instructions.
    return { segmenter: null, failed: "refused" };
  }
}
