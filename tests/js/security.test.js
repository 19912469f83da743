// What the Security panel says of the words that both people compare, with elements that only keep what they are told.

import assert from "node:assert/strict";
import { test } from "node:test";

class Element extends EventTarget {
  /** @type {Record<string, string>} */ dataset = {};
  textContent = "";
  hidden = false;
  focused = false;
  /** @type {Map<string, Element>} */ #parts = new Map();

  /** Whatever is asked for is there. @param {string} selector @returns {Element} */
  querySelector(selector) {
    const part = this.#parts.get(selector) ?? new Element();
    this.#parts.set(selector, part);
    return part;
  }

  querySelectorAll() { return []; }
  matches() { return false; }
  replaceChildren() {}
  close() {}
  click() { this.dispatchEvent(new Event("click")); }
  focus() { this.focused = true; }
}

const page = Object.assign(new Element(), { createElement: () => new Element() });
Object.assign(globalThis, {
  document: page, HTMLElement: Element, HTMLButtonElement: Element, HTMLInputElement: Element, HTMLDialogElement: Element,
  fetch: async () => ({ ok: false }),
});
const { proofPanel } = await import("../../static/calls/proof_panel.js");
const { securityFacts } = await import("../../static/calls/security.js");

const WORDS = /** @type {const} */ ({ is: "words", numbers: [1, 2, 3, 4], again: false });

test("the Security panel says how far the words are compared, and opens the panel with them while there is one", () => {
  const say = (/** @type {string} */ key) => key;
  const root = /** @type {any} */ (new Element());
  const toggle = /** @type {any} */ (page.querySelector("#proof-toggle"));
  const facts = securityFacts(root, { other: "patient", say });
  const panel = proofPanel(/** @type {any} */ (new Element()), toggle, { role: "clinician", say, answered: () => {}, knows: (text) => facts.compared(text) });
  const [words, compare] = [root.querySelector("#security-words"), root.querySelector("#security-compare")];
  for (const [view, text] of /** @type {const} */ ([
    [{ is: "none" }, "security-unknown"],
    [{ is: "preparing" }, "proof-preparing"],
    [WORDS, "proof-compare"],
    [{ is: "matched" }, "proof-matched-clinician"],
    [{ is: "none" }, "security-unknown"],
    [{ is: "unchecked" }, "proof-unchecked"],
    [{ is: "spent" }, "proof-spent"],
    [{ ...WORDS, again: true }, "proof-again"],
  ])) {
    panel.show(/** @type {any} */ (view));
    assert.equal(words.textContent, text);
    assert.equal(compare.hidden, view.is === "none");
  }
  let opened = 0;
  toggle.addEventListener("click", () => { opened += 1; });
  compare.click();
  assert.deepEqual([opened, toggle.focused], [1, true]);
});
