// The call as one sees it: the other person's picture, the words over it, and the buttons below it. The same for both people.

import { find, once, tell } from "../lib/page.js";
import { mend } from "./device_choice.js";
import { words as wordsFor } from "./other.js";

// After this long without a connection the page says how to go on without it.
const PATIENCE_MS = 20_000;
const TICK_MS = 500;
// Lower: a picture that stands still is said sooner. Higher: a short gap on a bad line is not taken for it.
const STILL_TICKS = 6;

/**
 * `word` says it of the other person, by the end of a text's key. `show` hears what this page sends.
 * @param {{devices: import("./devices.js").Devices, other: "clinician"|"patient", say: import("../lib/texts.js").Say, word: (key: string) => string,
 *   show: (own: import("./other.js").Own) => void}} options
 */
export function stage({ devices, other, say, word, show }) {
  const remote = find("#remote", HTMLVideoElement);
  const play = find("#play", HTMLButtonElement);
  const truth = find("#truth", HTMLElement);
  const words = find("#stage-words", HTMLElement);
  const sound = find("#other-words", HTMLElement);
  const self = find("#self", HTMLElement);
  const selfWords = find("#self-words", HTMLElement);
  const notice = find("#call-notice", HTMLElement);
  const mute = find("#mute", HTMLButtonElement);
  const camera = find("#camera", HTMLButtonElement);
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let patience;
  /** @type {ReturnType<typeof setInterval>|undefined} */
  let watching;
  /** Nothing, while the page itself says what goes on. @type {import("./other.js").Seen["phase"]|null} */
  let phase = null;
  /** @type {import("./other.js").Whereabouts} */
  let where = "lost";
  /** @type {import("./other.js").Own|null} */
  let sends = null;
  let [still, frames] = [0, 0];

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
    show({ sound: devices.hasMicrophone && !devices.muted, picture: devices.hasCamera });
  }

  /** Notices when the picture stands still. */
  function watch() {
    const shown = remote.getVideoPlaybackQuality().totalVideoFrames;
    still = shown === frames ? still + 1 : 0;
    frames = shown;
    render();
  }

  /** What one is told of the other person, over their picture and beside it. */
  function render() {
    if (phase === null) return;
    const key = wordsFor({ phase, where, sends, still: play.hidden === true && still >= STILL_TICKS });
    const common = key === "connecting" || key === "reconnecting" || key === "no-picture";
    remote.toggleAttribute("data-still", key !== "");
    if (phase !== "connected") tell(truth, say(common ? `truth-${phase}` : "truth-none"));
    tell(words, key === "" ? "" : common ? say(key) : word(key));
    tell(sound, phase === "connected" && sends?.sound === false && (key === "" || key === "camera-off" || key === "no-picture") ? word("muted") : "");
  }

  function impatient() {
    if (phase !== null && phase !== "connected" && where === "in_call") tell(notice, say("cannot-connect"));
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
      phase = null;
      truth.textContent = say("truth-none");
      tell(words, text);
      tell(sound, "");
      clearTimeout(patience);
    },

    /** Where the other person's page is. @param {import("./other.js").Whereabouts} whereabouts */
    where(whereabouts) {
      where = whereabouts;
      render();
    },

    /** What the other person's page sends. @param {import("./other.js").Own|null} own */
    sends(own) {
      sends = own;
      render();
    },

    /** @param {"connecting"|"reconnecting"} which */
    lost(which) {
      phase = which;
      render();
      clearTimeout(patience);
      patience = setTimeout(impatient, PATIENCE_MS);
    },

    connected() {
      phase = "connected";
      clearTimeout(patience);
      tell(notice, "");
      still = 0;
      render();
      clearInterval(watching);
      watching = setInterval(watch, TICK_MS);
      truth.textContent = say(`truth-${other}`);
      if (remote.paused && remote.srcObject) void start();
    },

    /** @param {import("./peer.js").Path|null} path */
    path(path) {
      if (phase === "connected" && path) truth.textContent = `${say(`truth-${other}`)} ${say(path.relayed ? "path-relay" : "path-direct")}`;
    },

    /** @param {string} text */
    notice(text) {
      tell(notice, text);
    },

    stop() {
      phase = null;
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
