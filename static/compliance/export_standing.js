// What a page shows of an export, out of what the server says of it. Pure.

/**
 * @typedef {{word: "" | "far" | "whole" | "broken", done: number, all: number, percent: number, places: number, over: boolean}} Standing
 *   word: the text to show, nothing to leave what is there; all: 0 as long as it is not known; places: of the log, each looked at once or more
 */

/**
 * @param {{ok: boolean, data: any}} answer
 * @returns {Standing}
 */
export function standing(answer) {
  // Not reached, or asked before the export began, or of a node that does not make it: the file comes all the same.
  if (!answer.ok || !answer.data.known) return { word: "", done: 0, all: 0, percent: 0, places: 0, over: false };
  const { all, places, ended } = answer.data;
  const done = ended ? all : Math.min(answer.data.done, all);
  const percent = all > 0 ? Math.floor((done * 100) / all) : 0;
  return { word: ended || (all > 0 ? "far" : ""), done, all, percent, places, over: ended !== "" };
}
