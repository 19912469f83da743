import assert from "node:assert/strict";
import { test } from "node:test";
import { start, step } from "../../static/calls/negotiation.js";
import { OTHER, sdp } from "./sdp.js";

const TAB = "0123456789abcdef";
const STATE = { type: "state", state: "checking", version: 1, epoch: 1, identity: null, held: false, peer: "in_call", clinician: "here", message: null, left: false, rules: { locked: false, chat: true, sharing: "no", relay: "no" } };

/** A page: feeds events and remembers what it was told to do. */
class Page {
  /** @param {"patient"|"clinician"} role */
  constructor(role) { this.state = start(role, TAB); this.done = []; }
  /** @param {any} event */
  on(event) {
    const { state, effects } = step(this.state, event);
    this.state = state;
    this.done = effects;
    return effects;
  }
  /** @param {any} message */
  hears(message) { return this.on({ type: "message", message }); }
  /** To the point where the peer connection of epoch 1 exists. */
  joined() {
    this.on({ type: "opened" });
    this.on({ type: "wanted" });
    this.hears(STATE);
    this.hears(STATE);
    return this;
  }
  /** To the point where it is connected. */
  connected() {
    this.joined();
    if (this.state.role === "clinician") {
      this.on({ type: "described", epoch: 1, sdp: sdp() });
      this.hears({ type: "answer", epoch: 1, sdp: sdp() });
    } else {
      this.hears({ type: "offer", epoch: 1, sdp: sdp() });
      this.on({ type: "described", epoch: 1, sdp: sdp() });
    }
    this.on({ type: "up", epoch: 1, path: "host" });
    return this;
  }
  does() { return this.done.map((effect) => effect.do); }
  sends() { return this.done.filter((effect) => effect.do === "send").map((effect) => effect.message.type); }
}

test("nothing is joined before the person wants it", () => {
  const page = new Page("patient");
  page.on({ type: "opened" });
  assert.deepEqual(page.hears(STATE), []);
});

test("nothing is joined before admission", () => {
  const page = new Page("patient");
  page.on({ type: "opened" });
  page.on({ type: "wanted" });
  assert.deepEqual(page.hears({ ...STATE, state: "waiting" }), []);
});

test("a page joins first and opens its connection on the answer", () => {
  const page = new Page("patient");
  page.on({ type: "opened" });
  page.on({ type: "wanted" });
  page.hears(STATE);
  assert.deepEqual(page.done, [{ do: "send", message: { type: "join", tab: TAB, epoch: null } }]);
  page.hears({ ...STATE, epoch: 2 });
  assert.deepEqual(page.does(), ["open", "chat", "news", "send", "later"]);
  assert.deepEqual(page.sends(), ["ready"]);
  assert.equal(page.state.link?.epoch, 2);
});

test("only the clinician's page offers", () => {
  const clinician = new Page("clinician").joined();
  assert.ok(clinician.does().includes("offer"));
  const patient = new Page("patient").joined();
  for (const event of [{ type: "network" }, { type: "down", epoch: 1, failed: true }, { type: "later", epoch: 1, why: "down" }]) {
    patient.on(event);
    assert.ok(!patient.does().includes("offer"));
  }
  assert.deepEqual(patient.hears({ type: "answer", epoch: 1, sdp: sdp() }), []);
});

test("a ready that crosses the offer brings the same offer again, not another", () => {
  const page = new Page("clinician").joined();
  page.hears({ type: "ready", epoch: 1 });
  assert.deepEqual(page.does(), ["describe-again"]);
});

test("the same offer twice is answered twice and applied once", () => {
  const page = new Page("patient").joined();
  page.hears({ type: "offer", epoch: 1, sdp: sdp() });
  assert.deepEqual(page.does(), ["answer"]);
  assert.deepEqual(page.hears({ type: "offer", epoch: 1, sdp: sdp() }), []);
  page.on({ type: "described", epoch: 1, sdp: sdp() });
  page.hears({ type: "offer", epoch: 1, sdp: sdp() });
  assert.deepEqual(page.does(), ["describe-again"]);
});

