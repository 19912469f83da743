// What to do when a camera or microphone does not open, for this browser on this system. Pure.

/** @typedef {import("./devices.js").Trouble} Trouble */
/** @typedef {"ios"|"ios_app"|"android"|"android_firefox"|"samsung"|"edge"|"firefox"|"chrome"|"safari"|"other"} Browser */
/** @typedef {"phone"|"mac"|"pc"|"other"} System */

/**
 * The texts that fit, in order, as ends of their keys.
 * @param {Trouble} trouble
 * @param {string} agent  what the browser says that it is
 * @returns {string[]}
 */
export function steps(trouble, agent) {
  const system = systemOf(agent);
  if (trouble === "blocked") return ["blocked", `mend-${browserOf(agent)}`, ...(system === "mac" || system === "pc" ? [`mend-system-${system}`] : [])];
  // A phone has its devices built in, and what takes them there is a call or another app.
  return [`device-${trouble}${system === "phone" && (trouble === "missing" || trouble === "busy") ? "-phone" : ""}`];
}

/** @param {string} agent @returns {Browser} */
export function browserOf(agent) {
  // On these every browser is Safari underneath, and one that is not Safari is allowed in the settings of the system.
  if (/iPhone|iPad/.test(agent)) return /CriOS|FxiOS|EdgiOS/.test(agent) ? "ios_app" : "ios";
  if (/Android/.test(agent)) return /SamsungBrowser/.test(agent) ? "samsung" : /Firefox\//.test(agent) ? "android_firefox" : "android";
  if (/Firefox\//.test(agent)) return "firefox";
  if (/Edg\//.test(agent)) return "edge";
  if (/Chrome\//.test(agent)) return "chrome";
  return /Safari\//.test(agent) ? "safari" : "other";
}

/** @param {string} agent @returns {System} */
export function systemOf(agent) {
  if (/iPhone|iPad|Android/.test(agent)) return "phone";
  if (/Macintosh/.test(agent)) return "mac";
  return /Windows/.test(agent) ? "pc" : "other";
}
