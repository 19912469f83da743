import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { allowed } from "../../static/calls/signalling.js";

const snapshots = JSON.parse(readFileSync(new URL("./snapshots/signalling.json", import.meta.url), "utf8"));

test("every message snapshot is taken or refused as it says", () => {
  for (const { from, ok, message } of snapshots) assert.equal(allowed(from, message), ok, `${from}: ${JSON.stringify(message)}`);
});

test("a description larger than 16 KiB is refused", () => {
  assert.equal(allowed("clinician", { type: "offer", epoch: 1, sdp: "x".repeat(16 * 1024) }), true);
  assert.equal(allowed("clinician", { type: "offer", epoch: 1, sdp: "x".repeat(16 * 1024 + 1) }), false);
});

test("what is no object is no message", () => {
  for (const value of [null, 1, "beat", [], [{ type: "beat" }]]) assert.equal(allowed("patient", value), false);
});
