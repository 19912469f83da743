// The clinician's page of a visit. First a checking call: picture and sound, and the question who it is. Then chat and note open.

import { startNote } from "../records/note.js";
import { all, announce, find, once, tell } from "../lib/page.js";
import { takeEarly } from "../lib/early.js";
import { keepPlace } from "../lib/place.js";
import { post } from "../lib/send.js";
import * as sound from "../lib/sound.js";
import { texts } from "../lib/texts.js";
import { keepAwake, letSleep } from "../lib/wake.js";
import { wasJustAdmitted } from "../waiting_room/admitted_here.js";
import { backgroundChoice } from "./background_choice.js";
import { chatPanel } from "./chat.js";
import { deviceChoice, mend } from "./device_choice.js";
import { Devices } from "./devices.js";
import { proofPanel } from "./proof_panel.js";
import { reasonPart } from "./reason.js";
import { panels } from "./panels.js";
import { ruleSwitches, securityFacts } from "./security.js";
import { Session } from "./session.js";
import { stage } from "./stage.js";

const main = find("main", HTMLElement);
const say = texts(main);
const visit = main.dataset.visit ?? "";
const phone = main.dataset.phone || say("patient-no-phone");

const devices = new Devices();
const securityPart = find("#security", HTMLElement);
const facts = securityFacts(securityPart, { other: "patient", say });
const rules = ruleSwitches(securityPart, { visit, refused: problem });
const call = stage({
  devices,
  other: "patient",
  say,
  word: (key) => say(`patient-${key}`, { phone }),
  show: (own) => session?.show(own),
  knows: (known) => facts.show(known),
});
const choice = deviceChoice({ devices, remote: call.element, soundOnly: call.soundOnly, say });
const background = backgroundChoice({ devices, visit, say });
const joinButton = find("#join", HTMLButtonElement);
const checking = find("#identity", HTMLElement);
const removal = find("#remove-dialog", HTMLDialogElement);
const ending = find("#end-dialog", HTMLDialogElement);
const wrong = find("#not-dialog", HTMLDialogElement);
const moving = find("#moving", HTMLFormElement);

const chatToggle = find("#chat-toggle", HTMLButtonElement);
const chatPart = find("#chat", HTMLElement);
const noteRoot = find("#note", HTMLElement);
const proofPart = find("#proof", HTMLElement);
const proofToggle = find("#proof-toggle", HTMLButtonElement);
const sides = panels([
  { panel: chatPart, toggle: chatToggle },
  { panel: proofPart, toggle: proofToggle },
  { panel: noteRoot, toggle: find("#note-toggle", HTMLButtonElement) },
  { panel: securityPart, toggle: find("#security-toggle", HTMLButtonElement) },
]);
const proof = proofPanel(proofPart, proofToggle, { role: "clinician", say, answered: (outcome) => session?.compared(outcome), knows: (text) => facts.compared(text) });
void proof.load();
const chat = chatPanel(chatPart, {
  send: (text) => session?.say(text) ?? false,
  came: () => {
    sides.news(chatPart, say("chat-new"));
    if (chatPart.hidden) announce(say("chat-came"));
  },
  say,
});
const reason = reasonPart(find("#reason", HTMLDetailsElement), `/visits/${visit}/reason`);
const note = startNote(noteRoot, { url: main.dataset.noteUrl ?? "" });

/** @type {Session|null} */
let session = null;
let identified = (main.dataset.identity ?? "") !== "";
let letIn = main.dataset.state === "checking" || main.dataset.state === "in_call";
/** When the question of another device is no longer one. @type {ReturnType<typeof setTimeout>|undefined} */
let lapse;
/** @type {number|null} */
let since = null;

