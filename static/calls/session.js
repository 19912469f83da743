// One page's part in a call: feeds the machine with what the socket, the connection and the clock say, and does what it decides.
// The page around it only hears news.

import { associations } from "./associations.js";
import { connect, readBeside } from "./signalling.js";
import { start, step } from "./negotiation.js";

/** @typedef {import("./peer.js").Peer} Peer */

/** What only a call needs. It comes while somebody waits for one, so that the page itself is there sooner. */
const forCall = async () => {
  const parts = await Promise.all([import("./peer.js"), import("./line.js")]);
  parts[0].Peer.prepare();
  return parts;
};

/**
 * @typedef {object} Hooks
 * @property {(message: import("./negotiation.js").Message) => void} state  the server's word on the visit
 * @property {(news: import("./negotiation.js").News) => void} news
 * @property {(path: import("./peer.js").Path|null) => void} path
 * @property {(stream: MediaStream|null) => void} remote
 * @property {(own: import("./other.js").Own|null) => void} sends  what the other side sends, null before it has said so
 * @property {(quality: import("./quality.js").Quality) => void} quality
 * @property {(chat: import("./chat.js").Chat) => void} chat
 * @property {(text: string) => void} said
 * @property {(view: import("./proof_panel.js").View) => void} proof  how far the spoken proof is
 * @property {(none: string|null) => void} relays  the regions in which no relay is there for a call that needs one; null when there is, or none is needed
 * @property {(online: boolean) => void} socket  whether the server hears this page. A short absence is told to nobody
 * @property {() => void} refused  the server was not there, or did not let this page in
 */

export class Session {
  /** @type {import("./negotiation.js").State} */ #state;
  /** @type {import("../lib/live.js").Live} */ #socket;
  /** @type {{epoch: number, peer: Promise<Peer|null>}|null} */ #peer = null;
  /** @type {import("./negotiation.js").Message|null} */ #last = null;
  /** Told after admission, and again before they end and whenever one came or went. @type {RTCIceServer[]} */ #relays = [];
  /** @type {import("./listed.js").Listed[]} */ #listed = [];
  /** Null until this page knows what it has to send. @type {import("./other.js").Own|null} */ #own = null;
  /** What the other side said last that it sends and wants. @type {import("./other.js").Own|null} */ #theirs = null;
  #soundFirst = false;
  #associations;
  /** How this page knows the certificate behind the words that it showed. @type {string|null} */ #source = null;
  #proofTold = false;
  #identityKnown = false;
  #channelOpen = false;
  /** @type {import("./chat.js").Chat} */ #chat = "closed";

