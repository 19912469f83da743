// The patient's page of a visit: ready, waiting, call, and how it was left.
// Camera and microphone open only after a tap. That tap also unlocks sound, so everything after it starts by itself.

import { all, announce, find, once, tell } from "../lib/page.js";
import { keepPlace } from "../lib/place.js";
import { getJson, post, sendJson } from "../lib/send.js";
import * as sound from "../lib/sound.js";
import { texts } from "../lib/texts.js";
import { keepAwake, letSleep } from "../lib/wake.js";
import { backgroundChoice } from "./background_choice.js";
import { chatPanel } from "./chat.js";
import { deviceChoice, mend } from "./device_choice.js";
import { deviceMove } from "./device_move.js";
import { Devices } from "./devices.js";
import { networkLine } from "./network_line.js";
import { isAdmitted } from "./negotiation.js";
import { panels } from "./panels.js";
import { proofPanel } from "./proof_panel.js";
import { rulesRead, securityFacts } from "./security.js";
import { Session } from "./session.js";
import { stage } from "./stage.js";

/** @typedef {"ready"|"waiting"|"call"|"over"} View */

const main = find("main", HTMLElement);
const say = texts(main);
const clinician = main.dataset.clinician ?? "";
const visit = main.dataset.visit ?? "";
const quietTitle = document.title;

const devices = new Devices();
const securityPart = find("#security", HTMLElement);
const facts = securityFacts(securityPart, { other: "clinician", say });
const rules = rulesRead(securityPart, { say, always: main.dataset.path === "relay" });
const call = stage({
  devices,
  other: "clinician",
  say,
  word: (key) => say(`clinician-${key}`, { clinician, phone: main.dataset.phone ?? "" }),
  show: (own) => session?.show(own),
  knows: (known) => facts.show(known),
});
const choice = deviceChoice({ devices, remote: call.element, soundOnly: call.soundOnly, say });
backgroundChoice({ devices, visit, say });
const chatToggle = find("#chat-toggle", HTMLButtonElement);
const chatPart = find("#chat", HTMLElement);
const proofPart = find("#proof", HTMLElement);
const proofToggle = find("#proof-toggle", HTMLButtonElement);
const sides = panels([
  { panel: chatPart, toggle: chatToggle },
  { panel: proofPart, toggle: proofToggle },
  { panel: securityPart, toggle: find("#security-toggle", HTMLButtonElement) },
]);
const proof = proofPanel(proofPart, proofToggle, { role: "patient", say, answered: (outcome) => session?.compared(outcome), knows: (text) => facts.compared(text) });
const chat = chatPanel(chatPart, {
  send: (text) => session?.say(text) ?? false,
  came: () => {
    sides.news(chatPart, say("chat-new"));
    if (chatPart.hidden) announce(say("chat-came"));
  },
  say,
});
const move = deviceMove({ visit, say });
const network = networkLine(main, {
  say,
  address: `/visits/${visit}/network-check`,
  found: (found) => void sendJson("POST", `/visits/${visit}/network-check/result`, found),
  phone: main.dataset.phone ?? "",
});
const ready = find("[data-part=ready]", HTMLElement);
const trouble = find("#trouble", HTMLElement);
const companion = find("#companion", HTMLInputElement);
const relation = find("#relation", HTMLSelectElement);
const joinNothing = find("#join-nothing", HTMLButtonElement);
const checkFirst = find("#check", HTMLButtonElement);
const readyPreview = find("#ready-preview", HTMLElement);
/** Where there is something to choose. */
const byRelay = document.querySelector("#relay");
const toPhone = find("#to-phone", HTMLButtonElement);

// Lower: the clinician knows sooner. Higher: what opens with the waiting room is open before.
const CHECK_NETWORK_AFTER_MS = 5000;

/** @type {Session|null} */
let session = null;
/** The person tapped "Join visit" on this page. */
let joined = false;
let state = main.dataset.state ?? "";
let message = "";
/** @type {Promise<ReturnType<typeof import("./sharing.js").screenSharing>>|null} */
let sharing = null;
/** The link for another device, once it was wanted. @type {ReturnType<typeof import("./phone_link.js").phoneLink>|null} */
let phone = null;

devices.changed = () => {
  choice.show();
  call.screen(devices.screen !== null);
  call.showOwn();
  readyPreview.hidden = !devices.hasCamera && !devices.hasMicrophone;
  find("#ready-no-picture", HTMLElement).hidden = devices.hasCamera;
  find("#waiting-preview", HTMLElement).hidden = !devices.hasCamera;
  session?.changed();
};

find("#join", HTMLButtonElement).addEventListener("click", () => void join({ camera: true, microphone: true }));
find("#join-sound", HTMLButtonElement).addEventListener("click", () => void join({ camera: false, microphone: true }));
joinNothing.addEventListener("click", () => void join({ camera: false, microphone: false }));
checkFirst.addEventListener("click", () => void check());
toPhone.addEventListener("click", () => void once(toPhone, continueOnPhone));
for (const button of all(main, "[data-leave]")) button.addEventListener("click", () => void leave());
find("#over-return", HTMLButtonElement).addEventListener("click", () => location.reload());
// A page that the browser kept alive in its history would show a visit that is over.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