test("an answer is applied once, and a late copy does not pass for the answer to a restart", () => {
  const page = new Page("clinician").joined();
  page.hears({ type: "answer", epoch: 1, sdp: sdp() });
  assert.deepEqual(page.does(), ["apply"]);
  page.hears({ type: "restart", epoch: 1 });
  assert.deepEqual(page.done, [{ do: "offer", epoch: 1, restart: true }]);
  assert.deepEqual(page.hears({ type: "answer", epoch: 1, sdp: sdp() }), []);
  page.hears({ type: "answer", epoch: 1, sdp: sdp({ version: 2 }) });
  assert.deepEqual(page.does(), ["apply"]);
});

test("a frame of another epoch is dropped", () => {
  const page = new Page("patient").joined();
  for (const message of [{ type: "offer", epoch: 2, sdp: sdp() }, { type: "candidate", epoch: 0, candidate: "", mid: "0", line: 0 }]) assert.deepEqual(page.hears(message), []);
});

test("a fingerprint never changes within an epoch", () => {
  for (const role of /** @type {const} */ (["patient", "clinician"])) {
    const page = new Page(role).connected();
    if (role === "clinician") page.hears({ type: "restart", epoch: 1 });
    page.hears({ type: role === "clinician" ? "answer" : "offer", epoch: 1, sdp: sdp({ print: OTHER, version: 2 }) });
    assert.deepEqual(page.does(), ["close", "send", "chat", "news"], "closed first, told then");
    assert.deepEqual(page.done[1].message, { type: "proof", epoch: 1, outcome: "differ", source: "none", found: "page" });
    assert.deepEqual(page.done.at(-1), { do: "news", news: "differ" });
    assert.equal(page.state.over, true);
  }
});

test("that the two sides differ is told until it was heard", () => {
  const differs = { type: "proved", epoch: 1, outcome: "differ", source: "certificate", found: "people" };
  const message = { type: "proof", epoch: 1, outcome: "differ", source: "certificate", found: "people" };
  for (const heard of [{ type: "gone", why: "differ" }, { type: "superseded" }, { ...STATE, state: "waiting", epoch: 2 }, { ...STATE, epoch: 2 }]) {
    const page = new Page("patient").connected();
    page.on({ type: "closed" });
    page.on(differs);
    assert.equal(page.done[0].do, "close", "what flows stops, whoever can be told");
    page.on({ type: "opened" });
    assert.deepEqual(page.done, [{ do: "send", message }]);
    assert.deepEqual(page.hears(STATE), [], "the call is still there: it was not heard");
    page.on({ type: "closed" });
    assert.deepEqual(page.on({ type: "opened" }), [{ do: "send", message }]);
    assert.deepEqual(page.hears(heard), [{ do: "stop" }]);
    assert.deepEqual(page.on({ type: "opened" }), []);
  }
});

test("what came of comparing is told once, when the server can be told", () => {
  const page = new Page("clinician").connected();
  const proved = { type: "proved", epoch: 1, outcome: "not_compared", source: "certificate", found: "page" };
  const message = { type: "proof", epoch: 1, outcome: "not_compared", source: "certificate", found: "page" };
  assert.deepEqual(page.on(proved), [{ do: "send", message }]);
  page.on({ type: "closed" });
  assert.deepEqual(page.on({ ...proved, outcome: "matched", found: "people" }), []);
  page.on({ type: "opened" });
  page.hears(STATE);
  page.hears(STATE);
  assert.deepEqual(page.done, [{ do: "send", message: { ...message, outcome: "matched", found: "people" } }]);
  page.on({ type: "closed" });
  page.on({ type: "opened" });
  page.hears(STATE);
  assert.deepEqual(page.hears(STATE), []);
  assert.deepEqual(page.on({ ...proved, epoch: 2 }), [], "of another connection");
});

test("the patient's page hears that they match, and no page hears it of another connection", () => {
  const matched = { type: "proof", epoch: 1, outcome: "matched", source: "certificate", found: "people" };
  assert.deepEqual(new Page("patient").connected().hears(matched), [{ do: "matched" }]);
  assert.deepEqual(new Page("patient").connected().hears({ ...matched, epoch: 2 }), []);
  assert.deepEqual(new Page("clinician").connected().hears(matched), []);
});

test("media lines never change within an epoch", () => {
  const page = new Page("patient").connected();
  page.hears({ type: "offer", epoch: 1, sdp: sdp({ version: 2 }).replace("a=mid:2", "a=mid:data") });
  assert.deepEqual(page.done.at(-1), { do: "news", news: "differ" });
});

