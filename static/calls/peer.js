// The peer connection: the only file that says RTCPeerConnection. It does what the machine in `negotiation.js` decided, one thing after the other.
//
// Offers always carry sound, picture and data. Switching a camera or muting replaces a track and never negotiates; that it was done
// goes over a channel of its own, as encrypted as the rest.

import { usedLast } from "./listed.js";
import { measureLine, measurePath } from "./measured.js";
import { readOwn, tellOwn } from "./other.js";
import { Pinning } from "./pinning.js";
import { ProofRun, sha256 } from "./proof_run.js";
import { certificateOf } from "./sdp.js";

/**
 * @typedef {object} Hooks
 * @property {(sdp: string) => void} described
 * @property {(candidate: string, mid: string, line: number) => void} candidate
 * @property {(path: Path|null) => void} up  and over which path
 * @property {(failed: boolean) => void} down
 * @property {(shown: boolean) => void} outside  the call must go through listed relays, and this connection does not; `shown`: it did, and was used
 * @property {() => void} broken  the encryption failed, which no other path mends
 * @property {(stream: MediaStream) => void} remote  the other side's picture and sound
 * @property {(text: string) => void} said  a chat message came
 * @property {(open: boolean) => void} channel
 * @property {(own: import("./other.js").Own) => void} sends  what the other side says to send
 * @property {(open: boolean) => void} beside  messages of the negotiation can go past the server
 * @property {(data: unknown) => void} told  one came that way
 * @property {(said: Proved) => void} proof  how far the spoken proof of this connection is
 *
 * @typedef {import("./truth.js").Path} Path
 *
 * @typedef {"certificate"|"sdp"} Source  how this page knows the other side's certificate: from the connection, or from a description that the browser held it to
 * @typedef {{is: "words", numbers: number[], source: Source} | {is: "unchecked"} | {is: "spent"} | {is: "differ"}} Proved
 */

const PROOF_CHANNEL = 0;
const CHAT_CHANNEL = 1;
const OWN_CHANNEL = 2;
const BESIDE_CHANNEL = 3;
const PULSE_CHANNEL = 4;
const [ASKED, ANSWERED] = ["?", "!"];
// Lower: that nothing can be checked is said sooner. Higher: a slow phone has more time to open a channel.
const PROOF_BEGINS_MS = 10_000;

export class Peer {
  /** @type {RTCPeerConnection} */ #connection;
  /** @type {RTCDataChannel} */ #chat;
  /** @type {RTCDataChannel} */ #own;
  /** @type {RTCDataChannel} */ #beside;
  /** @type {RTCDataChannel} */ #pulse;
  /** What was said last of it. */ #told = "";
  #answered = false;
  #arrived = 0;
  #held = false;
  /** What was lost and what came when it was looked at last. @type {import("./measured.js").Came} */
  #came = { lost: 0, received: 0 };
  /** @type {Promise<void>} */ #queue = Promise.resolve();
  /** @type {MediaStreamTrack|null} */ #audio;
  /** @type {MediaStreamTrack|null} */ #video;
  /** @type {RTCDataChannel} */ #proof;
  /** @type {ProofRun} */ #run;
  /** What the run began with, once it began. @type {{transport: RTCDtlsTransport, own: Uint8Array, peer: Uint8Array}|null} */ #proving = null;
  #beginning = false;
  #closed = false;
  /** Nothing of the camera or the microphone goes out before it lets it. @type {Pinning} */ #pinning;

