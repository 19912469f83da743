// How far an export is, while the browser takes the file. Without a script the links do the same and say nothing of it.
import { all, find, tell } from "../lib/page.js";
import { getJson } from "../lib/send.js";
import { texts } from "../lib/texts.js";
import { standing } from "./export_standing.js";

/** Lower: the bar moves more often. Higher: fewer questions. */
const EVERY_MS = 500;

const panel = find("#export", HTMLElement);
const bar = find("#export-bar", HTMLProgressElement);
const far = find("#export-far", HTMLElement);
const say = texts(far);
/** The export that is shown: a newer one takes the place of the one before. */
let shown = "";

for (const link of all(document, "#exports a[download]")) {
  link.addEventListener("click", () => {
    if (!(link instanceof HTMLAnchorElement)) return;
    shown = crypto.randomUUID();
    const address = new URL(link.href);
    address.searchParams.set("watch", shown);
    link.href = address.href;
    bar.removeAttribute("value");
    tell(far, say("begins"));
    panel.hidden = false;
    void look(shown);
  });
}

/** @param {string} watch */
async function look(watch) {
  const answer = await getJson(`/access-log/export/progress?watch=${watch}`);
  if (watch !== shown) return;
  const now = standing(answer);
  if (now.all > 0) {
    bar.max = now.all;
    bar.value = now.done;
  }
  if (now.word) tell(far, say(now.word, { percent: now.percent, places: now.places }));
  bar.hidden = now.over;
  if (!now.over) setTimeout(() => void look(watch), EVERY_MS);
}
