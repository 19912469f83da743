// A signalling server that attacks, as the patient's page meets it: put before the page's own scripts, between its socket and the page.
// `attack.kind` says how. What it did and when stands in `attack` for the test to read.

(() => {
  const Real = WebSocket;
  const [KEPT, OFFER] = ["attack", "attack.offer"];
  const attack = { get kind() { return sessionStorage.getItem(KEPT) ?? ""; }, set kind(kind) { sessionStorage.setItem(KEPT, kind); }, swappedAt: 0, closedAt: 0, roles: async () => [] };
  window.attack = attack;
  const close = RTCPeerConnection.prototype.close;
  RTCPeerConnection.prototype.close = function () {
    close.call(this);
    if (attack.swappedAt && !attack.closedAt) attack.closedAt = performance.now();
  };

  const another = () => [...crypto.getRandomValues(new Uint8Array(32))].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");
  const fingerprintOf = (sdp) => Uint8Array.from(sdp.match(/a=fingerprint:sha-256 (\S+)/)[1].split(":"), (byte) => parseInt(byte, 16));
  const gathered = (connection) => new Promise((resolve) => {
    const look = () => { if (connection.iceGatheringState === "complete") resolve(connection.localDescription.sdp); };
    connection.addEventListener("icegatheringstatechange", look);
    look();
  });

  /** What a connection turned out to be in its handshake: "client" or "server". */
  const roleOf = async (connection) => [...(await connection.getStats()).values()].find((report) => report.type === "transport")?.dtlsRole;

  /**
   * Two connections with certificates of its own, and the proof by the book on each of them. It forces the roles of the handshake: by themselves
   * the page that offers would be the server and the other one the client, and here it is the other way round.
   */
  class Middle {
    constructor(deliver, send) {
      Object.assign(this, { deliver, send, towardsClinician: new RTCPeerConnection(), towardsPatient: new RTCPeerConnection() });
      this.ends = [[this.towardsClinician, "patient"], [this.towardsPatient, "clinician"]].map(([connection, role]) => {
        const channel = connection.createDataChannel("proof", { negotiated: true, id: 0 });
        for (const id of [1, 2]) connection.createDataChannel(String(id), { negotiated: true, id });
        channel.binaryType = "arraybuffer";
        // The other side may speak before this one has what it needs to answer.
        const end = { connection, role, channel, early: [], hear: (data) => end.early.push(data) };
        channel.addEventListener("message", ({ data }) => end.hear(data));
        return end;
      });
    }

    async offered(message) {
      if (this.epoch === message.epoch) return;
      this.epoch = message.epoch;
      await this.towardsClinician.setRemoteDescription({ type: "offer", sdp: message.sdp });
      const { sdp } = await this.towardsClinician.createAnswer();
      await this.towardsClinician.setLocalDescription({ type: "answer", sdp: sdp.replaceAll("a=setup:active", "a=setup:passive") });
      this.towardsPatient.addTransceiver("audio");
      this.towardsPatient.addTransceiver("video");
      await this.towardsPatient.setLocalDescription(await this.towardsPatient.createOffer());
      this.send({ type: "answer", epoch: message.epoch, sdp: await gathered(this.towardsClinician) });
      this.deliver({ type: "offer", epoch: message.epoch, sdp: (await gathered(this.towardsPatient)).replaceAll("a=setup:actpass", "a=setup:active") });
      attack.roles = () => Promise.all([roleOf(this.towardsClinician), roleOf(this.towardsPatient)]);
      for (const end of this.ends) void this.prove(end);
    }

    async prove(end) {
      const { connection, role, channel } = end;
      const { ProofRun } = await import(document.querySelector("script[type=module]").src.replace("patient.js", "proof_run.js"));
      const run = new ProofRun(role, { send: (bytes) => channel.send(bytes), shown: () => {}, unchecked: () => {}, differ: () => {} });
      end.hear = (data) => run.hear(data);
      for (const data of end.early) run.hear(data);
      if (channel.readyState !== "open") await new Promise((resolve) => channel.addEventListener("open", resolve));
      // On a busy machine the channel may open before the answer counts as applied.
      while (connection.remoteDescription === null) await new Promise((resolve) => setTimeout(resolve, 10));
      const visit = Uint8Array.from(location.pathname.match(/[0-9a-f-]{36}/)[0].replaceAll("-", "").match(/../g), (byte) => parseInt(byte, 16));
      run.begin({ visit, own: fingerprintOf(connection.localDescription.sdp), peer: fingerprintOf(connection.remoteDescription.sdp) });
    }
  }

  window.WebSocket = class extends Real {
    #hears = [];
    #middle = null;
    #held = [];

    addEventListener(type, listener, ...more) {
      if (type !== "message") return super.addEventListener(type, listener, ...more);
      this.#hears.push(listener);
      super.addEventListener("message", (event) => this.#heard(event.data));
    }

    #deliver(message) {
      for (const listener of this.#hears) listener(new MessageEvent("message", { data: JSON.stringify(message) }));
    }

    /** Waits for an offer and whatever comes beside it, and says all of it twice and the later first. Before an offer it says one of a call that is over. */
    #replay(message) {
      this.#held.push(message);
      if (this.#held.length < 2 || !this.#held.some((held) => held.type === "offer")) return;
      const old = JSON.parse(sessionStorage.getItem(OFFER));
      for (const held of this.#held.splice(0).reverse()) {
        if (held.type === "offer") this.#deliver({ ...old, epoch: held.epoch });
        for (let time = 0; time < 2; time += 1) this.#deliver(held);
      }
    }

    #heard(text) {
      const message = JSON.parse(text);
      if (attack.kind === "replay" && ["offer", "candidate"].includes(message.type)) return void this.#replay(message);
      if (message.type === "offer") sessionStorage.setItem(OFFER, text);
      if (attack.kind === "middle" && message.type === "offer") {
        this.#middle ??= new Middle((to) => this.#deliver(to), (to) => super.send(JSON.stringify(to)));
        return void this.#middle.offered(message);
      }
      if (this.#middle && message.type === "candidate") return void this.#middle.towardsClinician.addIceCandidate({ candidate: message.candidate, sdpMid: message.mid, sdpMLineIndex: message.line }).catch(() => {});
      if (attack.kind === "swap" && message.type === "offer") {
        message.sdp = message.sdp.replaceAll(/(a=fingerprint:sha-256 )\S+/g, `$1${another()}`);
        attack.swappedAt = performance.now();
      }
      if (attack.kind === "unbundle" && message.type === "offer") message.sdp = message.sdp.replace(/a=group:BUNDLE[^\r\n]*\r?\n/, "");
      this.#deliver(message);
    }

    send(text) {
      const message = JSON.parse(text);
      if (this.#middle && message.type === "answer") return void this.#middle.towardsPatient.setRemoteDescription({ type: "answer", sdp: message.sdp });
      if (this.#middle && message.type === "candidate") return void this.#middle.towardsPatient.addIceCandidate({ candidate: message.candidate, sdpMid: message.mid, sdpMLineIndex: message.line }).catch(() => {});
      super.send(text);
    }
  };
})();
