// How two pages come to the same four words, which nobody between them can know beforehand: commit, then reveal. A pure machine, without
// clock, randomness or browser. It says what to hash and is told the hash; `proof_run.js` performs the effects.
//
// **The order is the security.** The certificates are fixed before the first message, the clinician's page commits to its number before it
// sees the patient's, and the patient's page gives its number before it sees the clinician's. Whoever sits in the middle has to choose
// blindly on one side. The messages themselves may be read and altered by anybody.
// **Each message once, in its order and length.** Anything else ends without words. There is no second try.
// **No words before the end.** Nothing partial is ever given out.

/**
 * @typedef {"clinician"|"patient"} Role  from the page, never from signalling
 *
 * @typedef {object} Facts
 * @property {Uint8Array} visit  16 bytes
 * @property {Uint8Array} own  SHA-256 of this side's certificate
 * @property {Uint8Array} peer  SHA-256 of the other side's certificate, as this side sees it
 * @property {Uint8Array} nonce  32 bytes that nobody could guess
 *
 * @typedef {"idle"|"committing"|"committed"|"listening"|"answered"|"checking"|"deriving"|"shown"|"unchecked"|"differ"} Phase
 *
 * @typedef {object} State
 * @property {Role} role
 * @property {Phase} phase
 * @property {Facts|null} facts
 * @property {Uint8Array|null} early  the first message, if it came before this side was ready
 * @property {Uint8Array|null} commitment
 * @property {Uint8Array|null} theirs  the other side's number
 *
 * @typedef {{type: "started", facts: Facts}
 *   | {type: "message", bytes: Uint8Array}
 *   | {type: "hashed", digest: Uint8Array}
 *   | {type: "late", phase: Phase}
 *   | {type: "closed"}} Event
 *
 * @typedef {{do: "hash", bytes: Uint8Array}
 *   | {do: "send", bytes: Uint8Array}
 *   | {do: "later", ms: number, phase: Phase}
 *   | {do: "show", numbers: number[]}
 *   | {do: "unchecked"}
 *   | {do: "differ"}} Effect
 *
 * @typedef {{state: State, effects: Effect[]}} Step
 */

const FINGERPRINT_BYTES = 32;
const NONCE_BYTES = 32;
const VISIT_BYTES = 16;
const HASH_BYTES = 32;
// Lower: a side that says nothing is noticed sooner. Higher: a bad line has more time for one message.
const PATIENCE_MS = 10_000;
/** How many of the 256 words are compared. */
export const WORDS = 4;

const COMMIT = 1;
const ANSWER = 2;
const REVEAL = 3;
const COMMIT_LABEL = new TextEncoder().encode("anteroom-proof-1/commit\0");
const WORDS_LABEL = new TextEncoder().encode("anteroom-proof-1/words\0");

/** @param {Role} role @returns {State} */
export function start(role) {
  return { role, phase: "idle", facts: null, early: null, commitment: null, theirs: null };
}

/** @param {State} state @param {Event} event @returns {Step} */
export function step(state, event) {
  if (isOver(state)) return { state, effects: [] };
  switch (event.type) {
    case "started": return begin(state, event.facts);
    case "message": return receive(state, event.bytes);
    case "hashed": return hashed(state, event.digest);
    case "late": return event.phase === state.phase ? fail(state) : { state, effects: [] };
    // Words that are on the screen stand for the association that made them.
    case "closed": return state.phase === "shown" ? { state, effects: [] } : fail(state);
  }
}

/** @param {State} state */
function isOver({ phase }) {
  return phase === "unchecked" || phase === "differ";
}

/** @param {State} state @param {Facts} facts @returns {Step} */
function begin(state, facts) {
  const lengths = facts.visit.length === VISIT_BYTES && facts.own.length === FINGERPRINT_BYTES
    && facts.peer.length === FINGERPRINT_BYTES && facts.nonce.length === NONCE_BYTES;
  if (state.phase !== "idle" || !lengths) return fail(state);
  state = { ...state, facts };
  if (state.role === "clinician") {
    if (state.early !== null) return fail(state);
    return { state: { ...state, phase: "committing" }, effects: [{ do: "hash", bytes: commitOf(state, facts.nonce) }] };
  }
  const next = wait({ ...state, phase: "listening", early: null }, []);
  if (state.early === null) return next;
  const heard = receive(next.state, state.early);
  return { state: heard.state, effects: [...next.effects, ...heard.effects] };
}