devices.changed = () => {
  choice.show();
  call.showOwn();
  session?.changed();
};
joinButton.addEventListener("click", () => void begin());
for (const button of all(checking, "[data-answer]")) button.addEventListener("click", () => void identify(button.dataset.answer ?? ""));
find("#not-this-person", HTMLButtonElement).addEventListener("click", notThisPerson);
find("#not-back", HTMLButtonElement).addEventListener("click", () => void notThem("identity"));
find("#not-report", HTMLButtonElement).addEventListener("click", () => void notThem("incident"));
// Escape is no third way.
wrong.addEventListener("close", () => wrong.showModal());
find("#back", HTMLButtonElement).addEventListener("click", () => void part("waiting"));
find("#remove", HTMLButtonElement).addEventListener("click", () => removal.showModal());
find("#remove-no", HTMLButtonElement).addEventListener("click", () => removal.close());
find("#remove-yes", HTMLButtonElement).addEventListener("click", () => { removal.close(); void part("removal"); });
for (const id of ["#end", "#security-end"]) find(id, HTMLButtonElement).addEventListener("click", askToEnd);
find("#end-no", HTMLButtonElement).addEventListener("click", () => ending.close());
find("#end-yes", HTMLButtonElement).addEventListener("click", () => { ending.close(); void end(); });
find("#stop-sharing", HTMLButtonElement).addEventListener("click", (event) => void once(/** @type {HTMLElement} */ (event.currentTarget), stopSharing));
moving.addEventListener("submit", (event) => { event.preventDefault(); void answerMove(event.submitter); });
find("#over-return", HTMLButtonElement).addEventListener("click", () => location.reload());
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

keepPlace();
if (main.dataset.view === "over") showOver("ended");
else open();

function open() {
  session = new Session({
    role: "clinician",
    visit,
    relayOnly: main.dataset.path === "relay",
    devices,
    opened: takeEarly,
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
      relays: (region) => call.trouble(region === null ? "" : say("no-relay-here", { region, phone })),
      socket: () => {},
      refused: () => {},
    },
  });
  showIdentity();
  if (wasJustAdmitted(visit)) return void begin();
  askToJoin();
}

/** No camera without a press. */
function askToJoin() {
  joinButton.hidden = false;
  find("#to-today", HTMLAnchorElement).hidden = true;
  call.waiting(say("join-to-see"));
}

/** The call, and the devices while it comes about. Without a camera or a microphone it goes on, and says so. */
async function begin() {
  sound.unlock();
  joinButton.hidden = true;
  keepAwake();
  call.lost("connecting");
  session?.want();
  // What was chosen before, on this page, still counts.
  const troubles = await devices.open({ camera: !devices.cameraOff, microphone: true });
  const worst = troubles.microphone ?? troubles.camera;
  if (worst) call.notice(`${say(troubles.microphone ? "no-sound" : "no-camera")} ${mend(worst, say)}`);
  // Put back while the camera opened.
  if (!letIn) return backInWaitingRoom();
  call.showOwn();
}

/** @param {import("./negotiation.js").Message} message */
function told(message) {
  call.where(message.peer);
  identified = message.identity !== null;
  const again = !letIn;
  letIn = message.state === "checking" || message.state === "in_call";
  showIdentity();
  rules.told(message.rules, identified);
  showScreen(message.rules.sharing === "on");
  showMove(message.moving);
  for (const id of ["#back", "#end", "#security-end"]) find(id, HTMLButtonElement).hidden = !letIn;
  if (!letIn) backInWaitingRoom();
  else if (again) askToJoin();
}

/** @param {boolean} on */
function showScreen(on) {
  call.screen(on);
  find("#shared", HTMLElement).hidden = !on;
}

async function stopSharing() {
  const result = await post(`/visits/${visit}/rules`, { rule: "sharing", to: "off" });
  if (!result.ok) refused(result.status);
}

/** Another device of the patient asks to take the visit over: a phone that died in the call. @param {{device: string, lapses_in_ms: number}|null} asking */
function showMove(asking) {
  const came = moving.hidden && asking !== null;
  clearTimeout(lapse);
  if (asking) lapse = setTimeout(() => showMove(null), asking.lapses_in_ms);
  moving.hidden = asking === null;
  find("[name=device]", HTMLInputElement, moving).value = asking?.device ?? "";
  if (came) announce(find("p", HTMLElement, moving).textContent ?? "");
}

/** @param {HTMLElement|null} pressed */
async function answerMove(pressed) {
  const fields = Object.fromEntries([...new FormData(moving, pressed)].map(([name, value]) => [name, String(value)]));
  const result = await post(moving.action, fields);
  if (!result.ok) return refused(result.status);
  moving.hidden = true;
}

/** The patient stayed away too long, or another page of ours put them back. */
function backInWaitingRoom() {
  stopDevices();
  joinButton.hidden = true;
  call.waiting(say("back-in-waiting"));
  find("#to-today", HTMLAnchorElement).hidden = false;
}

function showIdentity() {
  const was = checking.hidden;
  checking.hidden = identified || !letIn;
  if (!identified) {
    reason.close();
    return note.close();
  }
  note.open();
  void reason.open();
  // Where there is room the note stands beside the call at once, unless something else was opened there.
  if (!was && securityPart.hidden && matchMedia("(min-width: 70rem)").matches) sides.set(noteRoot, true);
}

