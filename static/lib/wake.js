// Keeps the screen on while somebody waits or talks: a locked phone hears nothing.
// Seeing the page again only asks for the lock again. It tells nobody.

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

if (typeof document !== "undefined") document.addEventListener("visibilitychange", () => void ask());
