// A WebSocket that is opened while the page's own script is still on its way to the browser, and is that script's once it is there: `live.js` is
// given it by a page that has one.

/**
 * @typedef {object} Early
 * @property {WebSocket} socket
 * @property {(hear: (data: unknown) => void) => void} deliver  what came so far, and what comes from now on. Not before whoever asks has returned
 */

/** @type {{socket: WebSocket, heard: unknown[], hear: (data: unknown) => void}|null} */
let waiting = null;

/** @param {string} path  of this server */
export function openEarly(path) {
  /** @type {unknown[]} */
  const heard = [];
  const early = { socket: new WebSocket(location.origin.replace(/^http/, "ws") + path), heard, hear: (/** @type {unknown} */ data) => void heard.push(data) };
  early.socket.addEventListener("message", ({ data }) => early.hear(data));
  waiting = early;
}

/** The one that was opened for that address, once, if it still stands or may. @param {string} url @returns {Early|null} */
export function takeEarly(url) {
  const early = waiting;
  if (!early || early.socket.url !== url || early.socket.readyState > 1) return null;
  waiting = null;
  return {
    socket: early.socket,
    deliver: (hear) => queueMicrotask(() => {
      early.hear = hear;
      for (const data of early.heard) hear(data);
    }),
  };
}