test("a new epoch means a new connection, whose fingerprint may differ", () => {
  const page = new Page("patient").connected();
  page.hears({ ...STATE, epoch: 2 });
  assert.deepEqual(page.does().slice(0, 2), ["close", "open"]);
  page.hears({ type: "offer", epoch: 2, sdp: sdp({ print: OTHER }) });
  assert.deepEqual(page.does(), ["answer"]);
});

test("a connection of which the encryption broke is made anew, under a new epoch", () => {
  for (const role of /** @type {const} */ (["patient", "clinician"])) {
    const page = new Page(role).connected();
    assert.deepEqual(page.on({ type: "broken", epoch: 7 }), [], "another one's");
    page.on({ type: "broken", epoch: 1 });
    assert.deepEqual(page.done, [{ do: "close" }, { do: "news", news: "reconnecting" }, { do: "send", message: { type: "join", tab: TAB, epoch: null } }]);
    assert.deepEqual(page.on({ type: "down", epoch: 1, failed: true }), [], "what was said of the old one is late");
    page.hears({ ...STATE, epoch: 2 });
    assert.equal(page.does()[0], "open");
    assert.equal(page.state.link?.epoch, 2);
  }
});

test("a connection that cannot be made is tried three times anew, and then the page must be loaded again", () => {
  for (const role of /** @type {const} */ (["patient", "clinician"])) {
    const page = new Page(role).joined();
    assert.deepEqual(page.on({ type: "unopened", epoch: 7 }), [], "another one's");
    for (let epoch = 1; epoch <= 3; epoch += 1) {
      assert.deepEqual(page.on({ type: "unopened", epoch }), [{ do: "later", ms: 3_000, epoch, why: "unopened" }]);
      page.on({ type: "later", epoch, why: "unopened" });
      assert.deepEqual(page.done, [{ do: "close" }, { do: "news", news: "connecting" }, { do: "send", message: { type: "join", tab: TAB, epoch: null } }]);
      page.hears({ ...STATE, epoch: epoch + 1 });
      assert.equal(page.does()[0], "open");
    }
    page.on({ type: "unopened", epoch: 4 });
    assert.deepEqual(page.done.at(-1), { do: "news", news: "unloaded" });
  }
});

test("a connection that stood has its tries again", () => {
  const page = new Page("clinician").joined();
  page.on({ type: "unopened", epoch: 1 });
  page.on({ type: "up", epoch: 1, path: "host" });
  assert.equal(page.state.unopened, 0);
});

test("with the server away a broken connection waits for it", () => {
  const page = new Page("patient").connected();
  page.on({ type: "closed" });
  page.on({ type: "broken", epoch: 1 });
  assert.deepEqual(page.does(), ["close", "news"]);
  page.on({ type: "opened" });
  page.hears(STATE);
  assert.deepEqual(page.done, [{ do: "send", message: { type: "join", tab: TAB, epoch: null } }]);
});

test("a candidate without a description is dropped", () => {
  const page = new Page("patient").joined();
  const candidate = { type: "candidate", epoch: 1, candidate: "candidate:1", mid: "0", line: 0 };
  assert.deepEqual(page.hears(candidate), []);
  page.hears({ type: "offer", epoch: 1, sdp: sdp() });
  page.hears(candidate);
  assert.deepEqual(page.does(), ["candidate"]);
});

test("no more than 64 candidates are sent for one description", () => {
  const page = new Page("clinician").joined();
  let sent = 0;
  for (let i = 0; i < 100; i += 1) sent += page.on({ type: "candidate", epoch: 1, candidate: `candidate:${i}`, mid: "0", line: 0 }).length;
  assert.equal(sent, 64);
});

test("a lost socket does not touch the connection", () => {
  const page = new Page("clinician").connected();
  assert.deepEqual(page.on({ type: "closed" }), []);
  page.on({ type: "opened" });
  page.hears(STATE);
  assert.deepEqual(page.done, [{ do: "send", message: { type: "join", tab: TAB, epoch: 1 } }]);
  assert.deepEqual(page.hears(STATE), []);
  assert.equal(page.state.link?.up, true);
});

test("when the socket comes back and the connection is down, it is mended", () => {
  for (const [role, expected] of /** @type {const} */ ([["clinician", "offer"], ["patient", "send"]])) {
    const page = new Page(role).connected();
    page.on({ type: "closed" });
    page.on({ type: "down", epoch: 1, failed: false });
    page.on({ type: "opened" });
    page.hears(STATE);
    page.hears(STATE);
    assert.deepEqual(page.does(), [expected]);
  }
});

