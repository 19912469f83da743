// How two pages come to one call, as a pure machine: no clock, no randomness, no browser. `calls/session.rs` mirrors it.
// The page performs the effects.
//
// **Only the clinician's page offers.** Browsers fail an ICE restart from the side that did not make the first offer.
// **A fingerprint never changes within an epoch.** It is checked before each description is applied; if it differs, the call ends.
// **What differs is told until it was heard.** The call is closed first; then the server is told, after each break of the line again.
// **Whoever went for good has no connection.** It is closed at once; who comes back begins a new epoch.
// **An epoch that is not ours is dropped.** A reload, a second tab and a put-back raise it on the server.
// **The server is one way of two.** Once connected, whatever mends the connection also goes over the connection itself, so that a server that is
// away stops nothing. What comes twice is taken once.
// **For one silence a new way past a relay is looked for once**, whichever page notices first. A second search would cut the first one short.

import { begun, everyWay, isHeard, pin, way } from "./link.js";
import { isGone } from "./other.js";

/**
 * @typedef {"patient"|"clinician"} Role
 * @typedef {import("./link.js").Link} Link
 *
 * @typedef {object} State
 * @property {Role} role
 * @property {string} tab
 * @property {boolean} open  the socket is open
 * @property {boolean} wanted  the person wants the call
 * @property {boolean} joined  said so on this socket
 * @property {boolean} chat
 * @property {number|null} heard  the epoch that the server named last
 * @property {Link|null} link
 * @property {boolean} over
 * @property {number} unopened  connections in a row that could not even be made
 * @property {Message|null} owed  that the two sides differ, until the server has heard it
 *
 * @typedef {{type: string, [field: string]: any}} Message
 *
 * @typedef {{type: "wanted"}
 *   | {type: "opened"} | {type: "closed"}
 *   | {type: "message", message: Message}
 *   | {type: "described", epoch: number, sdp: string}
 *   | {type: "candidate", epoch: number, candidate: string, mid: string, line: number}
 *   | {type: "up", epoch: number, path: string, region?: string|null}
 *   | {type: "way", epoch: number, path: string, region: string|null}
 *   | {type: "outside", epoch: number, shown: boolean}
 *   | {type: "down", epoch: number, failed: boolean}
 *   | {type: "broken", epoch: number}
 *   | {type: "unopened", epoch: number}
 *   | {type: "beside", epoch: number, open: boolean}
 *   | {type: "silent", epoch: number, silent: boolean, doubt?: boolean, elsewhere?: boolean}
 *   | {type: "later", epoch: number, why: "down"|"unoffered"|"unopened"}
 *   | {type: "network"}
 *   | {type: "proved", epoch: number, outcome: Outcome, source: string, found: "people"|"page"}
 *   | {type: "left"}} Event
 *
 * @typedef {"matched"|"differ"|"not_compared"} Outcome  of comparing the words
 *
 * @typedef {"connecting"|"connected"|"reconnecting"|"closed"|"differ"|"no_relay"|"strayed"|"unloaded"|"superseded"|"ended"|"cancelled"|"no_show"|"removed"|"moved"|"rescheduled"|"signed_out"} News
 *
 * @typedef {{do: "send", message: Message}
 *   | {do: "tell", epoch: number, message: Message}
 *   | {do: "open", epoch: number} | {do: "close"}
 *   | {do: "offer", epoch: number, restart: boolean}
 *   | {do: "elsewhere", epoch: number}
 *   | {do: "describe-again", epoch: number}
 *   | {do: "answer", epoch: number, sdp: string}
 *   | {do: "apply", epoch: number, sdp: string}
 *   | {do: "candidate", epoch: number, candidate: string, mid: string, line: number}
 *   | {do: "chat", open: boolean}
 *   | {do: "matched"}
 *   | {do: "later", ms: number, epoch: number, why: "down"|"unoffered"|"unopened"}
 *   | {do: "news", news: News}
 *   | {do: "stop"}} Effect
 *
 * @typedef {{state: State, effects: Effect[]}} Step
 */

