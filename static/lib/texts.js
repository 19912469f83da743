// The words a script shows. They come from the Fluent files through `data-text`, so that no script holds a visible word.

/** @typedef {(key: string, values?: Record<string, string|number>) => string} Say */

/**
 * Reads the texts that the server put on an element. `%name%` in a text stands for a value.
 * @param {HTMLElement} element
 * @returns {Say}
 */
export function texts(element) {
  /** @type {Record<string, string>} */
  const all = JSON.parse(element.dataset.text ?? "{}");
  return (key, values = {}) => fill(all[key] ?? key, values);
}

/**
 * @param {string} text
 * @param {Record<string, string|number>} values
 */
export function fill(text, values) {
  return text.replace(/%([a-z]+)%/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