test("an interruption is given two seconds before it is mended", () => {
  const page = new Page("clinician").connected();
  page.on({ type: "down", epoch: 1, failed: false });
  assert.deepEqual(page.done, [{ do: "news", news: "reconnecting" }, { do: "later", ms: 2000, epoch: 1, why: "down" }]);
  page.on({ type: "later", epoch: 1, why: "down" });
  assert.deepEqual(page.does(), ["later", "offer"]);
});

test("an interruption that mends itself changes nothing", () => {
  const page = new Page("clinician").connected();
  page.on({ type: "down", epoch: 1, failed: false });
  page.on({ type: "up", epoch: 1, path: "host" });
  assert.deepEqual(page.on({ type: "later", epoch: 1, why: "down" }), []);
});

test("with the server away a connection is mended over itself", () => {
  const clinician = new Page("clinician").connected();
  const patient = new Page("patient").connected();
  for (const page of [clinician, patient]) {
    page.on({ type: "beside", epoch: 1, open: true });
    page.on({ type: "closed" });
  }
  patient.on({ type: "network" });
  assert.deepEqual(patient.done.at(-1), { do: "tell", epoch: 1, message: { type: "restart", epoch: 1 } });
  clinician.hears(patient.done.at(-1)?.message);
  assert.deepEqual(clinician.done, [{ do: "offer", epoch: 1, restart: true }]);
  clinician.on({ type: "described", epoch: 1, sdp: sdp({ version: 2 }) });
  assert.deepEqual(clinician.does(), ["send", "tell"]);
  patient.hears(clinician.done.at(-1)?.message);
  assert.deepEqual(patient.does(), ["answer"]);
  patient.on({ type: "described", epoch: 1, sdp: sdp({ version: 2 }) });
  clinician.hears(patient.done.at(-1)?.message);
  assert.deepEqual(clinician.does(), ["apply"]);
});

test("without a server and without a channel nothing is offered", () => {
  const page = new Page("clinician").connected();
  page.on({ type: "closed" });
  assert.deepEqual(page.on({ type: "network" }), []);
});

test("nothing is put into a line that is silent or down: it would come out later, when it is not true any more", () => {
  for (const cut of [{ type: "silent", epoch: 1, silent: true }, { type: "down", epoch: 1, failed: false }]) {
    const page = new Page("patient").connected();
    page.on({ type: "beside", epoch: 1, open: true });
    page.on(cut);
    page.on({ type: "later", epoch: 1, why: "down" });
    assert.deepEqual(page.does(), ["later", "send"], cut.type);
  }
});

test("an older description that comes late is dropped, on either way", () => {
  const patient = new Page("patient").connected();
  patient.hears({ type: "offer", epoch: 1, sdp: sdp({ version: 3 }) });
  assert.deepEqual(patient.hears({ type: "offer", epoch: 1, sdp: sdp({ version: 2 }) }), []);
  const clinician = new Page("clinician").connected();
  for (const version of [3, 2]) {
    clinician.hears({ type: "restart", epoch: 1 });
    clinician.hears({ type: "answer", epoch: 1, sdp: sdp({ version }) });
  }
  assert.deepEqual(clinician.done, []);
});

test("a description that came past the server is held to the same fingerprint", () => {
  const page = new Page("patient").connected();
  page.on({ type: "beside", epoch: 1, open: true });
  page.on({ type: "closed" });
  page.hears({ type: "offer", epoch: 1, sdp: sdp({ print: OTHER, version: 2 }) });
  assert.deepEqual(page.done.at(-1), { do: "news", news: "differ" });
});

test("candidates of the other side are taken 128 times for one description", () => {
  const page = new Page("patient").connected();
  let taken = 0;
  for (let i = 0; i < 300; i += 1) taken += page.hears({ type: "candidate", epoch: 1, candidate: `candidate:${i}`, mid: "0", line: 0 }).length;
  assert.equal(taken, 128);
  page.hears({ type: "offer", epoch: 1, sdp: sdp({ version: 2 }) });
  assert.equal(page.hears({ type: "candidate", epoch: 1, candidate: "candidate:1", mid: "0", line: 0 }).length, 1);
});

