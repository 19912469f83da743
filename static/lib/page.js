// Finding and making elements. Text goes in through textContent only.

/**
 * The one element that a page must have. A missing one is a fault of the page, so it throws.
 * @template {HTMLElement} T
 * @param {string} selector
 * @param {new () => T} kind
 * @param {ParentNode} [root]
 * @returns {T}
 */
export function find(selector, kind, root = document) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`The page has no ${selector}`);
  return found;
}

/**
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement[]}
 */
export function all(root, selector) {
  return [...root.querySelectorAll(selector)].filter((e) => e instanceof HTMLElement);
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} className
 * @param {string} text
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, className, text) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.textContent = text;
  return element;
}

/**
 * Shows a text, or nothing when there is none. A text that is already there is left alone, so that a screen reader does not say it twice.
 * What a screen reader listens to is never hidden, only empty: of a part that comes into being it may say nothing.
 * @param {HTMLElement} element
 * @param {string} text
 */
export function tell(element, text) {
  if (element.textContent !== text) element.textContent = text;
  if (!element.matches("[role=status], [role=alert]")) element.hidden = text === "";
}

/**
 * Says a text to those who do not see the page, also when it is what was said before.
 * @param {string} text
 */
export function announce(text) {
  find("#live", HTMLElement).replaceChildren(make("span", "", text));
}

/** @type {WeakSet<HTMLElement>} */
const atWork = new WeakSet();

/**
 * Does something once at a time, whatever is pressed meanwhile. The buttons only look disabled: one that is would lose the keyboard's place.
 * @template T
 * @param {HTMLElement} root a button, or what holds several
 * @param {() => Promise<T>} work
 * @returns {Promise<T|undefined>} nothing when it was at work already
 */
export async function once(root, work) {
  if (atWork.has(root)) return undefined;
  const buttons = [root, ...all(root, "button")].filter((one) => one instanceof HTMLButtonElement);
  atWork.add(root);
  for (const button of buttons) button.ariaDisabled = "true";
  try {
    return await work();
  } finally {
    atWork.delete(root);
    for (const button of buttons) button.ariaDisabled = null;
  }
}
