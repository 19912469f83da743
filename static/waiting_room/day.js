// The day's visits: in which order, in which words, and who rings. Pure.

/**
 * @typedef {object} Visit
 * @property {string} id
 * @property {string} state
 * @property {number|null} since  Unix ms, while waiting
 * @property {number|null} away_since
 * @property {boolean} held
 * @property {boolean} left
 * @property {boolean} locked
 * @property {string|null} trouble  why the patient has no link that works
 * @property {{device: string, lapses_in_ms: number}|null} moving  a device that asks to take the visit over
 * @property {boolean} moved  another device than the one that opened the visit has it now
 * @property {{verdict: "good"|"poor"|"blocked", round_trip_ms: number|null, loss_percent: number|null, up_kbit: number|null, relay_udp?: boolean|null, relay_tcp?: boolean|null, relay_tls?: boolean|null}|null} check  of their connection
 */

/**
 * Whoever waits comes first, the oldest on top; the rest stay in the order of the day.
 * @template {{id: string, since: number|null, state: string, startsAt: string}} T
 * @param {T[]} visits
 * @returns {T[]}
 */
export function inOrder(visits) {
  const rank = (/** @type {T} */ visit) => ({ waiting: 0, checking: 1, in_call: 1 })[visit.state] ?? 2;
  return [...visits].sort((a, b) => rank(a) - rank(b) || (rank(a) === 0 ? (a.since ?? 0) - (b.since ?? 0) : 0) || a.startsAt.localeCompare(b.startsAt) || a.id.localeCompare(b.id));
}

// From how many minutes on a row is drawn darker.
const STEPS_MIN = [5, 10, 20];

/**
 * 0 for someone who just came, up to 3.
 * @param {number|null} since
 * @param {number} now
 */
export function darkness(since, now) {
  if (since === null) return 0;
  return STEPS_MIN.filter((minutes) => now - since >= minutes * 60_000).length;
}

/**
 * The state in words, as keys of texts with their values.
 * @param {Visit} visit
 * @param {number} now
 * @returns {[key: string, values: Record<string, number|string>][]}
 */
export function words(visit, now) {
  /** @type {[string, Record<string, number|string>][]} */
  const parts = [];
  if (visit.state === "waiting" && visit.since !== null && !visit.left) {
    const waited = minutes(visit.since, now);
    parts.push(waited === 0 ? ["now", {}] : ["minutes", { minutes: waited }]);
  } else {
    parts.push([visit.left && visit.state === "waiting" ? "left" : visit.state, {}]);
  }
  const expected = ["waiting", "checking", "in_call"].includes(visit.state) && !visit.left;
  if (expected && visit.away_since !== null) {
    const away = minutes(visit.away_since, now);
    parts.push(away === 0 ? ["away-now", {}] : ["away", { minutes: away }]);
  }
  if (visit.state === "waiting" && visit.held) parts.push(["held", {}]);
  if (expected || visit.state === "redeemed") parts.push(...check(visit.check));
  if (visit.moved) parts.push(["moved", {}]);
  if (visit.locked) parts.push(["locked", {}]);
  if (visit.trouble) parts.push([`trouble-${visit.trouble}`, {}]);
  return parts;
}

/**
 * How their connection is, and by which ways it reached a relay.
 * @param {Visit["check"]} check
 * @returns {[string, Record<string, number|string>][]}
 */
function check(check) {
  if (!check) return [];
  /** @type {[string, Record<string, number|string>][]} */
  const parts = [[`check-${check.verdict}`, {}]];
  const { round_trip_ms: trip, loss_percent: loss, up_kbit: up } = check;
  if (typeof trip === "number" && typeof loss === "number" && typeof up === "number") parts.push(["check-numbers", { trip, loss, up }]);
  const tried = Object.entries({ UDP: check.relay_udp, TCP: check.relay_tcp, TLS: check.relay_tls }).filter(([, reached]) => typeof reached === "boolean");
  const ways = tried.filter(([, reached]) => reached).map(([way]) => way).join(", ");
  if (tried.length > 0) parts.push(ways === "" ? ["check-relay-none", {}] : ["check-relay", { ways }]);
  return parts;
}

/**
 * Whose arrival rings. The same person who leaves and comes again rings again.
 * @param {Visit[]} visits
 * @param {ReadonlySet<string>} quieted made by `arrivalOf`
 */
export function ringing(visits, quieted) {
  return visits.filter((visit) => visit.state === "waiting" && !visit.held && !visit.left && !quieted.has(arrivalOf(visit)));
}

/** @param {Visit} visit */
export function arrivalOf(visit) {
  return `${visit.id} ${visit.since}`;
}

/** @param {number} from @param {number} now */
function minutes(from, now) {
  return Math.max(0, Math.floor((now - from) / 60_000));
}
