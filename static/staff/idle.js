// Warns two minutes before a session ends because nothing happens, and leaves the page once it has ended.
//
// The server decides. This asks without touching the session, so that other tabs and a call on this page count, and
// nothing tells the server whether anybody looks at the page.

/** How long before the end the question comes, in seconds. */
const WARN_S = 120;
/** How often the page looks at its own clock. A computer that slept is noticed this soon after it wakes. */
const LOOK_EVERY_MS = 5_000;

const dialog = document.getElementById("idle");
if (dialog instanceof HTMLDialogElement) {
  watch(dialog);
}

/** @param {HTMLDialogElement} dialog */
function watch(dialog) {
  const total = Number(dialog.dataset.seconds);
  const warn = Math.min(WARN_S, total / 2);
  let endsAt = Date.now() + total * 1_000;
  let asking = false;
  /** The person knows that this end cannot be postponed. */
  let told = false;

  const left = () => (endsAt - Date.now()) / 1_000;
  const learn = (/** @type {number | null} */ seconds) => {
    if (seconds === null) return;
    endsAt = Date.now() + seconds * 1_000;
    if (seconds <= 0) leave();
    else if (seconds > warn) dialog.close();
    else if (!dialog.open && !told) dialog.showModal();
  };
  const stay = async () => {
    if (told) return dialog.close();
    const seconds = await secondsLeft("POST");
    if (seconds !== null && seconds > 0 && seconds <= warn) {
      told = true;
      sayLast(dialog);
    }
    learn(seconds);
  };

  setInterval(async () => {
    const due = dialog.open || told ? left() <= 0 : left() <= warn;
    if (!due || asking) return;
    asking = true;
    learn(await secondsLeft("GET"));
    asking = false;
  }, LOOK_EVERY_MS);
  dialog.querySelector("button")?.addEventListener("click", stay);
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    stay();
  });
}

/**
 * What the server says is left, 0 when the session has ended, null when the server cannot be reached.
 * @param {"GET" | "POST"} method POST is "I am here".
 * @returns {Promise<number | null>}
 */
async function secondsLeft(method) {
  try {
    const answer = method === "GET"
      ? await fetch("/session")
      : await fetch("/session/touch", { method, headers: { "x-csrf": document.body.dataset.csrf ?? "" } });
    if (answer.status === 401) return 0;
    return answer.ok ? Number((await answer.json()).seconds) : null;
  } catch {
    return null;
  }
}

/** The end that no answer postpones. @param {HTMLDialogElement} dialog */
function sayLast(dialog) {
  const text = dialog.querySelector("p");
  if (text) text.textContent = text.dataset.last ?? text.textContent;
}

/** What stands on the page is not for whoever comes by next. A page with a note asks for the password in place. */
function leave() {
  if (!document.querySelector("[data-note-url]")) location.assign("/sign-in");
}
