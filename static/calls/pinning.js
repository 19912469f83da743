// What holds a call to the clinic's relays, and its camera back until it is measured that it goes through them. No browser in it.
//
// **Nothing is shown before the browser has measured that both ends are at listed relays.** What was measured once goes on until something else is.
// Where a call may go any way, all passes and everything is shown at once.

import { judge, onlyListed, onlyListedLines, regionOf } from "./listed.js";

/** @typedef {import("./listed.js").Listed} Listed @typedef {import("./listed.js").Verdict} Verdict @typedef {import("./listed.js").End} End */

// How often, and for how long, it is looked at through which relays a new connection goes before anything is sent through it.
const LOOK_MS = 50;
export const LOOKS = 100;

export class Pinning {
  /** What no relay of ours is, is not handed to the browser. Null where any address may be. @type {Listed[]|null} */ #held;
  #mayShow;
  #checking = false;

  /** @param {boolean} relayOnly @param {Listed[]} listed @param {() => Promise<unknown>} [pause]  between two looks */
  constructor(relayOnly, listed, pause = () => new Promise((resolve) => setTimeout(resolve, LOOK_MS))) {
    this.#held = relayOnly ? listed : null;
    this.#mayShow = !relayOnly;
    this.listed = listed;
    this.pause = pause;
  }

  /** The relays that there are from now on. @param {Listed[]} listed */
  use(listed) {
    this.listed = listed;
    if (this.#held) this.#held = listed;
  }

  /** Something may have been seen and heard over this connection. */
  get shown() {
    return this.#mayShow;
  }

  /** What may go out of this track now. @template T @param {T|null} track */
  let(track) {
    return this.#mayShow ? track : null;
  }

  /** The candidate as it may be said or heard. Empty when it may not. @param {string} candidate */
  candidate(candidate) {
    return this.#held ? onlyListed(candidate, this.#held) : candidate;
  }

  /** A description likewise. @param {string} sdp */
  lines(sdp) {
    return this.#held ? onlyListedLines(sdp, this.#held) : sdp;
  }

  /** What is to be said of a path between these two ends. @param {End|null} own @param {End|null} other @returns {{verdict: Verdict|null, regions: string[]}} */
  judge(own, other) {
    const regions = [own, other].filter((end) => end && (end.relay || this.#held)).map((end) => regionOf(end?.address, this.listed));
    return { verdict: this.#held && judge(own, other, this.#held), regions: [...new Set(regions.filter((region) => region !== null))] };
  }

  /**
   * The connection stands: may it be used? `first`: yes, and only now may anything be shown. `again`: it was let already. `busy`: it is being looked at.
   * @param {() => Promise<Verdict|"gone">} measure
   * @returns {Promise<"first"|"again"|"outside"|"gone"|"busy">}
   */
  async check(measure) {
    if (this.#checking) return "busy";
    this.#checking = true;
    const found = await this.#look(measure);
    this.#checking = false;
    if (found !== "listed") return found;
    const first = !this.#mayShow;
    this.#mayShow = true;
    return first ? "first" : "again";
  }

  /** @param {() => Promise<Verdict|"gone">} measure @returns {Promise<"listed"|"outside"|"gone">} */
  async #look(measure) {
    for (let look = 0; this.#held && look < LOOKS; look += 1) {
      if (look > 0) await this.pause();
      const verdict = await measure();
      if (verdict !== "unknown") return verdict;
    }
    // Of a relay that is met before it is named, a browser does not tell the address.
    return this.#mayShow ? "listed" : "outside";
  }
}
