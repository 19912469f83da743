// What a connection is given to send, and when: with the machine, the clock of the browser and the browser itself made up, since each of them would
// hide that this file did not ask.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Connection, Transport, stream } from "./connection.js";
import { Peer } from "../../static/calls/peer.js";
import { LOOKS } from "../../static/calls/pinning.js";
import { ONE, OTHER, sdp } from "./sdp.js";

const LISTED = [{ address: "203.0.113.9", region: "us-east" }, { address: "203.0.113.10", region: "us-east" }];
const RELAYS = [{ urls: ["turn:one.example:3478?transport=udp"] }, { urls: ["turn:two.example:3478?transport=udp"] }];

/** What a browser measures of a way between two relays, the own one reached by that address. */
const way = (own = "203.0.113.9", other = "203.0.113.10", url = "turn:one.example:3478?transport=udp") => [
  { id: "t", type: "transport", selectedCandidatePairId: "pair" },
  { id: "pair", type: "candidate-pair", localCandidateId: "own", remoteCandidateId: "other", nominated: true, state: "succeeded" },
  { id: "own", type: "local-candidate", candidateType: "relay", address: own, url },
  { id: "other", type: "remote-candidate", candidateType: "relay", address: other },
];

/** A page's connection in a call that is held to relays, and what its page hears. @param {"clinician"|"patient"} role */
function opened(role, relayOnly = true) {
  /** @type {any[]} */
  const heard = [];
  const hooks = Object.fromEntries(["described", "candidate", "up", "down", "outside", "broken", "remote", "said", "channel", "sends", "beside", "told", "proof"]
    .map((name) => [name, (/** @type {any} */ what) => heard.push([name, what])]));
  const peer = new Peer(/** @type {any} */ ({ relays: RELAYS, listed: LISTED, relayOnly, stream, own: null, role, visit: new Uint8Array(16), mayProve: () => false, certificate: {}, hooks }));
  const connection = Connection.last;
  const of = (/** @type {string} */ name) => heard.filter(([hook]) => hook === name).map(([, what]) => what);
  return { peer, connection, of };
}

/** Everything that can happen without time passing, and then a look's pause, again and again. @param {any} t @param {() => boolean} done */
async function until(t, done) {
  for (let turn = 0; turn < 50 * LOOKS && !done(); turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    t.mock.timers.tick(50);
  }
  assert.ok(done());
}

for (const role of /** @type {const} */ (["clinician", "patient"])) {
  test(`${role}: nothing is given to a connection before it is measured that it goes through listed relays, and then both tracks are`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const { peer, connection, of } = opened(role);
    assert.equal(connection.getConfiguration().iceTransportPolicy, "relay");
    peer.use(/** @type {any} */ (stream));
    if (role === "patient") peer.answer("v=0\r\n");
    connection.becomes("connected");
    await until(t, () => connection.looks > 3);
    assert.deepEqual([connection.given, of("up"), of("outside")], [[], [], []], "not known yet");
    connection.measured = way();
    await until(t, () => of("up").length > 0);
    assert.deepEqual(connection.given.map(({ kind }) => kind), ["audio", "video"]);
    assert.deepEqual([of("up")[0].pinned, of("up")[0].regions, of("outside")], [true, ["us-east"], []]);

    // It turns in the middle of the call, and whoever looks next ends it.
    connection.measured = way("203.0.113.9", "192.0.2.9");
    await peer.path();
    assert.deepEqual(of("outside"), [true], "it was used until now");
    peer.close();
    await peer.path();
    assert.deepEqual(of("outside"), [true], "what is closed is not judged");
  });

  test(`${role}: a way past the relays, or one of which nothing is ever known, is given nothing and said to be outside`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    for (const measured of [way("192.0.2.9"), way("203.0.113.9", "192.0.2.9"), []]) {
      const { peer, connection, of } = opened(role);
      connection.measured = measured;
      if (role === "patient") peer.answer("v=0\r\n");
      connection.becomes("connected");
      await until(t, () => of("outside").length > 0);
      assert.ok(of("outside").every((shown) => shown === false), "nobody saw or heard anything");
      assert.deepEqual([connection.given, of("up")], [[], []]);
      peer.close();
    }
  });
}

test("a call that may go any way has its tracks at once", async () => {
  const { connection } = opened("clinician", false);
  assert.deepEqual(connection.given.map(({ kind }) => kind), ["audio", "video"]);
  assert.equal(connection.getConfiguration().iceTransportPolicy, "all");
});

test("the relay that a connection goes through is asked last from the next search on, and all else stays as it was", async () => {
  const { peer, connection } = opened("patient");
  const before = connection.getConfiguration();
  for (const [measured, order] of /** @type {const} */ ([
    [way("203.0.113.10", "203.0.113.9", "turn:two.example:3478?transport=udp"), [0, 1]],
    [way(), [1, 0]],
    [[], [0, 1]], // Nobody knows which: the first.
  ])) {
    connection.measured = measured;
    peer.leaveRelay();
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(connection.getConfiguration(), { ...before, iceServers: order.map((at) => RELAYS[at]) });
  }
  peer.close();
});

/** A connection of which the words were made. @param {any} t */
async function proved(t) {
  const { connection, of } = opened("clinician", false);
  connection.sctp = { transport: new Transport() };
  connection.currentLocalDescription = { sdp: sdp({ print: ONE }) };
  connection.currentRemoteDescription = { sdp: sdp({ print: OTHER }) };
  Object.assign(connection.channels.get("proof") ?? {}, { readyState: "open" });
  connection.signalingState = "stable";
  connection.becomes("connected");
  await until(t, () => of("proof").length > 0);
  const says = async () => {
    connection.isStable();
    await new Promise((resolve) => setImmediate(resolve));
    return of("proof").at(-1).is;
  };
  return { connection, says };
}

for (const state of ["closed", "failed"]) {
  test(`a proved connection that is ${state} is none that differs, unless anything else is another than it was`, async (t) => {
    t.mock.timers.enable({ apis: ["setTimeout"] });
    const ended = await proved(t);
    ended.connection.sctp.transport.state = state;
    assert.equal(await ended.says(), "spent", "as it was said before");
    ended.connection.currentRemoteDescription = { sdp: sdp({ print: ONE }) };
    assert.equal(await ended.says(), "differ", "another certificate");

    const joined = await proved(t);
    joined.connection.sctp.transport.state = state;
    joined.connection.getSenders = () => [{ transport: new Transport() }];
    assert.equal(await joined.says(), "differ", "sound and picture go elsewhere");

    const replaced = await proved(t);
    replaced.connection.sctp.transport.state = state;
    replaced.connection.sctp = { transport: new Transport() };
    assert.equal(await replaced.says(), "differ", "not the one that was proved");
  });
}

test("a proved connection that shakes hands anew differs", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  for (const state of ["new", "connecting"]) {
    const { connection, says } = await proved(t);
    assert.equal(await says(), "spent");
    connection.sctp.transport.state = state;
    assert.equal(await says(), "differ");
  }
});
