// The note beside the call. It saves itself while it is typed. What is not saved yet is also kept in this tab's own storage,
// so that a crash or a reload of the page loses nothing; it is deleted as soon as the server has it.

import { find, tell } from "../lib/page.js";
import { getJson, sendJson, setCsrf } from "../lib/send.js";
import { texts } from "../lib/texts.js";
import { start, step } from "./autosave.js";

/** @typedef {{text: string, version: number}} Note */

/**
 * @param {HTMLElement} root the panel; its texts are in its `data-text`
 * @param {{url: string}} options
 */
export function startNote(root, { url }) {
  const say = texts(root);
  const kept = `note ${url}`;
  const field = find("#note-text", HTMLTextAreaElement, root);
  const status = find("#note-status", HTMLElement, root);
  const saving = find("#note-saving", HTMLElement, root);
  const problem = find("#note-problem", HTMLElement, root);
  const password = find("#note-password", HTMLFormElement, root);
  const conflict = find("#note-conflict", HTMLElement, root);
  let state = start();
  /** What came with the page: it was read once already, and each reading is an entry in the access log. @type {Note|null} */
  let given = null;
  /** @type {ReturnType<typeof setTimeout>|undefined} */
  let timer;
  /** @type {(() => void)[]} */
  let settled = [];

  field.addEventListener("input", () => feed({ type: "typed", text: field.value }));
  field.addEventListener("blur", () => feed({ type: "due" }));
  password.addEventListener("submit", (event) => { event.preventDefault(); void signInAgain(); });
  find("#note-keep-mine", HTMLButtonElement, root).addEventListener("click", () => { feed({ type: "keep-mine" }); field.focus(); });
  find("#note-keep-theirs", HTMLButtonElement, root).addEventListener("click", () => { feed({ type: "keep-theirs" }); field.focus(); });
  // Leaving with words that the server does not have yet asks first. They are kept in the tab all the same.
  addEventListener("beforeunload", (event) => {
    if (!isOpen() || state.phase === "saved") return;
    event.preventDefault();
    feed({ type: "leaving" });
  });

  /** @param {import("./autosave.js").Event} event */
  function feed(event) {
    const next = step(state, event);
    state = next.state;
    for (const effect of next.effects) perform(effect);
    show();
    if (state.phase !== "saving" && state.phase !== "unsaved") {
      for (const done of settled) done();
      settled = [];
    }
  }

  /** @param {import("./autosave.js").Effect} effect */
  function perform(effect) {
    switch (effect.do) {
      case "load": return void load();
      case "load-other": return void loadOther();
      case "save": return void save(effect.text, effect.version);
      case "show": field.value = effect.text; return;
      case "keep": return sessionStorage.setItem(kept, JSON.stringify({ text: effect.text, version: effect.version }));
      case "forget": return sessionStorage.removeItem(kept);
      case "due":
        clearTimeout(timer);
        timer = setTimeout(() => feed({ type: "due" }), effect.ms);
    }
  }

  async function load() {
    if (given) {
      const { text, version } = given;
      given = null;
      return feed({ type: "loaded", text, version });
    }
    const answer = await getJson(url);
    if (answer.ok) feed({ type: "loaded", text: answer.data.text, version: answer.data.version });
    else feed({ type: "failed", status: answer.status });
  }

  async function loadOther() {
    const answer = await getJson(url);
    if (answer.ok) feed({ type: "other", text: answer.data.text, version: answer.data.version });
    else feed({ type: "failed", status: answer.status === 409 ? 0 : answer.status });
  }

  /** @param {string} text @param {number} version */
  async function save(text, version) {
    const answer = await sendJson("PUT", url, { text, version });
    if (answer.ok) feed({ type: "saved", version: answer.data.version });
    else feed({ type: "failed", status: answer.status });
  }

  async function signInAgain() {
    const email = find("#note-email", HTMLInputElement, root);
    const secret = find("#note-secret", HTMLInputElement, root);
    const answer = await sendJson("POST", "/sign-in/again", { email: email.value, password: secret.value });
    if (!answer.ok) return tell(problem, say(answer.status === 0 ? "offline" : answer.status === 429 ? "too-many" : "wrong-password"));
    secret.value = "";
    if (typeof answer.data?.csrf === "string") setCsrf(answer.data.csrf);
    feed({ type: "signed-in" });
    field.focus();
  }

  function isOpen() {
    return state.phase !== "closed" && state.phase !== "loading";
  }

  function show() {
    find("#note-part", HTMLElement, root).hidden = !isOpen();
    find("#note-closed", HTMLElement, root).hidden = state.phase !== "closed";
    // Whoever types goes on typing: the alert says what is asked for, and the form comes next.
    password.hidden = state.phase !== "signed-out";
    find("#note-theirs", HTMLElement, root).textContent = state.theirs ?? "";
    const chooses = state.phase === "conflict" && conflict.hidden;
    conflict.hidden = state.phase !== "conflict";
    if (chooses) conflict.scrollIntoView({ block: "nearest" });
    tell(problem, problemText());
    const saves = state.phase === "saving" || state.phase === "unsaved";
    // Said each time that it is saved, but not each time that somebody types.
    saving.hidden = !saves;
    tell(status, saves ? "" : say(state.phase));
  }

  function problemText() {
    if (state.phase === "signed-out") return say("signed-out-problem");
    if (state.failures > 0) return say(state.phase === "loading" ? "not-loaded" : "not-saved");
    return "";
  }

  /** @returns {Note|null} */
  function keptText() {
    try {
      return JSON.parse(sessionStorage.getItem(kept) ?? "null");
    } catch {
      return null;
    }
  }

  return {
    /** The identity is recorded: show the note that came with the page, or fetch it. @param {Note} [note] */
    open(note) {
      given = note ?? null;
      feed({ type: "opened", kept: keptText() });
    },
    /** Shut again, for example back in the waiting room. What was not saved stays in this tab. */
    close() { if (state.phase !== "closed") feed({ type: "closed" }); },
    /** Saves now. Ends when it is saved or cannot be, and after 3 s in any case. */
    flush() {
      feed({ type: "due" });
      if (state.phase !== "saving") return Promise.resolve();
      return Promise.race([
        new Promise((done) => settled.push(() => done(undefined))),
        new Promise((done) => setTimeout(done, 3_000)),
      ]);
    },
  };
}
