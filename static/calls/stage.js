// The call as one sees it: the other person's picture, the words over it, and the buttons below it. The same for both people.

import { find, once, tell } from "../lib/page.js";
import { mend } from "./device_choice.js";

// After this long without a connection the page says how to go on without it.
const PATIENCE_MS = 20_000;
const TICK_MS = 1_000;
// Lower: a camera switched off is said sooner. Higher: a short gap on a bad line is not taken for it.
const STILL_TICKS = 3;

/**
 * @param {{devices: import("./devices.js").Devices, other: "clinician"|"patient", say: import("../lib/texts.js").Say}} options
 */
export function stage({ devices, other, say }) {
  const remote = find("#remote", HTMLVideoElement);
  const play = find("#play", HTMLButtonElement);
  const truth = find("#truth", HTMLElement);
  const words = find("#stage-words", HTMLElement);
  const self = find("#self", HTMLElement);
  const selfWords = find("#self-words", HTMLElement);
  const notice = find("#call-notice", HTMLElement);
  const mute = find("#mute", HTMLButtonElement);
  const camera = find("#camera", HTMLButtonElement);
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let patience;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let watching;
  let connected = false;
  let still = 0;
  let seen = 0;

  play.addEventListener("click", () => void start());
  mute.addEventListener("click", () => {
    devices.mute(!devices.muted);
    showOwn();
  });
  camera.addEventListener("click", () => void once(camera, async () => {
    const trouble = await devices.turnCamera(devices.hasCamera);
    tell(notice, trouble ? mend(trouble, say) : "");
    showOwn();
  }));

  /** A browser may refuse to start a picture with sound by itself; then one tap starts it. */
  async function start() {
    try {
      await remote.play();
      play.hidden = true;
    } catch (error) {
      // A newer picture that took its place is not a refusal.
      if (!(error instanceof DOMException && error.name === "AbortError")) play.hidden = false;
    }
  }

  function showOwn() {
    self.hidden = false;
    mute.setAttribute("aria-pressed", String(devices.muted));
    camera.setAttribute("aria-pressed", String(!devices.hasCamera));
    const off = [];
    if (!devices.hasMicrophone) off.push(say("no-microphone"));
    else if (devices.muted) off.push(say("muted"));
    if (!devices.hasCamera) off.push(say("camera-is-off"));
    tell(selfWords, off.join(" "));
  }

  /** Says so when no picture comes: a camera that is off and a bad line look the same from here, a picture that stands still. */
  function watch() {
    const frames = remote.getVideoPlaybackQuality().totalVideoFrames;
    still = frames === seen ? still + 1 : 0;
    seen = frames;
    const none = connected && play.hidden === true && still >= STILL_TICKS;
    remote.toggleAttribute("data-still", none);
    if (connected) tell(words, none ? say("no-picture") : "");
  }

  return {
    element: remote,
    showOwn,

    /** @param {MediaStream|null} stream */
    show(stream) {
      remote.srcObject = stream;
      play.hidden = true;
      if (stream) void start();
    },

    /**
     * What is going on, in words.
     * @param {string} text
     */
    waiting(text) {
      connected = false;
      truth.textContent = say("truth-none");
      tell(words, text);
      clearTimeout(patience);
    },

    /** @param {"connecting"|"reconnecting"} which */
    lost(which) {
      connected = false;
      truth.textContent = say(`truth-${which}`);
      tell(words, say(which));
      clearTimeout(patience);
      patience = setTimeout(() => tell(notice, say("cannot-connect")), PATIENCE_MS);
    },

    connected() {
      connected = true;
      clearTimeout(patience);
      tell(notice, "");
      tell(words, "");
      still = 0;
      clearInterval(watching);
      watching = setInterval(watch, TICK_MS);
      truth.textContent = say(`truth-${other}`);
      if (remote.paused && remote.srcObject) void start();
    },

    /** @param {import("./peer.js").Path|null} path */
    path(path) {
      if (connected && path) truth.textContent = `${say(`truth-${other}`)} ${say(path.relayed ? "path-relay" : "path-direct")}`;
    },

    /** @param {string} text */
    notice(text) {
      tell(notice, text);
    },

    stop() {
      connected = false;
      clearTimeout(patience);
      clearInterval(watching);
      remote.srcObject = null;
    },
  };
}

/**
 * The panels beside the call, each with the button that opens it. There is room for one at a time. Escape closes it.
 * @param {{panel: HTMLElement, toggle: HTMLButtonElement}[]} sides
 */
export function panels(sides) {
  /** @param {HTMLElement} which @param {boolean} open */
  function set(which, open) {
    for (const { panel, toggle } of sides) {
      if (panel !== which && !open) continue;
      panel.hidden = panel !== which || !open;
      toggle.setAttribute("aria-expanded", String(panel.hidden === false));
      if (panel.hidden === false) delete toggle.dataset.news;
    }
  }
  for (const { panel, toggle } of sides) {
    const close = () => {
      set(panel, false);
      toggle.focus();
    };
    toggle.addEventListener("click", () => {
      set(panel, panel.hidden !== false);
      if (panel.hidden === false) panel.querySelector("textarea")?.focus();
    });
    panel.querySelector("[data-close]")?.addEventListener("click", close);
    panel.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  }
  return {
    set,
    /** Something is new in a panel that is not open. @param {HTMLElement} which @param {string} text */
    news(which, text) {
      const side = sides.find(({ panel }) => panel === which);
      if (side?.panel.hidden) side.toggle.dataset.news = text;
    },
  };
}
