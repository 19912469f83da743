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

/** A page that is let into a call that goes through the clinic's relays and no other way. @param {"clinician"|"patient"} role */
async function admitted(role) {
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
  const sent = (/** @type {string} */ type) => socket.sent.filter((/** @type {any} */ message) => message.type === type);
  return { world, session, news, hooks, sent, says };
}

/** The same, as far as the connection that it opened. @param {"clinician"|"patient"} role */
async function page(role) {
  const before = Connection.last;
  const { news, ...others } = await admitted(role);
  await until(() => Connection.last && Connection.last !== before && news.includes("connecting"));
  return { connection: Connection.last, news, ...others };
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

for (const role of /** @type {const} */ (["clinician", "patient"])) {
  test(`${role}: the chat rests while a connection is made anew, and closes when it is not known who comes`, async () => {
    const { world, connection, hooks, says } = await page(role);
    const known = { ...STATE, state: "in_call", identity: "known" };
    const told = () => (hooks.chat?.mock.calls ?? []).map(({ arguments: [chat] }) => chat).filter((chat, at, all) => chat !== all[at - 1]);
    const opens = () => Connection.last.channels.get("chat")?.dispatchEvent(new Event("open"));
    says(known);
    assert.deepEqual(told(), ["closed"], "nothing can be said before there is a connection");
    opens();
    says({ ...known, epoch: 2 });
    await until(() => Connection.last !== connection);
    opens();
    assert.deepEqual(told(), ["closed", "open", "resting", "open"]);
    says({ ...STATE, epoch: 2 });
    says({ ...known, epoch: 2 });
    says({ ...known, state: "waiting", epoch: 3, identity: null });
    assert.deepEqual(told(), ["closed", "open", "resting", "open", "closed", "open", "resting", "closed"]);
    world.ends();
  });
}

/** A page in a browser that makes no connection, which goes on for so many tries. @param {"clinician"|"patient"} role @param {number} tries */
async function cannotOpen(role, tries) {
  Object.assign(globalThis, { RTCPeerConnection: class { static generateCertificate() { return Promise.reject(new Error("none")); } } });
  const made = await admitted(role);
  for (let epoch = 1; epoch <= tries; epoch += 1) {
    await until(() => made.hooks.refused?.mock.callCount() === epoch);
    // What is changed meanwhile is not sent to a connection that is not there.
    made.session.changed();
    made.world.pass(3_000);
    if (epoch === tries) Object.assign(globalThis, { RTCPeerConnection: Connection });
    made.says({ ...STATE, epoch: epoch + 1 });
  }
  return made;
}

for (const role of /** @type {const} */ (["clinician", "patient"])) {
  test(`${role}: a connection that could not be made is made once it can be`, async () => {
    const before = Connection.last;
    const { world, sent, news } = await cannotOpen(role, 2);
    await until(() => Connection.last !== before);
    assert.deepEqual(sent("join").map(({ epoch }) => epoch), [null, null, null]);
    assert.ok(!news.includes("unloaded"));
    world.ends();
  });

  test(`${role}: where none can be made the person is told to load the page again`, async () => {
    const { world, news } = await cannotOpen(role, 4);
    assert.equal(news.at(-1), "unloaded");
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
