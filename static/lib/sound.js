// Short sounds, made here. Browsers allow sound after the person touched the page, so `unlock` is called from a tap.

/** @type {AudioContext|null} */
let context = null;

/** Call it from a tap or a key. */
export function unlock() {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
}

export function isUnlocked() {
  return context?.state === "running";
}

/** Someone has arrived: two soft notes, rising. */
export function arrival() {
  play([[660, 0], [880, 0.18]]);
}

/** You are let in: three soft notes, rising. */
export function admitted() {
  play([[523, 0], [659, 0.16], [784, 0.32]]);
}

/** To hear whether the speaker works. */
export function test() {
  play([[523, 0], [523, 0.4]]);
}

/** @param {[number, number][]} notes frequency in hertz, start in seconds */
function play(notes) {
  if (!context || context.state !== "running") return;
  for (const [frequency, start] of notes) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const from = context.currentTime + start;
    tone.type = "sine";
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, from);
    volume.gain.exponentialRampToValueAtTime(0.25, from + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.0001, from + 0.5);
    tone.connect(volume).connect(context.destination);
    tone.start(from);
    tone.stop(from + 0.55);
  }
}