  /**
   * @param {{relays: RTCIceServer[], listed: import("./listed.js").Listed[], relayOnly: boolean, stream: MediaStream, own: import("./other.js").Own|null, role: import("./proof.js").Role, visit: Uint8Array, mayProve: () => boolean, certificate: RTCCertificate, hooks: Hooks}} options
   */
  constructor({ relays, listed, relayOnly, stream, own, role, visit, mayProve, certificate, hooks }) {
    const connection = new RTCPeerConnection({ iceServers: relays, iceTransportPolicy: relayOnly ? "relay" : "all", certificates: [certificate], bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" });
    this.#connection = connection;
    this.#pinning = new Pinning(relayOnly, listed);
    this.#audio = stream.getAudioTracks()[0] ?? null;
    this.#video = stream.getVideoTracks()[0] ?? null;

    if (role === "clinician") {
      // One stream for both, so that the other side keeps lips and words together.
      const together = new MediaStream();
      connection.addTransceiver(this.#pinning.let(this.#audio) ?? "audio", { direction: "sendrecv", streams: [together] });
      connection.addTransceiver(this.#pinning.let(this.#video) ?? "video", { direction: "sendrecv", streams: [together] });
    }
    this.#chat = connection.createDataChannel("chat", { negotiated: true, id: CHAT_CHANNEL });
    this.#chat.addEventListener("open", () => hooks.channel(true));
    this.#chat.addEventListener("close", () => hooks.channel(false));
    this.#chat.addEventListener("message", (event) => { if (typeof event.data === "string") hooks.said(event.data); });
    this.#own = connection.createDataChannel("own", { negotiated: true, id: OWN_CHANNEL });
    this.#own.addEventListener("open", () => { if (this.own) this.show(this.own); });
    this.#own.addEventListener("message", ({ data }) => {
      const said = typeof data === "string" ? readOwn(data) : null;
      if (said) hooks.sends(said);
    });
    this.#beside = connection.createDataChannel("beside", { negotiated: true, id: BESIDE_CHANNEL });
    this.#beside.addEventListener("open", () => hooks.beside(true));
    this.#beside.addEventListener("close", () => hooks.beside(false));
    this.#beside.addEventListener("message", ({ data }) => hooks.told(data));
    // A lost beat is not sent again: it would say that the line is alive after it was.
    this.#pulse = connection.createDataChannel("pulse", { negotiated: true, id: PULSE_CHANNEL, ordered: false, maxRetransmits: 0 });
    this.#pulse.addEventListener("message", ({ data }) => {
      if (data === ANSWERED) this.#answered = true;
      // Answered and not said by a clock of its own: in a page that nobody looks at, browsers slow clocks down.
      else if (data === ASKED && this.#pulse.readyState === "open") this.#pulse.send(ANSWERED);
    });

    this.#proof = connection.createDataChannel("proof", { negotiated: true, id: PROOF_CHANNEL, ordered: true });
    this.#proof.binaryType = "arraybuffer";
    this.#run = new ProofRun(role, {
      send: (bytes) => this.#proof.send(bytes),
      shown: (numbers) => this.#proved({ is: "words", numbers, source: this.#source }),
      unchecked: () => this.#proved({ is: "unchecked" }),
      differ: () => this.#proved({ is: "differ" }),
    });
    this.#proof.addEventListener("message", ({ data }) => this.#run.hear(data));
    this.#proof.addEventListener("open", () => void this.#prove());
    this.#proof.addEventListener("close", () => this.#run.closed());
    connection.addEventListener("signalingstatechange", () => void this.#prove());

    const remote = new MediaStream();
    connection.addEventListener("track", ({ track }) => {
      remote.addTrack(track);
      hooks.remote(remote);
    });
    connection.addEventListener("icecandidate", ({ candidate }) => {
      const said = candidate?.candidate ?? "";
      const passed = this.#pinning.candidate(said);
      if (said === "" || passed !== "") hooks.candidate(passed, candidate?.sdpMid ?? "0", candidate?.sdpMLineIndex ?? 0);
    });
    connection.addEventListener("connectionstatechange", () => {
      if (this.#closed) return;
      switch (connection.connectionState) {
        case "connected":
          setTimeout(() => { if (!this.#proving) this.#run.closed(); }, PROOF_BEGINS_MS);
          void this.#prove();
          return void this.#goUp();
        case "disconnected": return hooks.down(false);
        case "failed": return this.#isBroken() ? hooks.broken() : hooks.down(true);
      }
    });
    this.hooks = hooks;
    this.own = own;
    this.visit = visit;
    this.mayProve = mayProve;
  }

  /**
   * With a certificate of its own, which no other call has.
   * @param {Omit<ConstructorParameters<typeof Peer>[0], "certificate">} options
   */
  static async open(options) {
    const making = nextCertificate ?? makeCertificate();
    nextCertificate = null;
    return new Peer({ ...options, certificate: await making });
  }

  /** There will be a connection soon. */
  static prepare() {
    nextCertificate ??= makeCertificate();
  }

  /** @param {boolean} restart */
  offer(restart) {
    this.#next(async (connection) => {
      await connection.setLocalDescription(await connection.createOffer({ iceRestart: restart }));
      this.#describe();
    });
  }

  /** Says the last description again, with the candidates gathered since. */
  describeAgain() {
    this.#next(async () => this.#describe());
  }

  /** @param {string} sdp a checked offer */
  answer(sdp) {
    this.#next(async (connection) => {
      await connection.setRemoteDescription({ type: "offer", sdp: this.#pinning.lines(sdp) });
      const together = new MediaStream();
      for (const transceiver of connection.getTransceivers()) {
        transceiver.direction = "sendrecv";
        if ("setStreams" in transceiver.sender) transceiver.sender.setStreams(together);
        await transceiver.sender.replaceTrack(this.#pinning.let(transceiver.receiver.track.kind === "audio" ? this.#audio : this.#video));
      }
      await connection.setLocalDescription(await connection.createAnswer());
      this.#describe();
    });
  }

  /** @param {string} sdp a checked answer */
  apply(sdp) {
    this.#next((connection) => connection.setRemoteDescription({ type: "answer", sdp: this.#pinning.lines(sdp) }));
  }

  /** @param {string} candidate @param {string} mid @param {number} line */
  candidate(candidate, mid, line) {
    const passed = this.#pinning.candidate(candidate);
    if (candidate !== "" && passed === "") return;
    this.#next((connection) => connection.addIceCandidate({ candidate: passed, sdpMid: mid, sdpMLineIndex: line }));
  }

  /**
   * Sends this microphone and camera from now on.
   * @param {MediaStream} stream
   */
  use(stream) {
    this.#audio = stream.getAudioTracks()[0] ?? null;
    this.#video = stream.getVideoTracks()[0] ?? null;
    this.#send();
  }

  #send() {
    this.#next(async (connection) => {
      for (const { sender, receiver } of connection.getTransceivers()) {
        await sender.replaceTrack(this.#pinning.let(receiver.track.kind === "audio" ? this.#audio : this.#video));
      }
    });
  }

  /** The connection stands. What is shown goes out as soon as it may. */
  async #goUp() {
    const found = await this.#pinning.check(async () => (this.#closed ? "gone" : ((await this.path())?.verdict ?? "unknown")));
    if (this.#closed || found === "busy") return;
    if (found === "outside") return this.hooks.outside(this.#pinning.shown);
    if (found === "first") this.#send();
    this.hooks.up(await this.path());
  }

  /**
   * From the next search on the relay that is in use is asked last. To Chromium a way by a relay that is listed later is a worse one, and worse ways
   * it does not so much as try while it believes in the one that it has: for three and a half seconds.
   */
  leaveRelay() {
    this.#next(async (connection) => {
      const { iceServers = [], ...others } = connection.getConfiguration();
      const used = measurePath(await connection.getStats())?.relay ?? null;
      connection.setConfiguration({ ...others, iceServers: usedLast(iceServers, used) });
    });
  }

