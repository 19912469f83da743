// "Continue on my phone": shows a link for another device, as a picture for its camera and as text. It lives for two minutes and works once;
// when it was used, this device has the visit no more and the page says so by itself.

import { find, once, tell } from "../lib/page.js";
import { post } from "../lib/send.js";

/**
 * @param {{visit: string, say: import("../lib/texts.js").Say}} page
 */
export function phoneLink({ visit, say }) {
  const dialog = find("#phone-link", HTMLDialogElement);
  const said = find("#phone-link-said", HTMLElement);
  const anew = find("#phone-link-new", HTMLButtonElement);
  const typed = find("#phone-link-typed", HTMLElement);
  const address = find("#phone-link-address", HTMLElement);
  const picture = dialog.querySelector("#phone-link-picture");
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let lapse;

  anew.addEventListener("click", () => void once(anew, make));
  find("#phone-link-close", HTMLButtonElement).addEventListener("click", () => dialog.close());
  // What nobody looks at is not left lying on the screen.
  dialog.addEventListener("close", () => forget(""));

  async function open() {
    dialog.showModal();
    await make();
  }

  async function make() {
    forget("");
    const answer = await post(`/visits/${visit}/phone-link`);
    if (!dialog.open) return;
    if (!answer.ok) return forget(say(answer.status === 409 ? "phone-not-waiting" : answer.status === 429 ? "phone-often" : "phone-failed"));
    draw(answer.data.picture);
    address.textContent = answer.data.url.replace(/^https?:\/\//, "");
    typed.hidden = false;
    lapse = setTimeout(() => forget(say("phone-old")), answer.data.lapses_in_ms);
  }

  /** @param {{size: number, path: string}|null} drawn */
  function draw(drawn) {
    if (!drawn || !picture) return;
    picture.setAttribute("viewBox", `0 0 ${drawn.size} ${drawn.size}`);
    picture.querySelector("path")?.setAttribute("d", drawn.path);
    picture.toggleAttribute("hidden", false);
  }

  /** @param {string} why */
  function forget(why) {
    clearTimeout(lapse);
    picture?.toggleAttribute("hidden", true);
    picture?.querySelector("path")?.removeAttribute("d");
    address.textContent = "";
    typed.hidden = true;
    tell(said, why);
  }

  return { open, close: () => dialog.close() };
}
