// Short sounds, made here. Browsers allow sound after the person touched the page, so `unlock` is called from a tap.

/** @type {AudioContext|null} */
let context = null;

/** What plays on the speaker that was chosen, and the way there: an element can choose one in more browsers than a context. @type {{audio: HTMLAudioElement, way: MediaStreamAudioDestinationNode}|null} */
let speaker = null;

/** Call it from a tap or a key. */
export function unlock() {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
  return context;
}

/** From now on the notes come from there; from the speaker before, where it fails. Call it from a tap or a key. @param {string} id */
export async function choose(id) {
  const { audio, way } = speaker ?? { audio: new Audio(), way: unlock().createMediaStreamDestination() };
  await audio.setSinkId(id);
  audio.srcObject ??= way.stream;
  await audio.play();
  speaker = { audio, way };
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
    tone.connect(volume).connect(speaker?.way ?? context.destination);
    tone.start(from);
    tone.stop(from + 0.55);
  }
}