// Lower: a drop is mended sooner. Higher: a short gap on a mobile network mends itself without a new negotiation.
const DOWN_MS = 2_000;
// Lower: more tries while it is down. Higher: each try gets time to find a path. The patient's page asks more slowly,
// because the clinician's usually notices too and two askers would cut each other's tries short.
const RETRY_MS = { clinician: 5_000, patient: 9_000 };
// How long the patient's page waits for an offer before it says again that it is ready.
const UNOFFERED_MS = 2_000;
// Lower: a part of the page that did not come is asked for sooner. Higher: a line that is just away has time to come back.
const UNOPENED_MS = 3_000;
// Lower: the person is told sooner to load the page again. Higher: more chance that nobody has to.
const UNOPENED_MAX = 3;
const CANDIDATES_MAX = 64;
// Each may come by both ways.
const TAKEN_MAX = 2 * CANDIDATES_MAX;

/**
 * @param {Role} role
 * @param {string} tab 16 hex characters, new for each page load
 * @returns {State}
 */
export function start(role, tab) {
  return { role, tab, open: false, wanted: false, joined: false, chat: false, heard: null, link: null, over: false, unopened: 0, owed: null };
}

/** @param {string} visit */
export function isAdmitted(visit) {
  return visit === "checking" || visit === "in_call";
}

/** @param {string} visit @returns {visit is "ended"|"cancelled"|"no_show"} */
function isOver(visit) {
  return ["ended", "cancelled", "no_show"].includes(visit);
}

/**
 * @param {State} state
 * @param {Event} event
 * @returns {Step}
 */
export function step(state, event) {
  if (state.over) return owing(state, event);
  switch (event.type) {
    case "wanted": return want(state);
    case "opened": return { state: { ...state, open: true, joined: false, link: state.link && { ...state.link, resume: true } }, effects: [] };
    case "closed": return { state: { ...state, open: false, joined: false }, effects: [] };
    case "message": return receive(state, event.message);
    case "described": return described(state, event.epoch, event.sdp);
    case "candidate": return gathered(state, event);
    case "up": return up(state, event.epoch, event.path, event.region ?? null);
    case "way": return goes(state, event.epoch, event.path, event.region);
    case "outside": return outside(state, event.epoch, event.shown);
    case "down": return down(state, event.epoch, event.failed);
    case "broken": return broken(state, event.epoch);
    case "unopened": return unopened(state, event.epoch);
    case "beside": return { state: withLink(state, event.epoch, { beside: event.open }), effects: [] };
    case "silent": return hush(state, event);
    case "later": return later(state, event.epoch, event.why);
    case "network": return renew(state);
    case "proved": return proved(state, event);
    case "left": return finish(state, "closed");
  }
}

/** @param {State} state @returns {Step} */
function want(state) {
  // Whether the visit is admitted is in the next `state`; the page replays the last one after this event.
  return { state: { ...state, wanted: true }, effects: [] };
}

/** @param {State} state @param {Message} message @returns {Step} */
function receive(state, message) {
  switch (message.type) {
    case "state": return told(state, message);
    case "superseded": return finish(state, "superseded");
    case "gone": return finish(state, message.why);
  }
  const link = state.link;
  if (!link || message.epoch !== link.epoch) return { state, effects: [] };
  switch (message.type) {
    case "ready":
    case "restart":
      if (state.role === "patient") return { state, effects: [] };
      // The other page noticed it too, and later. If the search fails, the timer of this page begins another.
      return link.left && !link.outstanding ? { state, effects: [] } : renew(state);
    case "offer": return state.role === "patient" ? offered(state, link, message.sdp) : { state, effects: [] };
    case "answer": return state.role === "clinician" ? answered(state, link, message.sdp) : { state, effects: [] };
    case "proof": return { state, effects: state.role === "patient" && message.outcome === "matched" ? [{ do: "matched" }] : [] };
    case "candidate":
      // Before a description there is nothing that a candidate could belong to; the description brings it along when sent again.
      if (link.seen === null || link.taken >= TAKEN_MAX) return { state, effects: [] };
      return { state: withLink(state, link.epoch, { taken: link.taken + 1 }), effects: [{ do: "candidate", epoch: link.epoch, candidate: message.candidate, mid: message.mid, line: message.line }] };
    default: return { state, effects: [] };
  }
}

