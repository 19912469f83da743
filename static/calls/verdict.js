// What the numbers of a network check mean. Pure.

/**
 * @typedef {object} Counts  of one moment, from the connection's own statistics
 * @property {number} atMs
 * @property {number} sentBytes
 * @property {number} receivedBytes
 * @property {number} receivedPackets
 * @property {number} lostPackets
 * @property {number} jitterMs
 */
/** @typedef {"udp"|"tcp"|"tls"} Transport */
/**
 * @typedef {object} Found  what the server is told: numbers and a word (RTC-18)
 * @property {"good"|"poor"|"blocked"} verdict
 * @property {number|null} round_trip_ms
 * @property {number|null} jitter_ms
 * @property {number|null} loss_percent  both ways together
 * @property {number|null} up_kbit
 * @property {number|null} down_kbit
 * @property {boolean|null} relay_udp  null where there was no such relay to try
 * @property {boolean|null} relay_tcp
 * @property {boolean|null} relay_tls
 */

// Past one of these a picture stutters or a talk stumbles. Lower: more people are told to expect sound first. Higher: more are disappointed.
const ROUND_TRIP_MS_MAX = 400;
const JITTER_MS_MAX = 60;
const LOSS_PERCENT_MAX = 4;
const KBIT_MIN = 350;

/**
 * @param {{from: Counts, to: Counts, roundTripsMs: number[]}|null} measured  null when nothing came back
 * @param {Partial<Record<Transport, boolean>>} relays  which of those that there are gave an address
 * @returns {Found}
 */
export function judge(measured, relays) {
  const numbers = measured ? count(measured) : { round_trip_ms: null, jitter_ms: null, loss_percent: null, up_kbit: null, down_kbit: null };
  const reached = { relay_udp: relays.udp ?? null, relay_tcp: relays.tcp ?? null, relay_tls: relays.tls ?? null };
  return { verdict: verdict(numbers, Object.values(reached).includes(true)), ...numbers, ...reached };
}

/** @param {Pick<Found, "round_trip_ms"|"jitter_ms"|"loss_percent"|"up_kbit"|"down_kbit">} numbers @param {boolean} relayed */
function verdict({ round_trip_ms: trip, jitter_ms: jitter, loss_percent: loss, up_kbit: up, down_kbit: down }, relayed) {
  // A visit can go through a relay, which is slower.
  if (trip === null) return relayed ? "poor" : "blocked";
  const fine = trip <= ROUND_TRIP_MS_MAX && (jitter ?? 0) <= JITTER_MS_MAX && (loss ?? 0) <= LOSS_PERCENT_MAX;
  return fine && (up ?? 0) >= KBIT_MIN && (down ?? 0) >= KBIT_MIN ? "good" : "poor";
}

/** @param {{from: Counts, to: Counts, roundTripsMs: number[]}} measured */
function count({ from, to, roundTripsMs }) {
  const seconds = (to.atMs - from.atMs) / 1000;
  const received = to.receivedPackets - from.receivedPackets;
  const lost = Math.max(0, to.lostPackets - from.lostPackets);
  const kbit = (/** @type {number} */ bytes) => (seconds > 0 ? Math.max(0, Math.round((bytes * 8) / 1000 / seconds)) : 0);
  return {
    round_trip_ms: roundTripsMs.length === 0 ? null : Math.round(middle(roundTripsMs)),
    jitter_ms: Math.round(to.jitterMs),
    loss_percent: received + lost === 0 ? 100 : Math.round((100 * lost) / (received + lost)),
    up_kbit: kbit(to.sentBytes - from.sentBytes),
    down_kbit: kbit(to.receivedBytes - from.receivedBytes),
  };
}

/** @param {number[]} values */
function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * The sums over all streams of a statistics report.
 * @param {Iterable<any>} report
 * @param {number} atMs
 * @returns {Counts}
 */
export function sum(report, atMs) {
  const counts = { atMs, sentBytes: 0, receivedBytes: 0, receivedPackets: 0, lostPackets: 0, jitterMs: 0 };
  for (const one of report) {
    if (one.type === "outbound-rtp") counts.sentBytes += one.bytesSent ?? 0;
    if (one.type !== "inbound-rtp") continue;
    counts.receivedBytes += one.bytesReceived ?? 0;
    counts.receivedPackets += one.packetsReceived ?? 0;
    counts.lostPackets += one.packetsLost ?? 0;
    counts.jitterMs = Math.max(counts.jitterMs, (one.jitter ?? 0) * 1000);
  }
  return counts;
}

/**
 * A description without a candidate in it: the server is told of no address, and takes none.
 * @param {string} sdp
 */
export function withoutCandidates(sdp) {
  return sdp.split(/(?<=\n)/).filter((line) => !/candidate/i.test(line)).join("");
}
