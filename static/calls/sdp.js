// What may be in a session description, read without applying it. Pure. What `calls/session.rs` refuses is refused here too: over the connection
// itself descriptions come that the server never saw. Both read `tests/js/snapshots/descriptions.json`.

/** @typedef {{fingerprint: string, lines: string, origin: string, version: number}} Reading */

const SIZE_MAX = 16 * 1024;
// The one spelling that browsers write. What reads more loosely than this page must not find more in it than this page did.
const ROW = /^(?:[vostcbm]=[!-~][ -~]*|a=[a-z0-9-]+(?::[ -~]*)?)$/;
const KEYS = /^a=(?:crypto|key-mgmt|zrtp-hash)(?::|$)/;
const SECTIONS = "audio UDP/TLS/RTP/SAVPF,video UDP/TLS/RTP/SAVPF,application UDP/DTLS/SCTP";
const ICE_OPTIONS = ["trickle", "ice2", "renomination"];
const FINGERPRINT = /^sha-256 ([0-9a-f]{2}:){31}[0-9a-f]{2}$/;

/**
 * Reads a description. Null when it is not one of ours: exactly audio, video and data, one sha-256 fingerprint over all of it, no key in the text itself.
 * @param {string} sdp
 * @returns {Reading|null}
 */
export function read(sdp) {
  if (sdp.length > SIZE_MAX) return null;
  const rows = sdp.replace(/\r?\n$/, "").split(/\r?\n/);
  if (rows[0] !== "v=0" || !rows.every((row) => ROW.test(row)) || rows.some((row) => KEYS.test(row))) return null;

  const media = valuesOf(rows, "m=").map((value) => value.split(" "));
  if (media.map(([kind, , transport]) => `${kind} ${transport}`).join() !== SECTIONS) return null;
  if (!valuesOf(rows, "a=ice-options:").every((options) => options.split(" ").every((option) => ICE_OPTIONS.includes(option)))) return null;
  const mids = valuesOf(rows, "a=mid:");
  // All three over one connection, so that what is proved of the channel is true of sound and picture.
  if (valuesOf(rows, "a=group:").join() !== `BUNDLE ${mids.join(" ")}`) return null;

  const fingerprint = fingerprintOf(rows);
  const [origin] = valuesOf(rows, "o=");
  const version = Number(origin?.split(" ")[2]);
  if (fingerprint === null || origin === undefined || !Number.isFinite(version)) return null;
  return { fingerprint, lines: [...media.map(([, , transport]) => transport), ...mids].join(" "), origin: `o=${origin}`, version };
}

/** The one that stands above all sections or in each of them, and is the same everywhere. @param {string[]} rows @returns {string|null} */
function fingerprintOf(rows) {
  /** @type {string[][]} */
  const parts = [[]];
  for (const row of rows) {
    if (row.startsWith("m=")) parts.push([]);
    if (row.startsWith("a=fingerprint:")) parts.at(-1)?.push(row.slice(14).toLowerCase());
  }
  const [above = [], ...sections] = parts;
  const [first, ...more] = parts.flat();
  if (first === undefined || !FINGERPRINT.test(first) || more.some((other) => other !== first)) return null;
  const once = parts.every((part) => part.length <= 1);
  const covered = above.length === 1 || sections.every((section) => section.length === 1);
  return once && covered ? first : null;
}

/** @param {string[]} rows @param {string} start */
function valuesOf(rows, start) {
  return rows.filter((row) => row.startsWith(start)).map((row) => row.slice(start.length));
}

/** The one sha-256 fingerprint of a description, as bytes. @param {string|undefined} sdp @returns {Uint8Array|null} */
export function certificateOf(sdp) {
  const fingerprint = fingerprintOf((sdp ?? "").split(/\r?\n/));
  return fingerprint === null ? null : Uint8Array.from(fingerprint.slice("sha-256 ".length).split(":"), (byte) => parseInt(byte, 16));
}
