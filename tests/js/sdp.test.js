import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { certificateOf, read } from "../../static/calls/sdp.js";
import { ONE, OTHER, sdp } from "./sdp.js";

test("a description has one fingerprint and three media lines", () => {
  const reading = read(sdp());
  assert.equal(reading?.fingerprint, `sha-256 ${ONE.toLowerCase()}`);
  assert.equal(reading?.lines, "UDP/TLS/RTP/SAVPF UDP/TLS/RTP/SAVPF UDP/DTLS/SCTP 0 1 2");
});

test("every description snapshot is taken or refused as it says", () => {
  const snapshots = JSON.parse(readFileSync(new URL("./snapshots/descriptions.json", import.meta.url), "utf8"));
  assert.ok(snapshots.length > 30);
  for (const { ok, why, sdp } of snapshots) assert.equal(read(sdp) !== null, ok, why);
});
test("a description without a count of its own is refused", () => assert.equal(read(sdp().replace("o=- 1 1 ", "o=- 1 x ")), null));
test("all three go over one connection, or it is refused", () => {
  const whole = sdp();
  for (const group of ["", "a=group:BUNDLE 0 1\r\n", "a=group:BUNDLE 0 1 2 3\r\n", "a=group:BUNDLE 2 1 0\r\n", "a=group:LS 0 1 2\r\n", "a=group:BUNDLE 0 1\r\na=group:BUNDLE 2\r\n", "a=group:BUNDLE 0 1 2\r\na=group:BUNDLE 0 1 2\r\n"]) {
    assert.equal(read(whole.replace("a=group:BUNDLE 0 1 2\r\n", group)), null, group);
  }
});

test("a certificate is the bytes of the one fingerprint", () => {
  assert.deepEqual(certificateOf(sdp()), new Uint8Array(32).fill(0xaa));
  assert.equal(certificateOf(sdp({ extra: [`a=fingerprint:sha-256 ${OTHER}`] })), null);
  assert.equal(certificateOf(sdp().replaceAll("sha-256", "sha-512")), null);
  assert.equal(certificateOf(undefined), null);
});

test("two different fingerprints are refused", () => assert.equal(read(sdp({ extra: [`a=fingerprint:sha-256 ${OTHER}`] })), null));
test("the same fingerprint in other letters is one", () => assert.notEqual(read(sdp().replace(ONE, ONE.toLowerCase())), null));
test("a weaker hash is refused", () => assert.equal(read(sdp().replaceAll("sha-256", "sha-1")), null));
test("no fingerprint is refused", () => assert.equal(read(sdp().replaceAll("a=fingerprint", "a=x")), null));
test("keys in the text are refused", () => assert.equal(read(sdp({ extra: ["a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x"] })), null));
test("another spelling of a line is refused", () => {
  for (const row of ["A=crypto:1", " a=crypto:1 x", "a=Fingerprint:sha-256 AA", "a=fingerprint :x", "x\ra=crypto:1", "k=clear:x", "a=key-mgmt:mikey x"]) {
    assert.equal(read(sdp({ extra: [row] })), null, row);
  }
});
test("other media lines are refused", () => {
  assert.equal(read(sdp({ kinds: ["audio", "application"] })), null);
  assert.equal(read(sdp({ kinds: ["video", "audio", "application"] })), null);
  assert.equal(read(sdp({ kinds: ["audio", "video", "video", "application"] })), null);
});
test("a description that is too large is refused", () => assert.equal(read(sdp({ extra: ["a=".padEnd(16 * 1024, "x")] })), null));