  /**
   * @param {{role: import("./negotiation.js").Role, visit: string, relayOnly: boolean, devices: import("./devices.js").Devices, hooks: Hooks, opened?: Parameters<typeof connect>[2]}} options
   */
  constructor({ role, visit, relayOnly, devices, hooks, opened }) {
    this.relayAlways = relayOnly;
    this.visit = visit;
    this.devices = devices;
    this.hooks = hooks;
    this.#associations = associations(visit, sessionStorage);
    this.#state = start(role, newTab());
    this.#socket = connect(visit, {
      opened: () => { this.#feed({ type: "opened" }); hooks.socket(true); },
      closed: () => this.#feed({ type: "closed" }),
      away: () => hooks.socket(false),
      refused: () => hooks.refused(),
      message: (message) => {
        if (message.type === "relays") return this.#useRelays(message.servers, message.listed);
        if (message.type === "state") {
          this.#last = message;
          hooks.state(message);
          this.#tellRelays();
        }
        this.#feed({ type: "message", message });
      },
    }, opened);
    this.changed = () => void this.#peer?.peer.then((peer) => peer?.use(devices.stream));
    addEventListener("online", this.#network);
    networkInformation()?.addEventListener("change", this.#moved);
  }

  /** The person wants the call. The devices may still be opening: what they give goes out as soon as it is there. */
  want() {
    void forCall().catch(() => {});
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
    this.#tellOwn();
  }

  /** Somebody compared the words. @param {"matched"|"differ"} outcome */
  compared(outcome) {
    const epoch = this.#state.link?.epoch;
    if (epoch === undefined || this.#source === null) return;
    if (outcome === "matched") this.hooks.proof({ is: "matched" });
    this.#feed({ type: "proved", epoch, outcome, source: this.#source, found: "people" });
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
  #kind = networkInformation()?.type;

  /** Chromium says a change of every new guess at the speed, too. A path that is well is only left for another kind of network. */
  #moved = () => {
    const before = this.#kind;
    this.#kind = networkInformation()?.type;
    if (this.#kind !== undefined && this.#kind !== before) this.#network();
  };

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
      case "tell": return this.#with(effect.epoch, (peer) => peer.tell(JSON.stringify(effect.message)));
      case "open": return this.#open(effect.epoch);
      case "close": return this.#close();
      case "offer": return this.#with(effect.epoch, (peer) => peer.offer(effect.restart));
      case "elsewhere": return this.#with(effect.epoch, (peer) => peer.leaveRelay());
      case "describe-again": return this.#with(effect.epoch, (peer) => peer.describeAgain());
      case "answer": return this.#with(effect.epoch, (peer) => peer.answer(effect.sdp));
      case "apply": return this.#with(effect.epoch, (peer) => peer.apply(effect.sdp));
      case "candidate": return this.#with(effect.epoch, (peer) => peer.candidate(effect.candidate, effect.mid, effect.line));
      case "matched": return this.#source === null ? undefined : this.hooks.proof({ is: "matched" });
      case "chat": this.#identityKnown = effect.open; return this.#tellChat();
      case "later": return void setTimeout(() => this.#feed({ type: "later", epoch: effect.epoch, why: effect.why }), effect.ms);
      case "news": return this.hooks.news(effect.news);
      case "stop":
        removeEventListener("online", this.#network);
        networkInformation()?.removeEventListener("change", this.#moved);
        return this.#socket.stop();
    }
  }

  /** @param {number} epoch */
  #open(epoch) {
    /** @param {() => void} act */
    const current = (act) => { if (this.#peer?.epoch === epoch) act(); };
    const peer = forCall().then(([{ Peer }, { watchLine }]) => {
      this.#watchLine = watchLine;
      return Peer.open(this.#options(epoch, current));
    }).catch(() => null);
    const opening = { epoch, peer };
    this.#peer = opening;
    this.hooks.proof({ is: "preparing" });
    void peer.then((opened) => {
      if (this.#peer !== opening) return opened?.close();
      if (!opened) return this.#unopened(epoch);
      this.#current = opened;
      this.#tellOwn();
    });
  }

  /** @param {number} epoch */
  #unopened(epoch) {
    this.hooks.refused();
    this.#feed({ type: "unopened", epoch });
  }

  /**
   * @param {number} epoch
   * @param {(act: () => void) => void} current  does it if that connection is still the one
   * @returns {Parameters<typeof import("./peer.js").Peer.open>[0]}
   */
  #options(epoch, current) {
    return {
      relays: this.#relays,
      listed: this.#listed,
      relayOnly: this.relayOnly,
      stream: this.devices.stream,
      own: this.#own,
      role: this.#state.role,
      visit: bytesOf(this.visit),
      mayProve: () => this.#associations.another(),
      hooks: {
        described: (sdp) => this.#feed({ type: "described", epoch, sdp }),
        candidate: (candidate, mid, line) => this.#feed({ type: "candidate", epoch, candidate, mid, line }),
        up: (path) => {
          current(() => this.hooks.path(path));
          this.#feed({ type: "up", epoch, ...wayOf(path) });
        },
        outside: (shown) => this.#feed({ type: "outside", epoch, shown }),
        down: (failed) => this.#feed({ type: "down", epoch, failed }),
        broken: () => this.#feed({ type: "broken", epoch }),
        remote: (stream) => current(() => this.hooks.remote(stream)),
        said: (text) => current(() => { if (this.#identityKnown) this.hooks.said(text); }),
        sends: (own) => current(() => {
          this.#theirs = own;
          this.#tellOwn();
          this.hooks.sends(own);
        }),
        proof: (said) => current(() => this.#proved(epoch, said)),
        channel: (open) => current(() => { this.#channelOpen = open; this.#tellChat(); }),
        beside: (open) => current(() => { this.#feed({ type: "beside", epoch, open }); this.#watch(epoch, open); }),
        told: (data) => current(() => {
          const message = readBeside(this.#state.role === "clinician" ? "patient" : "clinician", data);
          if (message) this.#feed({ type: "message", message });
        }),
      },
    };
  }

  /** This call goes through the clinic's relays and no other way. */
  get relayOnly() {
    return this.relayAlways || (this.#last?.rules.relay ?? "no") !== "no";
  }

  /** @param {RTCIceServer[]} relays @param {import("./listed.js").Listed[]} listed */
  #useRelays(relays, listed) {
    const again = this.#told && this.#relays.length === 0 && relays.length > 0;
    [this.#relays, this.#listed, this.#told] = [relays, listed, true];
    void this.#peer?.peer.then((peer) => {
      peer?.useRelays(relays, listed);
      // There was none to go through, and now there is.
      if (again) this.#network();
    });
    this.#tellRelays();
  }

  #told = false;

  #tellRelays() {
    this.hooks.relays(this.#told && this.relayOnly && this.#relays.length === 0 ? this.regions : null);
  }

  /** Where this clinic's relays stand, in words. */
  get regions() {
    return [...new Set(this.#listed.map(({ region }) => region))].join(", ");
  }

  /** @type {typeof import("./line.js").watchLine|null} */ #watchLine = null;
  #stopWatching = () => {};

  /** @param {number} epoch @param {boolean} open */
  #watch(epoch, open) {
    this.#stopWatching();
    if (!open || !this.#current || !this.#watchLine) return;
    this.#stopWatching = this.#watchLine(this.#current, {
      silent: ({ silent, doubt }) => this.#feed({ type: "silent", epoch, silent, doubt, elsewhere: this.#relays.length > 1 }),
      quality: (quality) => {
        this.#soundFirst = quality.soundFirst;
        this.#tellOwn();
        this.hooks.quality(quality);
      },
      path: (path) => {
        this.hooks.path(path);
        if (path) this.#feed({ type: "way", epoch, ...wayOf(path) });
      },
    });
  }

  /** Sends the picture or holds it back, and says which. */
  #tellOwn() {
    const held = this.#soundFirst && this.#own?.picture === true;
    this.#current?.hold(held || this.#theirs?.wants === false);
    if (this.#own) this.#current?.show({ ...this.#own, held });
  }

  #close() {
    this.#stopWatching();
    this.#soundFirst = false;
    this.#theirs = null;
    this.#current?.close();
    this.#current = null;
    this.#peer = null;
    this.#channelOpen = false;
    this.#tellChat();
    this.hooks.remote(null);
    this.hooks.sends(null);
    this.#source = null;
    this.#proofTold = false;
    this.hooks.proof({ is: "none" });
  }

  /** Words, or none: the clinician's page tells for both that nobody has compared yet. @param {number} epoch @param {import("./peer.js").Proved} said */
  #proved(epoch, said) {
    const tell = (/** @type {import("./negotiation.js").Outcome} */ outcome, /** @type {string} */ source) =>
      this.#feed({ type: "proved", epoch, outcome, source, found: "page" });
    if (said.is === "differ") return tell("differ", "none");
    if (said.is === "words") this.#source = said.source;
    this.hooks.proof(said.is === "words" ? { is: "words", numbers: said.numbers, again: this.#associations.again } : said);
    if (!this.#proofTold && this.#state.role === "clinician") tell("not_compared", this.#source ?? "none");
    this.#proofTold = true;
  }

  /** @param {number} epoch @param {(peer: Peer) => void} act */
  #with(epoch, act) {
    const opening = this.#peer;
    if (opening?.epoch === epoch) void opening.peer.then((peer) => { if (peer && this.#peer === opening) act(peer); });
  }

  /** A connection that is only made anew lets the chat rest. */
  #tellChat() {
    const rests = this.#chat === "closed" ? "closed" : "resting";
    this.#chat = !this.#identityKnown ? "closed" : this.#channelOpen ? "open" : rests;
    this.hooks.chat(this.#chat);
  }
}

/** @returns {string} */
function newTab() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** As the server hears it. @param {import("./peer.js").Path|null} path */
function wayOf(path) {
  return { path: path?.kind ?? "host", region: path?.regions[0] ?? null };
}

/** A visit's id as the 16 bytes that it stands for. @param {string} id */
function bytesOf(id) {
  return Uint8Array.from(id.replaceAll("-", "").match(/../g) ?? [], (byte) => parseInt(byte, 16));
}

/** Says when a phone moves from one network to another, and of which kind that is. Not in every browser. @returns {(EventTarget & {type?: string})|null} */
function networkInformation() {
  const connection = /** @type {{connection?: unknown}} */ (navigator).connection;
  return connection instanceof EventTarget ? connection : null;
}
