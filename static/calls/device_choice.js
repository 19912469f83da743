// What the person sees of their devices: own picture, microphone level, the choice, and words on how to mend what fails.

import { all, find, make } from "../lib/page.js";
import * as sound from "../lib/sound.js";
import { listen } from "./devices.js";
import { steps } from "./mend.js";

/**
 * @param {{devices: import("./devices.js").Devices, remote: HTMLVideoElement, soundOnly: (only: boolean) => Promise<void>, say: import("../lib/texts.js").Say}} options
 */
export function deviceChoice({ devices, remote, soundOnly, say }) {
  const dialog = find("#devices", HTMLDialogElement);
  const problem = find("#devices-problem", HTMLElement);
  const camera = find("#choose-camera", HTMLSelectElement);
  const microphone = find("#choose-microphone", HTMLSelectElement);
  const speaker = find("#choose-speaker", HTMLSelectElement);
  const previews = all(document, "video[data-self]").filter((e) => e instanceof HTMLVideoElement);
  const meters = all(document, "meter[data-level]").filter((e) => e instanceof HTMLMeterElement);
  const only = find("#sound-only", HTMLInputElement);
  let stopListening = () => {};

  for (const opener of all(document, "[data-open-devices]")) opener.addEventListener("click", () => void open());
  find("#devices-done", HTMLElement).addEventListener("click", () => dialog.close());
  find("#test-sound", HTMLElement).addEventListener("click", () => { sound.unlock(); setTimeout(sound.test, 100); });
  camera.addEventListener("change", () => void choose({ camera: camera.value }));
  microphone.addEventListener("change", () => void choose({ microphone: microphone.value }));
  only.addEventListener("change", () => void soundOnly(only.checked).then(list));
  speaker.addEventListener("change", () => void Promise.all([remote.setSinkId(speaker.value), sound.choose(speaker.value)]).catch(() => { problem.textContent = say("speaker-failed"); }));
  navigator.mediaDevices?.addEventListener("devicechange", () => { if (dialog.open) void list(); });

  async function open() {
    problem.textContent = "";
    dialog.showModal();
    const troubles = await devices.open({ camera: !devices.cameraOff, microphone: true });
    const worst = troubles.microphone ?? troubles.camera;
    if (worst) problem.textContent = mend(worst, say);
    await list();
  }

  async function list() {
    const { cameras, microphones, speakers } = await devices.list();
    fill(camera, cameras, devices.camera, say("camera"), say("choose"));
    fill(microphone, microphones, devices.stream.getAudioTracks()[0]?.getSettings().deviceId, say("microphone"), say("choose"));
    fill(speaker, speakers, remote.sinkId || "default", say("speaker"), say("choose"));
    find("#speaker-part", HTMLElement).hidden = speakers.length === 0 || !("setSinkId" in remote);
  }

  /** @param {import("./devices.js").Choice} choice */
  async function choose(choice) {
    const trouble = await devices.change(choice);
    problem.textContent = trouble ? mend(trouble, say) : "";
    await list();
  }

  return {
    /** Shows the picture and level of what is open now. */
    show() {
      for (const preview of previews) {
        preview.srcObject = devices.hasCamera ? devices.stream : null;
        if (devices.hasCamera) void preview.play().catch(() => {});
      }
      stopListening();
      stopListening = listen(devices.stream, (level) => { for (const meter of meters) meter.value = level; });
      if (!devices.hasMicrophone) for (const meter of meters) meter.value = 0;
    },
    close() {
      stopListening();
      dialog.close();
    },
  };
}

/**
 * What to do about it, for this browser.
 * @param {import("./devices.js").Trouble} trouble
 * @param {import("../lib/texts.js").Say} say
 */
export function mend(trouble, say) {
  return steps(trouble, navigator.userAgent).map((step) => say(step)).join(" ");
}

/**
 * Where none of them is in use, none stands there as if it were: it could not be chosen.
 * @param {HTMLSelectElement} select
 * @param {MediaDeviceInfo[]} devices
 * @param {string|undefined} current
 * @param {string} kind
 * @param {string} none
 */
export function fill(select, devices, current, kind, none) {
  const choices = devices.map(({ deviceId, label }, i) => ({ deviceId, label: label || `${kind} ${i + 1}` }));
  if (!choices.some(({ deviceId }) => deviceId === current)) choices.unshift({ deviceId: "", label: none });
  select.replaceChildren(...choices.map(({ deviceId, label }) => {
    const option = make("option", "", label);
    option.value = deviceId;
    option.selected = deviceId === current;
    return option;
  }));
  select.disabled = devices.length === 0;
}