test("silence is said at once, mended after two seconds, and over when something is heard", () => {
  const page = new Page("clinician").connected();
  const silent = { type: "silent", epoch: 1, silent: true };
  page.on(silent);
  assert.deepEqual(page.done, [{ do: "news", news: "reconnecting" }, { do: "later", ms: 2000, epoch: 1, why: "down" }]);
  assert.deepEqual(page.on(silent), []);
  assert.deepEqual(page.on({ type: "down", epoch: 1, failed: false }), [], "it is said already");
  page.on({ type: "later", epoch: 1, why: "down" });
  assert.deepEqual(page.does(), ["later", "offer"]);
  assert.deepEqual(page.on({ type: "up", epoch: 1, path: "host" }), [], "not before something is heard");
  assert.deepEqual(page.on({ ...silent, silent: false }), [{ do: "news", news: "connected" }]);
  assert.deepEqual(page.on({ type: "later", epoch: 1, why: "down" }), []);
});

test("silence before the first connection, and of another epoch, is none", () => {
  const page = new Page("patient").joined();
  assert.deepEqual(page.on({ type: "silent", epoch: 1, silent: true }), []);
  page.on({ type: "silent", epoch: 1, silent: false });
  assert.deepEqual(page.on({ type: "silent", epoch: 0, silent: true }), []);
});

const SILENT = { type: "silent", epoch: 1, silent: true, doubt: true, elsewhere: true };
const DOUBT = { ...SILENT, silent: false };
const HEARD = { ...DOUBT, doubt: false };

/** In a call through a relay. @param {"patient"|"clinician"} role @param {string} [path] */
function relayed(role, path = "relay_udp") {
  const page = new Page(role).connected();
  page.on({ type: "up", epoch: 1, path, region: "us-east" });
  return page;
}

test("where there is another relay, silence of the one is mended at once, past that one, and tried again later than else", () => {
  for (const [path, elsewhere, does, ms] of /** @type {const} */ ([["relay_udp", true, ["news", "later", "elsewhere", "offer"], 5000], ["relay_udp", false, ["news", "later"], 2000], ["host", true, ["news", "later"], 2000]])) {
    const page = relayed("clinician", path);
    page.on({ ...SILENT, elsewhere });
    assert.deepEqual(page.does(), does, `${path} ${elsewhere}`);
    assert.equal(page.done[1].ms, ms);
  }
  const patient = relayed("patient");
  patient.on(SILENT);
  assert.deepEqual(patient.does(), ["news", "later", "elsewhere", "send"]);
  assert.deepEqual(patient.sends(), ["restart"]);
});

test("for one silence a new way past a relay is looked for once, whichever page notices first", () => {
  // The clinician's page first: the patient's leaves the relay with the offer, and asks for no other when it notices too.
  const [clinician, patient] = [relayed("clinician"), relayed("patient")];
  clinician.on(SILENT);
  patient.on(DOUBT);
  patient.hears({ type: "offer", epoch: 1, sdp: sdp({ version: 2 }) });
  assert.deepEqual(patient.does(), ["elsewhere", "answer"]);
  patient.on(SILENT);
  assert.deepEqual(patient.does(), ["news", "later"]);
  // Its answer is applied, and a `restart` that was under way comes after: no second search.
  clinician.hears({ type: "answer", epoch: 1, sdp: sdp({ version: 2 }) });
  assert.deepEqual(clinician.hears({ type: "restart", epoch: 1 }), []);
  // Not found: the clinician's page tries again by itself, with the same relay last.
  clinician.on({ type: "later", epoch: 1, why: "down" });
  assert.deepEqual(clinician.does(), ["later", "offer"]);

  // The patient's page first: the clinician's leaves the relay when it is asked, and offers nothing more when it notices.
  const [asked, asks] = [relayed("clinician"), relayed("patient")];
  asks.on(SILENT);
  asked.on(DOUBT);
  asked.hears({ type: "restart", epoch: 1 });
  assert.deepEqual(asked.does(), ["elsewhere", "offer"]);
  asked.on(SILENT);
  assert.deepEqual(asked.does(), ["news", "later"]);
  asks.hears({ type: "offer", epoch: 1, sdp: sdp({ version: 2 }) });
  assert.deepEqual(asks.does(), ["answer"]);
});

