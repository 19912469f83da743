// A browser's connection as far as `peer.js` asks for one, and nothing behind it: what was given to it to send, and what it is said to measure.

/** A track that could be sent. @param {string} kind */
export const track = (kind) => ({ kind, id: `own ${kind}` });
export const stream = { getAudioTracks: () => [track("audio")], getVideoTracks: () => [track("video")] };

class Stream {
  addTrack() {}
}

class Channel extends EventTarget {
  readyState = "connecting";
}

/** What sound, picture and data share. */
export class Transport extends EventTarget {
  state = "connected";
}

export class Connection extends EventTarget {
  /** The one that was made last. @type {Connection} */ static last;
  connectionState = "new";
  /** Nothing is proved of one that still negotiates. */
  signalingState = "have-local-offer";
  iceGatheringState = "new";
  localDescription = { sdp: "" };
  /** @type {{sdp: string}|null} */ currentLocalDescription = null;
  /** @type {{sdp: string}|null} */ currentRemoteDescription = null;
  /** @type {{transport: any}|null} */ sctp = null;
  /** By their names. @type {Map<string, Channel>} */ channels = new Map();
  /** Every track that was ever given to it. @type {any[]} */
  given = [];
  /** What the browser measures from now on. @type {any[]} */
  measured = [];
  looks = 0;
  /** @type {any[]} */ #transceivers = [];
  #configuration;

  static async generateCertificate() { return {}; }

  /** @param {any} configuration */
  constructor(configuration) {
    super();
    this.#configuration = configuration;
    Connection.last = this;
  }

  getConfiguration() { return this.#configuration; }

  /** @param {any} configuration */
  setConfiguration(configuration) { this.#configuration = configuration; }

  /** @param {any} what a track, or the kind of one */
  addTransceiver(what) {
    const kind = typeof what === "string" ? what : what.kind;
    if (typeof what !== "string") this.given.push(what);
    const sender = { transport: null, replaceTrack: async (/** @type {any} */ next) => { if (next) this.given.push(next); } };
    this.#transceivers.push({ sender, receiver: { track: { kind }, transport: null }, direction: "recvonly" });
  }

  /** @param {string} name */
  createDataChannel(name) {
    const channel = new Channel();
    this.channels.set(name, channel);
    return channel;
  }

  getTransceivers() { return this.#transceivers; }
  getSenders() { return this.#transceivers.map(({ sender }) => sender); }
  getReceivers() { return this.#transceivers.map(({ receiver }) => receiver); }
  async createAnswer() { return {}; }
  async setLocalDescription() {}

  /** An offer brings both kinds. */
  async setRemoteDescription() {
    if (this.#transceivers.length === 0) for (const kind of ["audio", "video"]) this.addTransceiver(kind);
  }

  async getStats() {
    this.looks += 1;
    return new Map(this.measured.map((report) => [report.id, report]));
  }

  /** @param {string} state */
  becomes(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }

  /** A negotiation came to its end. */
  isStable() {
    this.signalingState = "stable";
    this.dispatchEvent(new Event("signalingstatechange"));
  }

  close() { this.connectionState = "closed"; }
}

Object.assign(globalThis, { RTCPeerConnection: Connection, MediaStream: Stream, RTCDtlsTransport: Transport });
