// When the note is saved, and what happens when it cannot be. Pure: the page performs the effects.

/**
 * @typedef {"closed"|"loading"|"saved"|"unsaved"|"saving"|"signed-out"|"conflict"} Phase
 *
 * @typedef {object} State
 * @property {Phase} phase
 * @property {string} text  what is in the field
 * @property {string} sent  what was last sent
 * @property {number} version  the version that `text` is based on
 * @property {string|null} theirs  the other version, while there are two
 * @property {number} failures  in a row
 * @property {boolean} leaving  the page goes away: the next one may have been read before what is just being saved
 *
 * @typedef {{type: "opened", kept: {text: string, version: number}|null}
 *   | {type: "loaded", text: string, version: number}
 *   | {type: "typed", text: string}
 *   | {type: "due"}
 *   | {type: "saved", version: number}
 *   | {type: "failed", status: number}
 *   | {type: "signed-in"}
 *   | {type: "other", text: string, version: number}
 *   | {type: "keep-mine"} | {type: "keep-theirs"}
 *   | {type: "leaving"}
 *   | {type: "closed"}} Event
 *
 * @typedef {{do: "load"} | {do: "load-other"} | {do: "save", text: string, version: number}
 *   | {do: "show", text: string} | {do: "keep", text: string, version: number} | {do: "forget"}
 *   | {do: "due", ms: number}} Effect
 *
 * @typedef {{state: State, effects: Effect[]}} Step
 */

// Lower: less is lost with the machine. Higher: fewer saves, and so fewer entries in the access log.
const QUIET_MS = 1_500;
const RETRY_MS = 3_000;
const RETRY_MAX_MS = 30_000;

/** @returns {State} */
export function start() {
  return { phase: "closed", text: "", sent: "", version: 0, theirs: null, failures: 0, leaving: false };
}

/**
 * @param {State} state
 * @param {Event} event
 * @returns {Step}
 */
export function step(state, event) {
  switch (event.type) {
    case "opened": return open(state, event.kept);
    case "loaded": return loaded(state, event.text, event.version);
    case "typed": return typed(state, event.text);
    case "due": return due(state);
    case "saved": return saved(state, event.version);
    case "failed": return failed(state, event.status);
    case "signed-in": return state.phase === "signed-out" ? due({ ...state, phase: "unsaved" }) : { state, effects: [] };
    case "other": return other(state, event.text, event.version);
    case "keep-mine": return state.phase === "conflict" ? due({ ...state, phase: "unsaved", theirs: null }) : { state, effects: [] };
    case "keep-theirs": return keepTheirs(state);
    case "leaving": return { state: { ...state, leaving: true }, effects: [] };
    case "closed": return { state: { ...start() }, effects: [{ do: "show", text: "" }] };
  }
}

/** @param {State} state @param {{text: string, version: number}|null} kept @returns {Step} */
function open(state, kept) {
  if (state.phase !== "closed") return { state, effects: [] };
  // A text that an earlier page could not save comes back; where it belongs is known once the server's is there.
  return { state: { ...state, phase: "loading", text: kept?.text ?? "", version: kept ? kept.version : -1 }, effects: [{ do: "load" }] };
}

/** @param {State} state @param {string} text @param {number} version @returns {Step} */
function loaded(state, text, version) {
  if (state.phase !== "loading") return { state, effects: [] };
  const nothingKept = state.version < 0 || state.text === text;
  if (nothingKept) return { state: { ...state, phase: "saved", text, sent: text, version, failures: 0 }, effects: [{ do: "forget" }, { do: "show", text }] };
  if (state.version === version) return after(due({ ...state, phase: "unsaved" }), [{ do: "show", text: state.text }]);
  return { state: { ...state, phase: "conflict", theirs: text, version }, effects: [{ do: "show", text: state.text }] };
}

/** @param {State} state @param {string} text @returns {Step} */
function typed(state, text) {
  if (state.phase === "closed" || state.phase === "loading" || text === state.text) return { state, effects: [] };
  /** @type {Effect[]} */
  const effects = [{ do: "keep", text, version: state.version }];
  // Whoever types has stayed.
  state = { ...state, leaving: false };
  if (state.phase !== "saved" && state.phase !== "unsaved") return { state: { ...state, text }, effects };
  return { state: { ...state, phase: "unsaved", text }, effects: [...effects, { do: "due", ms: QUIET_MS }] };
}

/** @param {State} state @returns {Step} */
function due(state) {
  if (state.phase === "loading") return { state, effects: [{ do: "load" }] };
  if (state.phase !== "unsaved") return { state, effects: [] };
  return { state: { ...state, phase: "saving", sent: state.text }, effects: [{ do: "save", text: state.text, version: state.version }] };
}

/** @param {State} state @param {number} version @returns {Step} */
function saved(state, version) {
  if (state.phase !== "saving") return { state, effects: [] };
  state = { ...state, version, failures: 0 };
  if (state.text === state.sent) return { state: { ...state, phase: "saved" }, effects: state.leaving ? [] : [{ do: "forget" }] };
  return { state: { ...state, phase: "unsaved" }, effects: [{ do: "keep", text: state.text, version }, { do: "due", ms: QUIET_MS }] };
}

/** @param {State} state @param {number} status 0: not reached @returns {Step} */
function failed(state, status) {
  if (state.phase !== "saving" && state.phase !== "loading") return { state, effects: [] };
  if (status === 423) return { state: { ...start() }, effects: [{ do: "show", text: "" }] };
  if (state.phase === "saving" && status === 401) return { state: { ...state, phase: "signed-out" }, effects: [] };
  if (state.phase === "saving" && status === 409) return { state, effects: [{ do: "load-other" }] };
  const failures = state.failures + 1;
  const phase = state.phase === "saving" ? "unsaved" : "loading";
  return { state: { ...state, phase, failures }, effects: [{ do: "due", ms: Math.min(RETRY_MAX_MS, RETRY_MS * failures) }] };
}

/** The server's version, after ours was refused as stale. @param {State} state @param {string} text @param {number} version @returns {Step} */
function other(state, text, version) {
  if (state.phase !== "saving") return { state, effects: [] };
  state = { ...state, version };
  // Our own save had arrived after all; only its answer was lost.
  if (text === state.sent) return saved(state, version);
  return { state: { ...state, phase: "conflict", theirs: text }, effects: [{ do: "keep", text: state.text, version }] };
}

/** @param {State} state @returns {Step} */
function keepTheirs(state) {
  if (state.phase !== "conflict" || state.theirs === null) return { state, effects: [] };
  const text = state.theirs;
  return { state: { ...state, phase: "saved", text, sent: text, theirs: null }, effects: [{ do: "forget" }, { do: "show", text }] };
}

/** @param {Step} next @param {Effect[]} before @returns {Step} */
function after(next, before) {
  return { state: next.state, effects: [...before, ...next.effects] };
}