test("who was heard again leaves the relay of the next silence", () => {
  const page = relayed("clinician");
  page.on(SILENT);
  page.hears({ type: "answer", epoch: 1, sdp: sdp({ version: 2 }) });
  page.on(HEARD);
  assert.deepEqual(page.does(), ["news"]);
  page.on({ type: "later", epoch: 1, why: "down" });
  page.on(SILENT);
  assert.deepEqual(page.does(), ["news", "later", "elsewhere", "offer"]);
  page.on(HEARD);
  page.hears({ type: "answer", epoch: 1, sdp: sdp({ version: 3 }) });
  page.hears({ type: "restart", epoch: 1 });
  assert.deepEqual(page.does(), ["offer"], "the other page moved to another network: no relay is to blame");
});

test("an offer in the middle of a line that is heard is answered by the same relay", () => {
  const page = relayed("patient");
  page.hears({ type: "offer", epoch: 1, sdp: sdp({ version: 2 }) });
  assert.deepEqual(page.does(), ["answer"]);
});

test("each way that a call takes is told once, and when the server was away, the last one", () => {
  const page = new Page("patient").connected();
  const way = { type: "way", epoch: 1, path: "relay_udp", region: "us-east" };
  const told = { do: "send", message: { type: "connected", epoch: 1, path: "relay_udp", region: "us-east" } };
  assert.deepEqual(page.on(way), [told]);
  assert.deepEqual(page.on(way), []);
  assert.deepEqual(page.on({ ...way, epoch: 2 }), []);
  page.on({ type: "closed" });
  assert.deepEqual(page.on({ ...way, region: "us-west" }), []);
  page.on({ type: "opened" });
  page.hears(STATE);
  page.hears(STATE);
  assert.deepEqual(page.done, [{ ...told, message: { ...told.message, region: "us-west" } }]);
});

test("a connection that goes where it must not is closed before anybody is told, and for good, and says whether it was used before", () => {
  for (const [role, shown, news] of /** @type {const} */ ([["patient", false, "no_relay"], ["clinician", false, "no_relay"], ["patient", true, "strayed"], ["clinician", true, "strayed"]])) {
    const page = new Page(role).joined();
    assert.deepEqual(page.on({ type: "outside", epoch: 2, shown }), []);
    page.on({ type: "outside", epoch: 1, shown });
    assert.deepEqual(page.does(), ["close", "send", "chat", "stop", "news"]);
    assert.deepEqual(page.done[1], { do: "send", message: { type: "no_relay", epoch: 1 } });
    assert.deepEqual(page.done[4], { do: "news", news });
    assert.deepEqual(page.hears({ ...STATE, epoch: 2 }), []);
  }
});

test("connected is told once for an epoch", () => {
  const page = new Page("patient").connected();
  assert.deepEqual(page.sends(), ["connected"]);
  page.on({ type: "down", epoch: 1, failed: true });
  page.on({ type: "up", epoch: 1, path: "host" });
  assert.deepEqual(page.sends(), []);
});

test("a connection that came up while the socket was gone is told afterwards", () => {
  const page = new Page("patient").joined();
  page.hears({ type: "offer", epoch: 1, sdp: sdp() });
  page.on({ type: "closed" });
  page.on({ type: "up", epoch: 1, path: "srflx" });
  assert.deepEqual(page.sends(), []);
  page.on({ type: "opened" });
  page.hears(STATE);
  page.hears(STATE);
  assert.deepEqual(page.done, [{ do: "send", message: { type: "connected", epoch: 1, path: "srflx", region: null } }]);
});

test("chat is open only while the identity is recorded", () => {
  const page = new Page("patient").connected();
  assert.equal(page.state.chat, false);
  assert.deepEqual(page.hears({ ...STATE, state: "in_call", identity: "known" }), [{ do: "chat", open: true }]);
  page.hears({ ...STATE, state: "waiting" });
  assert.deepEqual(page.does(), ["close", "news", "chat"]);
});

test("a chat goes on over a new connection, and begins anew where this page may have missed that somebody else was let in", () => {
  const known = { ...STATE, state: "in_call", identity: "known" };
  const chats = (/** @type {Page} */ page) => page.done.filter((effect) => effect.do === "chat").map((effect) => effect.open);
  const page = new Page("clinician").connected();
  page.hears(known);
  page.hears({ ...known, epoch: 2 });
  assert.ok(!chats(page).includes(false));
  page.on({ type: "closed" });
  page.on({ type: "opened" });
  page.hears({ ...known, epoch: 4 });
  assert.deepEqual(chats(page), [false, true]);
});

