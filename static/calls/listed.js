// The relays that a call may meet: those of the clinic's regions, and no other address. Pure.
//
// **What is not listed is not handed to the browser**, whoever sent it: the server strips it too, but over the connection itself comes what the
// server never saw.

/**
 * @typedef {{address: string, region: string}} Listed
 * @typedef {{address: string|null, relay: boolean}} End  one end of the path, as the browser measured it
 * @typedef {"listed"|"unknown"|"outside"} Verdict
 */

/** The region in which a relay sends from there. @param {string|null|undefined} address @param {Listed[]} listed @returns {string|null} */
export function regionOf(address, listed) {
  const plain = spelled(address);
  return plain === "" ? null : (listed.find((relay) => spelled(relay.address) === plain)?.region ?? null);
}

/** A candidate of a listed relay, without what stands behind the relay. Empty for any other. @param {string} candidate @param {Listed[]} listed @returns {string} */
export function onlyListed(candidate, listed) {
  const words = candidate.split(" ");
  if (words[6] !== "typ" || words[7] !== "relay" || regionOf(words[4], listed) === null) return "";
  for (const [name, nothing] of [["raddr", "0.0.0.0"], ["rport", "9"]]) {
    const at = words.indexOf(name ?? "");
    if (at > 0 && at + 1 < words.length) words[at + 1] = nothing ?? "";
  }
  return words.join(" ");
}

/** A description with candidates of listed relays and no others. @param {string} sdp @param {Listed[]} listed @returns {string} */
export function onlyListedLines(sdp, listed) {
  return sdp.split(/(?<=\n)/).flatMap((row) => {
    const [, candidate, end] = /^a=(candidate:[^\r\n]*)(\r?\n?)$/.exec(row) ?? [];
    if (candidate !== undefined) {
      const kept = onlyListed(candidate, listed);
      return kept === "" ? [] : [`a=${kept}${end}`];
    }
    if (row.startsWith("a=rtcp:")) return [];
    return [row.replace(/^c=IN IP[46] [^\r\n]*/, "c=IN IP4 0.0.0.0")];
  }).join("");
}

/**
 * The relays, and last the one that a connection goes through now. Where the browser does not tell which that is, the first.
 * @param {RTCIceServer[]} servers @param {string|null} used  the address by which it is reached @returns {RTCIceServer[]}
 */
export function usedLast(servers, used) {
  const isUsed = (/** @type {RTCIceServer} */ { urls }) => used !== null && [urls].flat().some((url) => placeOf(url) === placeOf(used));
  const at = Math.max(0, servers.findIndex(isUsed));
  return [...servers.slice(0, at), ...servers.slice(at + 1), ...servers.slice(at, at + 1)];
}

/** Host and port of a relay's address. @param {string} url */
function placeOf(url) {
  return url.replace(/^turns?:/, "").replace(/\?.*$/, "").toLowerCase();
}

/**
 * Whether both ends of the path are at listed relays. Of the other end the browser may know the address before it knows that a relay is there.
 * @param {End|null} own @param {End|null} other @param {Listed[]} listed @returns {Verdict}
 */
export function judge(own, other, listed) {
  if (!own || !other) return "unknown";
  if (own.address && (!own.relay || regionOf(own.address, listed) === null)) return "outside";
  if (other.address && regionOf(other.address, listed) === null) return "outside";
  return own.address && other.address ? "listed" : "unknown";
}

/** @param {string|null|undefined} address */
function spelled(address) {
  return (address ?? "").replace(/^\[|\]$/g, "").toLowerCase();
}
