// The page behind a visit link. The secret comes in the address's fragment, which no server and no log ever sees.
// Nothing is sent until the person presses Continue: mail scanners run scripts too.

import { find, once } from "../lib/page.js";
import { keepPlace } from "../lib/place.js";
import { sendJson } from "../lib/send.js";
import { texts } from "../lib/texts.js";
import { inApp, intentFor } from "./in_app.js";

const KEPT = "link";
const TOKEN = /^#[\w.~=-]{20,}$/;

const say = texts(find("main", HTMLElement));
const form = find("#redeem", HTMLFormElement);
const field = find("#value", HTMLInputElement);
const problem = find("#problem", HTMLElement);
const button = find("#redeem button", HTMLButtonElement);
const moveHere = find("#move-here", HTMLButtonElement);
const moveProblem = find("#move-problem", HTMLElement);
const newLink = find("#new-link", HTMLButtonElement);
const newLinkAnswer = find("#new-link-answer", HTMLElement);
const notForMe = find("#not-for-me", HTMLButtonElement);
const words = find("#words", HTMLInputElement);
const wordsProblem = find("#words-problem", HTMLElement);
const tellClinic = find("#report button", HTMLButtonElement);

const program = TOKEN.test(location.hash) ? inApp(navigator.userAgent) : null;
if (program) offerRealBrowser(program);
else takeToken();

// A second link opened in the same tab only changes the fragment.
addEventListener("hashchange", () => { if (TOKEN.test(location.hash)) takeToken(); });

keepPlace();
form.addEventListener("submit", (event) => {
  event.preventDefault();
  void once(button, redeem);
});
moveHere.addEventListener("click", () => void once(moveHere, askToMove));
newLink.addEventListener("click", () => void once(newLink, askNewLink));
// Without the address: there the secret may still be.
find(".skip", HTMLAnchorElement).addEventListener("click", (event) => {
  event.preventDefault();
  find("main", HTMLElement).focus();
});
newLink.hidden = false;
notForMe.addEventListener("click", () => { show("not-me"); words.focus(); });
find("#not-me-back", HTMLButtonElement).addEventListener("click", () => show("check"));
find("#report", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  void report();
});
// Another language brings this page anew. Where the token is in the address still, it comes back through the redirect.
const languages = find(".languages", HTMLFormElement);
languages.addEventListener("submit", () => { languages.action = `/language${location.hash}`; });

/** The token leaves the address, and so the history, at once. A reload finds it in this tab's own storage. */
function takeToken() {
  if (TOKEN.test(location.hash)) {
    sessionStorage.setItem(KEPT, location.hash.slice(1));
    history.replaceState(null, "", location.pathname);
  }
  newLink.hidden = false;
  show(token() ? "check" : "no-link");
}

/** In a mail program's browser it is still in the address. */
function token() {
  return sessionStorage.getItem(KEPT) ?? (TOKEN.test(location.hash) ? location.hash.slice(1) : "");
}

/** @param {"android"|"ios"} program */
function offerRealBrowser(program) {
  // The token stays in the address here: it is what the other browser must be given.
  show("in-app");
  const open = find("#open-browser", HTMLAnchorElement);
  open.hidden = program !== "android";
  if (program === "android") open.href = intentFor(location.href);
  find("#copy-part", HTMLElement).hidden = program !== "ios";
  find("#copy", HTMLButtonElement).addEventListener("click", async () => {
    const copied = await navigator.clipboard.writeText(location.href).then(() => true, () => false);
    find("#copied", HTMLElement).textContent = say(copied ? "copied" : "copy-failed");
  });
  find("#stay", HTMLButtonElement).addEventListener("click", takeToken);
}

async function redeem() {
  const check = field.value.trim();
  if (check === "") return complain(say("type-date"));
  complain("");
  const answer = await sendJson("POST", "/v/redemption", { token: token(), check });
  if (!goOn(answer)) complain(say(problemKey(answer.status)));
}

/** The value is still in its field, and is looked at again. */
async function askToMove() {
  moveProblem.textContent = "";
  const answer = await sendJson("POST", "/v/device-move", { token: token(), check: field.value.trim() });
  if (!goOn(answer)) moveProblem.textContent = say(problemKey(answer.status));
}

/** @param {import("../lib/send.js").Answer} answer @returns {boolean} whether it led anywhere */
function goOn(answer) {
  const data = answer.ok ? answer.data ?? {} : {};
  switch (data.result) {
    case "open":
      sessionStorage.removeItem(KEPT);
      location.replace(data.to);
      return true;
    case "asked":
      location.assign(data.to);
      return true;
    case "reason":
      find("#reason-text", HTMLElement).textContent = data.text;
      find("#reason-text", HTMLElement).lang = data.lang;
      find("#move-part", HTMLElement).hidden = data.reason !== "elsewhere";
      // A new link to it would open nothing.
      newLink.hidden = data.reason === "over" || data.reason === "cancelled";
      if (data.reason === "elsewhere") find("#reason-heading", HTMLElement).textContent = say("elsewhere-heading");
      show("reason");
      return true;
    default: return false;
  }
}

/** @param {number} status */
function problemKey(status) {
  switch (status) {
    case 0: return "offline";
    case 400: return "unreadable";
    case 422: return "no";
    case 429: return "too-many";
    default: return "unavailable";
  }
}

async function askNewLink() {
  // Without a token only the code from the mail can say which visit is meant.
  if (!token()) return location.assign("/join");
  const answer = await sendJson("POST", "/v/links", { token: token() });
  newLinkAnswer.textContent = say(answer.ok ? "new-link-sent" : answer.status === 0 ? "offline" : "unavailable");
}

/** Only the typed words tell the clinic: what presses every button types nothing. */
async function report() {
  tellClinic.disabled = true;
  const answer = await sendJson("POST", "/v/reports", { token: token(), words: words.value });
  tellClinic.disabled = false;
  if (answer.ok) {
    sessionStorage.removeItem(KEPT);
    show("thanks");
    find("#thanks h1", HTMLElement).focus();
    newLink.hidden = true;
    return;
  }
  wordsProblem.textContent = say(answer.status === 400 ? "not-me-words" : problemKey(answer.status));
  words.setAttribute("aria-invalid", "true");
  words.focus();
}

/** @param {string} text */
function complain(text) {
  problem.textContent = text;
  field.toggleAttribute("aria-invalid", false);
  if (text === "") return;
  field.setAttribute("aria-invalid", "true");
  field.focus();
}

/** @param {"in-app"|"check"|"reason"|"no-link"|"not-me"|"thanks"} part */
function show(part) {
  for (const id of ["in-app", "check", "reason", "no-link", "not-me", "thanks"]) find(`#${id}`, HTMLElement).hidden = id !== part;
  notForMe.hidden = part !== "check";
}
