// What a test asks of a page, in words that do not depend on how the page is built: visible, named as a screen reader would name it.

const squeeze = (text) => (text ?? "").replace(/\s+/g, " ").trim();

const isVisible = (element) => element.checkVisibility({ checkVisibilityCSS: true, visibilityProperty: true }) && !element.closest("[inert]");

const KINDS = {
  button: "button, [role=button], input[type=submit], summary",
  field: "input:not([type=hidden]), textarea, select",
  link: "a[href]",
};

function nameOf(element) {
  const ids = element.getAttribute("aria-labelledby");
  if (ids) return squeeze(ids.split(/\s+/).map((id) => document.getElementById(id)?.textContent).join(" "));
  if (element.ariaLabel) return squeeze(element.ariaLabel);
  if (element.labels?.length) return squeeze([...element.labels].map((label) => label.textContent).join(" "));
  return squeeze(element.textContent || element.value || element.title);
}

/** The first visible button, field or link with that name, inside of whatever matches `within`. */
function find(kind, name, within) {
  const places = within ? [...document.querySelectorAll(within)] : [document];
  for (const place of places) {
    for (const element of place.querySelectorAll(KINDS[kind])) {
      if (nameOf(element) === name && isVisible(element) && !element.disabled) return element;
    }
  }
  return null;
}

function pressTwice(name) {
  const button = find("button", name);
  for (let times = 0; button && times < 2; times += 1) button.click();
  return button !== null;
}

function namesOf(kind) {
  return [...document.querySelectorAll(KINDS[kind])].filter(isVisible).map(nameOf);
}

/** Everything that can be pressed, and then whatever came of that, beginning with another one each time. Of those that lead away,
 *  the last one pressed does. */
function pressEverything(round) {
  const there = () => [...document.querySelectorAll(`${KINDS.button}, ${KINDS.link}, label`)].filter((element) => isVisible(element) && !element.matches("a[href^='tel:']"));
  const first = there();
  const turned = [...first.slice(round % first.length), ...first.slice(0, round % first.length)];
  for (const element of turned) element.click();
  const more = there().filter((element) => !first.includes(element));
  for (const element of more) element.click();
  return first.length + more.length;
}

/** Sets a field as its picker would. */
function put(name, value) {
  const field = find("field", name);
  if (!field) return false;
  field.value = value;
  for (const kind of ["input", "change"]) field.dispatchEvent(new Event(kind, { bubbles: true }));
  return field.value === value;
}

/** As the button does, but the page stays. It may be led to the sign-in before the answer comes, and is then asked again there. */
async function signOut() {
  const form = document.querySelector("form[action='/sign-out']");
  if (!form) return location.pathname === "/sign-in";
  return (await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) })).ok;
}

/** How often a script ran that somebody had typed, and how many things stand on the page that only such a text would make. */
const ranOrStands = () => [window.ran ?? 0, document.querySelectorAll("[onerror], [src='x'], script:not([src])").length];

const valueOf = (name) => find("field", name)?.value ?? "";

/** Everything in the tab's own storage, but that the place is private: that is meant to last as long as the sign-in. */
const keptByThisTab = () => Object.entries(sessionStorage).filter(([key]) => key !== "private place" && !key.startsWith("connected ")).map(([, value]) => value);

/** What the page says of itself, word for word. */
const statuses = () => [...document.querySelectorAll("[role=status]")].filter(isVisible).map((element) => squeeze(element.textContent));

const text = () => squeeze(document.body?.innerText);

const tall = () => Math.ceil(document.documentElement.getBoundingClientRect().height);

const sidewaysBy = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;

/** Where the links of this page lead, on this server. */
const paths = () => [...document.querySelectorAll("a[href]")].map((link) => new URL(link.href)).filter((url) => url.origin === location.origin)
  .map((url) => url.pathname + url.search);

/** What the server answers to a plain GET by this browser. */
async function get(path) {
  const answer = await fetch(path);
  return { body: await answer.text() };
}

/** The address of this page, asked for again, as the server sends it. */
const sourceOfPage = () => get(location.pathname + location.search);

const pictureOf = (label) => [...document.querySelectorAll("video")].find((video) => video.ariaLabel === label && isVisible(video));

