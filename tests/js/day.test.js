import assert from "node:assert/strict";
import { test } from "node:test";
import { darkness, inOrder, ringing, arrivalOf, words } from "../../static/waiting_room/day.js";

const MIN = 60_000;
const visit = (/** @type {object} */ fields) => ({ id: "a", state: "waiting", since: 0, away_since: null, held: false, left: false, locked: false, trouble: null, moving: null, moved: false, check: null, ...fields });

test("who waits longest stands on top", () => {
  const rows = [
    { id: "later", state: "sent", since: null, startsAt: "2026-01-01T12:00:00Z" },
    { id: "new", state: "waiting", since: 20, startsAt: "2026-01-01T09:00:00Z" },
    { id: "in", state: "in_call", since: null, startsAt: "2026-01-01T08:00:00Z" },
    { id: "old", state: "waiting", since: 10, startsAt: "2026-01-01T11:00:00Z" },
    { id: "early", state: "ended", since: null, startsAt: "2026-01-01T07:00:00Z" },
  ];
  assert.deepEqual(inOrder(rows).map((row) => row.id), ["old", "new", "in", "early", "later"]);
});

test("a row darkens in steps", () => assert.deepEqual([0, 5, 10, 20, 90].map((m) => darkness(0, m * MIN)), [0, 1, 2, 3, 3]));

test("words say how long, whether the page is away, and what was seen", () => {
  assert.deepEqual(words(visit({}), 30_000), [["now", {}]]);
  assert.deepEqual(words(visit({ away_since: 2 * MIN, held: true }), 4 * MIN), [["minutes", { minutes: 4 }], ["away", { minutes: 2 }], ["held", {}]]);
  assert.deepEqual(words(visit({ state: "sent", since: null, locked: true }), 0), [["sent", {}], ["locked", {}]]);
  assert.deepEqual(words(visit({ state: "sent", since: null, trouble: "undelivered" }), 0), [["sent", {}], ["trouble-undelivered", {}]]);
  assert.deepEqual(words(visit({ moved: true }), 0), [["now", {}], ["moved", {}]]);
  const check = { verdict: "poor", round_trip_ms: 412, loss_percent: 4, up_kbit: 300 };
  assert.deepEqual(words(visit({ check }), 0), [["now", {}], ["check-poor", {}], ["check-numbers", { trip: 412, loss: 4, up: 300 }]]);
  assert.deepEqual(words(visit({ state: "redeemed", since: null, check: { ...check, verdict: "blocked", round_trip_ms: null } }), 0), [["redeemed", {}], ["check-blocked", {}]]);
  assert.deepEqual(words(visit({ state: "sent", since: null, check }), 0), [["sent", {}]]);
  const reached = (/** @type {object} */ ways) => words(visit({ check: { ...check, ...ways } }), 0).slice(3);
  assert.deepEqual(reached({ relay_udp: true, relay_tcp: null, relay_tls: true }), [["check-relay", { ways: "UDP, TLS" }]]);
  assert.deepEqual(reached({ relay_udp: false, relay_tcp: null, relay_tls: null }), [["check-relay-none", {}]]);
  assert.deepEqual(words(visit({ left: true, away_since: 1 }), MIN), [["left", {}]]);
});

test("an arrival rings until it is seen, and rings again when the person comes again", () => {
  const here = visit({});
  assert.equal(ringing([here], new Set()).length, 1);
  assert.equal(ringing([here], new Set([arrivalOf(here)])).length, 0);
  assert.equal(ringing([visit({ since: 5 })], new Set([arrivalOf(here)])).length, 1);
  assert.equal(ringing([visit({ held: true }), visit({ state: "in_call" }), visit({ left: true })], new Set()).length, 0);
});