/** @param {string} answer */
async function identify(answer) {
  const result = await once(checking, () => post(`/visits/${visit}/identity`, { answer }));
  if (!result) return;
  if (!result.ok) return refused(result.status);
  call.notice("");
  identified = true;
  showIdentity();
  announce(say("identity-recorded"));
}

/** The call stops here first: the server cannot stop what flows between two browsers. Then one of two ways on, and no third. */
function notThisPerson() {
  session?.leave();
  stopDevices();
  wrong.showModal();
}

/** @param {"identity"|"incident"} act */
async function notThem(act) {
  const result = await once(wrong, () => post(`/visits/${visit}/${act}`, { answer: "not_this_person" }));
  if (!result) return;
  if (!result.ok) return tell(find("#not-problem", HTMLElement), problem(result.status));
  location.assign("/today");
}

/** @param {"waiting"|"removal"} act */
async function part(act) {
  session?.leave();
  stopDevices();
  await note.flush();
  const result = await post(`/visits/${visit}/${act}`);
  if (!result.ok) return refused(result.status);
  location.assign("/today");
}

/** @param {import("./proof_panel.js").View} view */
function showProof(view) {
  proof.show(view);
  if (view.is === "none") sides.set(proofPart, false);
}

/** It cannot be undone, so it is asked, and Enter answers. */
function askToEnd() {
  // Before it is known who is there, the visit was hardly had: the button beside was meant perhaps.
  find("#end-why", HTMLElement).textContent = say(identified ? "end-known" : "end-unknown");
  ending.showModal();
}

async function end() {
  session?.leave();
  stopDevices();
  const result = await post(`/visits/${visit}/end`);
  if (!result.ok) return refused(result.status);
  showOver("ended");
}

/** Our own part has ended, but the server could not be told: say it and leave the buttons to try again. @param {number} status */
function refused(status) {
  call.notice(problem(status));
}

/** @param {number} status */
function problem(status) {
  return say(status === 0 ? "offline" : status === 401 ? "signed-out" : status === 409 || status === 404 ? "changed-elsewhere" : "not-done");
}

/** @param {import("./negotiation.js").News} news */
function news(news) {
  switch (news) {
    case "connecting": return call.lost(news);
    case "reconnecting":
      return call.lost(news);
    case "connected":
      call.connected();
      startClock();
      return announce(say("connected"));
    case "closed":
      announce("");
      if (letIn) call.lost("connecting");
      return;
    default:
      stopDevices();
      return showOver(news);
  }
}

/** @param {import("./chat.js").Chat} now */
function setChat(now) {
  chat.set(now);
  chatToggle.hidden = now === "closed";
  if (now === "closed") sides.set(chatPart, false);
}

/** @param {import("./negotiation.js").News} why */
function showOver(why) {
  if (why === "ended") background.forget();
  chat.set("closed");
  announce("");
  find("#over-heading", HTMLElement).textContent = say(`closed-${why}-heading`, { region: session?.regions ?? "" });
  find("#over-words", HTMLElement).textContent = say(`closed-${why}-words`);
  find("#over-phone", HTMLElement).hidden = !["differ", "no_relay", "strayed", "unloaded"].includes(why);
  tell(find("#over-return", HTMLButtonElement), ["superseded", "unloaded"].includes(why) ? say(`over-${why}-return`) : "");
  // The note outlives the call; in another tab it is that tab's.
  if (why === "ended" && identified) {
    find("#note-after", HTMLElement).append(noteRoot);
    noteRoot.hidden = false;
    note.open();
  } else if (why !== "ended") {
    note.close();
  }
  main.dataset.view = "over";
  find("#over-heading", HTMLElement).focus({ preventScroll: true });
}

function stopDevices() {
  devices.stop();
  choice.close();
  call.stop();
  letSleep();
  stopClock();
}

/** @type {ReturnType<typeof setInterval>|undefined} */
let clock;

function startClock() {
  since ??= Date.now();
  clearInterval(clock);
  clock = setInterval(() => {
    const seconds = Math.floor((Date.now() - (since ?? Date.now())) / 1000);
    find("#clock", HTMLElement).textContent = `${String(Math.floor(seconds / 60)).padStart(2, "0")}:${String(seconds % 60).padStart(2, "0")}`;
  }, 1000);
}

function stopClock() {
  clearInterval(clock);
}
