// What the system took from this page without anybody having asked for it: a phone call, a plug pulled out, a page put to sleep. Pure.

/**
 * @typedef {"held"|"gone"} Taken  for a while, as a phone call does; or for good, as a plug that is pulled out
 * @typedef {{microphone: Taken|null, camera: Taken|null, refused: boolean, stopped: boolean}} Facts
 *   `refused`: the browser does not start picture and sound without a tap; `stopped`: it had, and they stand still now
 */

/**
 * What the button in the middle offers, and which words say why. Nothing, while all is as it was left.
 * @param {Facts} facts
 * @returns {{button: "play"|"resume", words: string}|null}
 */
export function offer({ microphone, camera, refused, stopped }) {
  if (microphone ?? camera) {
    const what = microphone && camera ? "both" : microphone ? "microphone" : "camera";
    // What is gone for good is the harder case: a new device may have to be chosen.
    const how = microphone === "gone" || camera === "gone" ? "gone" : "held";
    return { button: "resume", words: `taken-${what}-${how}` };
  }
  if (stopped) return { button: "resume", words: "taken-stopped" };
  return refused ? { button: "play", words: "" } : null;
}
