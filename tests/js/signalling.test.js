import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { allowed, readBeside } from "../../static/calls/signalling.js";

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

test("past the server only that comes which mends a connection, by the server's rules", () => {
  const sdp = "v=0\r\n";
  const candidate = { type: "candidate", epoch: 1, candidate: "", mid: "0", line: 0 };
  assert.deepEqual(readBeside("clinician", JSON.stringify({ type: "offer", epoch: 1, sdp })), { type: "offer", epoch: 1, sdp });
  assert.deepEqual(readBeside("patient", JSON.stringify({ type: "restart", epoch: 1 })), { type: "restart", epoch: 1 });
  assert.deepEqual(readBeside("patient", JSON.stringify(candidate)), candidate);
  const refused = [
    { type: "offer", epoch: 1, sdp }, { type: "restart", epoch: 1, now: true }, { type: "restart" }, { type: "join", tab: "0123456789abcdef", epoch: null }, { type: "beat" },
    { type: "connected", epoch: 1, path: "host", region: null }, { type: "no_relay", epoch: 1 }, { type: "chatted", epoch: 1 }, { type: "ready", epoch: 1 }, { type: "gone", why: "removed" }, { type: "superseded" },
  ];
  for (const message of refused) assert.equal(readBeside("patient", JSON.stringify(message)), null, JSON.stringify(message));
  for (const data of ["", "{", "null", "[]", new ArrayBuffer(8), `${JSON.stringify(candidate)}${" ".repeat(25_000)}`]) assert.equal(readBeside("patient", data), null);
});
