// Keeps the screen on while somebody waits or talks: a locked phone hears nothing.
// Seeing the page again asks for the lock again, and lets what stood still on this device go on. It tells nobody.

/** @type {WakeLockSentinel|null} */
let lock = null;
let wanted = false;

export function keepAwake() {
  wanted = true;
  void ask();
}

export function letSleep() {
  wanted = false;
  void lock?.release();
  lock = null;
}

/** @type {(() => void)[]} */
const seenAgain = [];

/** What to do on this device when the page is seen again. @param {() => void} act */
export function whenSeenAgain(act) {
  seenAgain.push(act);
}

async function ask() {
  if (!wanted || lock || !("wakeLock" in navigator) || document.visibilityState !== "visible") return;
  try {
    const got = await navigator.wakeLock.request("screen");
    if (!wanted) return void got.release();
    lock = got;
    got.addEventListener("release", () => { if (lock === got) lock = null; });
  } catch {
    // A phone that saves power refuses. The page also says to keep it open.
  }
}

if (typeof document !== "undefined") {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "visible") return;
    void ask();
    for (const act of seenAgain) act();
  });
}
