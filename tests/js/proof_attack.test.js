// A signalling server that is the attacker, against the two pages' own machines (AB-09). Its acts are drawn from a seed. After each run: the words
// differ, or a page refused, whenever somebody sits in the middle; and where nobody does, the words are the same.
//
// `PROOF_RUNS` sets the number of runs, `PROOF_SEED` the first seed: a run that failed is repeated alone with its own.

import assert from "node:assert/strict";
import { test } from "node:test";
import { start, step } from "../../static/calls/negotiation.js";
import { certificateOf } from "../../static/calls/sdp.js";
import { Side, hex, sha256 } from "./proof.js";
import { sdp } from "./sdp.js";

const RUNS = Number(process.env.PROOF_RUNS ?? 1000);
const SEED = Number(process.env.PROOF_SEED ?? 1);
const VISIT = new Uint8Array(16).fill(7);
const STATE = { type: "state", state: "in_call", version: 1, epoch: 1, identity: "known", held: false, peer: "in_call", clinician: "here", message: null, left: false, rules: { locked: false, chat: true, sharing: "no", relay: "no" } };

/** Numbers that a seed gives. @param {number} seed */
function dice(seed) {
  let n = 0;
  const bytes = (/** @type {number} */ count) => sha256(`${seed} ${n += 1}`).slice(0, count);
  const below = (/** @type {number} */ most) => new DataView(bytes(4).buffer).getUint32(0) % most;
  return { bytes, below, one: (/** @type {any[]} */ list) => list[below(list.length)], chance: (/** @type {number} */ in_) => below(in_) === 0 };
}

/** @param {Uint8Array} print */
const written = (print) => [...print].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":");

/** A page: its two machines, and a connection that holds the other end to the certificate of the description, as a browser does. */
class Page {
  /** @param {"clinician"|"patient"} role @param {any} random */
  constructor(role, random) {
    Object.assign(this, { role, random, state: start(role, "0123456789abcdef"), own: random.bytes(32), version: 0 });
    /** @type {any[]} */ this.out = [];
    /** @type {Uint8Array|null} */ this.peer = null;
    /** @type {number[]|null} */ this.words = null;
    this.ends = /** @type {string[]} */ ([]);
    this.open = false;
    this.proof = new Side(role);
    for (const event of [{ type: "opened" }, { type: "wanted" }, { type: "message", message: STATE }, { type: "message", message: STATE }]) this.on(event);
  }

  /** @param {any} event */
  on(event) {
    const { state, effects } = step(this.state, event);
    this.state = state;
    for (const effect of effects) {
      if (effect.do === "open") this.open = true;
      if (effect.do === "send") this.out.push(effect.message);
      if (effect.do === "close") this.close();
      if (effect.do === "news" && effect.news === "differ") this.ends.push("differ");
      if (effect.do === "apply" || effect.do === "answer") this.peer = certificateOf(effect.sdp);
      if (effect.do === "offer" || effect.do === "answer") this.version += 1;
      if (effect.do === "offer" || effect.do === "answer" || effect.do === "describe-again") {
        this.on({ type: "described", epoch: 1, sdp: sdp({ print: written(this.own), version: this.version }) });
      }
    }
  }

  close() {
    this.open = false;
    this.words = null;
  }

  /** The connection stands. What goes out over the channel of the proof. @returns {Uint8Array[]} */
  prove() {
    return this.told(this.proof.on({ type: "started", facts: { visit: VISIT, own: this.own, peer: this.peer, nonce: this.random.bytes(32) } }));
  }

  /** @param {Uint8Array} bytes */
  hear(bytes) { return this.open ? this.told(this.proof.on({ type: "message", bytes })) : []; }

  /** Time goes by. */
  late() { for (const phase of ["listening", "committed", "answered"]) this.told(this.proof.on({ type: "late", phase })); }

  /** @param {any[]} effects */
  told(effects) {
    for (const effect of effects) {
      if (effect.do === "show") this.words = effect.numbers;
      if (effect.do === "unchecked") { this.words = null; this.ends.push("unchecked"); }
      if (effect.do === "differ") this.on({ type: "proved", epoch: 1, outcome: "differ", source: "none", found: "page" });
    }
    return effects.filter((effect) => effect.do === "send").map((effect) => effect.bytes);
  }
}

