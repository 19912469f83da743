// The network check: a drawn card, a made tone and numbers go to the clinic's echo and come back, and are counted. Never a camera or a
// microphone: this file does not know them (RTC-02). It takes some seconds, in which nobody waits for it.

import { judge, sum, withoutCandidates } from "./verdict.js";

/** @typedef {import("./verdict.js").Found} Found */
/** @typedef {import("./verdict.js").Transport} Transport */
/** @typedef {{transport: Transport, urls: string[], username: string, credential: string}} Relay */
/** @typedef {{answer: string|null, relays: Relay[]}} Answered  no answer: the clinic offers no check */

// Lower: sooner over. Higher: a slow network is measured and not given up.
const CONNECT_MS = 8000;
const MEASURE_MS = 6000;
/** The first packets say more of the start than of the network. */
const SETTLE_MS = 1000;
const PING_EVERY_MS = 200;
const RELAY_MS = 6000;
/** As much as a visit sends. More would be a load on whoever pays for data. */
const PICTURE_BITS = 1_000_000;

/**
 * @param {(offer: string) => Promise<Answered|null>} ask  what the server says to our offer; null when it says nothing
 * @param {{signal: AbortSignal, progress: (part: number) => void}} options  `part`: from 0 to 1
 * @returns {Promise<Found|null>}  null when it was not begun or was broken off
 */
export async function checkNetwork(ask, { signal, progress }) {
  const card = testCard();
  const tone = testTone();
  const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  try {
    send(connection, "audio", tone.track);
    send(connection, "video", card.track);
    const channel = connection.createDataChannel("check", { ordered: false, maxRetransmits: 0 });
    await connection.setLocalDescription(await connection.createOffer());
    // Broken off in the meantime: the visit may be over, and its server says so to whoever asks.
    if (signal.aborted) return null;
    const answered = await ask(withoutCandidates(connection.localDescription?.sdp ?? ""));
    if (!answered?.answer || signal.aborted) return null;
    await connection.setRemoteDescription({ type: "answer", sdp: answered.answer });
    progress(0.1);
    const relays = reachable(answered.relays);
    const measured = (await opened(channel, signal)) ? await measure(connection, channel, { signal, progress }) : null;
    return signal.aborted ? null : judge(measured, await relays);
  } finally {
    connection.close();
    card.stop();
    tone.stop();
  }
}

/** @param {RTCPeerConnection} connection @param {"audio"|"video"} kind @param {MediaStreamTrack} track */
function send(connection, kind, track) {
  const transceiver = connection.addTransceiver(track, { direction: "sendrecv", ...(kind === "video" ? { sendEncodings: [{ maxBitrate: PICTURE_BITS }] } : {}) });
  // What the echo speaks. A browser without this sends more, and the echo picks.
  const wanted = kind === "audio" ? "audio/opus" : "video/VP8";
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs.filter((codec) => codec.mimeType === wanted) ?? [];
  if (codecs.length > 0 && "setCodecPreferences" in transceiver) transceiver.setCodecPreferences(codecs);
}

/** @param {RTCPeerConnection} connection @param {RTCDataChannel} channel @param {{signal: AbortSignal, progress: (part: number) => void}} options */
async function measure(connection, channel, { signal, progress }) {
  /** @type {number[]} */
  const roundTripsMs = [];
  channel.binaryType = "arraybuffer";
  channel.addEventListener("message", ({ data }) => {
    // Ours, as it was: when it was sent.
    if (data instanceof ArrayBuffer && data.byteLength === 8) roundTripsMs.push(performance.now() - new Float64Array(data)[0]);
  });
  const began = performance.now();
  const ping = setInterval(() => {
    if (channel.readyState === "open") channel.send(new Float64Array([performance.now()]));
    progress(0.1 + 0.9 * Math.min(1, (performance.now() - began) / (SETTLE_MS + MEASURE_MS)));
  }, PING_EVERY_MS);
  try {
    await pause(SETTLE_MS, signal);
    const from = sum((await connection.getStats()).values(), performance.now());
    await pause(MEASURE_MS, signal);
    const to = sum((await connection.getStats()).values(), performance.now());
    return { from, to, roundTripsMs };
  } finally {
    clearInterval(ping);
  }
}

/**
 * Which relays give an address: each is asked with a credential that is good for that and nothing else.
 * @param {Relay[]} relays
 * @returns {Promise<Partial<Record<Transport, boolean>>>}
 */
async function reachable(relays) {
  const found = await Promise.all(relays.map(async (relay) => /** @type {const} */ ([relay.transport, await gives(relay)])));
  return Object.fromEntries(found);
}

/** @param {Relay} relay */
async function gives({ urls, username, credential }) {
  const connection = new RTCPeerConnection({ iceServers: [{ urls, username, credential }], iceTransportPolicy: "relay" });
  try {
    connection.createDataChannel("check");
    const came = new Promise((resolve) => {
      connection.addEventListener("icecandidate", ({ candidate }) => { if (candidate?.type === "relay") resolve(true); });
      setTimeout(resolve, RELAY_MS, false);
    });
    await connection.setLocalDescription();
    return (await came) === true;
  } catch {
    return false;
  } finally {
    connection.close();
  }
}

/** @param {RTCDataChannel} channel @param {AbortSignal} signal @returns {Promise<boolean>} */
function opened(channel, signal) {
  return new Promise((resolve) => {
    channel.addEventListener("open", () => resolve(true), { once: true });
    signal.addEventListener("abort", () => resolve(false), { once: true });
    setTimeout(resolve, CONNECT_MS, false);
  });
}

/** @param {number} ms @param {AbortSignal} signal @returns {Promise<void>} */
function pause(ms, signal) {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    setTimeout(resolve, ms);
  });
}

/** A picture that moves, so that there is something to send. It is drawn beside the page. */
function testCard() {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [480, 270];
  const pen = canvas.getContext("2d");
  let turn = 0;
  const draw = () => {
    turn += 1;
    for (let x = 0; x < 16; x += 1) {
      for (let y = 0; y < 9; y += 1) {
        if (!pen) continue;
        pen.fillStyle = `hsl(${(x * 37 + y * 61 + turn * 11) % 360} 70% ${30 + ((x * 7 + y * 13 + turn * 5) % 40)}%)`;
        pen.fillRect(x * 30, y * 30, 30, 30);
      }
    }
  };
  draw();
  const timer = setInterval(draw, 40);
  const [track] = canvas.captureStream(25).getVideoTracks();
  if (!track) throw new Error("A canvas gives a picture");
  return { track, stop() { clearInterval(timer); track.stop(); } };
}

/** A tone that nobody hears: it goes into the connection and not to the speaker. */
function testTone() {
  const context = new AudioContext();
  const [tone, out] = [context.createOscillator(), context.createMediaStreamDestination()];
  tone.connect(out);
  tone.start();
  const [track] = out.stream.getAudioTracks();
  if (!track) throw new Error("A destination gives a sound");
  return { track, stop() { track.stop(); void context.close(); } };
}