/** What the server says about the visit. @param {State} state @param {Message} message @returns {Step} */
function told(state, message) {
  // Somebody put back and somebody let in are two epochs. In a jump over one, that may be what this page did not hear.
  const jumped = state.heard !== null && message.epoch > state.heard + 1;
  state = { ...state, heard: message.epoch };
  if (isOver(message.state)) return finish(state, message.state);
  if (!isAdmitted(message.state)) return putBack(state);

  const chat = (message.identity === "known" || message.identity === "confirmed") && message.rules.chat;
  /** @type {Effect[]} */
  const effects = jumped && state.chat ? [{ do: "chat", open: false }] : [];
  if (chat !== (state.chat && !jumped)) effects.push({ do: "chat", open: chat });
  state = { ...state, chat };
  if (state.link && isGone(message.peer)) state = part(state, effects);
  if (!state.wanted || !state.open) return { state, effects };
  if (!state.joined) {
    effects.push({ do: "send", message: { type: "join", tab: state.tab, epoch: state.link ? state.link.epoch : null } });
    return { state: { ...state, joined: true }, effects };
  }
  if (isGone(message.peer)) return { state, effects };
  if (!state.link || state.link.epoch !== message.epoch) return open(state, message.epoch, effects);
  if (state.role === "patient" && state.link.seen === null) {
    effects.push(ready(state.link.epoch));
    return { state: { ...state, link: { ...state.link, resume: false } }, effects };
  }
  return state.link.resume ? after(resume({ ...state, link: { ...state.link, resume: false } }), effects) : { state, effects };
}

/**
 * Back in the waiting room. The patient's page joins the next call by itself. The clinician may admit from another tab, and a page left
 * behind must not take the call from that one.
 * @param {State} state @returns {Step}
 */
function putBack(state) {
  /** @type {Effect[]} */
  const effects = [];
  if (state.link) state = part(state, effects);
  if (state.chat) effects.push({ do: "chat", open: false });
  return { state: { ...state, wanted: state.wanted && state.role === "patient", joined: false, chat: false }, effects };
}

/** No connection any more, and none in sight. @param {State} state @param {Effect[]} effects @returns {State} */
function part(state, effects) {
  effects.push({ do: "close" }, { do: "news", news: "closed" });
  return { ...state, link: null };
}

/** @param {State} state @param {number} epoch @param {Effect[]} effects @returns {Step} */
function open(state, epoch, effects) {
  if (state.link) effects.push({ do: "close" });
  effects.push({ do: "open", epoch }, { do: "chat", open: state.chat }, { do: "news", news: "connecting" });
  const link = begun(epoch);
  if (state.role === "patient") {
    effects.push(ready(epoch), { do: "later", ms: UNOFFERED_MS, epoch, why: "unoffered" });
    return { state: { ...state, link }, effects };
  }
  // The patient may have said `ready` before this page was there to hear it.
  return after(renew({ ...state, link }), effects);
}

/** The socket is back. @param {State} state @returns {Step} */
function resume(state) {
  const link = state.link;
  if (!link) return { state, effects: [] };
  /** @type {Effect[]} */
  const told = link.untold.map((message) => ({ do: "send", message }));
  state = { ...state, link: { ...link, untold: [] } };
  if (!link.up || link.silent) return after(renew(state), told);
  if (link.reported === way(link) || link.path === null) return { state, effects: told };
  return { state: { ...state, link: { ...link, untold: [], reported: way(link) } }, effects: [connected(link), ...told] };
}

