// The other person, as their page and the line let us know them: what stands over their picture. Pure.

/**
 * @typedef {"in_call"|"here"|"back"|"left"|"lost"} Whereabouts  where their page is, by the server's word
 * @typedef {object} Own  what a page sends now, as it says itself over the encrypted connection
 * @property {boolean} sound
 * @property {boolean} picture  its camera is on
 * @property {boolean} held  the picture is held back, because the line is poor
 * @property {boolean} wants  it wants the other's picture
 *
 * @typedef {object} Seen
 * @property {"connecting"|"reconnecting"|"connected"} phase  of the connection between the two
 * @property {Whereabouts} where
 * @property {Own|null} sends  null before they said so
 * @property {boolean} still  no picture arrives
 * @property {boolean} wants  this page wants a picture
 */

// A page that says more than this says something else.
const OWN_LENGTH_MAX = 100;

/**
 * Which words belong over the picture, "" when the picture speaks for itself.
 * @param {Seen} seen
 * @returns {"left"|"back"|"here"|"lost"|"sound-only"|"camera-off"|"sound-first"|"no-picture"|"connecting"|"reconnecting"|""}
 */
export function words({ phase, where, sends, still, wants }) {
  if (where === "left" || where === "back") return where;
  if (phase !== "connected") return where === "lost" || where === "here" ? where : phase;
  // Without the server, and in a restart of it, the call goes on: where their page is does not matter while it is heard.
  if (!wants) return "sound-only";
  if (sends?.picture === false) return "camera-off";
  if (sends?.held) return "sound-first";
  return still ? "no-picture" : "";
}

/** True when their page, and its connection with it, is gone for good: one that comes back makes a new one. @param {unknown} where */
export function isGone(where) {
  return where === "left" || where === "back";
}

/** @param {Own} own */
export function tellOwn({ sound, picture, held, wants }) {
  return JSON.stringify({ sound, picture, held, wants });
}

/** @param {string} text @returns {Own|null} null for anything else */
export function readOwn(text) {
  if (text.length > OWN_LENGTH_MAX) return null;
  try {
    const { sound, picture, held, wants, ...more } = JSON.parse(text) ?? {};
    const whole = [sound, picture, held, wants].every((fact) => typeof fact === "boolean") && Object.keys(more).length === 0;
    return whole ? { sound, picture, held, wants } : null;
  } catch {
    return null;
  }
}
