import assert from "node:assert/strict";
import { test } from "node:test";
import { protocols, truth, way } from "../../static/calls/truth.js";

/** @type {import("../../static/calls/truth.js").Path} */
const PATH = { kind: "host", relayed: false, pinned: false, verdict: null, regions: [], sealed: true, version: "FEFD", cipher: "AES_CM_128_HMAC_SHA1_80" };

test("encrypted is said of a call whose browsers have shaken hands, and of no other", () => {
  assert.equal(truth("connected", PATH, "clinician"), "truth-clinician");
  assert.equal(truth("connected", PATH, "patient"), "truth-patient");
  assert.equal(truth("connected", { ...PATH, sealed: false }, "patient"), "truth-unknown");
  assert.equal(truth("connected", null, "patient"), "truth-unknown");
  for (const phase of /** @type {const} */ (["connecting", "reconnecting"])) assert.equal(truth(phase, PATH, "patient"), `truth-${phase}`);
  assert.equal(truth(null, PATH, "patient"), "truth-none");
});

test("protocols are those that this call measured, and nothing is named that was not", () => {
  assert.equal(protocols(PATH), "DTLS 1.2, SRTP AES_CM_128_HMAC_SHA1_80");
  assert.equal(protocols({ ...PATH, version: "fefc", cipher: "AEAD_AES_256_GCM" }), "DTLS 1.3, SRTP AEAD_AES_256_GCM");
  assert.equal(protocols({ ...PATH, cipher: "SRTP_AES128_CM_HMAC_SHA1_80" }), "DTLS 1.2, SRTP AES128_CM_HMAC_SHA1_80");
  assert.equal(protocols({ ...PATH, version: null, cipher: null }), "");
  assert.equal(protocols({ ...PATH, version: "0303" }), "SRTP AES_CM_128_HMAC_SHA1_80");
  assert.equal(protocols({ ...PATH, sealed: false }), "");
  assert.equal(protocols(null), "");
});

test("a path is called pinned only where it was measured, and names where its relays stand", () => {
  const relayed = { ...PATH, kind: "relay_udp", relayed: true };
  assert.deepEqual(way(PATH), ["path-direct", {}]);
  assert.deepEqual(way(relayed), ["path-relay", {}]);
  assert.deepEqual(way({ ...relayed, regions: ["us-east"] }), ["path-relay-in", { region: "us-east" }]);
  assert.deepEqual(way({ ...relayed, pinned: true, regions: ["us-east"] }), ["path-pinned", { region: "us-east" }]);
  assert.deepEqual(way({ ...relayed, pinned: true, regions: ["us-east", "us-west"] }), ["path-pinned-two", { region: "us-east", other: "us-west" }]);
});
