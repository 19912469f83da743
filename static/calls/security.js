// The one place for what protects a call. The clinician sets rules here, and each is a step that the server takes and records; the patient reads the same.

import { all, find, once, tell } from "../lib/page.js";
import { post } from "../lib/send.js";
import { protocols, truth, way as wayOf } from "./truth.js";

/** @typedef {{locked: boolean, chat: boolean, sharing: "no"|"allowed"|"on", relay: "no"|"clinician"|"patient"}} Rules */

/**
 * What is true of the call now, in both pages.
 * @param {HTMLElement} root
 * @param {{other: "clinician"|"patient", say: import("../lib/texts.js").Say}} page
 */
export function securityFacts(root, { other, say }) {
  const sentence = find("#security-truth", HTMLElement, root);
  const protocol = find("#security-protocols", HTMLElement, root);
  const way = find("#security-path", HTMLElement, root);
  const line = find("#security-line", HTMLElement, root);
  const words = find("#security-words", HTMLElement, root);
  const compare = find("#security-compare", HTMLButtonElement, root);
  const toggle = find("#proof-toggle", HTMLButtonElement);
  // There is room for one panel: this one closes, and the keyboard must not be left in it.
  compare.addEventListener("click", () => {
    toggle.click();
    toggle.focus();
  });

  return {
    /** How far the comparing of the words is. @param {string} text  nothing while there is no connection */
    compared(text) {
      tell(words, text || say("security-unknown"));
      compare.hidden = text === "";
    },

    /** @param {import("./stage.js").Known} known */
    show({ phase, path, word }) {
      const connected = phase === "connected";
      tell(sentence, say(truth(phase, path, other)));
      tell(protocol, connected && path ? protocols(path) || say("security-unsaid") : say("security-unknown"));
      tell(way, connected && path ? say(...wayOf(path)) : say("security-unknown"));
      find("#security-route", HTMLElement, root).hidden = !connected || !path?.relayed;
      tell(line, connected ? say(`quality-${word}`) : say("security-unknown"));
    },
  };
}

/**
 * The clinician's switches.
 * @param {HTMLElement} root
 * @param {{visit: string, refused: (status: number) => string}} page
 */
export function ruleSwitches(root, { visit, refused }) {
  const problem = find("#security-problem", HTMLElement, root);
  const switches = all(root, "[data-rule]").filter((element) => element instanceof HTMLInputElement);
  /** @type {Rules} */
  let rules = { locked: false, chat: true, sharing: "no", relay: "no" };
  let known = false;

  for (const element of switches) {
    element.addEventListener("change", () => void once(root, async () => {
      const answer = await post(`/visits/${visit}/rules`, { rule: element.dataset.rule ?? "", to: element.checked ? "on" : "off" });
      tell(problem, answer.ok ? "" : refused(answer.status));
      if (!answer.ok) show();
    }));
  }

  /** What the server says is what stands there. */
  function show() {
    for (const element of switches) {
      const rule = element.dataset.rule;
      // What the clinic decided for all calls, or the patient for this one, is read here and not switched.
      const given = element.hasAttribute("data-always") || (rule === "relay" && rules.relay === "patient");
      element.checked = given || (rule === "lock" ? rules.locked : rule === "relay" ? rules.relay !== "no" : rule === "chat" ? known && rules.chat : rules.sharing !== "no");
      element.disabled = given || (rule !== "lock" && rule !== "relay" && !known);
    }
    const wished = rules.relay === "patient";
    for (const [id, shown] of /** @type {const} */ ([["#rule-relay-why", !wished], ["#rule-relay-wished", wished]])) {
      const words = root.querySelector(id);
      if (words instanceof HTMLElement) words.hidden = !shown;
    }
  }

  return {
    /** @param {Rules} now @param {boolean} identified */
    told(now, identified) {
      [rules, known] = [now, identified];
      show();
    },
  };
}

/**
 * The patient reads what the clinician set.
 * @param {HTMLElement} root
 * @param {{say: import("../lib/texts.js").Say, always: boolean}} page  always: the clinic's calls all go through relays
 */
export function rulesRead(root, { say, always }) {
  return {
    /** @param {Rules} rules @param {boolean} identified */
    told(rules, identified) {
      tell(find("#rule-lock", HTMLElement, root), say(rules.locked ? "rule-locked" : "rule-unlocked"));
      tell(find("#rule-chat", HTMLElement, root), say(!identified ? "rule-chat-later" : rules.chat ? "rule-chat-on" : "rule-chat-off"));
      tell(find("#rule-relay", HTMLElement, root), say(rules.relay !== "no" || always ? "rule-relay-on" : "rule-relay-off"));
      tell(find("#rule-sharing", HTMLElement, root), say(`rule-sharing-${rules.sharing}`));
    },
  };
}
