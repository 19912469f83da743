// A side of the spoken proof for the tests: the machine of `static/calls/proof.js` with the hash that it asks for.

import { createHash } from "node:crypto";
import { start, step } from "../../static/calls/proof.js";

/** @param {string} text */
export const bytes = (text) => new Uint8Array(Buffer.from(text, "hex"));
/** @param {Uint8Array} value */
export const hex = (value) => Buffer.from(value).toString("hex");
/** @param {...(string|Uint8Array)} parts */
export const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
};

export class Side {
  /** @param {"clinician"|"patient"} role */
  constructor(role) { this.state = start(role); }

  /** What is done in answer to an event, without the hashes on the way. @param {any} event @returns {any[]} */
  on(event) {
    const { state, effects } = step(this.state, event);
    this.state = state;
    return effects.flatMap((effect) => effect.do === "hash" ? this.on({ type: "hashed", digest: sha256(effect.bytes) }) : [effect]);
  }
}
