// One page's part in a call: feeds the machine with what the socket, the connection and the clock say, and does what it decides.
// The page around it only hears news.

import { Peer } from "./peer.js";
import { connect } from "./signalling.js";
import { start, step } from "./negotiation.js";

/**
 * @typedef {object} Hooks
 * @property {(message: import("./negotiation.js").Message) => void} state  the server's word on the visit
 * @property {(news: import("./negotiation.js").News) => void} news
 * @property {(path: import("./peer.js").Path|null) => void} path
 * @property {(stream: MediaStream|null) => void} remote
 * @property {(own: import("./other.js").Own|null) => void} sends  what the other side sends, null before it has said so
 * @property {(open: boolean) => void} chat
 * @property {(text: string) => void} said
 * @property {(online: boolean) => void} socket
 * @property {() => void} refused  the server was not there, or did not let this page in
 */

export class Session {
  /** @type {import("./negotiation.js").State} */ #state;
  /** @type {import("../lib/live.js").Live} */ #socket;
  /** @type {{epoch: number, peer: Promise<Peer>}|null} */ #peer = null;
  /** @type {import("./negotiation.js").Message|null} */ #last = null;
  /** Told after admission, and again before they end. @type {RTCIceServer[]} */ #relays = [];
  /** @type {import("./other.js").Own} */ #own = { sound: false, picture: false };
  #identityKnown = false;
  #channelOpen = false;

  /**
   * @param {{role: import("./negotiation.js").Role, visit: string, relayOnly: boolean, devices: import("./devices.js").Devices, hooks: Hooks}} options
   */
  constructor({ role, visit, relayOnly, devices, hooks }) {
    this.relayOnly = relayOnly;
    this.devices = devices;
    this.hooks = hooks;
    this.#state = start(role, newTab());
    this.#socket = connect(visit, {
      opened: () => { this.#feed({ type: "opened" }); hooks.socket(true); },
      closed: () => { this.#feed({ type: "closed" }); hooks.socket(false); },
      refused: () => hooks.refused(),
      message: (message) => {
        if (message.type === "relays") return this.#useRelays(message.servers);
        if (message.type === "state") {
          this.#last = message;
          hooks.state(message);
        }
        this.#feed({ type: "message", message });
      },
    });
    this.changed = () => void this.#peer?.peer.then((peer) => peer.use(devices.stream));
    addEventListener("online", this.#network);
    networkInformation()?.addEventListener("change", this.#network);
  }

  /** The person wants the call and the devices are ready. */
  want() {
    this.#feed({ type: "wanted" });
    if (this.#last) this.#feed({ type: "message", message: this.#last });
  }

  /** Ends this page's part at once, before the server is told. */
  leave() {
    this.#feed({ type: "left" });
  }

  /** Tells the other side what this page sends, now and on every connection to come. @param {import("./other.js").Own} own */
  show(own) {
    this.#own = own;
    this.#current?.show(own);
  }

  /** How much picture and sound has arrived over this connection. @returns {Promise<number>} */
  async received() {
    return (await this.#current?.received()) ?? 0;
  }

  /** @param {string} text @returns {boolean} */
  say(text) {
    const peer = this.#current;
    if (!peer || !this.#identityKnown || !peer.say(text)) return false;
    const link = this.#state.link;
    if (link) this.#socket.send({ type: "chatted", epoch: link.epoch });
    return true;
  }

  /** @type {Peer|null} */ #current = null;
  #network = () => this.#feed({ type: "network" });

  /** @param {import("./negotiation.js").Event} event */
  #feed(event) {
    const { state, effects } = step(this.#state, event);
    this.#state = state;
    for (const effect of effects) this.#perform(effect);
  }

  /** @param {import("./negotiation.js").Effect} effect */
  #perform(effect) {
    switch (effect.do) {
      case "send": return this.#socket.send(effect.message);
      case "open": return this.#open(effect.epoch);
      case "close": return this.#close();
      case "offer": return this.#with(effect.epoch, (peer) => peer.offer(effect.restart));
      case "describe-again": return this.#with(effect.epoch, (peer) => peer.describeAgain());
      case "answer": return this.#with(effect.epoch, (peer) => peer.answer(effect.sdp));
      case "apply": return this.#with(effect.epoch, (peer) => peer.apply(effect.sdp));
      case "candidate": return this.#with(effect.epoch, (peer) => peer.candidate(effect.candidate, effect.mid, effect.line));
      case "chat": this.#identityKnown = effect.open; return this.#tellChat();
      case "later": return void setTimeout(() => this.#feed({ type: "later", epoch: effect.epoch, why: effect.why }), effect.ms);
      case "news": return this.hooks.news(effect.news);
      case "stop":
        removeEventListener("online", this.#network);
        networkInformation()?.removeEventListener("change", this.#network);
        return this.#socket.stop();
    }
  }

  /** @param {number} epoch */
  #open(epoch) {
    /** @param {() => void} act */
    const current = (act) => { if (this.#peer?.epoch === epoch) act(); };
    const peer = Peer.open({
      relays: this.#relays,
      relayOnly: this.relayOnly,
      stream: this.devices.stream,
      own: this.#own,
      offers: this.#state.role === "clinician",
      hooks: {
        described: (sdp) => this.#feed({ type: "described", epoch, sdp }),
        candidate: (candidate, mid, line) => this.#feed({ type: "candidate", epoch, candidate, mid, line }),
        up: (path) => { this.#feed({ type: "up", epoch, path }); void this.#tellPath(epoch); },
        down: (failed) => this.#feed({ type: "down", epoch, failed }),
        remote: (stream) => current(() => this.hooks.remote(stream)),
        said: (text) => current(() => { if (this.#identityKnown) this.hooks.said(text); }),
        sends: (own) => current(() => this.hooks.sends(own)),
        channel: (open) => current(() => { this.#channelOpen = open; this.#tellChat(); }),
      },
    });
    const opening = { epoch, peer };
    this.#peer = opening;
    void peer.then((opened) => {
      if (this.#peer !== opening) return opened.close();
      this.#current = opened;
      opened.show(this.#own);
    });
  }

  /** @param {RTCIceServer[]} relays */
  #useRelays(relays) {
    this.#relays = relays;
    void this.#peer?.peer.then((peer) => peer.useRelays(relays));
  }

  #close() {
    this.#current?.close();
    this.#current = null;
    this.#peer = null;
    this.#channelOpen = false;
    this.#tellChat();
    this.hooks.remote(null);
    this.hooks.sends(null);
  }

  /** @param {number} epoch @param {(peer: Peer) => void} act */
  #with(epoch, act) {
    const opening = this.#peer;
    if (opening?.epoch === epoch) void opening.peer.then((peer) => { if (this.#peer === opening) act(peer); });
  }

  #tellChat() {
    this.hooks.chat(this.#identityKnown && this.#channelOpen);
  }

  /** @param {number} epoch */
  async #tellPath(epoch) {
    const path = (await this.#current?.path()) ?? null;
    if (this.#peer?.epoch === epoch) this.hooks.path(path);
  }
}

/** @returns {string} */
function newTab() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Says when a phone moves from one network to another. Not in every browser. @returns {EventTarget|null} */
function networkInformation() {
  const connection = /** @type {{connection?: unknown}} */ (navigator).connection;
  return connection instanceof EventTarget ? connection : null;
}
