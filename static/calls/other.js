// The other person, as their page and the line let us know them: what stands over their picture. Pure.

/**
 * @typedef {"in_call"|"here"|"back"|"left"|"lost"} Whereabouts  where their page is, by the server's word
 * @typedef {{sound: boolean, picture: boolean}} Own  what a page sends now, as it says itself over the encrypted connection
 *
 * @typedef {object} Seen
 * @property {"connecting"|"reconnecting"|"connected"} phase  of the connection between the two
 * @property {Whereabouts} where
 * @property {Own|null} sends  null before they said so
 * @property {boolean} still  no picture arrives
 */

// A page that says more than this says something else.
const OWN_LENGTH_MAX = 100;

/**
 * Which words belong over the picture, "" when the picture speaks for itself.
 * @param {Seen} seen
 * @returns {"left"|"back"|"here"|"lost"|"camera-off"|"no-picture"|"connecting"|"reconnecting"|""}
 */
export function words({ phase, where, sends, still }) {
  if (where === "left" || where === "back") return where;
  if (phase !== "connected") return where === "lost" || where === "here" ? where : phase;
  // Without the server, and in a restart of it, the call goes on: where their page is does not matter while it is heard.
  if (sends?.picture === false) return "camera-off";
  return still ? "no-picture" : "";
}

/** True when their page, and its connection with it, is gone for good: one that comes back makes a new one. @param {unknown} where */
export function isGone(where) {
  return where === "left" || where === "back";
}

/** @param {Own} own */
export function tellOwn({ sound, picture }) {
  return JSON.stringify({ sound, picture });
}

/** @param {string} text @returns {Own|null} null for anything else */
export function readOwn(text) {
  if (text.length > OWN_LENGTH_MAX) return null;
  try {
    const { sound, picture, ...more } = JSON.parse(text) ?? {};
    return typeof sound === "boolean" && typeof picture === "boolean" && Object.keys(more).length === 0 ? { sound, picture } : null;
  } catch {
    return null;
  }
}
