// Why the patient comes. Asked for once it is known who is in the call; before that the server has no answer.

import { find } from "../lib/page.js";
import { getJson } from "../lib/send.js";

/**
 * @param {HTMLDetailsElement} root
 * @param {string} url
 */
export function reasonPart(root, url) {
  let known = false;
  return {
    /** As often as it is heard that the patient is known: a try that failed is made again. */
    async open() {
      if (known) return;
      known = true;
      const answer = await getJson(url);
      known = answer.ok;
      const reason = answer.ok ? answer.data?.reason : null;
      if (typeof reason !== "string") return;
      find("[data-reason]", HTMLElement, root).textContent = reason;
      root.hidden = false;
    },
    close() {
      known = false;
      root.hidden = true;
      find("[data-reason]", HTMLElement, root).textContent = "";
    },
  };
}