  /** For the next time that ways are looked for. What flows now goes on. @param {RTCIceServer[]} relays @param {import("./listed.js").Listed[]} listed */
  useRelays(relays, listed) {
    this.#pinning.use(listed);
    this.#next(async (connection) => connection.setConfiguration({ ...connection.getConfiguration(), iceServers: relays }));
  }

  /** @param {string} text @returns {boolean} whether it went out */
  say(text) {
    if (this.#chat.readyState !== "open") return false;
    this.#chat.send(text);
    return true;
  }

  /** Says what this page sends, now or as soon as it can be said. @param {import("./other.js").Own} own */
  show(own) {
    const text = tellOwn(own);
    const news = text !== this.#told;
    this.own = own;
    if (!news || this.#own.readyState !== "open") return;
    this.#own.send(text);
    this.#told = text;
  }

  /** Says a message of the negotiation past the server. @param {string} text */
  tell(text) {
    if (this.#beside.readyState === "open") this.#beside.send(text);
  }

  /** Asks the other page whether it is there, and says whether anything came since the last time. @returns {Promise<boolean>} */
  async beats() {
    const answered = this.#answered;
    this.#answered = false;
    if (this.#pulse.readyState === "open") this.#pulse.send(ASKED);
    if (answered) return true;
    let arrived = 0;
    (await this.#connection.getStats()).forEach((report) => { if (report.type === "inbound-rtp") arrived += report.packetsReceived ?? 0; });
    const came = arrived > this.#arrived;
    this.#arrived = arrived;
    return came;
  }

  /** Holds the picture back, or lets it go out again. The sound goes on. @param {boolean} held */
  hold(held) {
    if (held === this.#held) return;
    this.#held = held;
    this.#next(async (connection) => {
      for (const { sender, receiver } of connection.getTransceivers()) {
        if (receiver.track.kind !== "video") continue;
        const parameters = sender.getParameters();
        for (const encoding of parameters.encodings) encoding.active = !held;
        await sender.setParameters(parameters);
      }
    });
  }

  /** What the line was like since the last time. Null before it is known. @returns {Promise<import("./quality.js").Sample|null>} */
  async sample() {
    const measured = measureLine(await this.#connection.getStats(), this.#came);
    if (!measured) return null;
    this.#came = measured.came;
    return { ...measured.sample, sendableBps: this.#held || !this.#video ? null : measured.sample.sendableBps };
  }

  /** The way the pictures take now. One that leads past the relays of a call that is held to them ends it. @returns {Promise<Path|null>} */
  async path() {
    const measured = measurePath(await this.#connection.getStats());
    if (!measured) return null;
    const { verdict, regions } = this.#pinning.judge(measured.own, measured.other);
    if (verdict === "outside" && !this.#closed) this.hooks.outside(this.#pinning.shown);
    const transports = this.#connection.getTransceivers().flatMap(({ sender, receiver }) => [sender.transport, receiver.transport]);
    return {
      kind: measured.kind,
      relayed: measured.kind.startsWith("relay"),
      pinned: verdict === "listed",
      verdict,
      regions,
      sealed: transports.length > 0 && transports.every((each) => each?.state === "connected"),
      version: measured.version,
      cipher: measured.cipher,
    };
  }

  close() {
    this.#closed = true;
    this.#run.stop();
    this.#connection.close();
  }

  /** @type {Source} */ #source = "certificate";

  /** Begins the spoken proof once the connection stands, and looks again after each negotiation that it is still the one that was proved. */
  async #prove() {
    const connection = this.#connection;
    if (this.#closed || this.#beginning || connection.connectionState !== "connected" || connection.signalingState !== "stable") return;
    if (this.#proving) return this.#isSame(this.#proving) ? undefined : this.#proved({ is: "differ" });
    if (this.#proof.readyState !== "open") return;
    this.#beginning = true;
    const only = this.#onlyTransport();
    const transport = only?.state === "connected" ? only : null;
    const [own, said] = this.#described();
    const seen = transport && await certificateBehind(transport);
    this.#beginning = false;
    if (this.#closed) return;
    if (!transport || !own || !said || seen && !same(seen, said)) return this.#proved({ is: "differ" });
    if (!seen) this.#source = "sdp";
    this.#proving = { transport, own, peer: said };
    if (!this.mayProve()) return this.#proved({ is: "spent" });
    this.#run.begin({ visit: this.visit, own, peer: said });
  }

  /** @param {Proved} said */
  #proved(said) {
    if (!this.#closed) this.hooks.proof(said);
  }

  /**
   * The one that was proved may have ended: the other side hung up, or its encryption failed. Then nothing comes through it, and no difference was seen.
   * This lets nobody in: it must still be the only one, and both descriptions must name the certificates that were compared. What brought such a
   * connection back under another certificate would be a description that names it, and after that one it is looked at again. Whatever is not ended
   * and does not stand, as one that shakes hands anew, differs.
   * @param {{transport: RTCDtlsTransport, own: Uint8Array, peer: Uint8Array}} proved
   */
  #isSame({ transport, own, peer }) {
    const [ownNow, peerNow] = this.#described();
    return this.#onlyTransport() === transport && ["connected", "closed", "failed"].includes(transport.state)
      && ownNow !== null && peerNow !== null && same(own, ownNow) && same(peer, peerNow);
  }

  /** The certificates that the two descriptions in force name, ours and theirs. */
  #described() {
    return [certificateOf(this.#connection.currentLocalDescription?.sdp), certificateOf(this.#connection.currentRemoteDescription?.sdp)];
  }

  /** The connection that sound, picture and data share. Null when it is more than one: what is proved of the channel would say nothing of the rest. */
  #onlyTransport() {
    const connection = this.#connection;
    const ends = [...connection.getSenders(), ...connection.getReceivers()].map(({ transport }) => transport);
    const [one, ...others] = new Set([connection.sctp?.transport, ...ends].filter((transport) => transport instanceof RTCDtlsTransport));
    return one && others.length === 0 ? one : null;
  }

  /** Without a word to the other page: it hears of it from the server. */
  #isBroken() {
    return this.#connection.getSenders().some(({ transport }) => transport?.state === "failed");
  }

  #describe() {
    const description = this.#connection.localDescription;
    if (description && !this.#closed) this.hooks.described(this.#pinning.lines(description.sdp));
  }

  /** @param {(connection: RTCPeerConnection) => Promise<unknown>} act */
  #next(act) {
    this.#queue = this.#queue.then(async () => {
      if (!this.#closed) await act(this.#connection);
    }).catch(() => {
      // A candidate of an older description, or a close in between. If it mattered, the connection goes down and the machine mends it.
    });
  }
}

// Made while the person waits, and used once.
/** @type {Promise<RTCCertificate>|null} */
let nextCertificate = null;

function makeCertificate() {
  return RTCPeerConnection.generateCertificate(/** @type {AlgorithmIdentifier} */ (/** @type {unknown} */ ({ name: "ECDSA", namedCurve: "P-256" })));
}

/** The SHA-256 of the certificate on the other end. Null in a browser that does not tell; it has held the connection to the description all the same. @param {RTCDtlsTransport} transport */
async function certificateBehind(transport) {
  if (!("getRemoteCertificates" in transport)) return null;
  const [certificate] = transport.getRemoteCertificates();
  return certificate ? sha256(certificate) : new Uint8Array();
}

/** @param {Uint8Array} one @param {Uint8Array} other */
function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}