/** What a description becomes on its way. `mine`: the attacker's certificate towards whoever reads it. */
const DESCRIPTIONS = {
  "as it is": (/** @type {string} */ text) => text,
  "another fingerprint": (/** @type {string} */ text, /** @type {any} */ on) => text.replaceAll(written(on.honest), written(on.mine)),
  "a fingerprint of nobody": (/** @type {string} */ text, /** @type {any} */ on) => text.replaceAll(written(on.honest), written(on.random.bytes(32))),
  "another fingerprint for one section": (/** @type {string} */ text, /** @type {any} */ on) => text.replace(written(on.honest), written(on.mine)),
  "two fingerprints": (/** @type {string} */ text, /** @type {any} */ on) => `${text}a=fingerprint:sha-256 ${written(on.mine)}\r\n`,
  "not bundled": (/** @type {string} */ text) => text.replace(/a=group:[^\r]*\r\n/, ""),
  "bundled without the data": (/** @type {string} */ text) => text.replace("BUNDLE 0 1 2", "BUNDLE 0 1"),
  "bundled twice": (/** @type {string} */ text) => text.replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE 0 1\r\na=group:BUNDLE 2"),
  "keys in the text": (/** @type {string} */ text) => `${text}a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n`,
  "a weaker hash": (/** @type {string} */ text) => text.replaceAll("sha-256", "sha-1"),
  "roles forced": (/** @type {string} */ text) => text.replaceAll("a=mid:", "a=setup:active\r\na=mid:"),
};

/** How the attacker, at the end of a page's connection, speaks the proof. */
const TALKS = ["by the book", "relays", "relays altered", "relays what it hears twice", "says things of its own", "says its number first", "repeats what was said before", "is silent", "relays out of order"];

/** @param {number} seed */
function attack(seed) {
  const random = dice(seed);
  const pages = { clinician: new Page("clinician", random), patient: new Page("patient", random) };
  // The attacker's own certificates: one for each page.
  const mine = { clinician: random.bytes(32), patient: random.bytes(32) };
  const told = [];
  const acts = { clinician: "as it is", patient: "as it is" };
  if (!random.chance(8)) for (const to of /** @type {const} */ (["clinician", "patient"])) acts[to] = random.chance(3) ? random.one(Object.keys(DESCRIPTIONS)) : "another fingerprint";
  const from = (/** @type {"clinician"|"patient"} */ to) => (to === "clinician" ? "patient" : "clinician");

  /** Signalling, dropped, repeated and out of order as the dice say. */
  const signal = () => {
    for (let turns = 0; turns < 12; turns += 1) {
      for (const to of /** @type {const} */ (["patient", "clinician"])) {
        const sender = pages[from(to)];
        let messages = sender.out.splice(0);
        if (random.chance(6)) messages = messages.reverse();
        for (const message of messages) {
          if (random.chance(12)) { sender.on({ type: "later", epoch: 1, why: "unoffered" }); continue; }
          const on = { mine: mine[to], honest: sender.own, random };
          const passed = message.sdp ? { ...message, sdp: DESCRIPTIONS[/** @type {keyof DESCRIPTIONS} */ (acts[to])](message.sdp, on) } : message;
          if (!["join", "connected", "proof", "candidate"].includes(message.type)) for (let i = random.chance(5) ? 2 : 1; i > 0; i -= 1) pages[to].on({ type: "message", message: passed });
        }
      }
    }
  };
  signal();

  // With whom each page's browser can have a connection: whoever has the key of the certificate in the description that it applied.
  const { clinician, patient } = pages;
  const endOf = (/** @type {"clinician"|"patient"} */ who) => {
    const page = pages[who];
    if (!page.open || !page.peer) return "nobody";
    if (hex(page.peer) === hex(mine[who])) return "attacker";
    const other = pages[from(who)];
    return hex(page.peer) === hex(other.own) && other.peer && hex(other.peer) === hex(page.own) && other.open ? "page" : "nobody";
  };
  const ends = { clinician: endOf("clinician"), patient: endOf("patient") };
  told.push(`descriptions to the clinician: ${acts.clinician}, to the patient: ${acts.patient}; at the other end: ${JSON.stringify(ends)}`);

  if (ends.clinician === "page" && ends.patient === "page") {
    pipe(clinician, patient);
  } else {
    for (const who of /** @type {const} */ (["clinician", "patient"])) if (ends[who] === "attacker") pages[who].on({ type: "up", epoch: 1, path: "host" });
    const talk = random.one(TALKS);
    told.push(`in the middle: ${talk}`);
    middle(pages, ends, mine, talk, random);
  }
  if (random.chance(3)) swapLater(pages, mine, random, told);
  clinician.late();
  patient.late();
  return { clinician, patient, ends, told };
}

/** @param {Page} clinician @param {Page} patient */
function pipe(clinician, patient) {
  let [toPatient, toClinician] = [clinician.prove(), patient.prove()];
  while (toPatient.length + toClinician.length > 0) {
    [toPatient, toClinician] = [toClinician.flatMap((bytes) => clinician.hear(bytes)), toPatient.flatMap((bytes) => patient.hear(bytes))];
  }
}

