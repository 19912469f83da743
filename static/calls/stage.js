// The call as one sees it: the other person's picture, the words over it, and the buttons below it. The same for both people.

import { find, once, tell } from "../lib/page.js";
import { unlock } from "../lib/sound.js";
import { whenSeenAgain } from "../lib/wake.js";
import { mend } from "./device_choice.js";
import { words as wordsFor } from "./other.js";
import { offer } from "./taken.js";
import { truth, way as wayOf } from "./truth.js";

// After this long without a connection the page says how to go on without it.
const PATIENCE_MS = 20_000;
const TICK_MS = 500;
// Lower: a picture that stands still is said sooner. Higher: a short gap on a bad line is not taken for it.
const STILL_TICKS = 6;
// Said in the same words of whoever the other one is.
const COMMON = ["connecting", "reconnecting", "no-picture", "sound-only", "sound-first"];
// What is said over a picture while sound may come.
const OVER_SOUND = ["camera-off", "no-picture", "sound-only", "sound-first"];

/** @typedef {{phase: import("./other.js").Seen["phase"]|null, path: import("./truth.js").Path|null, word: import("./quality.js").Word}} Known */

/**
 * `word` says it of the other person, by the end of a text's key. `show` hears what this page sends, `knows` what is known of the call.
 * @param {{devices: import("./devices.js").Devices, other: "clinician"|"patient", say: import("../lib/texts.js").Say, word: (key: string) => string,
 *   show: (own: import("./other.js").Own) => void, knows: (known: Known) => void}} options
 */