/** Negotiates anew, or says again what was not answered. @param {State} state @returns {Step} */
function renew(state) {
  const link = state.link;
  if (!link || !((state.open && state.joined) || isHeard(link))) return { state, effects: [] };
  const epoch = link.epoch;
  if (state.role === "patient") {
    const { state: leaving, effects } = leave(state, link);
    return { state: leaving, effects: [...effects, ...(link.seen === null ? [ready(epoch)] : everyWay(link, { type: "restart", epoch }))] };
  }
  // A second, different offer while one is out would leave it unknown which one the answer is for.
  if (link.outstanding) return { state, effects: [{ do: "describe-again", epoch }] };
  const { state: leaving, effects } = leave(state, { ...link, outstanding: true });
  return { state: leaving, effects: [...effects, { do: "offer", epoch, restart: link.seen !== null }] };
}

/** Past a relay that seems to be gone, if it does. @param {State} state @param {Link} link @returns {Step} */
function leave(state, link) {
  const leaves = link.astray && !link.left;
  return { state: { ...state, link: { ...link, left: link.left || leaves } }, effects: leaves ? [{ do: "elsewhere", epoch: link.epoch }] : [] };
}

/** @param {State} state @param {Link} link @param {string} sdp @returns {Step} */
function offered(state, link, sdp) {
  const pinned = pin(link, sdp);
  if (!pinned) return differ(state, link, "none", "page");
  if (pinned.version < link.version) return { state, effects: [] };
  if (pinned.seen === link.seen) return { state, effects: link.answered ? [{ do: "describe-again", epoch: link.epoch }] : [] };
  // The clinician's page noticed first. Both must leave the relay: to a browser a way is as good as the worse of its ends.
  const { state: leaving, effects } = leave(state, { ...pinned, answered: false });
  return { state: leaving, effects: [...effects, { do: "answer", epoch: link.epoch, sdp }] };
}

/** @param {State} state @param {Link} link @param {string} sdp @returns {Step} */
function answered(state, link, sdp) {
  const pinned = pin(link, sdp);
  if (!pinned) return differ(state, link, "none", "page");
  // The same answer twice, or an older one: the offer had been sent twice. The first one was applied.
  if (!link.outstanding || pinned.seen === link.seen || pinned.version < link.version) return { state, effects: [] };
  return { state: { ...state, link: { ...pinned, outstanding: false } }, effects: [{ do: "apply", epoch: link.epoch, sdp }] };
}

/** Our own description is ready. @param {State} state @param {number} epoch @param {string} sdp @returns {Step} */
function described(state, epoch, sdp) {
  const link = state.link;
  if (!link || link.epoch !== epoch) return { state, effects: [] };
  const type = state.role === "clinician" ? "offer" : "answer";
  return { state: { ...state, link: { ...link, answered: true, candidates: 0 } }, effects: everyWay(link, { type, epoch, sdp }) };
}

/** @param {State} state @param {{epoch: number, candidate: string, mid: string, line: number}} event @returns {Step} */
function gathered(state, { epoch, candidate, mid, line }) {
  const link = state.link;
  if (!link || link.epoch !== epoch || link.candidates >= CANDIDATES_MAX) return { state, effects: [] };
  const message = { type: "candidate", epoch, candidate, mid, line };
  return { state: { ...state, link: { ...link, candidates: link.candidates + 1 } }, effects: everyWay(link, message) };
}

/** @param {State} state @param {number} epoch @param {string} path @param {string|null} region @returns {Step} */
function up(state, epoch, path, region) {
  const link = state.link;
  if (!link || link.epoch !== epoch) return { state, effects: [] };
  /** @type {Effect[]} */
  const effects = link.silent ? [] : [{ do: "news", news: "connected" }];
  return after(goes({ ...withLink(state, epoch, { up: true }), unopened: 0 }, epoch, path, region), effects);
}

