// Today, live: who is waiting stands on top, and their arrival rings until it is seen. The list itself is the server's; this keeps it true.

import { all, announce, find, tell } from "../lib/page.js";
import { keepPlace } from "../lib/place.js";
import { fetchDocument } from "../lib/fragment.js";
import { live } from "../lib/live.js";
import { post } from "../lib/send.js";
import * as sound from "../lib/sound.js";
import { texts } from "../lib/texts.js";
import { networkLine } from "../calls/network_line.js";
import { remember } from "./admitted_here.js";
import { arrivalOf, darkness, inOrder, ringing, words } from "./day.js";
import { lateControl } from "./late.js";
import { privatePlace } from "./private_place.js";

const RING_MS = 10_000;
const TICK_MS = 10_000;
const MUTED = "today sound off";

const main = find("main", HTMLElement);
const say = texts(main);
const quietTitle = document.title;
const soundButton = find("#sound", HTMLButtonElement);
const notifyButton = find("#notify", HTMLButtonElement);
const removal = find("#remove-dialog", HTMLDialogElement);
const connection = find("#connection", HTMLElement);
const late = lateControl(find("#late", HTMLFormElement), { say, done: (status) => answered(status) });

const place = privatePlace((form) => form.requestSubmit());

/** @type {import("./day.js").Visit[]} */
let visits = rows().map(read);
/** Arrivals that need not ring any more. @type {Set<string>} */
const quieted = new Set();
/** @type {Set<string>} */
let rang = new Set(visits.filter((visit) => visit.state === "waiting").map(arrivalOf));
/** The server's clock, as seen from ours. */
let aheadMs = 0;
/** By ours, when it said something last. */
let heardAt = Date.now();
let muted = localStorage.getItem(MUTED) !== null;
/** @type {HTMLFormElement|null} */
let removing = null;

for (const hear of ["pointerdown", "keydown"]) addEventListener(hear, () => { sound.unlock(); setTimeout(showSound, 200); });
soundButton.addEventListener("click", () => {
  muted = !muted;
  if (muted) localStorage.setItem(MUTED, "1");
  else localStorage.removeItem(MUTED);
  showSound();
});
notifyButton.addEventListener("click", async () => {
  await Notification.requestPermission();
  showNotify();
});
main.addEventListener("submit", (event) => {
  if (event.target instanceof HTMLFormElement && event.target.dataset.act) submitted(event, event.target);
});
main.addEventListener("click", (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-act]") : null;
  if (button instanceof HTMLElement && !(button instanceof HTMLFormElement)) pressed(button);
});
find("#remove-no", HTMLButtonElement).addEventListener("click", () => removal.close());
find("#remove-yes", HTMLButtonElement).addEventListener("click", () => {
  removal.close();
  if (removing) void act(removing);
});

const socket = live("/today/socket", {
  opened: () => {},
  away: () => tell(connection, say("lost")),
  message: (message) => void heard(message),
});

networkLine(main, { say, address: "/network-check" }).offer();
soundButton.hidden = false;
keepPlace();
enhance();
showSound();
showNotify();
render();
setInterval(render, TICK_MS);
setInterval(ring, RING_MS);

/** @param {any} message */
async function heard(message) {
  if (message?.type === "gone") return signedOut();
  tell(connection, "");
  if (message?.type !== "today" || !Array.isArray(message.visits)) return;
  heardAt = Date.now();
  aheadMs = message.now - heardAt;
  const have = new Set(rows().map((row) => row.dataset.visit));
  const same = have.size === message.visits.length && message.visits.every((/** @type {{id: string}} */ visit) => have.has(visit.id));
  if (!same) await renew();
  visits = message.visits;
  late.show(message.late ?? 0);
  render();
  arrivals();
}

/** Names do not stay on the screen of somebody who has signed out. */
function signedOut() {
  socket.stop();
  location.replace("/sign-in");
}

/** The set of visits has changed: rows come from the server. Rows that are here already stay, with what is being typed in them. */
async function renew() {
  const fresh = await fetchDocument("/today/list");
  const list = fresh?.querySelector("#list");
  if (!list) return;
  const here = new Map(rows().map((row) => [row.dataset.visit, row]));
  for (const row of all(list, "[data-visit]")) {
    const old = here.get(row.dataset.visit);
    if (old) row.replaceWith(old);
  }
  find("#list", HTMLElement).replaceWith(document.adoptNode(list));
  enhance();
}

function render() {
  const now = Date.now() + aheadMs;
  const byId = new Map(visits.map((visit) => [visit.id, visit]));
  const loud = new Set(ringing(visits, quieted).map((visit) => visit.id));
  for (const row of rows()) {
    const visit = byId.get(row.dataset.visit ?? "");
    if (!visit) continue;
    row.dataset.state = visit.state;
    row.dataset.since = visit.since === null ? "" : String(visit.since);
    row.dataset.held = String(visit.held);
    row.dataset.left = String(visit.left);
    row.dataset.moving = visit.moving?.device ?? "";
    row.dataset.dark = visit.state === "waiting" ? String(darkness(visit.since, now)) : "0";
    row.dataset.ringing = String(loud.has(visit.id));
    const text = words(visit, now).map(([key, values]) => say(key, values)).join(" · ");
    const place = find("[data-words]", HTMLElement, row);
    if (place.textContent !== text) place.textContent = text;
    find("[data-act=quiet]", HTMLElement, row).hidden = !loud.has(visit.id);
    const moving = find("[data-act=device-move]", HTMLFormElement, row);
    moving.hidden = visit.moving === null || Date.now() - heardAt >= visit.moving.lapses_in_ms;
    find("[name=device]", HTMLInputElement, moving).value = row.dataset.moving;
  }
  order();
  document.title = visits.some((visit) => visit.state === "waiting" && !visit.left) ? say("title-waiting") : quietTitle;
}

