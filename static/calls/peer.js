// The peer connection: the only file that says RTCPeerConnection. It does what the machine in `negotiation.js` decided, one thing after the other.
//
// Offers always carry sound, picture and data. Switching a camera or muting replaces a track and never negotiates; that it was done
// goes over a channel of its own, as encrypted as the rest.

import { readOwn, tellOwn } from "./other.js";

/**
 * @typedef {object} Hooks
 * @property {(sdp: string) => void} described
 * @property {(candidate: string, mid: string, line: number) => void} candidate
 * @property {(path: string) => void} up
 * @property {(failed: boolean) => void} down
 * @property {(stream: MediaStream) => void} remote  the other side's picture and sound
 * @property {(text: string) => void} said  a chat message came
 * @property {(open: boolean) => void} channel
 * @property {(own: import("./other.js").Own) => void} sends  what the other side says to send
 *
 * @typedef {object} Path
 * @property {string} kind  host, srflx, prflx; relay_udp, relay_tcp or relay_tls by how this side reaches its relay; relay for the other side's
 * @property {boolean} relayed  either side goes through a relay
 */

const CHAT_CHANNEL = 1;
const OWN_CHANNEL = 2;

export class Peer {
  /** @type {RTCPeerConnection} */ #connection;
  /** @type {RTCDataChannel} */ #chat;
  /** @type {RTCDataChannel} */ #own;
  /** @type {Promise<void>} */ #queue = Promise.resolve();
  /** @type {MediaStreamTrack|null} */ #audio;
  /** @type {MediaStreamTrack|null} */ #video;
  #closed = false;