/** One look at the picture with that label: null where there is none. `pixels` changes with what is seen, `light` is 0 where all is black. */
function look(label) {
  const video = pictureOf(label);
  if (!video) return null;
  const seen = { paused: video.paused, seconds: video.currentTime, width: video.videoWidth, height: video.videoHeight, pixels: 0, light: 0 };
  if (!seen.width) return seen;
  const canvas = new OffscreenCanvas(64, 48);
  const pen = canvas.getContext("2d");
  pen.drawImage(video, 0, 0, 64, 48);
  for (const byte of pen.getImageData(0, 0, 64, 48).data) seen.pixels = (Math.imul(seen.pixels, 31) + byte) | 0;
  for (const byte of pen.getImageData(0, 0, 64, 48).data.filter((_, at) => at % 4 < 3)) seen.light = Math.max(seen.light, byte);
  return seen;
}

/** Whether that button can be pressed as the page stands, without scrolling: all of it is in the window, and nothing lies over it. */
function inSight(name) {
  const { left, top, right, bottom } = find("button", name).getBoundingClientRect();
  const [x, y, wide] = [(left + right) / 2, (top + bottom) / 2, (right - left) / 3];
  const places = [[x - wide, y], [x + wide, y], [x, top + 4], [x, bottom - 4]];
  return left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight
    && places.every((place) => nameOf(document.elementFromPoint(...place)?.closest("button") ?? document.body) === name);
}

/** What a script that ran before the page's own has measured. */
const measured = () => window.measuredForTheTest ?? null;

