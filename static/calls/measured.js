// What the browser measured of a connection, read out of its report (`getStats`). Pure.

/**
 * @typedef {import("./listed.js").End} End
 * @typedef {{forEach(act: (report: any) => void): void, get(id: string): any}} Report
 * @typedef {{lost: number, received: number}} Came  packets, since the connection began
 * @typedef {{kind: string, own: End|null, other: End|null, relay: string|null, version: string|null, cipher: string|null}} Measured
 */

/** The way that is taken now. Null before there is one. @param {Report} report @returns {Measured|null} */
export function measurePath(report) {
  const transport = list(report).find((r) => r.type === "transport" && r.selectedCandidatePairId);
  const pair = transport ? report.get(transport.selectedCandidatePairId) : nominated(report);
  if (!pair) return null;
  const [own, other] = [report.get(pair.localCandidateId), report.get(pair.remoteCandidateId)];
  return {
    kind: wayOf(own?.candidateType ?? "host", own?.relayProtocol, other?.candidateType),
    own: endOf(own),
    other: endOf(other),
    relay: own?.url ?? null,
    version: transport?.tlsVersion ?? null,
    cipher: transport?.srtpCipher ?? null,
  };
}

/**
 * What the line was like since `before`. Null before there is one.
 * @param {Report} report @param {Came} before @returns {{sample: import("./quality.js").Sample, came: Came}|null}
 */
export function measureLine(report, before) {
  const pair = nominated(report);
  if (!pair) return null;
  const reports = list(report);
  const heardOf = reports.filter((r) => r.type === "remote-inbound-rtp");
  const sum = (/** @type {string} */ name) => reports.reduce((all, r) => all + (r.type === "inbound-rtp" ? (r[name] ?? 0) : 0), 0);
  const came = { lost: sum("packetsLost"), received: sum("packetsReceived") };
  const [lost, received] = [Math.max(0, came.lost - before.lost), Math.max(0, came.received - before.received)];
  return {
    came,
    sample: {
      lostOut: Math.max(0, ...heardOf.map((r) => r.fractionLost ?? 0)),
      lostIn: lost / Math.max(1, lost + received),
      rttMs: 1_000 * Math.max(pair.currentRoundTripTime ?? 0, ...heardOf.map((r) => r.roundTripTime ?? 0)),
      sendableBps: pair.availableOutgoingBitrate ?? null,
    },
  };
}

/**
 * @param {string} own  this side's kind of candidate
 * @param {string|undefined} protocol  how it reaches its relay, where the browser says so
 * @param {string|undefined} other  the other side's kind
 * @returns {string}
 */
export function wayOf(own, protocol, other) {
  if (own === "relay") return protocol && ["udp", "tcp", "tls"].includes(protocol) ? `relay_${protocol}` : "relay";
  return other === "relay" ? "relay" : own;
}

/** @param {any} candidate @returns {End|null} */
function endOf(candidate) {
  return candidate ? { address: candidate.address || candidate.ip || null, relay: candidate.candidateType === "relay" } : null;
}

/** @param {Report} report */
function nominated(report) {
  return list(report).find((r) => r.type === "candidate-pair" && r.nominated && r.state === "succeeded");
}

/** @param {Report} report @returns {any[]} */
function list(report) {
  /** @type {any[]} */
  const reports = [];
  report.forEach((each) => reports.push(each));
  return reports;
}
