// What may be in a session description, read without applying it. Pure.

/** @typedef {{fingerprint: string, lines: string, origin: string}} Reading */

const SIZE_MAX = 16 * 1024;
// The one spelling that browsers write. What reads more loosely than this page must not find more in it than this page did.
const ROW = /^(?:[b-z]=[!-~][ -~]*|a=[a-z0-9-]+(?::[ -~]*)?)$/;
const KEYS = /^(?:a=(?:crypto|key-mgmt|zrtp-hash)|k=)/;
const KINDS = "audio,video,application";

/**
 * Reads a description. Null when it is not one of ours: exactly audio, video and data, one sha-256 fingerprint, no key in the text itself.
 * @param {string} sdp
 * @returns {Reading|null}
 */
export function read(sdp) {
  if (sdp.length > SIZE_MAX) return null;
  const rows = sdp.split(/\r?\n/);
  if (rows.some((row) => row !== "" && !ROW.test(row)) || rows.some((row) => KEYS.test(row))) return null;

  const media = rows.filter((row) => row.startsWith("m="));
  if (media.map((row) => row.slice(2).split(" ")[0]).join() !== KINDS) return null;
  const transports = media.map((row) => row.split(" ")[2]);
  const mids = rows.filter((row) => row.startsWith("a=mid:")).map((row) => row.slice(6));
  // All three over one connection, so that what is proved of the channel is true of sound and picture.
  if (rows.filter((row) => row.startsWith("a=group:")).join() !== `a=group:BUNDLE ${mids.join(" ")}`) return null;

  const fingerprint = fingerprintIn(rows);
  if (fingerprint === null) return null;

  const origin = rows.find((row) => row.startsWith("o="));
  if (!origin) return null;
  return { fingerprint, lines: [...transports, ...mids].join(" "), origin };
}

/** The one sha-256 fingerprint of a description, as bytes. @param {string|undefined} sdp @returns {Uint8Array|null} */
export function certificateOf(sdp) {
  const fingerprint = fingerprintIn((sdp ?? "").split(/\r?\n/));
  return fingerprint === null ? null : Uint8Array.from(fingerprint.slice("sha-256 ".length).split(":"), (byte) => parseInt(byte, 16));
}

/** The one that stands there, however often. @param {string[]} rows */
function fingerprintIn(rows) {
  const [fingerprint, ...others] = new Set(rows.filter((row) => row.startsWith("a=fingerprint:")).map((row) => row.slice(14).toLowerCase()));
  return fingerprint !== undefined && others.length === 0 && /^sha-256 ([0-9a-f]{2}:){31}[0-9a-f]{2}$/.test(fingerprint) ? fingerprint : null;
}
