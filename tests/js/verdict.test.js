// What the numbers of a network check come to.

import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, sum, withoutCandidates } from "../../static/calls/verdict.js";

const start = { atMs: 1000, sentBytes: 0, receivedBytes: 0, receivedPackets: 0, lostPackets: 0, jitterMs: 0 };
const measured = (/** @type {object} */ to, trips = [40, 45, 900]) => ({ from: start, to: { ...start, atMs: 7000, sentBytes: 600_000, receivedBytes: 590_000, receivedPackets: 990, lostPackets: 10, jitterMs: 4.4, ...to }, roundTripsMs: trips });

test("numbers are counted between the two moments", () => {
  assert.deepEqual(judge(measured({}), {}), { verdict: "good", round_trip_ms: 45, jitter_ms: 4, loss_percent: 1, up_kbit: 800, down_kbit: 787, relay_udp: null, relay_tcp: null, relay_tls: null });
});

test("each number past its limit makes the line poor, and at its limit it is good", () => {
  const verdict = (/** @type {object} */ to, /** @type {number[]|undefined} */ trips) => judge(measured(to, trips), {}).verdict;
  assert.equal(verdict({}, [400]), "good");
  assert.equal(verdict({}, [401]), "poor");
  assert.equal(verdict({ jitterMs: 60 }), "good");
  assert.equal(verdict({ jitterMs: 61 }), "poor");
  assert.equal(verdict({ receivedPackets: 960, lostPackets: 40 }), "good");
  assert.equal(verdict({ receivedPackets: 950, lostPackets: 50 }), "poor");
  assert.equal(verdict({ sentBytes: 262_500 }), "good");
  assert.equal(verdict({ sentBytes: 262_000 }), "poor");
  assert.equal(verdict({ receivedBytes: 262_000 }), "poor");
  assert.equal(verdict({ receivedPackets: 0, lostPackets: 0, receivedBytes: 0 }), "poor", "pings came back and no stream did");
});

test("nothing came back: blocked, unless a relay was reached", () => {
  assert.equal(judge(null, {}).verdict, "blocked");
  assert.equal(judge(measured({}, []), {}).verdict, "blocked");
  assert.equal(judge(null, { udp: false, tcp: false, tls: false }).verdict, "blocked");
  const relayed = judge(null, { udp: false, tls: true });
  assert.deepEqual([relayed.verdict, relayed.relay_udp, relayed.relay_tcp, relayed.relay_tls], ["poor", false, null, true]);
});

test("lost packets that come after all are none", () => assert.equal(judge(measured({ lostPackets: -3 }), {}).loss_percent, 0));

test("a report is summed over its streams", () => {
  const report = [{ type: "outbound-rtp", bytesSent: 5 }, { type: "outbound-rtp" }, { type: "inbound-rtp", bytesReceived: 7, packetsReceived: 2, packetsLost: 1, jitter: 0.004 }, { type: "inbound-rtp", bytesReceived: 1, jitter: 0.001 }, { type: "candidate-pair" }];
  assert.deepEqual(sum(report, 9), { atMs: 9, sentBytes: 5, receivedBytes: 8, receivedPackets: 2, lostPackets: 1, jitterMs: 4 });
});

test("a description goes out without a candidate", () => {
  const sdp = "v=0\r\na=candidate:1 1 udp 1 10.0.0.1 9 typ host\r\na=mid:0\r\na=end-of-candidates\r\n";
  assert.equal(withoutCandidates(sdp), "v=0\r\na=mid:0\r\n");
});
