// What a person sees of the network check: one calm line, and a button to look again. It runs beside everything else and holds up nobody.

import { all, find, tell } from "../lib/page.js";
import { sendJson } from "../lib/send.js";

/**
 * @param {ParentNode} root  with one [data-line] or more, which all say the same
 * @param {{say: import("../lib/texts.js").Say, address: string, found?: (found: import("./verdict.js").Found) => void, phone?: string}} options  `address`: where a check is asked for
 */
export function networkLine(root, { say, address, found = () => {}, phone = "" }) {
  const parts = all(root, "[data-line]").map((part) => ({
    part,
    words: find("[data-line-words]", HTMLElement, part),
    bar: find("[data-line-progress]", HTMLProgressElement, part),
    again: find("[data-line-again]", HTMLButtonElement, part),
  }));
  /** @type {AbortController|null} */
  let running = null;
  let began = false;

  for (const { again } of parts) again.addEventListener("click", () => void run());

  /** @param {string} text @param {boolean} busy */
  function show(text, busy) {
    for (const { part, words, bar, again } of parts) {
      part.hidden = false;
      tell(words, text);
      bar.hidden = !busy;
      again.hidden = busy;
    }
  }

  async function run() {
    if (parts.length === 0) return;
    running?.abort();
    const mine = new AbortController();
    running = mine;
    began = true;
    show(say("line-checking"), true);
    let status = 0;
    const ask = async (/** @type {string} */ offer) => {
      const answer = await sendJson("POST", address, { offer });
      status = answer.status;
      return answer.ok ? answer.data : null;
    };
    const progress = (/** @type {number} */ done) => { for (const { bar } of parts) bar.value = done; };
    // A browser that cannot do it: nothing is said about its network.
    const result = await import("./check.js").then(({ checkNetwork }) => checkNetwork(ask, { signal: mine.signal, progress })).catch(() => null);
    if (mine.signal.aborted) return;
    running = null;
    if (result) found(result);
    show(result ? inWords(result) : say(status === 429 ? "line-busy" : "line-none"), false);
    for (const { part } of parts) part.dataset.verdict = result?.verdict ?? "none";
  }

  /** @param {import("./verdict.js").Found} found */
  function inWords({ verdict, round_trip_ms: trip, loss_percent: loss, up_kbit: up }) {
    return say(`line-${verdict}`, { phone, trip: trip ?? 0, loss: loss ?? 0, up: up ?? 0 });
  }

  return {
    run,
    /** Shows the button, for whoever wants to look. */
    offer() {
      for (const { part } of parts) part.hidden = false;
    },
    /** Unless it has begun already. */
    async first() {
      if (!began) await run();
    },
    /** The visit needs the network now. */
    stop() {
      running?.abort();
      running = null;
      for (const { part } of parts) part.hidden = true;
    },
  };
}
