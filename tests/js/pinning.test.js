import assert from "node:assert/strict";
import { test } from "node:test";
import { LOOKS, Pinning } from "../../static/calls/pinning.js";

const LISTED = [{ address: "203.0.113.9", region: "us-east" }];
const TRACK = { kind: "video" };
const HOST = "candidate:1 1 udp 1 192.0.2.7 50000 typ host";
const end = (/** @type {string|null} */ address, relay = true) => ({ address, relay });

/** One that is held to relays, and how often it waited. */
function held() {
  let paused = 0;
  return { pinning: new Pinning(true, LISTED, async () => { paused += 1; }), paused: () => paused };
}

/** Says one after the other, and the last of them from then on. @param {...any} said */
function measuring(...said) {
  let looks = 0;
  return Object.assign(async () => said[Math.min(looks++, said.length - 1)], { looks: () => looks });
}

test("no track goes out before both ends were measured at listed relays", async () => {
  const { pinning, paused } = held();
  const measure = measuring("unknown", "unknown", "listed");
  assert.equal(pinning.let(TRACK), null);
  assert.equal(pinning.shown, false);
  const checked = pinning.check(async () => { assert.equal(pinning.let(TRACK), null); return measure(); });
  assert.equal(await pinning.check(measure), "busy", "one look at a time");
  assert.equal(await checked, "first");
  assert.deepEqual([measure.looks(), paused()], [3, 2]);
  assert.equal(pinning.shown, true);
  assert.equal(pinning.let(TRACK), TRACK);
});

test("what is measured elsewhere, or never, shows nothing", async () => {
  for (const [said, looks] of /** @type {const} */ ([["outside", 1], ["unknown", LOOKS]])) {
    const { pinning } = held();
    const measure = measuring(said);
    assert.equal(await pinning.check(measure), "outside", said);
    assert.equal(measure.looks(), looks);
    assert.equal(pinning.let(TRACK), null);
    assert.equal(pinning.shown, false, "nobody saw or heard anything");
  }
});

test("a connection that was closed meanwhile is not looked at on", async () => {
  const { pinning } = held();
  assert.equal(await pinning.check(measuring("unknown", "gone")), "gone");
  assert.equal(pinning.let(TRACK), null);
});

test("what was measured once goes on until something else is measured", async () => {
  const { pinning } = held();
  await pinning.check(measuring("listed"));
  assert.equal(await pinning.check(measuring("unknown")), "again");
  assert.equal(pinning.let(TRACK), TRACK);
  assert.equal(await pinning.check(measuring("outside")), "outside");
  assert.equal(pinning.shown, true, "what was seen and heard before, was");
});

test("no candidate but a listed relay's passes, and a list that changed counts at once", () => {
  const { pinning } = held();
  const relay = "candidate:3 1 udp 1 203.0.113.10 51000 typ relay raddr 0.0.0.0 rport 9";
  for (const candidate of [HOST, relay]) assert.equal(pinning.candidate(candidate), "");
  assert.equal(pinning.lines(`v=0\r\na=${HOST}\r\n`), "v=0\r\n");
  pinning.use([{ address: "203.0.113.10", region: "us-west" }]);
  assert.equal(pinning.candidate(relay), relay);
  assert.deepEqual(pinning.judge(end("203.0.113.10"), end("203.0.113.10")), { verdict: "listed", regions: ["us-west"] });
  assert.equal(pinning.judge(end("203.0.113.9"), end("203.0.113.10")).verdict, "outside");
});

test("a call that may go any way is shown at once, and its relays still have regions", async () => {
  const pinning = new Pinning(false, LISTED, async () => assert.fail("there is nothing to wait for"));
  assert.equal(pinning.let(TRACK), TRACK);
  assert.equal(pinning.candidate(HOST), HOST);
  assert.equal(await pinning.check(async () => assert.fail("there is nothing to measure")), "again");
  assert.deepEqual(pinning.judge(end("203.0.113.9"), end("203.0.113.9", false)), { verdict: null, regions: ["us-east"] });
});
