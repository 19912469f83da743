// How far a verification is. Without a script the page says so at each look.
import { find, tell } from "../lib/page.js";
import { getJson } from "../lib/send.js";
import { texts } from "../lib/texts.js";

/** Lower: the bar moves more often. Higher: fewer questions. */
const EVERY_MS = 1500;

const bar = find("#progress", HTMLProgressElement);
const far = find("#far", HTMLElement);
find("#reload", HTMLElement).hidden = true;

async function look() {
  const answer = await getJson("/integrity/progress");
  if (answer.ok && !answer.data.running) {
    location.reload();
    return;
  }
  if (answer.ok && answer.data.all > 0) {
    bar.max = answer.data.all;
    bar.value = answer.data.done;
    tell(far, texts(far)("far", { done: answer.data.done, all: answer.data.all }));
  }
  setTimeout(look, EVERY_MS);
}

setTimeout(look, EVERY_MS);
