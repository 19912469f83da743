// A signalling server that attacks, as the patient's page meets it: put before the page's own scripts, between its socket and the page.
// `attack.kind` says how. What it did and when stands in `attack` for the test to read.

(() => {
  const Real = WebSocket;
  const KEPT = "attack";
  const attack = { get kind() { return sessionStorage.getItem(KEPT) ?? ""; }, set kind(kind) { sessionStorage.setItem(KEPT, kind); }, swappedAt: 0, closedAt: 0 };
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

  /** Two connections with certificates of its own, and the proof by the book on each of them. */
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
      await this.towardsClinician.setLocalDescription(await this.towardsClinician.createAnswer());
      this.towardsPatient.addTransceiver("audio");
      this.towardsPatient.addTransceiver("video");
      await this.towardsPatient.setLocalDescription(await this.towardsPatient.createOffer());
      this.send({ type: "answer", epoch: message.epoch, sdp: await gathered(this.towardsClinician) });
      this.deliver({ type: "offer", epoch: message.epoch, sdp: await gathered(this.towardsPatient) });
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

    addEventListener(type, listener, ...more) {
      if (type !== "message") return super.addEventListener(type, listener, ...more);
      this.#hears.push(listener);
      super.addEventListener("message", (event) => this.#heard(event.data));
    }

    #deliver(message) {
      for (const listener of this.#hears) listener(new MessageEvent("message", { data: JSON.stringify(message) }));
    }

    #heard(text) {
      const message = JSON.parse(text);
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