/** From now on looks at each frame of the picture of the drawn person (`portrait.rs`): how sharp the room is that stands in the corners, and how sharp the face. */
function watchRoom(label) {
  const video = pictureOf(label);
  const pen = new OffscreenCanvas(320, 180).getContext("2d", { willReadFrequently: true });
  const sharpness = (...place) => {
    const { data, width } = pen.getImageData(...place);
    const light = (at) => 0.3 * data[4 * at] + 0.6 * data[4 * at + 1] + 0.1 * data[4 * at + 2];
    let sum = 0;
    for (let at = 0; at < data.length / 4; at += 1) if ((at + 1) % width) sum += Math.abs(light(at + 1) - light(at));
    return sum / (data.length / 4);
  };
  const seen = (window.roomForTheTest = { frames: 0, room: 0, face: 0, most: 0 });
  const frame = () => {
    pen.drawImage(video, 0, 0, 320, 180);
    seen.frames += 1;
    seen.room = Math.max(sharpness(4, 4, 70, 90), sharpness(246, 4, 70, 90));
    seen.face = sharpness(140, 50, 40, 45);
    seen.most = Math.max(seen.most, seen.room);
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
}

const room = () => window.roomForTheTest;

/** What was the sharpest counts from here on anew. */
const forgetRoom = () => { window.roomForTheTest.most = 0; };

/** Remembers which stream a picture shows, and the longest time that it stood still from now on. */
function watch(label) {
  const video = pictureOf(label);
  const watched = { stream: video.srcObject, last: performance.now(), longest: 0 };
  const frame = () => {
    const now = performance.now();
    watched.longest = Math.max(watched.longest, now - watched.last);
    watched.last = now;
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
  window.watchedByTheTest = watched;
}

/** Notes from now on when the page first says these words. */
function notice(words) {
  window.noticedByTheTest = null;
  const look = () => {
    if (!text().includes(words)) return;
    window.noticedByTheTest ??= Date.now();
    observer.disconnect();
  };
  const observer = new MutationObserver(look);
  observer.observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
}

const noticed = () => window.noticedByTheTest;

const now = () => Date.now();

/** What has left this page, and by which way. */
const left = () => window.leftForTheTest;

/** The names of the newest connection's tries, this side's and the other's. */
function tries() {
  const connection = window.keptForTheTest.at(-1);
  return [connection.localDescription, connection.remoteDescription].map((description) => description.sdp.match(/a=ice-ufrag:(\S+)/)[1]);
}

function watched(label) {
  const { stream, last, longest } = window.watchedByTheTest;
  return { same_stream: pictureOf(label)?.srcObject === stream, still_ms: Math.max(longest, performance.now() - last) };
}

/** Notes from now on for how long no sound comes in. */
function watchSound() {
  const heard = (window.soundOfTheTest = { packets: 0, last: performance.now(), longest: 0 });
  const look = async () => {
    if (window.soundOfTheTest !== heard) return;
    let packets = 0;
    (await window.keptForTheTest.at(-1).getStats()).forEach((report) => { if (report.type === "inbound-rtp" && report.kind === "audio") packets = report.packetsReceived; });
    const now = performance.now();
    if (packets !== heard.packets) Object.assign(heard, { packets, last: now, longest: Math.max(heard.longest, now - heard.last) });
    setTimeout(look, 20);
  };
  void look();
}

/** The longest that no sound came in since. */
const soundlessMs = () => Math.max(window.soundOfTheTest.longest, performance.now() - window.soundOfTheTest.last);

/** What `elsewhere.js` counted: how often a path was measured, how many tracks were given to connections, how many bytes of them went out. */
const given = () => [window.givenForTheTest.looks, window.givenForTheTest.tracks, window.givenForTheTest.bytes];

/** Listens to everything that this page would play aloud, for at most `ms`, until something is heard. The loudest moment, from 0 to 1. */
async function listen(ms) {
  const aloud = [...document.querySelectorAll("audio, video")]
    .filter((element) => !element.muted && !element.paused && element.volume > 0 && element.srcObject?.getAudioTracks().some((track) => track.readyState === "live"));
  if (!aloud.length) return { why: "no element on this page plays sound aloud", loudest: 0 };
  const room = new AudioContext();
  const ears = aloud.map((element) => {
    const ear = room.createAnalyser();
    room.createMediaStreamSource(new MediaStream(element.srcObject.getAudioTracks())).connect(ear);
    return ear;
  });
  const samples = new Float32Array(ears[0].fftSize);
  let loudest = 0;
  for (const end = performance.now() + ms; performance.now() < end && loudest < 0.01;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    for (const ear of ears) {
      ear.getFloatTimeDomainData(samples);
      for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
    }
  }
  const why = `the sound is ${room.state}`;
  await room.close();
  return { why, loudest };
}

/** What axe has against this page: rule, what it asks, and where. Of WCAG 2.2 it leaves out what is new, unless it is told. */
async function complaints(rulesOff) {
  const off = Object.fromEntries(rulesOff.map((rule) => [rule, { enabled: false }]));
  const { violations } = await window.axe.run(document, { resultTypes: ["violations"], rules: { "target-size": { enabled: true }, ...off } });
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((node) => `${node.target.join(" ")} (${squeeze(node.failureSummary)})`).join("; ")}`);
}

/** The places of words that one can see, with their words. */
function wordsInSight() {
  const places = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    const words = squeeze(walker.currentNode.data);
    if (words && !element.closest("script, style, noscript, option") && isVisible(element)) places.push({ node: walker.currentNode, element, words });
  }
  return places;
}

/** Names, numbers, what people wrote, and what another language says of itself. */
const isNobodysToTranslate = (element) => element.closest("[translate=no], a[href^='tel:'], .lines, #waiting-message-text, select")
  || element.closest("[lang]") !== document.documentElement;

const isPretended = (words) => /^\u27e6[^]*\u27e7$/u.test(words.replace(/[\u202a-\u202e]/gu, "").trim());

function untranslated() {
  const named = [...document.querySelectorAll("[aria-label], [placeholder], [title], [alt]")].filter((element) => isVisible(element) && !isNobodysToTranslate(element))
    .flatMap((element) => ["aria-label", "placeholder", "title", "alt"].map((name) => squeeze(element.getAttribute(name))));
  const seen = wordsInSight().filter(({ element }) => !isNobodysToTranslate(element)).map(({ words }) => words);
  const turned = [...document.querySelectorAll("a[href^='tel:']")].filter((number) => isVisible(number) && getComputedStyle(number).direction !== "ltr").length;
  const title = document.title.replace(/ – [^–]*$/u, "");
  return [title, ...named, ...seen].filter((words) => /\p{L}/u.test(words) && !isPretended(words)).map((words) => `not translated: ${words}`)
    .concat(turned ? [`${turned} numbers to call are written backwards`] : []);
}

/** Whatever is cut off on the way from a line of text to the window. What one can scroll to is not. */
function cutOff() {
  const said = new Set();
  for (const { node, element, words } of wordsInSight()) {
    if (element.closest(".unseen, .skip")) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const line of range.getClientRects()) {
      const box = line.width > 0 ? boxThatCuts(line, element) : null;
      if (box) said.add(`cut off by ${box}: ${words}`);
    }
  }
  return [...said];
}

function boxThatCuts(line, element) {
  const SLACK = 1.5;
  for (let box = element; box && box !== document.documentElement; box = box.parentElement) {
    const { overflowX, overflowY } = getComputedStyle(box);
    if (/auto|scroll/.test(overflowX + overflowY)) return null;
    const holds = box.matches("button, .button, .card, .notice, dialog, th, td, p, li") || /hidden|clip/.test(overflowX + overflowY);
    if (!holds || getComputedStyle(box).display === "inline") continue;
    const edge = box.getBoundingClientRect();
    const sideways = line.left < edge.left - SLACK || line.right > edge.right + SLACK;
    const upright = line.top < edge.top - SLACK * 4 || line.bottom > edge.bottom + SLACK * 4;
    if (sideways || upright) return `${box.localName}${box.id && `#${box.id}`}${box.className && `.${box.className}`}`;
  }
  return line.left < -SLACK || line.right > innerWidth + SLACK ? "the window" : null;
}

/** Where the keyboard is, if that can be seen. */
const focused = () => (document.activeElement?.matches(":focus-visible") && isVisible(document.activeElement) ? nameOf(document.activeElement) : "");

/** The visits that can be admitted, in the order in which they stand on the page. */
const canAdmit = () => [...document.querySelectorAll(KINDS.button)].filter((button) => nameOf(button) === "Admit" && isVisible(button) && !button.disabled)
  .map((button) => (button.formAction || button.form?.action || "").match(/\/visits\/([0-9a-f-]{36})\//)?.[1] ?? button.closest("[data-visit]")?.dataset.visit);

/** Tells from now on whether the browser has stopped this page's clock. */
const noticeSleep = () => document.addEventListener("freeze", () => { window.sleeps = true; }, { once: true });

const sleeps = () => window.sleeps === true;

const keepInSession = (key) => sessionStorage.setItem(key, "1");

/** What a script finds on this device: cookies, keys in the tab's own storage, databases. */
const kept = async () => [document.cookie ? document.cookie.split(";").length : 0, sessionStorage.length, (await indexedDB.databases()).length];

const textOf = (selector) => squeeze(document.querySelector(selector)?.textContent);

/** The words to compare as one reads them: number and word. */
function proofWords() {
  return [...document.querySelectorAll("#proof [data-words] li")].filter(isVisible).map((row) => [...row.querySelectorAll("[data-number], [data-word]")].map((part) => squeeze(part.textContent)))
    .filter(([, word]) => word !== "");
}

/** What the signalling server of `hostile.js` does from now on. */
function attackBy(kind) {
  window.attack.kind = kind;
}

/** How long after another certificate was named the page had closed its connection. Negative if it did not. */
function attackTook() {
  return window.attack.closedAt - window.attack.swappedAt;
}

/** In which role of the handshake the server between the two was, towards the clinician and towards the patient. */
function attackRoles() {
  return window.attack.roles();
}

/** As a phone does that comes from one network to another. */
function changeNetwork() {
  dispatchEvent(new Event("online"));
}

/** From now on, keeps every connection that the page opens. */
function keepConnections() {
  const connections = [];
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...given) {
      super(...given);
      connections.push(this);
    }
  };
  window.keptConnections = connections;
}

/** What those connections send: `[id, label]` of each track. */
function sentTracks() {
  return window.keptConnections.flatMap((connection) => connection.getSenders()).filter((sender) => sender.track).map(({ track }) => [track.id, track.label]);
}

/** What the page has of camera and microphone. */
function ownTracks() {
  return document.querySelector("video[data-self]").srcObject?.getTracks().map((track) => [track.id, track.label]) ?? [];
}

/** What came of the network check, or nothing yet. */
function networkVerdict() {
  return document.querySelector("[data-line]").dataset.verdict ?? "";
}

/** How many relays the newest connection would look for ways through. */
function relaysOffered() {
  return window.keptForTheTest.at(-1).getConfiguration().iceServers.length;
}

/** From now on this page's calls reach their relay in that way alone: udp, tcp or tls. */
function reachRelayOver(way) {
  const Real = (window.realConnection ??= RTCPeerConnection);
  const fits = (url) => (way === "tls" ? url.startsWith("turns:") : url.startsWith("turn:") && url.endsWith(`transport=${way}`));
  const only = (configuration) => ({
    ...configuration,
    iceServers: configuration.iceServers.map((server) => ({ ...server, urls: server.urls.filter(fits) })),
  });
  window.RTCPeerConnection = class extends Real {
    constructor(configuration) {
      super(only(configuration));
      window.connectionOfCall = this;
    }

    setConfiguration(configuration) {
      super.setConfiguration(only(configuration));
    }
  };
}

/** What the browser says of the way that the call takes: its own kind, how it reaches its relay, the other side's kind. */
async function wayOfCall() {
  const stats = await window.connectionOfCall.getStats();
  const transport = [...stats.values()].find((report) => report.type === "transport");
  const pair = stats.get(transport.selectedCandidatePairId);
  const own = stats.get(pair.localCandidateId);
  return [own.candidateType, own.relayProtocol, stats.get(pair.remoteCandidateId).candidateType].join(" ");
}
