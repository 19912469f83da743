// "I am in a private place", asked once in a sign-in before the first patient is let in. It is kept in this tab and goes nowhere.

import { find } from "../lib/page.js";

const KEPT = "private place";

/**
 * @param {(form: HTMLFormElement) => void} goOn  hears which patient to let in, once it was said
 */
export function privatePlace(goOn) {
  const dialog = find("#private-dialog", HTMLDialogElement);
  const form = find("#private-dialog form", HTMLFormElement);
  const said = find("#private-said", HTMLInputElement);
  /** @type {HTMLFormElement|null} */
  let admitting = null;

  find("#private-no", HTMLButtonElement).addEventListener("click", () => dialog.close());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sessionStorage.setItem(KEPT, signIn());
    dialog.close();
    if (admitting) goOn(admitting);
  });

  return {
    /** Whether it was said in this sign-in. If not, it is asked. @param {HTMLFormElement} admission */
    said(admission) {
      if (sessionStorage.getItem(KEPT) === signIn()) return true;
      admitting = admission;
      said.checked = false;
      dialog.showModal();
      return false;
    },
  };
}

/** A new sign-in has a new form token. A part of it opens nothing. */
function signIn() {
  return (document.body.dataset.csrf ?? "").slice(0, 8);
}
