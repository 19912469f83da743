import assert from "node:assert/strict";
import { test } from "node:test";
import { judge, onlyListed, onlyListedLines, regionOf, usedLast } from "../../static/calls/listed.js";

const LISTED = [{ address: "203.0.113.9", region: "us-east" }, { address: "2001:db8::9", region: "us-west" }];
const RELAY = "candidate:3 1 udp 41885439 203.0.113.9 51000 typ relay raddr 192.0.2.7 rport 50000 generation 0";
const BLANKED = "candidate:3 1 udp 41885439 203.0.113.9 51000 typ relay raddr 0.0.0.0 rport 9 generation 0";

test("a candidate is a listed relay's, or none, and nothing stands behind it", () => {
  assert.equal(onlyListed(RELAY, LISTED), BLANKED);
  assert.equal(onlyListed(RELAY.replace("203.0.113.9", "2001:DB8::9"), LISTED), BLANKED.replace("203.0.113.9", "2001:DB8::9"));
  for (const other of [
    RELAY.replace("203.0.113.9", "203.0.113.10"),
    RELAY.replace("203.0.113.9", "relay.local"),
    RELAY.replace("typ relay", "typ host"),
    RELAY.replace("typ relay", "typ srflx"),
    "candidate:1 1 udp 1 203.0.113.9 1 typ host typ relay",
    "candidate:",
    "",
  ]) assert.equal(onlyListed(other, LISTED), "", other);
  assert.equal(onlyListed(RELAY, []), "", "no relay is listed");
});

test("a description keeps what is no candidate, and names no other address", () => {
  const rows = (/** @type {string} */ candidates, /** @type {string} */ address) => `v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 ${address}\r\n${candidates}a=mid:0\r\n`;
  const said = rows(`a=rtcp:50001 IN IP4 192.0.2.7\r\na=candidate:1 1 udp 1 192.0.2.7 50000 typ host\r\na=${RELAY}\r\na=${RELAY.replace("203.0.113.9", "203.0.113.10")}\r\n`, "192.0.2.7");
  assert.equal(onlyListedLines(said, LISTED), rows(`a=${BLANKED}\r\n`, "0.0.0.0"));
  assert.equal(onlyListedLines(onlyListedLines(said, LISTED), LISTED), onlyListedLines(said, LISTED));
});

test("a path is listed once both of its ends are, outside as soon as one is not, and else not known", () => {
  const end = (/** @type {string|null} */ address, relay = true) => ({ address, relay });
  assert.equal(judge(end("203.0.113.9"), end("2001:db8::9"), LISTED), "listed");
  assert.equal(judge(end("203.0.113.9"), end("203.0.113.9", false), LISTED), "listed", "the other side's relay, met before it was named");
  for (const [own, other] of [[null, null], [end("203.0.113.9"), null], [end("203.0.113.9"), end(null)], [end(null), end("203.0.113.9")]]) {
    assert.equal(judge(own ?? null, other ?? null, LISTED), "unknown");
  }
  assert.equal(judge(end("203.0.113.9", false), end("203.0.113.9"), LISTED), "outside", "an address of ours that is no relay");
  assert.equal(judge(end("203.0.113.10"), end("203.0.113.9"), LISTED), "outside");
  assert.equal(judge(end("203.0.113.9"), end("203.0.113.10"), LISTED), "outside", "a relay of another region");
  assert.equal(judge(end(null), end("192.0.2.7", false), LISTED), "outside", "known of one end is enough");
});

test("a region is that of the address, in every spelling of it", () => {
  assert.equal(regionOf("203.0.113.9", LISTED), "us-east");
  assert.equal(regionOf("[2001:DB8::9]", LISTED), "us-west");
  for (const none of ["203.0.113.10", "", null, undefined]) assert.equal(regionOf(none, LISTED), null);
});

test("the relay in use is asked last, however often it is said, and the first where nobody knows which it is", () => {
  const [one, two, three] = ["one", "two", "three"].map((name) => ({ urls: [`turn:${name}.example:3478?transport=udp`, `turns:${name}.example:443?transport=tcp`] }));
  const servers = /** @type {RTCIceServer[]} */ ([one, two, three]);
  assert.deepEqual(usedLast(servers, "turn:one.example:3478?transport=udp"), [two, three, one]);
  assert.deepEqual(usedLast(servers, "turns:TWO.example:443?transport=tcp"), [one, three, two]);
  assert.deepEqual(usedLast(usedLast(servers, "turn:one.example:3478"), "turn:one.example:3478"), [two, three, one]);
  for (const unknown of [null, "turn:four.example:3478?transport=udp"]) assert.deepEqual(usedLast(servers, unknown), [two, three, one]);
  assert.deepEqual(usedLast([{ urls: "turn:one.example:3478" }], "turn:one.example:3478"), [{ urls: "turn:one.example:3478" }]);
  assert.deepEqual(usedLast([], null), []);
});