/** @param {State} state @param {Uint8Array} bytes @returns {Step} */
function receive(state, bytes) {
  // The other side may be ready a moment sooner than this one.
  if (state.phase === "idle") return state.early === null ? { state: { ...state, early: bytes }, effects: [] } : fail(state);
  const body = bytes.slice(1);
  switch (state.phase) {
    case "listening":
      if (bytes[0] !== COMMIT || body.length !== HASH_BYTES || !state.facts) return fail(state);
      return wait({ ...state, phase: "answered", commitment: body }, [{ do: "send", bytes: message(ANSWER, state.facts.nonce) }]);
    case "committed": {
      if (bytes[0] !== ANSWER || body.length !== NONCE_BYTES || !state.facts) return fail(state);
      const next = { ...state, phase: /** @type {Phase} */ ("deriving"), theirs: body };
      return { state: next, effects: [{ do: "send", bytes: message(REVEAL, state.facts.nonce) }, { do: "hash", bytes: wordsOf(next) }] };
    }
    case "answered":
      if (bytes[0] !== REVEAL || body.length !== NONCE_BYTES) return fail(state);
      return { state: { ...state, phase: "checking", theirs: body }, effects: [{ do: "hash", bytes: commitOf(state, body) }] };
    default: return fail(state);
  }
}

/** @param {State} state @param {Uint8Array} digest @returns {Step} */
function hashed(state, digest) {
  switch (state.phase) {
    case "committing":
      return wait({ ...state, phase: "committed", commitment: digest }, [{ do: "send", bytes: message(COMMIT, digest) }]);
    case "checking":
      // Against this side's own view of the visit and of both certificates.
      if (!same(digest, state.commitment)) return { state: { ...state, phase: "differ" }, effects: [{ do: "differ" }] };
      return { state: { ...state, phase: "deriving" }, effects: [{ do: "hash", bytes: wordsOf(state) }] };
    case "deriving":
      return { state: { ...state, phase: "shown" }, effects: [{ do: "show", numbers: [...digest.slice(0, WORDS)] }] };
    default: return fail(state);
  }
}

/** @param {State} state @param {Effect[]} effects @returns {Step} */
function wait(state, effects) {
  return { state, effects: [...effects, { do: "later", ms: PATIENCE_MS, phase: state.phase }] };
}

/** @param {State} state @returns {Step} */
function fail(state) {
  return { state: { ...state, phase: "unchecked" }, effects: [{ do: "unchecked" }] };
}

/** What the clinician's page commits to: the visit, both certificates in the order of the roles, its number. @param {State} state @param {Uint8Array} nonce */
function commitOf(state, nonce) {
  return join(COMMIT_LABEL, ...inOrder(state), nonce);
}

/** @param {State} state */
function wordsOf(state) {
  const own = bytes(state.facts?.nonce);
  const theirs = bytes(state.theirs);
  const [patient, clinician] = state.role === "patient" ? [own, theirs] : [theirs, own];
  return join(WORDS_LABEL, ...inOrder(state), bytes(state.commitment), patient, clinician);
}

/** @param {State} state */
function inOrder({ role, facts }) {
  const [own, peer] = [bytes(facts?.own), bytes(facts?.peer)];
  return [bytes(facts?.visit), ...(role === "clinician" ? [own, peer] : [peer, own])];
}

/** What is there by then. @param {Uint8Array|null|undefined} value */
function bytes(value) {
  if (!value) throw new Error("The proof went on without what it needs");
  return value;
}

/** @param {number} kind @param {Uint8Array} body */
function message(kind, body) {
  return join(Uint8Array.of(kind), body);
}

/** @param {...Uint8Array} parts */
function join(...parts) {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** @param {Uint8Array} one @param {Uint8Array|null} other */
function same(one, other) {
  return other !== null && one.length === other.length && one.every((byte, at) => byte === other[at]);
}
