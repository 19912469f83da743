// A device that asked for a visit waits for a yes. It asks again by itself, more slowly the longer it takes.

import { backoffMs } from "../lib/backoff.js";
import { find, tell } from "../lib/page.js";
import { sendJson } from "../lib/send.js";
import { texts } from "../lib/texts.js";

// Lower: a yes is noticed sooner. Higher: fewer questions from somebody who waits in vain.
const LEAST_MS = 2_000;

const say = texts(find("main", HTMLElement));
const connection = find("#connection", HTMLElement);
const began = Date.now();

find("#again", HTMLFormElement).hidden = true;
if (!find("#asking", HTMLElement).hidden || !find("#allowed", HTMLElement).hidden) void ask();

async function ask() {
  const answer = await sendJson("POST", "/v/device-move/pickup", {});
  tell(connection, answer.ok ? "" : say("move-lost"));
  const result = answer.ok ? answer.data?.result : "asking";
  if (result === "open") {
    // The link was kept for this visit, which is open here now.
    sessionStorage.clear();
    return location.replace(answer.data.to);
  }
  if (result === "refused" || result === "over") return show(result);
  setTimeout(() => void ask(), LEAST_MS + backoffMs(Date.now() - began, Math.random()));
}

/** @param {"refused"|"over"} part */
function show(part) {
  for (const id of ["asking", "allowed", "refused", "over"]) find(`#${id}`, HTMLElement).hidden = id !== part;
  find(`#${part} h1`, HTMLElement).focus();
}
