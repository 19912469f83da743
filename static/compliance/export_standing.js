// What a page shows of an export, out of what the server says of it. Pure.

/**
 * @typedef {{word: "" | "far" | "whole" | "broken", done: number, all: number, over: boolean}} Standing
 *   word: the text to show, nothing to leave what is there; all: 0 as long as it is not known
 */

/**
 * @param {{ok: boolean, data: any}} answer
 * @returns {Standing}
 */
export function standing(answer) {
  // Not reached, or asked before the export began, or of a node that does not make it: the file comes all the same.
  if (!answer.ok || !answer.data.known) return { word: "", done: 0, all: 0, over: false };
  const { done, all, ended } = answer.data;
  if (ended) return { word: ended, done: all, all, over: true };
  return { word: all > 0 ? "far" : "", done: Math.min(done, all), all, over: false };
}