/** The way that the connection takes now. The server hears of each, once. @param {State} state @param {number} epoch @param {string} path @param {string|null} region @returns {Step} */
function goes(state, epoch, path, region) {
  if (!state.link?.up || state.link.epoch !== epoch) return { state, effects: [] };
  const link = { ...state.link, path, region };
  if (!state.open || link.reported === way(link)) return { state: { ...state, link }, effects: [] };
  return { state: { ...state, link: { ...link, reported: way(link) } }, effects: [connected(link)] };
}

/**
 * The connection goes where it must not. What flows stops before anybody is told. `shown`: something flowed, since it went through the relays until now.
 * @param {State} state @param {number} epoch @param {boolean} shown @returns {Step}
 */
function outside(state, epoch, shown) {
  if (state.link?.epoch !== epoch) return { state, effects: [] };
  const { state: over, effects: [close, ...others] } = finish(state, shown ? "strayed" : "no_relay");
  return { state: over, effects: [...(close ? [close] : []), { do: "send", message: { type: "no_relay", epoch } }, ...others] };
}

/** @param {State} state @param {number} epoch @param {boolean} failed @returns {Step} */
function down(state, epoch, failed) {
  const link = state.link;
  if (!link || link.epoch !== epoch) return { state, effects: [] };
  state = { ...state, link: { ...link, up: false, mending: true } };
  /** @type {Effect[]} */
  const effects = link.silent ? [] : [{ do: "news", news: "reconnecting" }];
  if (!link.mending) effects.push({ do: "later", ms: failed ? RETRY_MS[state.role] : DOWN_MS, epoch, why: "down" });
  return failed ? after(renew(state), effects) : { state, effects };
}

/**
 * The encryption of the connection is gone, and no new path brings it back: the call is connected anew, as after a reload. Firefox gives it up when it
 * has something to send in the middle of a search for a path.
 * @param {State} state @param {number} epoch @returns {Step}
 */
function broken(state, epoch) {
  const link = state.link;
  if (link?.epoch !== epoch) return { state, effects: [] };
  /** @type {Effect[]} */
  const effects = [{ do: "close" }, { do: "news", news: link.path === null ? "connecting" : "reconnecting" }];
  const joined = state.open && state.joined;
  if (joined) effects.push({ do: "send", message: { type: "join", tab: state.tab, epoch: null } });
  return { state: { ...state, joined, link: null }, effects };
}

/**
 * There is no connection: a part of the page did not come, or the browser makes none. It is tried anew a few times. After an upgrade the parts of the
 * page that is open are gone for good, and only another page helps.
 * @param {State} state @param {number} epoch @returns {Step}
 */
function unopened(state, epoch) {
  if (state.link?.epoch !== epoch) return { state, effects: [] };
  if (state.unopened === UNOPENED_MAX) return finish(state, "unloaded");
  return { state: { ...state, unopened: state.unopened + 1 }, effects: [{ do: "later", ms: UNOPENED_MS, epoch, why: "unopened" }] };
}

/**
 * The line went silent, seems to (`doubt`), or is heard again: seconds before the browser calls the connection down. Of a relay that went silent
 * nothing more is awaited where there is another (`elsewhere`).
 * @param {State} state @param {Extract<Event, {type: "silent"}>} event @returns {Step}
 */
