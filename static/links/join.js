// A code that came in the address, from the picture that another device shows: it leaves the address, and so the history, at once, and is typed for
// the person. The fragment never reached a server. Without script one types it.

import { find } from "../lib/page.js";

const CODE = /^#([0-9a-z]{5}-[0-9a-z]{5})$/i;

takeCode();
// A second picture, scanned into the same tab, only changes the fragment.
addEventListener("hashchange", takeCode);

function takeCode() {
  const code = CODE.exec(location.hash)?.[1];
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  find("#code", HTMLInputElement).value = code;
  find("#code-part", HTMLElement).hidden = true;
  find("#by-mail", HTMLElement).hidden = true;
  find("#from-device", HTMLElement).hidden = false;
  find("#value", HTMLInputElement).focus();
}
