import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Side, bytes, hex } from "./proof.js";

const VECTORS = JSON.parse(readFileSync(new URL("./snapshots/proof.json", import.meta.url), "utf8"));

/** @param {any} on @param {any} facts */
function event(on, facts) {
  if (on === "started") return { type: "started", facts };
  if (on === "closed") return { type: "closed" };
  return "late" in on ? { type: "late", phase: on.late } : { type: "message", bytes: bytes(on.message) };
}

/** @param {any} effect */
function told(effect) {
  switch (effect.do) {
    case "send": return { send: hex(effect.bytes) };
    case "later": assert.equal(effect.ms, 10_000); return { later: effect.phase };
    case "show": return { show: effect.numbers };
    default: return effect.do;
  }
}

// `tests/it/proof.rs` runs the same file through an implementation of its own.
for (const { name, role, visit, own, peer, nonce, steps } of VECTORS) {
  test(`vector: ${name}`, () => {
    const facts = { visit: bytes(visit), own: bytes(own), peer: bytes(peer), nonce: bytes(nonce) };
    const side = new Side(role);
    for (const { on, does } of steps) assert.deepEqual(side.on(event(on, facts)).map(told), does, JSON.stringify(on));
  });
}

test("the vectors show both sides and every end", () => {
  const all = JSON.stringify(VECTORS);
  for (const what of ['"clinician"', '"patient"', '"show"', '"unchecked"', '"differ"', '"late"']) assert.ok(all.includes(what), what);
  assert.ok(VECTORS.length > 30);
});

test("a state that was stepped from is never changed", () => {
  const freeze = (/** @type {any} */ value) => {
    if (typeof value === "object" && value !== null && !ArrayBuffer.isView(value)) { Object.freeze(value); Object.values(value).forEach(freeze); }
    return value;
  };
  for (const { role, visit, own, peer, nonce, steps } of VECTORS) {
    const facts = freeze({ visit: bytes(visit), own: bytes(own), peer: bytes(peer), nonce: bytes(nonce) });
    const side = new Side(role);
    for (const { on } of steps) {
      side.state = freeze(side.state);
      side.on(event(on, facts));
    }
  }
});
