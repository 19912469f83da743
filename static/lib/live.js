// A WebSocket that comes back by itself. It never touches the call: pictures and sound do not pass through it.

import { backoffMs } from "./backoff.js";

// Two beats of the server, which come every ten seconds, may be lost before the connection counts as dead.
const SILENCE_MS = 25_000;
const LOOK_MS = 5_000;

// "Normal closure": the server ends this page's part at once instead of waiting for it to come back.
const GOODBYE = 1000;

/**
 * @typedef {object} Live
 * @property {(message: object) => void} send  dropped when there is no connection; the page asks again after it is back
 * @property {() => void} stop  for good
 */

/**
 * @param {string} path
 * @param {{opened: () => void, closed: () => void, refused?: () => void, message: (message: any) => void}} on  `refused`: it was not even opened. `message` hears no beats
 * @returns {Live}
 */
export function live(path, on) {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  /** @type {WebSocket|null} */
  let socket = null;
  let attempt = 0;
  let stopped = false;
  let isOpen = false;
  let heardAt = 0;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let again;

  function connect() {
    clearTimeout(again);
    if (stopped || socket) return;
    const fresh = new WebSocket(url);
    socket = fresh;
    heardAt = Date.now();
    fresh.addEventListener("open", () => {
      if (socket !== fresh) return;
      isOpen = true;
      heardAt = Date.now();
      on.opened();
    });
    fresh.addEventListener("message", (event) => {
      if (socket !== fresh || typeof event.data !== "string") return;
      heardAt = Date.now();
      attempt = 0;
      const message = parse(event.data);
      // Answered and not said by a clock of ours: in a tab that is not looked at, browsers let clocks go by the minute.
      if (message?.type === "beat") fresh.send(JSON.stringify({ type: "beat" }));
      else if (message !== undefined) on.message(message);
    });
    fresh.addEventListener("close", () => lost(fresh));
  }

  /** @param {WebSocket} which */
  function lost(which) {
    if (socket !== which) return;
    socket = null;
    if (isOpen) {
      isOpen = false;
      on.closed();
    } else if (!stopped) {
      on.refused?.();
    }
    if (stopped) return;
    again = setTimeout(connect, backoffMs(attempt, Math.random()));
    attempt += 1;
  }

  const watch = setInterval(() => {
    if (!socket || Date.now() - heardAt <= SILENCE_MS) return;
    // A dead network may not let the socket close in time, so the page goes on without it. No code: this is no goodbye.
    const dead = socket;
    dead.close();
    lost(dead);
  }, LOOK_MS);

  const online = () => {
    attempt = 0;
    connect();
  };
  addEventListener("online", online);
  connect();

  return {
    send(message) {
      if (socket && isOpen) socket.send(JSON.stringify(message));
    },
    stop() {
      stopped = true;
      clearTimeout(again);
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