/** Two connections that end at the attacker, or one. @param {any} pages @param {any} ends @param {any} mine @param {string} talk @param {any} random */
function middle(pages, ends, mine, talk, random) {
  const { clinician, patient } = pages;
  // By the book: towards each page the attacker plays the other one, with the right certificates for that connection.
  const asPatient = new Page("patient", random);
  Object.assign(asPatient, { own: mine.clinician, peer: clinician.own, open: true });
  const asClinician = new Page("clinician", random);
  Object.assign(asClinician, { own: mine.patient, peer: patient.own, open: true });
  if (talk === "by the book") {
    if (ends.clinician === "attacker") pipe(clinician, asPatient);
    if (ends.patient === "attacker") pipe(asClinician, patient);
    return;
  }
  const said = /** @type {Uint8Array[]} */ ([]);
  const bent = (/** @type {Uint8Array} */ bytes) => { const copy = bytes.slice(); copy[random.below(copy.length)] ^= 1 << random.below(8); return copy; };
  const message = () => new Uint8Array([random.below(5), ...random.bytes(random.chance(4) ? random.below(32) : 32)]);
  /** @param {Page} to @param {Uint8Array} bytes */
  const pass = (to, bytes) => {
    switch (talk) {
      case "relays": return [bytes];
      case "relays altered": return [random.chance(2) ? bent(bytes) : bytes];
      case "relays what it hears twice": return [bytes, bytes];
      case "says things of its own": return [message()];
      case "repeats what was said before": return [random.one(said)];
      case "relays out of order": return said.slice(-2).reverse();
      default: return to.role === "patient" ? [bytes] : [];
    }
  };
  let [toPatient, toClinician] = [ends.clinician === "attacker" ? clinician.prove() : [], ends.patient === "attacker" ? patient.prove() : []];
  if (talk === "says its number first" && ends.clinician === "attacker") toClinician = [new Uint8Array([2, ...random.bytes(32)]), ...toClinician];
  if (talk === "is silent") return;
  for (let turn = 0; turn < 8; turn += 1) {
    const deliver = (/** @type {Page} */ to, /** @type {string} */ end, /** @type {Uint8Array[]} */ waiting) =>
      (end === "attacker" ? waiting.flatMap((bytes) => { said.push(bytes); return pass(to, bytes); }).flatMap((bytes) => to.hear(bytes)) : []);
    [toPatient, toClinician] = [deliver(clinician, ends.clinician, toClinician), deliver(patient, ends.patient, toPatient)];
  }
}

/** In the middle of the call another description comes, with another certificate or other lines. */
function swapLater(/** @type {any} */ pages, /** @type {any} */ mine, /** @type {any} */ random, /** @type {string[]} */ told) {
  const { clinician, patient } = pages;
  if (clinician.state.over || patient.state.over || !patient.peer || !clinician.peer) return;
  const [to, other, type] = random.chance(2) ? [patient, clinician, "offer"] : [clinician, patient, "answer"];
  if (to === clinician) to.on({ type: "message", message: { type: "restart", epoch: 1 } });
  const text = sdp({ print: written(random.chance(2) ? random.bytes(32) : hex(to.peer) === hex(other.own) ? mine[to.role] : other.own), version: 99 });
  told.push(`later the ${to.role} is sent another certificate`);
  to.on({ type: "message", message: { type, epoch: 1, sdp: text } });
  assert.ok(to.ends.includes("differ") && !to.open, `seed: the ${to.role}'s page goes on with another certificate`);
}

test(`${RUNS} attacks: no attack of the signalling server gives both the same words`, () => {
  const seen = { same: 0, differing: 0, refused: 0, found: 0 };
  for (let seed = SEED; seed < SEED + RUNS; seed += 1) {
    const { clinician, patient, ends, told } = attack(seed);
    const same = clinician.words !== null && patient.words !== null && clinician.words.join() === patient.words.join();
    const why = `seed ${seed}: ${told.join("; ")}: ${clinician.words} and ${patient.words}`;
    const direct = ends.clinician === "page" && ends.patient === "page";
    if (direct && clinician.ends.length + patient.ends.length === 0) assert.ok(same, why);
    if (!direct) assert.ok(!same, why);
    if (same) seen.same += 1;
    else if (clinician.words && patient.words) seen.differing += 1;
    else seen.refused += 1;
    if (clinician.ends.includes("differ") || patient.ends.includes("differ")) seen.found += 1;
  }
  console.log(`# ${RUNS} runs: ${seen.differing} with differing words, ${seen.refused} without words on both sides (${seen.found} found by a page itself), ${seen.same} with nobody in between`);
  // Each end was met, so that a harness which attacks nothing does not pass for a page that withstands.
  if (RUNS >= 200) for (const count of Object.values(seen)) assert.ok(count >= RUNS / 50, JSON.stringify(seen));
});