begin();

function begin() {
  keepPlace();
  if (main.dataset.again === "true") sayAgain();
  if (main.dataset.view === "waiting") {
    keepAwake();
    void proof.load();
    checkNetworkLater();
  }
  // Before the waiting room too: another device may ask for the visit.
  listenToServer();
}

/** @param {{camera: boolean, microphone: boolean}} wanted */
async function join(wanted) {
  sound.unlock();
  await once(ready, async () => {
    if (await openDevices(wanted)) await arrive();
  });
}

/** Look at yourself first; nobody else sees it. */
async function check() {
  sound.unlock();
  void network.run();
  await once(ready, async () => {
    if (!await openDevices({ camera: true, microphone: true })) return;
    // It stands above what was pressed, on a phone out of sight.
    checkFirst.hidden = true;
    find("#ready-preview [data-open-devices]", HTMLButtonElement).focus({ preventScroll: true });
    readyPreview.scrollIntoView({ block: "nearest" });
  });
}

/** @param {{camera: boolean, microphone: boolean}} wanted @returns {Promise<boolean>} whether one may go on */
async function openDevices(wanted) {
  // Whoever chose sound only beforehand joins with sound only, whichever button is pressed.
  const camera = wanted.camera && call.wantsPicture;
  if (camera) devices.cameraOff = false;
  else await devices.turnCamera(true);
  const troubles = await devices.open({ camera, microphone: wanted.microphone });
  // The visit moved to another device while the browser asked.
  if (main.dataset.view === "over") return false;
  const worst = troubles.camera ?? troubles.microphone;
  if (!worst) {
    tell(trouble, "");
    return true;
  }
  const what = troubles.camera && troubles.microphone ? "no-both" : troubles.camera ? "no-camera" : "no-sound";
  tell(trouble, `${say(what)} ${mend(worst, say)} ${say("or-without")}`);
  joinNothing.hidden = false;
  return false;
}

async function arrive() {
  // Said again by whoever left and comes back; the server takes it as often as it comes.
  const said = { consent: main.dataset.consent ?? "", companion: companion.value, relation: relation.value };
  const answer = await post(`/visits/${visit}/arrival`, byRelay instanceof HTMLInputElement ? { ...said, relay: byRelay.checked ? "on" : "off" } : said);
  if (!answer.ok) return refused(answer.status);
  if (!isAdmitted(state)) state = "waiting";
  joined = true;
  keepAwake();
  void proof.load();
  listenToServer();
  session?.want();
  if (isAdmitted(state)) return admitted();
  view("waiting");
  checkNetworkLater();
}

/** Who waits has time for it, and who is let in at once needs none. Nobody is asked to do it before they may come in. */
function checkNetworkLater() {
  setTimeout(() => { if (state === "waiting" && main.dataset.view === "waiting") void network.first(); }, CHECK_NETWORK_AFTER_MS);
}

/** @param {number} status */
function refused(status) {
  tell(trouble, say(status === 0 ? "offline" : status === 422 ? "companion-incomplete" : status >= 500 || status === 429 ? "unavailable" : "not-open"));
  if (status !== 422) return;
  // What is not understood is what a person typed: there they go on.
  find("#with-me", HTMLDetailsElement).open = true;
  (companion.value.trim() === "" ? companion : relation).focus();
}

function listenToServer() {
  session ??= new Session({
    role: "patient",
    visit,
    relayOnly: main.dataset.path === "relay",
    devices,
    hooks: {
      state: told,
      news,
      remote: (stream) => call.show(stream),
      path: (path) => call.path(path),
      quality: (quality) => call.quality(quality),
      sends: (own) => call.sends(own),
      chat: setChat,
      said: (text) => chat.receive(text),
      proof: showProof,
      relays: (none) => noRelay(none),
      refused: () => void stillHere(),
      socket: (online) => tell(find("#waiting-connection", HTMLElement), online ? "" : say("waiting-lost")),
    },
  });
}

/** @param {string|null} region */
function noRelay(region) {
  call.trouble(region === null ? "" : say("no-relay", { region, phone: main.dataset.phone ?? "" }));
}

/** Few are ever asked to show their screen: how to is fetched when one may. @param {import("./security.js").Rules["sharing"]} now */
async function toldOfSharing(now) {
  if (now === "no" && !sharing) return;
  sharing ??= import("./sharing.js").then(({ screenSharing }) => screenSharing({ visit, devices, say, notice: (text) => call.notice(text) }));
  const there = await sharing.catch(() => null);
  if (there) there.told(now);
  else sharing = null;
}