/** Moves rows only when the order is wrong: what moves, a screen reader may read anew. */
function order() {
  const now = rows();
  const wanted = inOrder(now.map((row) => ({ row, id: row.dataset.visit ?? "", state: row.dataset.state ?? "", since: row.dataset.since ? Number(row.dataset.since) : null, startsAt: row.querySelector("time")?.dateTime ?? "" })));
  if (wanted.every(({ row }, i) => row === now[i])) return;
  for (const { row } of wanted) row.parentElement?.append(row);
}

/** A sound, a notice and a word for whoever is new. They name nobody. */
function arrivals() {
  const loud = ringing(visits, quieted);
  const fresh = loud.filter((visit) => !rang.has(arrivalOf(visit)));
  rang = new Set(loud.map(arrivalOf));
  if (fresh.length === 0) return;
  announce(say("arrived"));
  ring();
  if ("Notification" in window && Notification.permission === "granted") new Notification(say("title-waiting"), { tag: "waiting" });
}

function ring() {
  if (!muted && ringing(visits, quieted).length > 0) sound.arrival();
}

/** @param {SubmitEvent} event @param {HTMLFormElement} form */
function submitted(event, form) {
  const row = form.closest("[data-visit]");
  // Admit goes to the call's page. Everything else stays here.
  if (form.dataset.act === "admission") {
    if (!place.said(form)) return event.preventDefault();
    if (row instanceof HTMLElement) remember(row.dataset.visit ?? "");
    return;
  }
  event.preventDefault();
  if (form.dataset.act === "removal") {
    removing = form;
    return removal.showModal();
  }
  void act(form, event.submitter instanceof HTMLButtonElement ? event.submitter : null);
}

/** @param {HTMLElement} button */
function pressed(button) {
  const row = button.closest("[data-visit]");
  if (!(row instanceof HTMLElement)) return;
  const visit = visits.find((one) => one.id === row.dataset.visit);
  switch (button.dataset.act) {
    case "quiet":
      if (visit) quieted.add(arrivalOf(visit));
      return render();
    case "write": return write(row, find(".write", HTMLElement, row).hidden !== false);
    case "cancel": return write(row, false);
    case "call": return remember(row.dataset.visit ?? "");
  }
}

/** @param {HTMLElement} row @param {boolean} open */
function write(row, open) {
  find(".write", HTMLElement, row).hidden = !open;
  const button = find("[data-act=write]", HTMLElement, row);
  button.setAttribute("aria-expanded", String(open));
  if (open) find(".write input:not([type=hidden])", HTMLInputElement, row).focus();
  else button.focus();
}

/** @param {HTMLFormElement} form @param {HTMLButtonElement|null} [pressed] of a form with more than one button */
async function act(form, pressed = null) {
  const row = form.closest("[data-visit]");
  const fields = Object.fromEntries([...new FormData(form, pressed)].map(([name, value]) => [name, String(value)]));
  const answer = await post(form.action, fields);
  if (!answered(answer.status)) return;
  const visit = visits.find((one) => row instanceof HTMLElement && one.id === row.dataset.visit);
  if (visit) quieted.add(arrivalOf(visit));
  tell(find("#result", HTMLElement), done(form.dataset.act, fields.answer));
  if (form.dataset.act === "message" && row instanceof HTMLElement) {
    form.reset();
    write(row, false);
  }
  render();
}

/** Say what became of an act that did not work. @param {number} status @returns {boolean} whether it worked */
function answered(status) {
  if (status === 401) signedOut();
  const fine = status >= 200 && status < 300;
  tell(find("#result", HTMLElement), fine ? "" : say(status === 0 ? "offline" : status === 409 || status === 404 ? "changed" : status === 410 ? "over" : "failed"));
  return fine;
}

/** What the clinician hears of an act that does not show in the list by itself. @param {string|undefined} name @param {string|undefined} answer */
function done(name, answer) {
  switch (name) {
    case "links": return say("link-sent");
    case "message": return say("message-sent");
    case "device-move": return say(answer === "yes" ? "move-allowed" : "move-refused");
    default: return "";
  }
}

/** What only works with a script shows only now. */
function enhance() {
  for (const row of rows()) {
    if (row.dataset.enhanced) continue;
    row.dataset.enhanced = "true";
    find(".write", HTMLElement, row).hidden = true;
    find("[data-act=write]", HTMLElement, row).hidden = false;
    find("[data-act=cancel]", HTMLElement, row).hidden = false;
  }
}

function showSound() {
  soundButton.setAttribute("aria-pressed", String(!muted));
  soundButton.title = muted || sound.isUnlocked() ? "" : say("sound-blocked");
}

function showNotify() {
  notifyButton.hidden = !("Notification" in window) || Notification.permission !== "default";
}

function rows() {
  return all(main, "[data-visit]");
}

/** @param {HTMLElement} row @returns {import("./day.js").Visit} */
function read({ dataset }) {
  return {
    id: dataset.visit ?? "",
    state: dataset.state ?? "",
    since: dataset.since ? Number(dataset.since) : null,
    away_since: dataset.awaySince ? Number(dataset.awaySince) : null,
    held: dataset.held === "true",
    left: dataset.left === "true",
    locked: dataset.locked === "true",
    trouble: dataset.trouble || null,
    check: dataset.check ? JSON.parse(dataset.check) : null,
    moving: dataset.moving ? { device: dataset.moving, lapses_in_ms: 600_000 } : null,
    moved: dataset.moved === "true",
  };
}
