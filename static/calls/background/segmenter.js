// Where the person is in a picture: TensorFlow Lite with its model (`vendor/README.md`), given a small picture and asked for a mask.
//
// The engine was built for a page with a whole C library around it. It needs little of that: here is all that it is given. It has no network, no
// clock but this worker's and no files, and what it prints goes nowhere.

// How a build of that version spells its parts. Another build spells them differently, so version and letters go together.
const PARTS = { memory: "q", start: "r", modelAt: "s", inputAt: "t", inputHeight: "u", inputWidth: "v", outputAt: "x", load: "B", run: "C" };
const PAGE_BYTES = 65_536;
// Of 512 MB, in pages. Lower: a phone is spared sooner. Higher: never needed by this model, which lives in 30 MB.
const PAGES_MAX = 8_192;
// What a system call of the C library answers: this is not there.
const [NONE, TRY_LATER, INVALID] = [0, 6, 28];

/**
 * @typedef {object} Segmenter
 * @property {number} width  of the picture that it looks at
 * @property {number} height
 * @property {(rgba: Uint8ClampedArray, mask: Uint8ClampedArray) => void} look  writes how much of each place is the person into the alpha of `mask`
 */

/**
 * @param {WebAssembly.Module} engine
 * @param {ArrayBuffer} model
 * @returns {Promise<Segmenter>}
 */
export async function segmenter(engine, model) {
  /** @type {WebAssembly.Memory|undefined} */
  let memory;
  const bytes = () => new Uint8Array(/** @type {WebAssembly.Memory} */ (memory).buffer);
  const numbers = () => new DataView(/** @type {WebAssembly.Memory} */ (memory).buffer);
  const stop = () => { throw new Error("The engine gave up"); };
  const surroundings = {
    a: stop, // abort
    b: (/** @type {number} */ what) => (what === 30 ? 16_384 : what === 84 ? 1 : -1), // sysconf: the size of a page, how many processors
    c: (/** @type {number} */ _, /** @type {number} */ pieces, /** @type {number} */ count, /** @type {number} */ written) => { // fd_write
      let sum = 0;
      for (let i = 0; i < count; i += 1) sum += numbers().getInt32(pieces + i * 8 + 4, true);
      numbers().setInt32(written, sum, true);
      return NONE;
    },
    d: () => TRY_LATER, // pthread_create: there is one thread
    e: stop, // dlsym
    f: () => INVALID, // pthread_join
    g: (/** @type {number} */ count, /** @type {number} */ size) => { // environ_sizes_get
      numbers().setInt32(count, 0, true);
      numbers().setInt32(size, 0, true);
      return NONE;
    },
    h: () => NONE, // fd_close
    i: stop, // dlopen
    j: stop, // exit
    k: () => NONE, // fd_seek
    l: (/** @type {number} */ to, /** @type {number} */ from, /** @type {number} */ size) => { bytes().copyWithin(to, from, from + size); }, // memcpy
    m: (/** @type {number} */ size) => grow(size), // the heap is too small
    n: (/** @type {number} */ _, /** @type {number} */ at) => { // clock_gettime
      const ms = performance.now();
      numbers().setInt32(at, Math.floor(ms / 1_000), true);
      numbers().setInt32(at + 4, Math.floor((ms % 1_000) * 1e6), true);
      return NONE;
    },
    o: () => {}, // sleep
    p: () => NONE, // environ_get
  };

  /** @param {number} size @returns {number} whether there is that much now */
  function grow(size) {
    const pages = Math.ceil(size / PAGE_BYTES);
    if (!memory || pages > PAGES_MAX) return 0;
    try {
      memory.grow(Math.max(0, pages - memory.buffer.byteLength / PAGE_BYTES));
      return 1;
    } catch {
      return 0;
    }
  }

  const { exports } = await WebAssembly.instantiate(engine, { a: surroundings });
  memory = /** @type {WebAssembly.Memory} */ (exports[PARTS.memory]);
  /** @param {string} part @param {number} [given] @returns {number} */
  const call = (part, given) => /** @type {(given?: number) => number} */ (exports[part])(given);
  call(PARTS.start);
  bytes().set(new Uint8Array(model), call(PARTS.modelAt));
  if (call(PARTS.load, model.byteLength) !== 0) throw new Error("The model does not load");
  const [width, height, input, output] = [PARTS.inputWidth, PARTS.inputHeight, PARTS.inputAt, PARTS.outputAt].map((part) => call(part));
  if (!width || !height || !input || !output) throw new Error("The model says nothing of its pictures");
  const places = width * height;

  return {
    width,
    height,
    look(rgba, mask) {
      const heap = new Float32Array(/** @type {WebAssembly.Memory} */ (memory).buffer);
      for (let place = 0, to = input / 4; place < places; place += 1) {
        for (let colour = 0; colour < 3; colour += 1, to += 1) heap[to] = (rgba[place * 4 + colour] ?? 0) / 255;
      }
      if (call(PARTS.run) !== 0) throw new Error("The engine gave up");
      const found = new Float32Array(/** @type {WebAssembly.Memory} */ (memory).buffer, output, places);
      for (let place = 0; place < places; place += 1) mask[place * 4 + 3] = (found[place] ?? 0) * 255;
    },
  };
}
