// A WebSocket that comes back by itself. It never touches the call: pictures and sound do not pass through it.

import { backoffMs } from "./backoff.js";

// Two beats of the server, which come every ten seconds, may be lost before the connection counts as dead.
const SILENCE_MS = 25_000;
const LOOK_MS = 5_000;

// A restart of the server is over before anybody need hear of it. Lower: an absence is told sooner. Higher: a short one bothers nobody.
const TOLD_AFTER_MS = 4_000;
// A server that takes a page and drops it again before that is not back: it is tried less and less often.
const BACK_AFTER_MS = 2_000;

// "Normal closure": the server ends this page's part at once instead of waiting for it to come back.
const GOODBYE = 1000;

/**
 * @typedef {object} Live
 * @property {(message: object) => void} send  dropped when there is no connection; the page asks again after it is back
 * @property {() => void} stop  for good
 */

/**
 * @param {string} path
 * @param {{opened: () => void, closed?: () => void, away?: () => void, refused?: () => void, message: (message: any) => void}} on  `away`: there has been no connection for so long that a
 *   person should hear of it. `refused`: it was not even opened. `message` hears no beats
 * @param {(url: string) => import("./early.js").Early|null} [opened]  a socket that stands already
 * @returns {Live}
 */
export function live(path, on, opened = () => null) {
  const url = location.origin.replace(/^http/, "ws") + path;
  /** @type {WebSocket|null} */
  let socket = null;
  let stopped = false;
  let isOpen = false;
  let heardAt = 0;
  let openedAt = 0;
  /** When the server was there last, as far as this page knows. */
  let thereAt = Date.now();
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let again;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let telling;

  function connect() {
    clearTimeout(again);
    if (stopped || socket) return;
    const early = opened(url);
    const fresh = early?.socket ?? new WebSocket(url);
    socket = fresh;
    heardAt = Date.now();
    if (fresh.readyState === WebSocket.OPEN) queueMicrotask(() => isThere(fresh));
    else fresh.addEventListener("open", () => isThere(fresh));
    const hear = (/** @type {unknown} */ data) => heard(fresh, data);
    if (early) early.deliver(hear);
    else fresh.addEventListener("message", ({ data }) => hear(data));
    fresh.addEventListener("close", () => lost(fresh));
  }

  /** @param {WebSocket} which */
  function isThere(which) {
    if (socket !== which) return;
    isOpen = true;
    heardAt = openedAt = Date.now();
    clearTimeout(telling);
    on.opened();
  }

  /** @param {WebSocket} which @param {unknown} data */
  function heard(which, data) {
    if (socket !== which || typeof data !== "string") return;
    heardAt = Date.now();
    const message = parse(data);
    // Answered and not said by a clock of ours: in a tab that is not looked at, browsers let clocks go by the minute.
    if (message?.type === "beat") which.send(JSON.stringify({ type: "beat" }));
    else if (message !== undefined) on.message(message);
  }

  /** @param {WebSocket} which */
  function lost(which) {
    if (socket !== which) return;
    socket = null;
    if (isOpen) {
      isOpen = false;
      if (Date.now() - openedAt >= BACK_AFTER_MS) thereAt = Date.now();
      if (!stopped) tellLater();
      on.closed?.();
    } else if (!stopped) {
      on.refused?.();
    }
    if (stopped) return;
    again = setTimeout(connect, backoffMs(Date.now() - thereAt, Math.random()));
  }

  function tellLater() {
    clearTimeout(telling);
    telling = setTimeout(() => on.away?.(), TOLD_AFTER_MS);
  }

  const watch = setInterval(() => {
    if (!socket || Date.now() - heardAt <= SILENCE_MS) return;
    // A dead network may not let the socket close in time, so the page goes on without it. No code: this is no goodbye.
    const dead = socket;
    dead.close();
    lost(dead);
  }, LOOK_MS);

  const online = () => {
    thereAt = Date.now();
    connect();
  };
  addEventListener("online", online);
  tellLater();
  connect();

  return {
    send(message) {
      if (socket && isOpen) socket.send(JSON.stringify(message));
    },
    stop() {
      stopped = true;
      clearTimeout(again);
      clearTimeout(telling);
      clearInterval(watch);
      removeEventListener("online", online);
      socket?.close(GOODBYE);
    },
  };
}

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
