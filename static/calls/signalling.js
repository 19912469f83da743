// The messages between the pages and the server, and the socket they ride on. What is not in this table is not a message.

import { live } from "../lib/live.js";

/** @typedef {import("./negotiation.js").Message} Message */
/** @typedef {(value: unknown) => boolean} Rule */

/** @type {Rule} */
const epoch = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
/** @type {Rule} */
const flag = (value) => typeof value === "boolean";
/** @type {Rule} */
const count = (value) => epoch(value);
/** @param {Rule} rule @returns {Rule} */
const orNothing = (rule) => (value) => value === null || rule(value);
/** @param {...unknown} words @returns {Rule} */
const one = (...words) => (value) => words.includes(value);
/** @param {number} least @param {number} most @returns {Rule} */
const text = (least, most) => (value) => typeof value === "string" && value.length >= least && value.length <= most;

const sdp = text(1, 16 * 1024);
/** @type {Rule} */
const candidateLine = (value) => value === "" || (typeof value === "string" && value.length <= 512 && value.startsWith("candidate:"));
const candidate = { epoch, candidate: candidateLine, mid: text(0, 16), line: /** @type {Rule} */ ((value) => epoch(value) && Number(value) < 16) };
/** @type {Record<string, Rule>} */
const rules = { locked: flag, chat: flag, sharing: one("no", "allowed", "on"), relay: one("no", "clinician", "patient") };
const found = one("people", "page");
/** What the page that compares says of the words. */
const compared = { epoch, outcome: one("matched", "not_compared", "differ"), source: one("certificate", "sdp", "none"), found };
const path = one("host", "srflx", "prflx", "relay", "relay_udp", "relay_tcp", "relay_tls");
/** One entry of `RTCConfiguration.iceServers`. @type {Rule} */
const server = (value) => typeof value === "object" && value !== null && "urls" in value && "username" in value && "credential" in value
  && Array.isArray(value.urls) && value.urls.length <= 16 && value.urls.every((url) => typeof url === "string" && /^(turns?|stun):[!-~]{1,300}$/.test(url))
  && text(1, 128)(value.username) && text(1, 128)(value.credential) && Object.keys(value).length === 3;
/** @type {Rule} */
const servers = (value) => Array.isArray(value) && value.length <= 8 && value.every(server);

/** @type {Rule} */
const relay = (value) => typeof value === "object" && value !== null && fits({ address: text(1, 64), region: text(1, 32) }, value);
/** @type {Rule} */
const listed = (value) => Array.isArray(value) && value.length <= 512 && value.every(relay);
/** The way of a connection. @type {Record<string, Rule>} */
const way = { epoch, path, region: orNothing(text(1, 32)) };

/** @type {Record<string, Rule>} */
const join = {
  tab: (value) => typeof value === "string" && /^[0-9a-f]{16}$/.test(value),
  epoch: (value) => value === null || epoch(value),
};

/** Who may say what. @type {Record<"patient"|"clinician"|"server", Record<string, Record<string, Rule>>>} */
const TABLE = {
  patient: {
    join, candidate, beat: {},
    ready: { epoch }, answer: { epoch, sdp }, restart: { epoch },
    connected: way, no_relay: { epoch }, chatted: { epoch }, proof: { ...compared, outcome: one("differ") },
  },
  clinician: {
    join, candidate, beat: {},
    offer: { epoch, sdp },
    connected: way, no_relay: { epoch }, chatted: { epoch }, proof: compared,
  },
  server: {
    state: {
      state: one("booked", "sent", "redeemed", "waiting", "checking", "in_call", "ended", "cancelled", "no_show"),
      version: count, epoch, identity: one(null, "known", "confirmed"), held: flag, peer: one("in_call", "here", "back", "left", "lost"),
      clinician: one("here", "busy", "away"), message: (value) => value === null || typeof value === "string", left: flag,
      late: orNothing(count), before: orNothing(count),
      rules: (value) => typeof value === "object" && value !== null && fits(rules, value),
      moving: (value) => value === null || (typeof value === "object" && "device" in value && "lapses_in_ms" in value),
    },
    relays: { servers, listed },
    candidate, beat: {},
    ready: { epoch }, offer: { epoch, sdp }, answer: { epoch, sdp }, restart: { epoch }, proof: { ...compared, outcome: one("matched") },
    superseded: {}, gone: { why: one("removed", "moved", "rescheduled", "cancelled", "signed_out", "differ") },
  },
};

/**
 * Whether this is a message that `from` may send: known type, every field there and right, none besides.
 * @param {"patient"|"clinician"|"server"} from
 * @param {unknown} message
 * @returns {message is Message}
 */
export function allowed(from, message) {
  if (typeof message !== "object" || message === null || Array.isArray(message)) return false;
  const { type, ...fields } = /** @type {Record<string, unknown>} */ (message);
  return typeof type === "string" && Object.hasOwn(TABLE[from], type) && fits(TABLE[from][type] ?? {}, fields);
}

/** Every field there and right, none besides. @param {Record<string, Rule>} wanted @param {object} given @returns {boolean} */
function fits(wanted, given) {
  const fields = /** @type {Record<string, unknown>} */ (given);
  const names = Object.keys(fields);
  return names.length === Object.keys(wanted).length && names.every((name) => Object.hasOwn(wanted, name) && wanted[name]?.(fields[name]));
}

// What mends a connection, the only thing that may also come over the connection itself.
const BESIDE = ["offer", "answer", "candidate", "restart"];
// A description in JSON, where each line's end takes twice its room.
const BESIDE_LENGTH_MAX = 24 * 1024;

/**
 * Reads a message that the other page sent past the server, by the rules that the server holds it to.
 * @param {"patient"|"clinician"} from
 * @param {unknown} data
 * @returns {Message|null}
 */
export function readBeside(from, data) {
  if (typeof data !== "string" || data.length > BESIDE_LENGTH_MAX) return null;
  try {
    const message = JSON.parse(data);
    return allowed(from, message) && BESIDE.includes(message.type) ? message : null;
  } catch {
    return null;
  }
}

/**
 * The visit's socket. A message that does not fit the table is not passed on.
 * @param {string} visit
 * @param {{opened: () => void, closed: () => void, away: () => void, refused: () => void, message: (message: Message) => void}} on
 * @param {Parameters<typeof live>[2]} opened  a socket that stands already
 */
export function connect(visit, on, opened) {
  return live(`/visits/${encodeURIComponent(visit)}/socket`, {
    ...on,
    message: (message) => {
      if (allowed("server", message)) on.message(message);
    },
  }, opened);
}