export function stage({ devices, other, say, word, show, knows }) {
  const remote = find("#remote", HTMLVideoElement);
  const play = find("#play", HTMLButtonElement);
  const sentence = find("#truth", HTMLElement);
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
  /** The browser does not start picture and sound without a tap; it had started them, and they stand still now. */
  let [refused, stopped] = [false, false];
  let wantsPicture = true;
  let soundFirst = false;
  /** @type {import("./quality.js").Word} */
  let line = "good";
  /** @type {import("./peer.js").Path|null} */
  let path = null;
  const playWords = play.textContent ?? "";

  play.addEventListener("click", () => void once(play, goOn));
  remote.addEventListener("pause", () => { if (remote.srcObject) { stopped = true; showTaken(); } });
  remote.addEventListener("playing", () => { stopped = false; showTaken(); });
  // After a sleep: what can go on without a tap does.
  whenSeenAgain(() => { if (stopped) void start(); });
  mute.addEventListener("click", () => {
    devices.mute(!devices.muted);
    showOwn();
  });
  camera.addEventListener("click", () => void once(camera, async () => {
    const trouble = await devices.turnCamera(devices.screen ? !devices.cameraOff : devices.hasCamera || devices.preparing);
    tell(notice, trouble ? mend(trouble, say) : "");
    showOwn();
  }));

  /** A browser may refuse to start a picture with sound by itself; then one tap starts it. */
  async function start() {
    try {
      await remote.play();
      refused = false;
    } catch (error) {
      // A newer picture that took its place is not a refusal.
      if (!(error instanceof DOMException && error.name === "AbortError")) refused = true;
    }
    showTaken();
  }

  /** After a phone call, a sleep, a plug that is back in. */
  async function goOn() {
    unlock();
    const trouble = await devices.takeBack();
    await start();
    if (trouble) tell(notice, mend(trouble, say));
  }

  let trouble = "";

  /** The words why, as long as they are the ones that stand there. */
  let why = "";

  function showTaken() {
    const offered = remote.srcObject ? offer({ ...devices.taken, refused, stopped }) : null;
    play.hidden = offered === null;
    play.textContent = offered?.button === "resume" ? say("resume") : playWords;
    const words = offered?.words ? say(offered.words) : "";
    if (words === why) return;
    if (words !== "" || notice.textContent === why) tell(notice, words);
    why = words;
  }

  function showOwn() {
    self.hidden = false;
    mute.setAttribute("aria-pressed", String(devices.muted));
    camera.setAttribute("aria-pressed", String(devices.screen ? devices.cameraOff : !devices.hasCamera && !devices.preparing));
    const off = [];
    if (!devices.hasMicrophone) off.push(say("no-microphone"));
    else if (devices.muted) off.push(say("muted"));
    if (devices.preparing) off.push(say("background-preparing"));
    else if (!devices.hasCamera) off.push(say("camera-is-off"));
    if (devices.hasCamera && sends?.wants === false) off.push(say("picture-not-wanted"));
    else if (devices.hasCamera && soundFirst) off.push(say("picture-held-short"));
    tell(selfWords, off.join(" "));
    showTaken();
    show({ sound: devices.hasMicrophone && !devices.muted && devices.taken.microphone === null, picture: devices.hasCamera, held: false, wants: wantsPicture });
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
    const key = wordsFor({ phase, where, sends, wants: wantsPicture, still: play.hidden === true && still >= STILL_TICKS });
    const common = COMMON.includes(key);
    remote.toggleAttribute("data-still", key !== "");
    showTruth();
    tell(words, key === "" ? "" : common ? say(key) : word(key));
    tell(sound, phase === "connected" && sends?.sound === false && (key === "" || OVER_SOUND.includes(key)) ? word("muted") : "");
  }

  /** What is true of the call at this moment. */
  function showTruth() {
    const connected = phase === "connected";
    const way = connected && path ? [say(...wayOf(path)), ...(line === "good" ? [] : [say(`quality-${line}`)])] : [];
    tell(sentence, [say(truth(phase, path, other)), ...way].join(" "));
    knows({ phase, path, word: line });
  }

  function impatient() {
    if (phase !== null && phase !== "connected" && where === "in_call") tell(notice, trouble || word("cannot-connect"));
  }

  return {
    element: remote,
    showOwn,

    /** @param {MediaStream|null} stream */
    show(stream) {
      remote.srcObject = stream;
      [refused, stopped] = [false, false];
      showTaken();
      if (stream) void start();
    },

    /**
     * What is going on, in words.
     * @param {string} text
     */
    waiting(text) {
      phase = null;
      showTruth();
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
      if (phase !== null) showOwn();
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
      if (notice.textContent === word("cannot-connect")) tell(notice, "");
      still = 0;
      render();
      clearInterval(watching);
      watching = setInterval(watch, TICK_MS);
      showTruth();
      if (remote.paused && remote.srcObject) void start();
    },

    /** @param {import("./peer.js").Path|null} now */
    path(now) {
      path = now;
      showTruth();
    },

    /** The other one's screen is wide and must not be cut; one's own is not a mirror. @param {boolean} on */
    screen(on) {
      remote.toggleAttribute("data-screen", on && other === "patient");
      self.toggleAttribute("data-screen", on && other === "clinician");
    },

    /** @param {import("./quality.js").Quality} quality */
    quality(quality) {
      line = quality.word;
      showTruth();
      if (soundFirst === quality.soundFirst) return;
      soundFirst = quality.soundFirst;
      const held = say("picture-held");
      if (soundFirst && devices.hasCamera) tell(notice, held);
      else if (notice.textContent === held) tell(notice, "");
      showOwn();
    },

    /** Not, where sound only was chosen. */
    get wantsPicture() { return wantsPicture; },

    /** No pictures, in either direction, or pictures again. @param {boolean} only */
    async soundOnly(only) {
      wantsPicture = !only;
      const trouble = await devices.turnCamera(only);
      tell(notice, trouble ? mend(trouble, say) : "");
      showOwn();
      render();
    },

    /** Why the call does not come about, until that is over. @param {string} text */
    trouble(text) {
      if (text !== "" || notice.textContent === trouble) tell(notice, text);
      trouble = text;
    },

    /** @param {string} text */
    notice(text) {
      tell(notice, text);
    },

    stop() {
      phase = null;
      path = null;
      showTruth();
      clearTimeout(patience);
      clearInterval(watching);
      remote.srcObject = null;
    },
  };
}
