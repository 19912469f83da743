// Camera, microphone and speaker: the only file that says getUserMedia. It is asked only after the person acted.

/**
 * @typedef {"blocked"|"missing"|"busy"|"unsupported"|"other"} Trouble  why a device could not be had
 * @typedef {{camera: Trouble|null, microphone: Trouble|null}} Troubles
 * @typedef {{camera?: string, microphone?: string}} Choice  device ids
 */

// A system mutes a device for a moment when it starts. Lower: a phone call is noticed sooner. Higher: that is not taken for one.
const HELD_MS = 1_500;

/** What stands before a camera: it takes the camera's picture, and gives back what may be seen of it. @typedef {{take: (camera: MediaStreamTrack|null) => void}} Veil */

/**
 * What is sent and what may be chosen. One for each page.
 *
 * **Behind a veil the camera's own picture is in no stream**: what is sent and shown is what the veil gave back, or nothing.
 */
export class Devices {
  stream = new MediaStream();
  /** @type {Choice} */ choice = {};
  muted = false;
  cameraOff = false;
  /** What the system took away, and nobody gave back yet. @type {{microphone: import("./taken.js").Taken|null, camera: import("./taken.js").Taken|null}} */
  taken = { microphone: null, camera: null };
  /** The screen that is shown in place of the camera's picture. @type {MediaStreamTrack|null} */
  screen = null;
  /** The camera itself. @type {MediaStreamTrack|null} */ #camera = null;
  /** @type {Veil|null} */ #veil = null;
  /** How often each was given up. What was asked for before is not taken any more. */ #givenUp = { video: 0, audio: 0 };
  /** Called when a track was replaced or ended by itself. @type {() => void} */
  changed = () => {};

