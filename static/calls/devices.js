// Camera, microphone and speaker: the only file that says getUserMedia. It is asked only after the person acted.

/**
 * @typedef {"blocked"|"missing"|"busy"|"unsupported"|"other"} Trouble  why a device could not be had
 * @typedef {{camera: Trouble|null, microphone: Trouble|null}} Troubles
 * @typedef {{camera?: string, microphone?: string}} Choice  device ids
 */

/** What is sent and what may be chosen. One for each page. */
export class Devices {
  stream = new MediaStream();
  /** @type {Choice} */ choice = {};
  muted = false;
  cameraOff = false;
  /** Called when a track was replaced or ended by itself. @type {() => void} */
  changed = () => {};

  get hasCamera() { return this.stream.getVideoTracks().some((t) => t.readyState === "live"); }
  get hasMicrophone() { return this.stream.getAudioTracks().some((t) => t.readyState === "live"); }

  /**
   * Opens what is wanted and is not open yet. One request for both, so that the browser asks once.
   * @param {{camera: boolean, microphone: boolean}} wanted
   * @returns {Promise<Troubles>}
   */
  async open(wanted) {
    const camera = wanted.camera && !this.hasCamera;
    const microphone = wanted.microphone && !this.hasMicrophone;
    if (!camera && !microphone) return { camera: null, microphone: null };
    const both = await this.#ask(camera, microphone);
    if (!both) return { camera: null, microphone: null };
    if (!(camera && microphone)) return { camera: camera ? both : null, microphone: microphone ? both : null };
    // One of the two may work without the other.
    const sound = await this.#ask(false, true);
    const picture = sound === "blocked" ? both : await this.#ask(true, false);
    return { camera: picture, microphone: sound };
  }

  /**
   * Changes to another device. The old one stays in use when the new one fails.
   * @param {Choice} choice
   * @returns {Promise<Trouble|null>}
   */
  async change(choice) {
    this.choice = { ...this.choice, ...choice };
    return this.#ask(choice.camera !== undefined && !this.cameraOff, choice.microphone !== undefined);
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
    if (!off) {
      const trouble = await this.#ask(true, false);
      this.cameraOff = trouble !== null;
      return trouble;
    }
    for (const track of this.stream.getVideoTracks()) this.#drop(track);
    this.changed();
    return null;
  }

  /** Lets everything go. */
  stop() {
    for (const track of this.stream.getTracks()) this.#drop(track);
  }

  /** @returns {Promise<{cameras: MediaDeviceInfo[], microphones: MediaDeviceInfo[], speakers: MediaDeviceInfo[]}>} */
  async list() {
    const every = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    /** @param {MediaDeviceKind} kind */
    const of = (kind) => every.filter((device) => device.kind === kind && device.deviceId !== "");
    return { cameras: of("videoinput"), microphones: of("audioinput"), speakers: of("audiooutput") };
  }

  /** @param {boolean} camera @param {boolean} microphone @returns {Promise<Trouble|null>} */
  async #ask(camera, microphone) {
    if (!camera && !microphone) return null;
    if (!navigator.mediaDevices?.getUserMedia) return "unsupported";
    try {
      const got = await navigator.mediaDevices.getUserMedia({
        video: camera && { width: { ideal: 1280 }, height: { ideal: 720 }, facingMode: "user", ...exactly(this.choice.camera) },
        audio: microphone && { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...exactly(this.choice.microphone) },
      });
      for (const track of got.getTracks()) this.#take(track);
      this.changed();
      return null;
    } catch (error) {
      return trouble(error);
    }
  }

  /** @param {MediaStreamTrack} track */
  #take(track) {
    for (const old of this.stream.getTracks().filter((t) => t.kind === track.kind)) this.#drop(old);
    if (track.kind === "audio") track.enabled = !this.muted;
    this.stream.addTrack(track);
    // Pulled out, or taken away by the system.
    track.addEventListener("ended", () => {
      this.stream.removeTrack(track);
      this.changed();
    });
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
