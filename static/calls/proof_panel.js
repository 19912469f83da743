// The words that both people compare: what the page shows of the spoken proof, and the answer to it. Words never leave the page.

import { all, announce, find, tell } from "../lib/page.js";

/**
 * @typedef {{is: "none"} | {is: "preparing"} | {is: "words", numbers: number[], again: boolean} | {is: "matched"} | {is: "unchecked"} | {is: "spent"}} View
 *
 * @typedef {{status: "preparing"|"compare"|"again"|"matched"|"unchecked"|"spent", words: boolean, answers: boolean}} Looks
 */

/**
 * What follows from what was told, one thing after the other. Null while there is no connection. Pure.
 * @param {Looks|null} before
 * @param {View} view
 * @returns {Looks|null}
 */
export function looks(before, view) {
  switch (view.is) {
    case "none": return null;
    case "preparing": return { status: "preparing", words: false, answers: false };
    case "words": return { status: view.again ? "again" : "compare", words: true, answers: true };
    // Only words that are there can match. They stay to be read again, and whoever changes their mind can say so.
    case "matched": return before?.words ? { status: "matched", words: true, answers: true } : before;
    // What two people have compared is not undone by what comes later.
    case "unchecked": return before?.status === "matched" ? before : { status: "unchecked", words: false, answers: false };
    case "spent": return { status: "spent", words: false, answers: false };
  }
}

/**
 * @param {HTMLElement} root  the partial `calls/proof.html`
 * @param {HTMLElement} toggle  what opens it, where it is not always open
 * @param {{role: import("./proof.js").Role, say: import("../lib/texts.js").Say, answered: (outcome: "matched"|"differ") => void, knows: (text: string) => void}} on  knows: how far it is, in words
 */
export function proofPanel(root, toggle, { role, say, answered, knows }) {
  const status = find("[data-status]", HTMLElement, root);
  const list = find("[data-words]", HTMLElement, root);
  const answers = find("[data-answers]", HTMLElement, root);
  const explained = find("[data-how]", HTMLElement, root);
  const sure = find("#proof-differ", HTMLDialogElement);
  /** @type {Looks|null} */
  let now = null;
  /** @type {number[]} */
  let wanted = [];
  /** Without them the numbers do. @type {ReturnType<typeof words>|undefined} */
  let loaded;

  answers.querySelector("[data-match]")?.addEventListener("click", () => answered("matched"));
  find("[data-differ]", HTMLElement, answers).addEventListener("click", () => sure.showModal());
  find("[data-not-sure]", HTMLElement, sure).addEventListener("click", () => sure.close());
  find("[data-sure]", HTMLElement, sure).addEventListener("click", () => {
    sure.close();
    answered("differ");
  });

  /** Fetches the words before anybody compares them, so that asking for them tells nobody when that is. */
  function load() {
    loaded ??= words(root.dataset.list ?? "");
    return loaded;
  }

  /** @param {number[]} numbers */
  async function fill(numbers) {
    wanted = numbers;
    const known = await load();
    // The connection was lost before the list was there.
    if (wanted !== numbers) return;
    for (const [at, row] of all(list, "li").entries()) {
      const number = numbers[at];
      find("[data-number]", HTMLElement, row).textContent = number === undefined ? "" : String(number).padStart(3, "0");
      find("[data-word]", HTMLElement, row).textContent = number === undefined ? "" : known?.[number] ?? "";
    }
  }

  return {
    load,

    /** @param {View} view */
    show(view) {
      const was = now;
      now = looks(now, view);
      toggle.hidden = now === null;
      // Not a word stays in the page that does not belong to this connection.
      if (view.is === "words") void fill(view.numbers);
      else if (!now?.words) void fill([]);
      list.hidden = answers.hidden = explained.hidden = !now?.words;
      if (!now?.words) sure.close();
      root.dataset.state = now?.status ?? "none";
      toggle.dataset.state = now?.status ?? "none";
      toggle.textContent = say(now?.status === "matched" ? "proof-toggle-matched" : "proof-toggle");
      const text = now ? say(now.status === "matched" ? `proof-matched-${role}` : `proof-${now.status}`) : "";
      tell(status, text);
      knows(text);
      const match = answers.querySelector("[data-match]");
      if (match instanceof HTMLElement) match.hidden = now?.status === "matched";
      if (now?.status === "again" && was?.status !== "again") announce(say("proof-again"));
    },
  };
}

/** @param {string} url @returns {Promise<string[]|null>} */
async function words(url) {
  try {
    const answer = await fetch(url);
    return answer.ok ? (await answer.text()).trimEnd().split("\n") : null;
  } catch {
    return null;
  }
}