  /** A picture goes out: the camera's, or the screen. */
  get hasCamera() { return this.stream.getVideoTracks().some((t) => t.readyState === "live"); }
  /** The camera is open, and its veil has given nothing back yet. */
  get preparing() { return this.#camera?.readyState === "live" && !this.hasCamera; }
  /** Which camera is open, or will be when the picture is turned on. */
  get camera() { return this.#camera?.getSettings().deviceId ?? (this.cameraOff || this.screen ? this.choice.camera : undefined); }
  get hasMicrophone() { return this.stream.getAudioTracks().some((t) => t.readyState === "live"); }

  /**
   * Opens what is wanted and is not open yet.
   * @param {{camera: boolean, microphone: boolean}} wanted
   * @returns {Promise<Troubles>}
   */
  async open(wanted) {
    return this.#askEach(wanted.camera && !this.hasCamera && !this.preparing, wanted.microphone && !this.hasMicrophone);
  }

  /**
   * Changes to another device. The old one stays in use, or is opened again, when the new one fails.
   * @param {Choice} choice
   * @returns {Promise<Trouble|null>}
   */
  async change(choice) {
    const [before, since] = [this.choice, { ...this.#givenUp }];
    this.choice = { ...before, ...choice };
    const camera = choice.camera !== undefined && !this.cameraOff && !this.screen;
    let trouble = await this.#ask(camera, choice.microphone !== undefined, since);
    // Many a phone opens one camera at a time: the old one makes room.
    const old = trouble === "busy" && camera && this.#camera;
    if (old) {
      old.stop();
      trouble = await this.#ask(true, false, since);
    }
    if (!trouble) return null;
    this.choice = before;
    if (old && await this.#ask(true, false, since)) {
      this.#letCameraGo();
      this.changed();
    }
    return trouble;
  }

  /**
   * Opens again what the system took away.
   * @returns {Promise<Trouble|null>}
   */
  async takeBack() {
    const { microphone, camera } = this.taken;
    const troubles = await this.#askEach(camera !== null && !this.cameraOff, microphone !== null);
    return troubles.microphone ?? troubles.camera;
  }

  /** Puts the camera behind a veil, or takes it out from there. @param {Veil|null} veil */
  behind(veil) {
    if (veil === this.#veil) return;
    // What went out so far ends here and now, before anybody else is told. Its double goes on.
    const double = this.#camera?.clone();
    if (double) this.#letCameraGo();
    this.#veil = veil;
    if (!double) return;
    this.#take(double);
    this.changed();
  }

  /** What may be seen of the camera from now on. @param {MediaStreamTrack} picture */
  veiled(picture) {
    if (!this.#camera || !this.#veil) return picture.stop();
    this.stream.addTrack(picture);
    this.changed();
  }

  /** @param {boolean} muted */
  mute(muted) {
    this.muted = muted;
    for (const track of this.stream.getAudioTracks()) track.enabled = !muted;
  }

  /**
   * Off means off: the device is let go and its light goes out.
   * @param {boolean} off
   * @returns {Promise<Trouble|null>}
   */
  async turnCamera(off) {
    this.cameraOff = off;
    if (this.screen) {
      // It stands in the camera's place; what was chosen counts when it is gone.
      this.changed();
      return null;
    }
    if (!off) {
      const { camera: trouble } = await this.#askEach(true, false);
      // Turned off again meanwhile, it stays so.
      this.cameraOff ||= trouble !== null;
      return trouble;
    }
    this.#givenUp.video += 1;
    this.#letCameraGo();
    this.taken.camera = null;
    this.changed();
    return null;
  }

  get canShare() { return typeof navigator.mediaDevices?.getDisplayMedia === "function"; }

  /** Which screen or window the person chooses; nobody sees it yet. @returns {Promise<MediaStreamTrack|null>} */
  async chooseScreen() {
    if (!this.canShare) return null;
    const got = await navigator.mediaDevices.getDisplayMedia({ video: true, audio: false }).catch(() => null);
    return got?.getVideoTracks()[0] ?? null;
  }

  /** @param {MediaStreamTrack} screen */
  showScreen(screen) {
    this.#givenUp.video += 1;
    this.#letCameraGo();
    this.screen = screen;
    this.stream.addTrack(screen);
    this.changed();
  }

  /** The camera is back, if it was on. */
  async hideScreen() {
    if (!this.screen) return;
    this.#drop(this.screen);
    this.screen = null;
    if (!this.cameraOff) await this.#askEach(true, false);
    this.changed();
  }

  /** Lets everything go, also what is still being asked for. */
  stop() {
    this.#givenUp.video += 1;
    this.#givenUp.audio += 1;
    this.screen = null;
    this.taken = { microphone: null, camera: null };
    this.#letCameraGo();
    for (const track of this.stream.getTracks()) this.#drop(track);
  }

  /** @returns {Promise<{cameras: MediaDeviceInfo[], microphones: MediaDeviceInfo[], speakers: MediaDeviceInfo[]}>} */
  async list() {
    const every = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    /** @param {MediaDeviceKind} kind */
    const of = (kind) => every.filter((device) => device.kind === kind && device.deviceId !== "");
    return { cameras: of("videoinput"), microphones: of("audioinput"), speakers: of("audiooutput") };
  }

  /**
   * One request for both, so that the browser asks once.
   * @param {boolean} camera @param {boolean} microphone
   * @returns {Promise<Troubles>}
   */
  async #askEach(camera, microphone) {
    const since = { ...this.#givenUp };
    const both = camera && microphone && await this.#ask(true, true, since);
    if (both === null) return { camera: null, microphone: null };
    // One of the two may work without the other.
    const sound = microphone ? await this.#askAny("microphone", since) : null;
    const picture = !camera ? null : both && sound === "blocked" ? both : await this.#askAny("camera", since);
    return { camera: picture, microphone: sound };
  }

  /** The one that was chosen, or another once that is unplugged. @param {"camera"|"microphone"} what @param {{video: number, audio: number}} since */
  async #askAny(what, since) {
    const ask = () => this.#ask(what === "camera", what === "microphone", since);
    const trouble = await ask();
    if (trouble !== "missing" || !this.choice[what]) return trouble;
    delete this.choice[what];
    return ask();
  }

  /**
   * **What was given up while it was asked for is let go at once**, and nothing is said of it.
   * @param {boolean} camera @param {boolean} microphone
   * @returns {Promise<Trouble|null>}
   */
  async #ask(camera, microphone, since = { ...this.#givenUp }) {
    const wanted = () => ({ video: camera && since.video === this.#givenUp.video, audio: microphone && since.audio === this.#givenUp.audio });
    ({ video: camera, audio: microphone } = wanted());
    if (!camera && !microphone) return null;
    if (!navigator.mediaDevices?.getUserMedia) return "unsupported";
    try {
      const got = await navigator.mediaDevices.getUserMedia({
        video: camera && { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user", ...exactly(this.choice.camera) },
        audio: microphone && { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...exactly(this.choice.microphone) },
      });
      const still = wanted();
      for (const track of got.getTracks()) {
        if (still[/** @type {"video"|"audio"} */ (track.kind)]) this.#take(track);
        else track.stop();
      }
      this.changed();
      return null;
    } catch (error) {
      const { video, audio } = wanted();
      return video || audio ? trouble(error) : null;
    }
  }

  /** @param {MediaStreamTrack} track */
  #take(track) {
    if (track.kind === "audio") this.#takeMicrophone(track);
    else this.#takeCamera(track);
    const what = track.kind === "audio" ? "microphone" : "camera";
    this.taken[what] = null;
    /** @param {import("./taken.js").Taken|null} how */
    const took = (how) => {
      if (track !== this.#camera && !this.stream.getTracks().includes(track)) return;
      this.taken[what] = how;
      if (how === "gone") this.#isGone(track);
      this.changed();
    };
    // Pulled out, or taken away by the system: for good, or for as long as a phone call lasts.
    track.addEventListener("ended", () => took("gone"));
    track.addEventListener("mute", () => setTimeout(() => { if (track.muted) took("held"); }, HELD_MS));
    track.addEventListener("unmute", () => took(null));
  }

  /** @param {MediaStreamTrack} track */
  #takeMicrophone(track) {
    for (const old of this.stream.getAudioTracks()) this.#drop(old);
    track.enabled = !this.muted;
    this.stream.addTrack(track);
  }

  /** @param {MediaStreamTrack} track */
  #takeCamera(track) {
    if (this.#veil && this.#camera) this.#camera.stop(); // The veil goes on with the next one.
    else this.#letCameraGo();
    this.#camera = track;
    if (this.#veil) this.#veil.take(track);
    else this.stream.addTrack(track);
  }

  /** @param {MediaStreamTrack} track */
  #isGone(track) {
    if (track === this.#camera) this.#letCameraGo();
    else this.stream.removeTrack(track);
  }

  /** The camera, what a veil made of it, and a screen in its place. */
  #letCameraGo() {
    this.#camera?.stop();
    this.#camera = null;
    this.#veil?.take(null);
    for (const track of this.stream.getVideoTracks()) this.#drop(track);
  }

  /** @param {MediaStreamTrack} track */
  #drop(track) {
    track.stop();
    this.stream.removeTrack(track);
  }
}

/** @param {string|undefined} id */
function exactly(id) {
  return id ? { deviceId: { exact: id } } : {};
}

/** @param {unknown} error @returns {Trouble} */
function trouble(error) {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError": return "blocked";
    case "NotFoundError":
    case "OverconstrainedError": return "missing";
    case "NotReadableError":
    case "AbortError": return "busy";
    default: return "other";
  }
}

/**
 * How loud the microphone is, 0 to 1, ten times a second, until the returned function is called. The sound stays in this page.
 * @param {MediaStream} stream
 * @param {(level: number) => void} heard
 * @returns {() => void}
 */
export function listen(stream, heard) {
  if (stream.getAudioTracks().length === 0) return () => {};
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(new MediaStream(stream.getAudioTracks())).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const timer = setInterval(() => {
    analyser.getFloatTimeDomainData(samples);
    const loudest = samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
    heard(Math.min(1, Math.sqrt(loudest)));
  }, 100);
  return () => {
    clearInterval(timer);
    // Said twice, once is enough: a button may be pressed twice.
    if (context.state !== "closed") void context.close();
  };
}
