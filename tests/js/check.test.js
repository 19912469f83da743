// A network check that was broken off asks the server for nothing.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, track } from "./connection.js";

const made = (kind) => ({ ...track(kind), stop() {} });
globalThis.document = { createElement: () => ({ getContext: () => null, captureStream: () => ({ getVideoTracks: () => [made("video")] }) }) };
globalThis.AudioContext = class {
  createOscillator() { return { connect() {}, start() {} }; }
  createMediaStreamDestination() { return { stream: { getAudioTracks: () => [made("audio")] } }; }
  async close() {}
};
globalThis.RTCRtpReceiver = { getCapabilities: () => null };

const { checkNetwork } = await import("../../static/calls/check.js");

for (const [what, breaks] of [["while its offer is made", true], ["by nobody", false]]) {
  test(`broken off ${what}`, async () => {
    const end = new AbortController();
    globalThis.RTCPeerConnection = class extends Connection {
      async createOffer() { return {}; }
      async setLocalDescription() { if (breaks) end.abort(); }
      close() {}
    };
    let asked = 0;
    const found = await checkNetwork(async () => { asked += 1; return null; }, { signal: end.signal, progress() {} });
    assert.deepEqual([found, asked], [null, breaks ? 0 : 1]);
  });
}
