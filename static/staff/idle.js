// Asks two minutes before a session ends because nothing happens, and leaves the page once it has ended.
//
// The server decides. This looks without touching the session, so that other tabs and a call on this page count, and
// nothing tells the server whether anybody looks at the page. Only near the end a key that was pressed says "I am here".

import { find } from "../lib/page.js";
import { getJson, post } from "../lib/send.js";
import { due, start, told } from "./session_end.js";

/** How often the page looks at its own clock. A computer that slept is noticed this soon after it wakes. */
const LOOK_EVERY_MS = 5_000;

const dialog = find("#idle", HTMLDialogElement);
const text = find("#idle-text", HTMLElement);
/** The tabs of one session tell each other what is left: one press is enough for all. */
const tabs = new BroadcastChannel("session");
let state = start(Date.now(), Number(dialog.dataset.seconds));
let activeAt = -Infinity;
let asking = false;

for (const sign of ["keydown", "pointerdown"]) addEventListener(sign, () => { activeAt = Date.now(); });
find("button", HTMLButtonElement, dialog).addEventListener("click", () => void ask("stay"));
// Escape is an answer of somebody who is there.
dialog.addEventListener("cancel", (event) => {
  event.preventDefault();
  void ask("stay");
});
tabs.addEventListener("message", ({ data }) => hear(Number(data), false));
tabs.postMessage(Number(dialog.dataset.seconds));
setInterval(() => {
  const what = due(state, Date.now(), activeAt);
  if (what) void ask(what);
}, LOOK_EVERY_MS);

/** @param {"look"|"stay"} what */
async function ask(what) {
  if (asking) return;
  asking = true;
  const answer = what === "stay" ? await post("/session/touch") : await getJson("/session");
  asking = false;
  const seconds = answer.status === 401 ? 0 : answer.ok ? Number(answer.data?.seconds) : null;
  hear(seconds, what === "stay");
  if (seconds) tabs.postMessage(seconds);
}

/** @param {number|null} seconds @param {boolean} stayed */
function hear(seconds, stayed) {
  const next = told(state, Date.now(), seconds, stayed);
  state = next.state;
  switch (next.act) {
    case "ask-last":
      text.textContent = text.dataset.last ?? "";
      if (!dialog.open) dialog.showModal();
      return;
    case "ask": return dialog.showModal();
    case "close": return dialog.close();
    case "leave": return leave();
  }
}

/** What stands on the page is not for whoever comes by next. A call with a note asks for the password in place. */
function leave() {
  if (!document.querySelector("[data-note-url]")) location.assign("/sign-in");
}
