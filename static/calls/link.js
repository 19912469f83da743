// One peer connection, as far as the machine of `negotiation.js` must know it. Pure.

import { read } from "./sdp.js";

/**
 * @typedef {object} Link  one peer connection, as far as the machine must know it
 * @property {number} epoch
 * @property {boolean} outstanding  clinician: an offer is made and not answered
 * @property {boolean} answered  patient: the offer in `seen` has its answer
 * @property {string|null} seen  origin line of the last description applied
 * @property {number} version  of that one; the other side counts upwards
 * @property {string|null} pinned  the other side's fingerprint
 * @property {string|null} lines  the media lines of the first description
 * @property {boolean} up
 * @property {boolean} mending  a timer is running that will look whether it is up again
 * @property {string|null} path  known once it was up
 * @property {string|null} region  in which its relay stands
 * @property {string|null} reported  the way that the server knows
 * @property {boolean} resume  the socket came back and the connection was not looked at since
 * @property {number} candidates  sent since the last description
 * @property {number} taken  candidates of the other side, since its last description
 * @property {boolean} beside  messages can go over the connection itself
 * @property {boolean} silent  nothing at all has arrived for a moment
 * @property {boolean} astray  the relay that it goes through seems to be gone, and there is another
 * @property {boolean} left  a way past that relay is being looked for, since it seems to be gone
 * @property {import("./negotiation.js").Message[]} untold  what came of the spoken proof while the server could not be told
 */

/** A connection of which nothing is known yet. @param {number} epoch @returns {Link} */
export function begun(epoch) {
  return {
    epoch, outstanding: false, answered: false, seen: null, version: -1, pinned: null, lines: null,
    up: false, mending: false, path: null, region: null, reported: null, resume: false, candidates: 0, taken: 0, beside: false, silent: false, astray: false, left: false, untold: [],
  };
}

/** Its way, as something to compare. @param {Link} link */
export function way({ path, region }) {
  return `${path} ${region}`;
}

/** The link with this description taken in, or null when it must not be applied. @param {Link} link @param {string} sdp @returns {Link|null} */
export function pin(link, sdp) {
  const reading = read(sdp);
  if (!reading) return null;
  if (link.pinned !== null && link.pinned !== reading.fingerprint) return null;
  if (link.lines !== null && link.lines !== reading.lines) return null;
  const anew = reading.origin !== link.seen;
  return { ...link, pinned: reading.fingerprint, lines: reading.lines, seen: reading.origin, version: reading.version, taken: anew ? 0 : link.taken };
}

/** What is put into a line that is down would come out of it later, when it is not true any more. @param {Link} link */
export function isHeard(link) {
  return link.beside && link.up && !link.silent;
}

/** By the server, which may be away, and over the connection while something comes through it. @param {Link} link @param {import("./negotiation.js").Message} message @returns {import("./negotiation.js").Effect[]} */
export function everyWay(link, message) {
  /** @type {import("./negotiation.js").Effect[]} */
  const effects = [{ do: "send", message }];
  if (isHeard(link)) effects.push({ do: "tell", epoch: link.epoch, message });
  return effects;
}
