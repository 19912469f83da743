// What a page owes to people who see little, use no mouse, or set colours and sizes of their own (WCAG 2.2 AA). Each function tells what is wrong.

const FOCUSABLE = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";

/** Everything that the Tab key comes to: inside of the open dialog, if there is one. */
function stops() {
  const place = document.querySelector("dialog:modal") ?? document;
  return [...place.querySelectorAll(FOCUSABLE)].filter((element) => element.tabIndex >= 0 && !element.disabled && isVisible(element));
}

const tagOf = (element) => `${element.localName}${element.id && `#${element.id}`} "${nameOf(element).slice(0, 40)}"`;

/** 2.4.7, 2.4.11, 1.4.11: where the keyboard is can be seen, and nothing lies over it. A key must have been pressed before. */
function hardToFollow() {
  const before = document.activeElement;
  before?.blur();
  const wrong = stops().flatMap((element) => {
    element.focus();
    if (document.activeElement !== element) return [`the keyboard does not come to ${tagOf(element)}`];
    return [ringProblem(element), coverProblem(element)].filter(Boolean).map((problem) => `${tagOf(element)} ${problem}`);
  });
  document.activeElement?.blur();
  before?.focus({ preventScroll: true });
  scrollTo(0, 0);
  return wrong;
}

const RING_PX_MIN = 2;
const RING_CONTRAST_MIN = 3;

function ringProblem(element) {
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element);
  if (!element.matches(":focus-visible") || outlineStyle === "none" || parseFloat(outlineWidth) < RING_PX_MIN) return "has no ring when the keyboard is there";
  const seen = contrast(colourOf(outlineColor), groundBehind(element.parentElement));
  return seen < RING_CONTRAST_MIN ? `has a ring of contrast ${seen.toFixed(1)}` : "";
}

/** Some part of it is in the window and on top. */
function coverProblem(element) {
  const box = element.getBoundingClientRect();
  // Of something larger than the window, what is in it.
  const [left, top, right, bottom] = [Math.max(box.left, 0), Math.max(box.top, 0), Math.min(box.right, innerWidth), Math.min(box.bottom, innerHeight)];
  const parts = [0.1, 0.3, 0.5, 0.7, 0.9];
  const inSight = right > left && bottom > top && parts.some((x) => parts.some((y) => {
    const hit = document.elementFromPoint(left + (right - left) * x, top + (bottom - top) * y);
    return hit !== null && (element.contains(hit) || [...(element.labels ?? [])].some((label) => label.contains(hit)));
  }));
  return inSight ? "" : "is covered when the keyboard is there";
}

/** Any colour that CSS can say, as red, green, blue and how much of it there is. */
function colourOf(css) {
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  pen.fillStyle = css;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data];
}

function groundBehind(element) {
  for (let box = element; box; box = box.parentElement) {
    const colour = colourOf(getComputedStyle(box).backgroundColor);
    if (colour[3] > 250) return colour;
  }
  return colourOf("Canvas");
}

function contrast(one, other) {
  const light = ([red, green, blue]) => [red, green, blue].map((byte) => byte / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, i) => sum + part * [0.2126, 0.7152, 0.0722][i], 0);
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

// As long as a blink.
const MOTION_MS_MAX = 100;

/** 2.3.3, and what reduced motion asks for: nothing runs on, fades or slides. */
function moving() {
  const ms = (times) => Math.max(...times.split(",").map((time) => parseFloat(time) * (time.trim().endsWith("ms") ? 1 : 1000)));
  const wrong = document.getAnimations().filter((one) => one.effect.getComputedTiming().activeDuration > MOTION_MS_MAX).map((one) => `${tagOf(one.effect.target)} moves`);
  for (const element of document.querySelectorAll("*")) {
    const { transitionDuration, animationName, animationDuration, scrollBehavior } = getComputedStyle(element);
    if (ms(transitionDuration) > MOTION_MS_MAX) wrong.push(`${tagOf(element)} would take ${transitionDuration} to change`);
    if (animationName !== "none" && ms(animationDuration) > MOTION_MS_MAX) wrong.push(`${tagOf(element)} would move for ${animationDuration}`);
    if (scrollBehavior === "smooth") wrong.push(`${tagOf(element)} scrolls slowly`);
  }
  return wrong;
}