async function continueOnPhone() {
  // Few want it: it is fetched when somebody does.
  phone ??= await import("./phone_link.js").then(({ phoneLink }) => phoneLink({ visit, say })).catch(() => null);
  await phone?.open();
}

/** This device may have lost the visit while it slept or had no network. The server then has a page that says why. */
async function stillHere() {
  const answer = await getJson(location.pathname);
  if (answer.status === 410) location.reload();
}

/** @param {import("./negotiation.js").Message} news */
function told(news) {
  const before = state;
  state = news.state;
  move.told(news.moving);
  call.where(news.peer);
  rules.told(news.rules, news.identity !== null);
  void toldOfSharing(news.rules.sharing);
  if (isAdmitted(state)) {
    if (!isAdmitted(before)) letIn();
    return;
  }
  if (state !== "waiting") return;
  if (isAdmitted(before)) putBack();
  tell(find("#waiting-words", HTMLElement), news.late === null ? say(`waiting-${news.clinician}`, { clinician }) : say("waiting-late", { clinician, minutes: news.late }));
  tell(find("#waiting-before", HTMLElement), inFront(news.before));
  tell(find("#waiting-held", HTMLElement), news.held ? say("held", { clinician }) : "");
  const text = news.message ?? "";
  find("#waiting-message", HTMLElement).hidden = text === "";
  if (text !== message) find("#waiting-message-text", HTMLElement).textContent = text;
  message = text;
}

/** @param {number|null} count  null where the clinic does not tell */
function inFront(count) {
  if (count === null) return "";
  return count === 0 ? say("before-none") : count === 1 ? say("before-one") : say("before-many", { count });
}

/** The clinician opened the door. */
function letIn() {
  network.stop();
  phone?.close();
  sound.admitted();
  document.title = say("title-admitted");
  announce(say("admitted", { clinician }));
  if (joined) return admitted();
  // This page was loaded anew while waiting: no camera without a tap.
  sayAgain();
  view("ready");
}

function admitted() {
  tell(find("#waiting-back", HTMLElement), "");
  document.title = say("title-admitted");
  call.lost("connecting");
  call.showOwn();
  view("call");
}

function sayAgain() {
  // It is chosen before the door opens.
  const choice = document.querySelector("#by-relay");
  if (choice instanceof HTMLElement) choice.hidden = true;
  find("#ready-heading", HTMLElement).textContent = say("again-heading");
  find("#ready-when", HTMLElement).textContent = say("again-words", { clinician });
}

function putBack() {
  document.title = quietTitle;
  announce(say("put-back", { clinician }));
  tell(find("#waiting-back", HTMLElement), say("put-back", { clinician }));
  view("waiting");
}

/** @param {import("./negotiation.js").News} news */
function news(news) {
  switch (news) {
    case "connecting":
    case "reconnecting":
      return call.lost(news);
    case "connected":
      call.connected();
      return announce(say("connected"));
    case "closed":
      announce("");
      return call.lost("connecting");
    default: return over(news);
  }
}

/** @param {import("./chat.js").Chat} now */
function setChat(now) {
  chat.set(now);
  chatToggle.hidden = now === "closed";
  if (now === "closed") sides.set(chatPart, false);
}

/** @param {import("./proof_panel.js").View} view */
function showProof(view) {
  proof.show(view);
  if (view.is === "none") sides.set(proofPart, false);
}

async function leave() {
  const wasAdmitted = isAdmitted(state);
  session?.leave();
  over("left");
  const answer = await post(`/visits/${visit}/departure`);
  if (!answer.ok && wasAdmitted) tell(find("#over-words", HTMLElement), say("over-left-untold"));
}

/** @param {import("./negotiation.js").News|"left"} why */
function over(why) {
  devices.stop();
  network.stop();
  choice.close();
  move.close();
  phone?.close();
  call.stop();
  chat.set("closed");
  letSleep();
  announce("");
  const mayReturn = ["left", "superseded", "differ", "no_relay", "strayed", "unloaded"].includes(why);
  // Only what this visit put there could be in it, and nothing of a visit stays on the device. How often it was connected counts as long as one may return.
  if (!mayReturn) sessionStorage.clear();
  document.title = quietTitle;
  find("#over-heading", HTMLElement).textContent = say(`over-${why}-heading`, { region: session?.regions ?? "" });
  find("#over-words", HTMLElement).textContent = say(`over-${why}-words`);
  const back = find("#over-return", HTMLButtonElement);
  tell(back, mayReturn ? say(`over-${why}-return`) : "");
  view("over");
  // The server sends this browser on to a page that knows nothing of the visit, and has it forget the rest.
  if (why === "ended") location.replace(`/visits/${visit}`);
}

/** @param {View} next */
function view(next) {
  if (main.dataset.view === next) return;
  main.dataset.view = next;
  // A screen reader starts to read at the new heading.
  find(`[data-part=${next}] h1`, HTMLElement).focus({ preventScroll: true });
  scrollTo(0, 0);
}
