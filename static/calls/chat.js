// Chat over the call's encrypted data channel. It is shown, never stored, and closed until the clinician knows who the patient is.

import { find, make } from "../lib/page.js";

// Lower: less memory in a page that floods us. Higher: longer talks stay readable.
const MESSAGES_MAX = 500;
const LENGTH_MAX = 2_000;

/** @typedef {{mine: boolean, text: string}} Line */

/**
 * Resting: the connection is made anew, and both people are the same. What was said and what is being written stays.
 * Closed: nobody knows any more who is there, or it is over. Whoever comes next sees nothing of it.
 * @typedef {"open"|"resting"|"closed"} Chat
 */

/** What was said, and whether it may be. Pure. */
export class ChatLog {
  open = false;
  /** @type {Line[]} */ lines = [];

  /** @param {Chat} chat */
  set(chat) {
    this.open = chat === "open";
    if (chat === "closed") this.lines = [];
  }

  /** @param {string} text @returns {string|null} what to send, null when nothing may be sent */
  outgoing(text) {
    const trimmed = text.trim();
    return this.open && trimmed !== "" && trimmed.length <= LENGTH_MAX ? trimmed : null;
  }

  /** @param {string} text @returns {string|null} */
  incoming(text) {
    return this.open && text.trim() !== "" && text.length <= LENGTH_MAX ? text : null;
  }

  /** @param {Line} line */
  keep(line) {
    this.lines = [...this.lines, line].slice(-MESSAGES_MAX);
  }
}

/**
 * The chat panel.
 * @param {HTMLElement} root
 * @param {{send: (text: string) => boolean, came: () => void, say: import("../lib/texts.js").Say}} on
 */
export function chatPanel(root, { send, came, say }) {
  const log = new ChatLog();
  const list = find("[data-lines]", HTMLElement, root);
  const view = find("[role=log]", HTMLElement, root);
  const form = find("form", HTMLFormElement, root);
  const field = find("textarea", HTMLTextAreaElement, root);
  const button = find("button", HTMLButtonElement, form);
  const problem = find("[data-problem]", HTMLElement, root);
  field.maxLength = LENGTH_MAX;

  /** @param {Line} line */
  function show(line) {
    log.keep(line);
    const row = make("li", line.mine ? "mine" : "theirs", line.text);
    row.prepend(make("span", "unseen", `${say(line.mine ? "chat-you" : "chat-them")} `));
    list.append(row);
    while (list.childElementCount > MESSAGES_MAX) list.firstElementChild?.remove();
    view.scrollTop = view.scrollHeight;
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = log.outgoing(field.value);
    if (text === null && log.open) return field.focus();
    const sent = text !== null && send(text);
    problem.textContent = sent ? "" : say("chat-failed");
    if (!sent) return;
    show({ mine: true, text });
    field.value = "";
    field.focus();
  });
  // Enter sends, Shift with Enter makes a new line. Not while an input method is composing.
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  });

  return {
    /** @param {string} text */
    receive(text) {
      const accepted = log.incoming(text);
      if (accepted === null) return;
      show({ mine: false, text: accepted });
      came();
    },
    /** @param {Chat} chat */
    set(chat) {
      log.set(chat);
      button.ariaDisabled = log.open ? null : "true";
      if (chat !== "resting") problem.textContent = "";
      if (chat !== "closed") return;
      list.replaceChildren();
      field.value = "";
    },
  };
}
