// What the page may say about the encryption of a call: what the browser measured in that very call, and nothing else (CLR-03, CLR-05). Pure.

/**
 * @typedef {object} Path
 * @property {string} kind  host, srflx, prflx or relay
 * @property {boolean} relayed  either side goes through a relay
 * @property {boolean} pinned  measured: both ends are at relays of the clinic's regions, and nothing was sent before that was known
 * @property {import("./listed.js").Verdict|null} verdict  of that; null where any way may be taken
 * @property {string[]} regions  in which the relays of the path stand, ours first
 * @property {boolean} sealed  the browser says that its handshake with the other one is done
 * @property {string|null} version  of DTLS, as the browser gives it: four hexadecimal digits
 * @property {string|null} cipher  of the pictures and the sound
 */

/** @type {Record<string, string>} */
const VERSIONS = { FEFF: "DTLS 1.0", FEFD: "DTLS 1.2", FEFC: "DTLS 1.3" };

/**
 * The end of a text's key: what is known of the call at this moment.
 * @param {"connecting"|"reconnecting"|"connected"|null} phase
 * @param {Path|null} path
 * @param {"clinician"|"patient"} other
 * @returns {"truth-none"|"truth-connecting"|"truth-reconnecting"|"truth-unknown"|"truth-clinician"|"truth-patient"}
 */
export function truth(phase, path, other) {
  if (phase === null) return "truth-none";
  if (phase !== "connected") return `truth-${phase}`;
  return path?.sealed ? `truth-${other}` : "truth-unknown";
}

/**
 * The end of a text's key for the way of a call, and what stands in it.
 * @param {Path} path @returns {[string, Record<string, string>]}
 */
export function way({ relayed, pinned, regions }) {
  const [region = "", other] = regions;
  if (pinned) return other ? ["path-pinned-two", { region, other }] : ["path-pinned", { region }];
  if (!relayed) return ["path-direct", {}];
  return region === "" ? ["path-relay", {}] : ["path-relay-in", { region }];
}

/** Names of protocols, in every language the same. Nothing where the browser does not say. @param {Path|null} path @returns {string} */
export function protocols(path) {
  if (!path?.sealed) return "";
  const version = path.version === null ? undefined : VERSIONS[path.version.toUpperCase()];
  // Some browsers say SRTP in the name of the profile, some do not.
  const profile = path.cipher === null ? undefined : `SRTP ${path.cipher.replace(/^SRTP_/, "")}`;
  return [version, profile].filter(Boolean).join(", ");
}
