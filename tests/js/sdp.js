// Small session descriptions for the tests.

export const ONE = "AA".repeat(32).match(/../g)?.join(":") ?? "";
export const OTHER = "BB".repeat(32).match(/../g)?.join(":") ?? "";

/** @param {{print?: string, version?: number, kinds?: string[], extra?: string[]}} [with_] */
export function sdp({ print = ONE, version = 1, kinds = ["audio", "video", "application"], extra = [] } = {}) {
  return [
    "v=0", `o=- 1 ${version} IN IP4 127.0.0.1`, "s=-", "t=0 0", `a=group:BUNDLE ${kinds.map((_, i) => i).join(" ")}`,
    ...kinds.flatMap((kind, i) => [`m=${kind} 9 ${kind === "application" ? "UDP/DTLS/SCTP webrtc-datachannel" : "UDP/TLS/RTP/SAVPF 96"}`, `a=fingerprint:sha-256 ${print}`, `a=mid:${i}`]),
    ...extra, "",
  ].join("\r\n");
}
