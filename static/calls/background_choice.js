// What others see behind a person: their room as it is, blurred, or nothing of it. Chosen for this visit, on this device.
//
// **Only the person's own choice shows their room again.** Whatever fails turns the picture off and says so; one button then shows it as it is.

import { all, find, tell } from "../lib/page.js";

/** @typedef {"none"|import("./background/picture.js").Effect} Choice */

// The one of the visit before is forgotten with the next.
const KEPT = "background";

/**
 * @param {{devices: import("./devices.js").Devices, visit: string, say: import("../lib/texts.js").Say}} options
 */
export function backgroundChoice({ devices, visit, say }) {
  const choices = all(document, "[name=background]").filter((e) => e instanceof HTMLInputElement);
  const dialog = find("#background-failed", HTMLDialogElement);
  const words = find("#background-words", HTMLElement);
  let choice = kept(sessionStorage.getItem(KEPT), visit);
  /** What comes, and for which camera. @type {{camera: MediaStreamTrack, picture: Promise<ReturnType<typeof import("./background/picture.js").openPicture>|null>}|null} */
  let open = null;

  for (const one of choices) one.addEventListener("change", () => choose(/** @type {Choice} */ (one.value)));
  find("[data-as-it-is]", HTMLElement, dialog).addEventListener("click", () => {
    dialog.close();
    choose("none");
    void devices.turnCamera(false);
  });
  find("[data-without]", HTMLElement, dialog).addEventListener("click", () => dialog.close());

  const veil = {
    /** @param {MediaStreamTrack|null} camera */
    take(camera) {
      if (!camera) return close();
      if (!open) return begin(camera);
      open.camera = camera;
      void open.picture.then((picture) => picture?.look(camera));
    },
  };
  show();
  if (choice !== "none") devices.behind(veil);

  /** @param {Choice} next */
  function choose(next) {
    choice = next;
    if (next === "none") sessionStorage.removeItem(KEPT);
    else sessionStorage.setItem(KEPT, `${visit} ${next}`);
    show();
    if (next !== "none") void open?.picture.then((picture) => picture?.change(next));
    devices.behind(next === "none" ? null : veil);
  }

  /** @param {MediaStreamTrack} camera */
  function begin(camera) {
    tell(words, say("background-preparing"));
    /** @type {NonNullable<typeof open>} */
    const mine = { camera, picture: import("./background/picture.js").then(({ openPicture }) => {
      if (open !== mine || choice === "none") return null;
      return openPicture({
        camera: mine.camera,
        effect: choice,
        shown: (picture) => {
          tell(words, "");
          devices.veiled(picture);
        },
        failed: (why) => { if (open === mine) fail(why); },
      });
    }) };
    open = mine;
    mine.picture.catch(() => { if (open === mine) fail("missing"); });
  }

  function close() {
    tell(words, "");
    void open?.picture.then((picture) => picture?.close()).catch(() => {});
    open = null;
  }

  /** @param {import("./background/picture.js").Why} why */
  function fail(why) {
    void devices.turnCamera(true);
    find("[data-why]", HTMLElement, dialog).textContent = say(`background-${why}`);
    if (!dialog.open) dialog.showModal();
  }

  function show() {
    for (const one of choices) one.checked = one.value === choice;
  }

  return {
    /** The visit is over. */
    forget() { sessionStorage.removeItem(KEPT); },
  };
}

/** What this tab keeps is read as if anybody could have written it. @param {string|null} text @param {string} visit @returns {Choice} */
export function kept(text, visit) {
  return text === `${visit} blur` ? "blur" : text === `${visit} hide` ? "hide" : "none";
}