test("the clinician may close the chat, and open it again", () => {
  const page = new Page("patient").connected();
  const known = { ...STATE, state: "in_call", identity: "known" };
  page.hears(known);
  assert.deepEqual(page.hears({ ...known, rules: { ...STATE.rules, chat: false } }), [{ do: "chat", open: false }]);
  assert.deepEqual(page.hears(known), [{ do: "chat", open: true }]);
});

test("back in the waiting room closes the connection, and being let in again opens a new one", () => {
  const page = new Page("patient").connected();
  page.hears({ ...STATE, state: "waiting", epoch: 2 });
  assert.equal(page.state.link, null);
  page.hears({ ...STATE, epoch: 3 });
  assert.deepEqual(page.done, [{ do: "send", message: { type: "join", tab: TAB, epoch: null } }]);
  page.hears({ ...STATE, epoch: 3 });
  assert.ok(page.does().includes("open"));
});

test("the end, another tab and a closed session end it for good", () => {
  for (const [message, news] of [[{ ...STATE, state: "ended" }, "ended"], [{ ...STATE, state: "cancelled" }, "cancelled"], [{ type: "superseded" }, "superseded"], [{ type: "gone", why: "removed" }, "removed"]]) {
    const page = new Page("patient").connected();
    page.hears(message);
    assert.deepEqual(page.done.at(-1), { do: "news", news });
    assert.deepEqual(page.on({ type: "opened" }), []);
    assert.deepEqual(page.hears(STATE), []);
  }
});

test("whatever arrives in whatever order, at most one offer is out", () => {
  let seed = 7;
  const random = (/** @type {number} */ n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  for (let run = 0; run < 300; run += 1) {
    const page = new Page("clinician").joined();
    let out = 1;
    for (let i = 0; i < 60; i += 1) {
      const events = [
        { type: "message", message: { type: "ready", epoch: 1 } }, { type: "message", message: { type: "restart", epoch: 1 } },
        { type: "message", message: { type: "answer", epoch: 1, sdp: sdp({ version: i + 2 }) } },
        { type: "network" }, { type: "down", epoch: 1, failed: random(2) === 0 }, { type: "up", epoch: 1, path: "host" },
        { type: "beside", epoch: 1, open: random(2) === 0 }, { type: "silent", epoch: 1, silent: random(2) === 0 },
        { type: "later", epoch: 1, why: "down" }, { type: "closed" }, { type: "opened" }, { type: "message", message: STATE },
      ];
      const effects = page.on(events[random(events.length)]);
      out += effects.filter((effect) => effect.do === "offer").length - effects.filter((effect) => effect.do === "apply").length;
      assert.ok(out === 0 || out === 1);
    }
  }
});

test("the connection to a page that went for good is closed at once, and made anew with whoever comes back", () => {
  for (const role of /** @type {const} */ (["patient", "clinician"])) {
    const page = new Page(role).connected();
    page.hears({ ...STATE, peer: "left" });
    assert.deepEqual(page.does(), ["close", "news"]);
    assert.deepEqual(page.hears({ ...STATE, peer: "left" }), [], "nothing is made with nobody");
    assert.deepEqual(page.hears({ ...STATE, peer: "back" }), []);
    page.hears({ ...STATE, version: 2, epoch: 2 });
    assert.ok(page.done.some((effect) => effect.do === "open" && effect.epoch === 2));
  }
});

test("a page that comes to a call whose other side has gone takes its place and waits", () => {
  const page = new Page("clinician");
  page.on({ type: "opened" });
  page.on({ type: "wanted" });
  page.hears({ ...STATE, peer: "left" });
  assert.deepEqual(page.sends(), ["join"]);
  assert.deepEqual(page.hears({ ...STATE, peer: "left" }), []);
});

test("a page that the network took from the server keeps its connection", () => {
  const page = new Page("patient").connected();
  for (const peer of ["lost", "here", "in_call"]) assert.deepEqual(page.hears({ ...STATE, peer }), [], peer);
});

test("after a put-back the patient's page joins the next call by itself, and the clinician's does not", () => {
  for (const [role, sends] of /** @type {const} */ ([["patient", ["join"]], ["clinician", []]])) {
    const page = new Page(role).connected();
    page.hears({ ...STATE, state: "waiting", version: 2, epoch: 2 });
    page.hears({ ...STATE, version: 3, epoch: 3 });
    assert.deepEqual(page.sends(), sends, role);
  }
});
