// Before a page's own scripts: keeps its connections for the test, and lets them measure a line that is worse than the one there is.

{
  const Connection = window.RTCPeerConnection;
  window.keptForTheTest = [];
  window.RTCPeerConnection = class extends Connection {
    constructor(...given) {
      super(...given);
      window.keptForTheTest.push(this);
    }

    async getStats(...given) {
      const measured = await super.getStats(...given);
      if (!window.poorForTheTest) return measured;
      return new Map([...measured].map(([id, report]) => [id, report.type === "remote-inbound-rtp" ? { ...report, fractionLost: 0.4 } : report]));
    }
  };
}

// And all that leaves the page, in the order in which it does: by which way, and what.
{
  window.leftForTheTest = [];
  const note = (way, what) => window.leftForTheTest.push({ way, what: typeof what === "string" ? what : String(what) });
  const wrap = (owner, name, way) => {
    const send = owner[name];
    owner[name] = function (...given) {
      note(typeof way === "function" ? way(this) : way, given[0]);
      return send.apply(this, given);
    };
  };
  wrap(WebSocket.prototype, "send", "socket");
  wrap(RTCDataChannel.prototype, "send", (channel) => `channel ${channel.label}`);
  wrap(XMLHttpRequest.prototype, "open", "request");
  wrap(navigator, "sendBeacon", "beacon");
  const ask = window.fetch;
  window.fetch = (where, ...more) => {
    note("fetch", [where?.url ?? where, more[0]?.body ?? ""].join(" "));
    return ask(where, ...more);
  };
}
