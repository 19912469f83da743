// The least that a page needs for the echo of Janus. Devices, session and handle are there before the press, as ours are.

const KINDS = { audio: true, video: { width: { ideal: 1280 }, height: { ideal: 720 } } };
const measured = (window.measuredForTheTest = { pressed: null, picture: null, frames: 0 });
const now = () => performance.timeOrigin + performance.now();
const server = `${location.origin.replace(/:\d+$/, "")}:${new URLSearchParams(location.search).get("janus")}/janus`;
const transaction = () => Math.random().toString(36).slice(2);
const post = async (path, message) =>
  (await fetch(`${server}${path}`, { method: "POST", body: JSON.stringify({ ...message, transaction: transaction() }) })).json();

const stream = await navigator.mediaDevices.getUserMedia(KINDS);
const session = `/${(await post("", { janus: "create" })).data.id}`;
const handle = `${session}/${(await post(session, { janus: "attach", plugin: "janus.plugin.echotest" })).data.id}`;
const video = document.querySelector("#remote");
const button = document.querySelector("#call");
button.hidden = false;
button.addEventListener("click", call);

async function call() {
  measured.pressed = now();
  const connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  connection.addEventListener("icecandidate", ({ candidate }) => post(handle, { janus: "trickle", candidate: candidate ?? { completed: true } }));
  connection.addEventListener("track", ({ track, streams }) => { if (track.kind === "video") video.srcObject = streams[0]; });
  const frame = () => {
    measured.frames += 1;
    if (measured.frames === 2) measured.picture = now();
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
  await connection.setLocalDescription();
  void post(handle, { janus: "message", body: { audio: true, video: true }, jsep: connection.localDescription });
  for (;;) {
    const event = await (await fetch(`${server}${session}?maxev=1`)).json();
    const told = Array.isArray(event) ? event[0] : event;
    if (told?.jsep) return connection.setRemoteDescription(told.jsep);
  }
}
