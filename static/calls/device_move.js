// "Somebody wants to open this visit on another device. Is that you?" The question stands over whatever the page shows; a call goes on behind it.

import { find, tell } from "../lib/page.js";
import { post } from "../lib/send.js";

/** @typedef {{device: string, lapses_in_ms: number}} Asking */

/**
 * @param {{visit: string, say: import("../lib/texts.js").Say}} page
 */
export function deviceMove({ visit, say }) {
  const dialog = find("#device-move", HTMLDialogElement);
  const said = find("#device-move-said", HTMLElement);
  const yes = find("#device-move-yes", HTMLButtonElement);
  const no = find("#device-move-no", HTMLButtonElement);
  /** The request that is asked about, or was. */
  let device = "";
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let lapse;
  const move = { told, close, agreed: false };

  yes.addEventListener("click", () => void answer("yes"));
  no.addEventListener("click", () => void answer("no"));

  /** @param {Asking|null} asking */
  function told(asking) {
    if (!asking) {
      // After a yes it stays until the other device has come.
      if (!move.agreed) close();
      return;
    }
    if (asking.device === device) return;
    device = asking.device;
    move.agreed = false;
    tell(said, "");
    busy(false);
    clearTimeout(lapse);
    lapse = setTimeout(close, asking.lapses_in_ms);
    if (!dialog.open) dialog.showModal();
  }

  /** @param {"yes"|"no"} word */
  async function answer(word) {
    busy(true);
    const answer = await post(`/visits/${visit}/handover`, { device, answer: word });
    if (answer.ok) {
      if (word === "no") return close();
      move.agreed = true;
      return tell(said, say("move-going"));
    }
    busy(false);
    (word === "yes" ? yes : no).focus();
    tell(said, say(answer.status === 409 ? "move-late" : "move-failed"));
  }

  function close() {
    clearTimeout(lapse);
    dialog.close();
  }

  /** @param {boolean} on */
  function busy(on) {
    yes.disabled = on;
    no.disabled = on;
  }

  return move;
}
