// The patient shows their screen: each time only after the clinician allowed it, in place of the camera's picture, with a clear way to stop.

import { find, once } from "../lib/page.js";
import { post } from "../lib/send.js";

/**
 * @param {{visit: string, devices: import("./devices.js").Devices, say: import("../lib/texts.js").Say, notice: (text: string) => void}} page
 */
export function screenSharing({ visit, devices, say, notice }) {
  const button = find("#share", HTMLButtonElement);
  const shown = find("#shared", HTMLElement);
  /** @type {import("./security.js").Rules["sharing"]} */
  let leave = "no";

  button.addEventListener("click", () => void once(button, start));
  find("#stop-sharing", HTMLButtonElement).addEventListener("click", () => void stop());

  async function start() {
    const screen = await devices.chooseScreen();
    if (!screen) return notice(say("share-failed"));
    const answer = await post(`/visits/${visit}/sharing`, { to: "on" });
    if (!answer.ok) {
      screen.stop();
      return notice(say("share-refused"));
    }
    // From the browser's own bar it can be stopped too.
    screen.addEventListener("ended", () => void stop());
    devices.showScreen(screen);
    notice("");
    render();
  }

  async function stop() {
    if (!devices.screen) return;
    await devices.hideScreen();
    render();
    // The screen is off already; where the server cannot be told, the next `state` finds nothing shown.
    await post(`/visits/${visit}/sharing`, { to: "off" });
  }

  function render() {
    const on = devices.screen !== null;
    button.hidden = on || leave !== "allowed";
    shown.hidden = !on;
  }

  return {
    /** @param {import("./security.js").Rules["sharing"]} now */
    told(now) {
      const allowed = now === "allowed" && leave === "no";
      const ended = now === "no" && leave === "on";
      const withdrawn = now === "no" && leave === "allowed";
      leave = now;
      if (ended && devices.screen) void devices.hideScreen().then(() => { render(); notice(say("share-ended")); });
      if (withdrawn) notice("");
      if (allowed) notice(say(!devices.canShare ? "share-unsupported" : "share-allowed"));
      render();
    },
  };
}
