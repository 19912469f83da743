// Watches one connection while it lasts: whether anything arrives, and how good it is. The numbers stay in this page.

import { ALIVE, TICK_MS, tick } from "./pulse.js";
import { UNKNOWN, judge } from "./quality.js";

const SAMPLE_MS = 1_000;
// A connection that moves to another network takes another path, without a word of the browser's.
const PATH_MS = 5_000;

/**
 * @param {import("./peer.js").Peer} peer
 * @param {{silent: (pulse: import("./pulse.js").Pulse) => void, quality: (quality: import("./quality.js").Quality) => void, path: (path: import("./truth.js").Path|null) => void}} on
 * @returns {() => void} ends it
 */
export function watchLine(peer, on) {
  let [pulse, quality] = [ALIVE, UNKNOWN];

  const beating = every(TICK_MS, async () => {
    pulse = tick(pulse, await peer.beats());
    return () => on.silent(pulse);
  });
  const sampling = every(SAMPLE_MS, async () => {
    const sample = await peer.sample();
    // Of a line that is cut nothing is known but that.
    if (sample && !pulse.silent) quality = judge(quality, sample);
    return () => on.quality(quality);
  });
  const looking = every(PATH_MS, async () => {
    const path = await peer.path();
    return () => on.path(path);
  });
  return () => {
    beating();
    sampling();
    looking();
  };
}

/**
 * Not again before the last one is done, and no word after the end.
 * @param {number} ms
 * @param {() => Promise<() => void>} act
 */
function every(ms, act) {
  let busy = false;
  let over = false;
  const timer = setInterval(async () => {
    if (busy) return;
    busy = true;
    const say = await act();
    busy = false;
    if (!over) say();
  }, ms);
  return () => {
    over = true;
    clearInterval(timer);
  };
}