function hush(state, { epoch, silent, doubt = silent, elsewhere = false }) {
  const link = state.link;
  if (!link || link.epoch !== epoch) return { state, effects: [] };
  const astray = doubt && elsewhere && link.path?.startsWith("relay") === true;
  state = withLink(state, epoch, { silent, astray, left: link.left && doubt });
  if (!link.up || link.silent === silent) return { state, effects: [] };
  /** @type {Effect[]} */
  const effects = [{ do: "news", news: silent ? "reconnecting" : "connected" }];
  if (!silent || link.mending) return { state, effects };
  state = withLink(state, epoch, { mending: true });
  effects.push({ do: "later", ms: astray ? RETRY_MS[state.role] : DOWN_MS, epoch, why: "down" });
  return astray && !link.left ? after(renew(state), effects) : { state, effects };
}

/** @param {State} state @param {number} epoch @param {"down"|"unoffered"|"unopened"} why @returns {Step} */
function later(state, epoch, why) {
  const link = state.link;
  if (!link || link.epoch !== epoch) return { state, effects: [] };
  if (why === "unopened") return broken(state, epoch);
  if (why === "unoffered") {
    if (link.seen !== null) return { state, effects: [] };
    return after(renew(state), [{ do: "later", ms: UNOFFERED_MS, epoch, why }]);
  }
  if (link.up && !link.silent) return { state: { ...state, link: { ...link, mending: false } }, effects: [] };
  return after(renew(state), [{ do: "later", ms: RETRY_MS[state.role], epoch, why }]);
}

/** What came of the spoken proof. @param {State} state @param {Extract<Event, {type: "proved"}>} event @returns {Step} */
function proved(state, { epoch, outcome, source, found }) {
  const link = state.link;
  if (!link || link.epoch !== epoch) return { state, effects: [] };
  if (outcome === "differ") return differ(state, link, source, found);
  const message = { type: "proof", epoch, outcome, source, found };
  if (state.open && state.joined) return { state, effects: [{ do: "send", message }] };
  return { state: { ...state, link: { ...link, untold: [...link.untold, message] } }, effects: [] };
}

/**
 * The other side is not who it should be. What flows stops before anybody is told.
 * @param {State} state @param {Link} link @param {string} source @param {"people"|"page"} found @returns {Step}
 */
function differ(state, link, source, found) {
  const owed = { type: "proof", epoch: link.epoch, outcome: "differ", source, found };
  return {
    state: { ...state, joined: false, chat: false, link: null, over: true, owed },
    effects: [{ do: "close" }, { do: "send", message: owed }, { do: "chat", open: false }, { do: "news", news: "differ" }],
  };
}

/** After the end. @param {State} state @param {Event} event @returns {Step} */
function owing(state, event) {
  const { owed } = state;
  if (!owed) return { state, effects: [] };
  if (event.type === "opened") return { state, effects: [{ do: "send", message: owed }] };
  // Sent away for it, or the call of that epoch is no more: nothing is left to say.
  const heard = event.type === "message" && (event.message.type === "gone" || event.message.type === "superseded"
    || (event.message.type === "state" && event.message.epoch !== owed.epoch));
  return heard ? { state: { ...state, owed: null }, effects: [{ do: "stop" }] } : { state, effects: [] };
}

/** Closes for good. @param {State} state @param {News} news @returns {Step} */
function finish(state, news) {
  return {
    state: { ...state, joined: false, chat: false, link: null, over: true },
    effects: [{ do: "close" }, { do: "chat", open: false }, { do: "stop" }, { do: "news", news }],
  };
}

/** @param {Step} next @param {Effect[]} before @returns {Step} */
function after(next, before) {
  return { state: next.state, effects: [...before, ...next.effects] };
}

/** @param {State} state @param {number} epoch @param {Partial<Link>} change @returns {State} */
function withLink(state, epoch, change) {
  return state.link?.epoch === epoch ? { ...state, link: { ...state.link, ...change } } : state;
}

/** @param {number} epoch @returns {Effect} */
function ready(epoch) {
  return { do: "send", message: { type: "ready", epoch } };
}

/** @param {import("./link.js").Link} link @returns {Effect} */
function connected({ epoch, path, region }) {
  return { do: "send", message: { type: "connected", epoch, path, region } };
}
