import assert from "node:assert/strict";
import { test } from "node:test";
import { measureLine, measurePath, wayOf } from "../../static/calls/measured.js";

/** @param {any[]} reports */
const report = (...reports) => new Map(reports.map((each) => [each.id, each]));
const OWN = { id: "own", type: "local-candidate", candidateType: "relay", relayProtocol: "tls", address: "203.0.113.9", url: "turns:relay.example:443?transport=tcp" };
const OTHER = { id: "other", type: "remote-candidate", candidateType: "prflx", address: "" };
const PAIR = { id: "pair", type: "candidate-pair", localCandidateId: "own", remoteCandidateId: "other", nominated: true, state: "succeeded", currentRoundTripTime: 0.05, availableOutgoingBitrate: 900_000 };
const TRANSPORT = { id: "t", type: "transport", selectedCandidatePairId: "pair", tlsVersion: "FEFD", srtpCipher: "AEAD_AES_256_GCM" };

test("the way of a call is named by how this side reaches its relay", () => {
  assert.equal(wayOf("host", undefined, "srflx"), "host");
  assert.equal(wayOf("prflx", undefined, "relay"), "relay");
  for (const protocol of ["udp", "tcp", "tls"]) assert.equal(wayOf("relay", protocol, "host"), `relay_${protocol}`);
  // A browser that does not say, and one that says something new.
  assert.equal(wayOf("relay", undefined, "relay"), "relay");
  assert.equal(wayOf("relay", "sctp", "relay"), "relay");
});

test("the path is the pair that is selected, and what is not known of it is not made up", () => {
  const stale = { ...PAIR, id: "stale", localCandidateId: "gone" };
  assert.deepEqual(measurePath(report(stale, OWN, OTHER, PAIR, TRANSPORT)), {
    kind: "relay_tls", own: { address: "203.0.113.9", relay: true }, other: { address: null, relay: false }, relay: "turns:relay.example:443?transport=tcp", version: "FEFD", cipher: "AEAD_AES_256_GCM",
  });
  // A browser without a report of its transports.
  assert.deepEqual(measurePath(report(OWN, OTHER, PAIR))?.own, { address: "203.0.113.9", relay: true });
  assert.equal(measurePath(report(OWN, OTHER, PAIR))?.version, null);
  assert.equal(measurePath(report(OTHER, PAIR))?.own, null);
  assert.equal(measurePath(report(OTHER, PAIR))?.relay, null);
  assert.equal(measurePath(report(OWN, OTHER, { ...PAIR, state: "in-progress" })), null);
  assert.equal(measurePath(report(OWN, OTHER, { ...PAIR, nominated: false })), null);
  // An older browser's name for it.
  assert.equal(measurePath(report({ ...OWN, address: undefined, ip: "203.0.113.9" }, OTHER, PAIR))?.own?.address, "203.0.113.9");
});

test("the line is what came and what was lost since the last look, and the worst that either side says", () => {
  const inbound = (/** @type {string} */ id, /** @type {number} */ packetsLost, /** @type {number} */ packetsReceived) => ({ id, type: "inbound-rtp", packetsLost, packetsReceived });
  const heard = { id: "heard", type: "remote-inbound-rtp", fractionLost: 0.25, roundTripTime: 0.2 };
  const measured = measureLine(report(PAIR, inbound("a", 3, 70), inbound("b", 9, 50), heard), { lost: 2, received: 90 });
  assert.deepEqual(measured, { came: { lost: 12, received: 120 }, sample: { lostOut: 0.25, lostIn: 0.25, rttMs: 200, sendableBps: 900_000 } });
  // Nobody has reported of the other side yet: the browser's own round trip, and what can be sent is not known by every browser.
  assert.deepEqual(measureLine(report({ ...PAIR, availableOutgoingBitrate: undefined }), { lost: 0, received: 0 })?.sample, { lostOut: 0, lostIn: 0, rttMs: 50, sendableBps: null });
  // A count that went back is no loss.
  assert.equal(measureLine(report(PAIR, inbound("a", 0, 0)), { lost: 2, received: 90 })?.sample.lostIn, 0);
  assert.equal(measureLine(report(heard), { lost: 0, received: 0 }), null);
});