  /**
   * @param {{relays: RTCIceServer[], relayOnly: boolean, stream: MediaStream, own: import("./other.js").Own, offers: boolean, certificate: RTCCertificate, hooks: Hooks}} options
   */
  constructor({ relays, relayOnly, stream, own, offers, certificate, hooks }) {
    const connection = new RTCPeerConnection({ iceServers: relays, iceTransportPolicy: relayOnly ? "relay" : "all", certificates: [certificate], bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" });
    this.#connection = connection;
    this.#audio = stream.getAudioTracks()[0] ?? null;
    this.#video = stream.getVideoTracks()[0] ?? null;

    if (offers) {
      // One stream for both, so that the other side keeps lips and words together.
      const together = new MediaStream();
      connection.addTransceiver(this.#audio ?? "audio", { direction: "sendrecv", streams: [together] });
      connection.addTransceiver(this.#video ?? "video", { direction: "sendrecv", streams: [together] });
    }
    this.#chat = connection.createDataChannel("chat", { negotiated: true, id: CHAT_CHANNEL });
    this.#chat.addEventListener("open", () => hooks.channel(true));
    this.#chat.addEventListener("close", () => hooks.channel(false));
    this.#chat.addEventListener("message", (event) => { if (typeof event.data === "string") hooks.said(event.data); });
    this.#own = connection.createDataChannel("own", { negotiated: true, id: OWN_CHANNEL });
    this.#own.addEventListener("open", () => this.show(this.own));
    this.#own.addEventListener("message", ({ data }) => {
      const said = typeof data === "string" ? readOwn(data) : null;
      if (said) hooks.sends(said);
    });

    const remote = new MediaStream();
    connection.addEventListener("track", ({ track }) => {
      remote.addTrack(track);
      hooks.remote(remote);
    });
    connection.addEventListener("icecandidate", ({ candidate }) => {
      hooks.candidate(candidate?.candidate ?? "", candidate?.sdpMid ?? "0", candidate?.sdpMLineIndex ?? 0);
    });
    connection.addEventListener("connectionstatechange", () => {
      if (this.#closed) return;
      switch (connection.connectionState) {
        case "connected": return void this.path().then((path) => hooks.up(path?.kind ?? "host"));
        case "disconnected": return hooks.down(false);
        case "failed": return hooks.down(true);
      }
    });
    this.hooks = hooks;
    this.own = own;
  }

  /**
   * With a certificate of its own, which no other call has.
   * @param {{relays: RTCIceServer[], relayOnly: boolean, stream: MediaStream, own: import("./other.js").Own, offers: boolean, hooks: Hooks}} options
   */
  static async open(options) {
    const certificate = await RTCPeerConnection.generateCertificate(/** @type {AlgorithmIdentifier} */ (/** @type {unknown} */ ({ name: "ECDSA", namedCurve: "P-256" })));
    return new Peer({ ...options, certificate });
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
      await connection.setRemoteDescription({ type: "offer", sdp });
      const together = new MediaStream();
      for (const transceiver of connection.getTransceivers()) {
        transceiver.direction = "sendrecv";
        if ("setStreams" in transceiver.sender) transceiver.sender.setStreams(together);
        await transceiver.sender.replaceTrack(transceiver.receiver.track.kind === "audio" ? this.#audio : this.#video);
      }
      await connection.setLocalDescription(await connection.createAnswer());
      this.#describe();
    });
  }

  /** @param {string} sdp a checked answer */
  apply(sdp) {
    this.#next((connection) => connection.setRemoteDescription({ type: "answer", sdp }));
  }

  /** @param {string} candidate @param {string} mid @param {number} line */
  candidate(candidate, mid, line) {
    this.#next((connection) => connection.addIceCandidate({ candidate, sdpMid: mid, sdpMLineIndex: line }));
  }

  /**
   * Sends this microphone and camera from now on.
   * @param {MediaStream} stream
   */
  use(stream) {
    this.#audio = stream.getAudioTracks()[0] ?? null;
    this.#video = stream.getVideoTracks()[0] ?? null;
    this.#next(async (connection) => {
      for (const { sender, receiver } of connection.getTransceivers()) {
        await sender.replaceTrack(receiver.track.kind === "audio" ? this.#audio : this.#video);
      }
    });
  }

  /** For the next time that ways are looked for. What flows now goes on. @param {RTCIceServer[]} relays */
  useRelays(relays) {
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
    this.own = own;
    if (this.#own.readyState === "open") this.#own.send(tellOwn(own));
  }

  /** How much picture and sound has arrived. @returns {Promise<number>} */
  async received() {
    let packets = 0;
    (await this.#connection.getStats()).forEach((report) => { if (report.type === "inbound-rtp") packets += report.packetsReceived ?? 0; });
    return packets;
  }

  /** The way the pictures take now. @returns {Promise<Path|null>} */
  async path() {
    const stats = await this.#connection.getStats();
    /** @type {any[]} */
    const reports = [...stats.values()];
    const transport = reports.find((r) => r.type === "transport" && r.selectedCandidatePairId);
    const pair = transport ? stats.get(transport.selectedCandidatePairId) : reports.find((r) => r.type === "candidate-pair" && r.nominated && r.state === "succeeded");
    if (!pair) return null;
    const own = stats.get(pair.localCandidateId);
    const kind = wayOf(own?.candidateType ?? "host", own?.relayProtocol, stats.get(pair.remoteCandidateId)?.candidateType);
    return { kind, relayed: kind.startsWith("relay") };
  }

  close() {
    this.#closed = true;
    this.#connection.close();
  }

  #describe() {
    const description = this.#connection.localDescription;
    if (description && !this.#closed) this.hooks.described(description.sdp);
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

/**
 * @param {string} own  this side's kind of candidate
 * @param {string|undefined} protocol  how it reaches its relay, where the browser says so
 * @param {string|undefined} other  the other side's kind
 * @returns {string}
 */
export function wayOf(own, protocol, other) {
  if (own === "relay") return protocol && ["udp", "tcp", "tls"].includes(protocol) ? `relay_${protocol}` : "relay";
  return other === "relay" ? "relay" : own;
}
