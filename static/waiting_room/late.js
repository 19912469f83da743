// "Running late": one press tells everybody who waits, and each page of Today shows what was said.

import { all, find, tell } from "../lib/page.js";
import { post } from "../lib/send.js";

/**
 * @param {HTMLFormElement} form
 * @param {{say: import("../lib/texts.js").Say, done: (status: number) => void}} on  `done` hears how the server answered, 0 if it did not
 */
export function lateControl(form, { say, done }) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const pressed = event.submitter;
    if (!(pressed instanceof HTMLButtonElement)) return;
    const answer = await post(form.action, { minutes: pressed.value });
    done(answer.status);
    if (answer.ok) show(Number(pressed.value));
  });

  /** @param {number} minutes 0: on time */
  function show(minutes) {
    for (const button of all(form, "button")) {
      const value = Number(button.getAttribute("value"));
      if (value === 0) button.hidden = minutes === 0;
      else button.setAttribute("aria-pressed", String(value === minutes));
    }
    tell(find("#late-said", HTMLElement, form), minutes === 0 ? "" : say("late-said", { minutes }));
  }

  return { show };
}