/** 1.4.1, 1.4.11 with colours of the person's own: a control has an edge, and what is pressed or current looks otherwise than what is not. */
function lostInForcedColours() {
  const controls = [...document.querySelectorAll("button, .button, input:not([type=hidden], [type=checkbox], [type=radio]), select, textarea")].filter(isVisible);
  const edgeless = controls.filter((element) => parseFloat(getComputedStyle(element).borderTopWidth) === 0).map((element) => `${tagOf(element)} has no edge`);
  // What opens and closes shows it by what it opens.
  const states = [["aria-pressed", "true", "false"], ["aria-current", "page", null]].flatMap(([name, on, off]) => [...document.querySelectorAll(`[${name}]`)]
    .filter((element) => isVisible(element) && looks(element, name, on) === looks(element, name, off))
    .map((element) => `${tagOf(element)} looks the same whatever ${name} says`));
  return [...edgeless, ...states];
}

function looks(element, name, value) {
  const before = element.getAttribute(name);
  element.toggleAttribute(name, value !== null);
  if (value !== null) element.setAttribute(name, value);
  const seen = [element, ...element.querySelectorAll("*")].map((part) => {
    const { display, backgroundColor, color, borderTopWidth, textDecorationLine, fontWeight } = getComputedStyle(part);
    return [display, backgroundColor, color, borderTopWidth, textDecorationLine, fontWeight].join();
  }).join("|");
  element.setAttribute(name, before);
  return seen;
}

/** 2.4.2, 3.1.1, 2.4.6: what a screen reader says first. */
function badlyNamed(language) {
  const wrong = [];
  const headings = [...document.querySelectorAll("h1")].filter(isVisible);
  if (headings.length !== 1) wrong.push(`the page has ${headings.length} first headings: ${headings.map((heading) => squeeze(heading.textContent)).join(", ")}`);
  if (!document.title.trim()) wrong.push("the page has no title");
  if (document.documentElement.lang !== language) wrong.push(`the page says that its language is ${document.documentElement.lang}`);
  return wrong;
}

/** 1.4.12: the person's own spacing of letters, words and lines loses nothing. */
function cutOffWhenSpaced() {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("* { line-height: 1.5 !important; letter-spacing: .12em !important; word-spacing: .16em !important } p { margin-block-end: 2em !important }");
  document.adoptedStyleSheets = [sheet];
  const cut = cutOff();
  document.adoptedStyleSheets = [];
  return cut.map((line) => `with wide spacing ${line}`);
}

const languageOf = (selector) => document.querySelector(selector)?.lang ?? "";

const keyboardIsIn = () => document.activeElement?.localName ?? "";

const placeOfKeyboard = () => (document.activeElement === document.body ? "nowhere" : nameOf(document.activeElement));

const descriptionOfPlace = () => squeeze(document.getElementById(document.activeElement?.getAttribute("aria-describedby") ?? "")?.textContent);

/** From now on, writes down what a screen reader says by itself: what comes into a part that it listens to. */
function overhear() {
  const heard = (window.heardByTheTest = []);
  const wordsOf = (region) => (isVisible(region) ? squeeze(region.innerText) : "");
  new MutationObserver((changes) => {
    const said = new Map();
    for (const { target, type, addedNodes } of changes) {
      const element = target instanceof Element ? target : target.parentElement;
      const region = element?.closest("[role=status], [role=alert], [role=log]");
      if (!region) continue;
      if (region.getAttribute("role") !== "log") said.set(region, wordsOf(region));
      else if (type === "childList") said.set(region, squeeze([...addedNodes].map((node) => node.textContent).join(" ")));
    }
    for (const [region, words] of said) if (words) heard.push(`${region.getAttribute("role")}: ${words}`);
  }).observe(document.body, { subtree: true, childList: true, characterData: true, attributeFilter: ["hidden"] });
}

const heard = () => window.heardByTheTest;

const pressed = (name) => find("button", name)?.getAttribute("aria-pressed");
