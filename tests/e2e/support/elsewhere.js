// Before a page's own scripts: until `pathIsTrue` is kept in this tab, the browser measures ends of the path at which no relay of the clinic stands.
// Whatever is given to a connection to send is counted.

(() => {
  const Real = window.RTCPeerConnection;
  window.givenForTheTest = { looks: 0, tracks: 0, bytes: 0 };
  const replace = RTCRtpSender.prototype.replaceTrack;
  RTCRtpSender.prototype.replaceTrack = function (track) {
    if (track) window.givenForTheTest.tracks += 1;
    return replace.call(this, track);
  };
  window.RTCPeerConnection = class extends Real {
    addTransceiver(what, ...more) {
      if (typeof what !== "string") window.givenForTheTest.tracks += 1;
      return super.addTransceiver(what, ...more);
    }

    async getStats(...given) {
      const measured = await super.getStats(...given);
      if (sessionStorage.getItem("pathIsTrue")) return measured;
      const seen = window.givenForTheTest;
      const elsewhere = new Map();
      measured.forEach((report, id) => {
        if (report.type === "candidate-pair" && report.nominated) seen.looks += 1;
        if (report.type === "outbound-rtp") seen.bytes = Math.max(seen.bytes, report.bytesSent);
        elsewhere.set(id, report.type.endsWith("-candidate") ? { ...report, address: "192.0.2.9" } : report);
      });
      return elsewhere;
    }
  };
})();
