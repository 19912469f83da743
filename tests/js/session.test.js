// What a page's own check finds comes to the machine that acts on it: the connection is closed, the server told, and the person. The connection, its
// clock and the socket are made up; everything between them is what runs in a page.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Connection, stream } from "./connection.js";
import { World } from "./pages.js";

const VISIT = "01890000-0000-7000-8000-000000000001";
const LISTED = { address: "203.0.113.9", region: "us-east" };
const SERVER = { urls: ["turn:one.example:3478?transport=udp"], username: "u", credential: "c" };
const STATE = {
  type: "state", state: "checking", version: 3, epoch: 1, identity: null, held: false, peer: "in_call", clinician: "here", message: null, left: false, late: null, before: null, moving: null,
  rules: { locked: false, chat: true, sharing: "no", relay: "no" },
};

/** What a browser measures of a way between two relays. @param {string} own @param {string} other */
const way = (own, other) => [
  { id: "t", type: "transport", selectedCandidatePairId: "pair" },
  { id: "pair", type: "candidate-pair", localCandidateId: "own", remoteCandidateId: "other", nominated: true, state: "succeeded" },
  { id: "own", type: "local-candidate", candidateType: "relay", address: own },
  { id: "other", type: "remote-candidate", candidateType: "relay", address: other },
];

/** Everything that can happen without the page's clock going on. Modules are read from the disk meanwhile. @param {() => unknown} done */
async function until(done) {
  const began = performance.now();
  while (!done() && performance.now() - began < 20_000) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(done());
}

/** A page in a call that goes through the clinic's relays and no other way, as far as the connection that it opened. @param {"clinician"|"patient"} role */
async function page(role) {
  const world = new World();
  const kept = new Map();
  Object.assign(globalThis, {
    sessionStorage: { getItem: (/** @type {string} */ key) => kept.get(key) ?? null, setItem: (/** @type {string} */ key, /** @type {string} */ value) => void kept.set(key, value) },
  });
  if (!("navigator" in globalThis)) Object.assign(globalThis, { navigator: {} });
  const { Session } = await import("../../static/calls/session.js");
  /** @type {any[]} */ const news = [];
  const hooks = Object.fromEntries(["state", "path", "remote", "sends", "quality", "chat", "said", "proof", "relays", "socket", "refused"].map((name) => [name, mock.fn()]));
  const session = new Session(/** @type {any} */ ({ role, visit: VISIT, relayOnly: true, devices: { stream }, hooks: { ...hooks, news: (/** @type {any} */ what) => news.push(what) } }));
  world.pass(5);
  const socket = /** @type {any} */ (world.taken[0]);
  const says = (/** @type {any} */ message) => socket.hears(message);
  session.want();
  says({ type: "relays", servers: [SERVER], listed: [LISTED] });
  says(STATE);
  says(STATE);
  const before = Connection.last;
  await until(() => Connection.last && Connection.last !== before && news.includes("connecting"));
  const sent = (/** @type {string} */ type) => socket.sent.filter((/** @type {any} */ message) => message.type === type);
  return { world, connection: Connection.last, news, hooks, sent };
}

for (const role of /** @type {const} */ (["clinician", "patient"])) {
  test(`${role}: a way past the relays ends the call before anything is shown, and the server is told`, async () => {
    const { world, connection, news, sent } = await page(role);
    connection.measured = way("203.0.113.9", "192.0.2.9");
    connection.becomes("connected");
    await until(() => news.includes("no_relay"));
    assert.equal(connection.connectionState, "closed");
    assert.deepEqual(connection.given, []);
    assert.deepEqual(sent("no_relay"), [{ type: "no_relay", epoch: 1 }]);
    assert.deepEqual(sent("connected"), []);
    world.ends();
  });

  test(`${role}: a call that turns past the relays ends as one that was seen and heard until then`, async () => {
    const { world, connection, news, hooks, sent } = await page(role);
    connection.measured = way("203.0.113.9", "203.0.113.9");
    connection.becomes("connected");
    await until(() => hooks.path?.mock.calls.some(({ arguments: [path] }) => path?.pinned));
    connection.measured = way("203.0.113.9", "192.0.2.9");
    connection.becomes("connected");
    await until(() => news.includes("strayed"));
    assert.equal(connection.connectionState, "closed");
    assert.deepEqual(sent("no_relay"), [{ type: "no_relay", epoch: 1 }]);
    assert.ok(!news.includes("no_relay"));
    world.ends();
  });
}

test("a new guess at the speed of the line leaves the path alone, another kind of network renews it", async () => {
  const line = Object.assign(new EventTarget(), { type: /** @type {string|undefined} */ (undefined) });
  const changes = (/** @type {string} */ type) => {
    line.type = type;
    line.dispatchEvent(new Event("change"));
  };
  Object.defineProperty(globalThis, "navigator", { value: { connection: line }, configurable: true });
  const { world, sent } = await page("patient");
  const asked = sent("ready").length;
  line.dispatchEvent(new Event("change"));
  assert.equal(sent("ready").length, asked, "where the browser names no kind");
  changes("wifi");
  changes("wifi");
  assert.equal(sent("ready").length, asked + 1);
  changes("cellular");
  assert.equal(sent("ready").length, asked + 2);
  world.ends();
  Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
});
