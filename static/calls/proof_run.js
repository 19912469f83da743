// One run of the spoken proof over a channel of the call: performs what the machine in `proof.js` decides, one event after the other.

import { start, step } from "./proof.js";

/**
 * @typedef {object} Hooks
 * @property {(bytes: Uint8Array<ArrayBuffer>) => void} send
 * @property {(numbers: number[]) => void} shown
 * @property {() => void} unchecked
 * @property {() => void} differ
 */

export class ProofRun {
  /** @type {import("./proof.js").State} */ #state;
  /** @type {Promise<void>} */ #queue = Promise.resolve();
  #stopped = false;

  /** @param {import("./proof.js").Role} role @param {Hooks} hooks */
  constructor(role, hooks) {
    this.#state = start(role);
    this.hooks = hooks;
  }

  /** With a number that nobody could guess. @param {{visit: Uint8Array, own: Uint8Array, peer: Uint8Array}} facts */
  begin(facts) {
    this.#feed({ type: "started", facts: { ...facts, nonce: crypto.getRandomValues(new Uint8Array(32)) } });
  }

  /** What came over the channel. A text is no message of ours. @param {unknown} data */
  hear(data) {
    this.#feed({ type: "message", bytes: data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array() });
  }

  closed() {
    this.#feed({ type: "closed" });
  }

  stop() {
    this.#stopped = true;
  }

  /** @param {import("./proof.js").Event} event */
  #feed(event) {
    this.#queue = this.#queue.then(() => this.#take(event)).catch(() => this.hooks.unchecked());
  }

  /** @param {import("./proof.js").Event} event @returns {Promise<void>} */
  async #take(event) {
    if (this.#stopped) return;
    const { state, effects } = step(this.#state, event);
    this.#state = state;
    for (const effect of effects) await this.#perform(effect);
  }

  /** @param {import("./proof.js").Effect} effect @returns {Promise<void>} */
  async #perform(effect) {
    switch (effect.do) {
      case "send": return this.hooks.send(new Uint8Array(effect.bytes));
      // The hash is told before anything else is heard.
      case "hash": return this.#take({ type: "hashed", digest: await sha256(effect.bytes) });
      case "later": return void setTimeout(() => this.#feed({ type: "late", phase: effect.phase }), effect.ms);
      case "show": return this.hooks.shown(effect.numbers);
      case "unchecked": return this.hooks.unchecked();
      case "differ": return this.hooks.differ();
    }
  }
}

/** @param {BufferSource|Uint8Array} bytes */
export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {BufferSource} */ (bytes)));
}
