// What no script and no template may do, and that every text is there.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
/** @param {string} folder @param {string} ending */
function files(folder, ending) {
  return readdirSync(new URL(folder, ROOT), { recursive: true }).map(String).filter((name) => name.endsWith(ending)).map((name) => ({ name, text: readFileSync(new URL(`${folder}/${name}`, ROOT), "utf8") }));
}
const scripts = files("static", ".js");
const templates = files("templates", ".html").map(({ name, text }) => ({ name, text: text.replace(/\{#[^]*?#\}/g, "") }));
const fluent = files("templates/text/en", ".ftl").map(({ text }) => text).join("\n");
const ids = new Set([...fluent.matchAll(/^([a-z][\w-]*) =/gm)].map((match) => match[1]));

test("two files say RTCPeerConnection, and the one that says getUserMedia is none of what the network check knows", () => {
  const saying = (/** @type {RegExp} */ word) => scripts.filter(({ text }) => word.test(text)).map(({ name }) => name);
  assert.deepEqual(saying(/RTCPeerConnection/), ["calls/check.js", "calls/peer.js"]);
  assert.deepEqual(saying(/getUserMedia|getDisplayMedia/), ["calls/devices.js"]);
  // The check's connection carries what the page drew and made, whatever else the page has open (RTC-02).
  const imported = (/** @type {string} */ name) => [...(scripts.find((script) => script.name === name)?.text ?? assert.fail(name)).matchAll(/(?:from |await import\()"([^"]+)"/g)].map(([, file]) => file);
  assert.deepEqual(imported("calls/check.js"), ["./verdict.js"]);
  assert.deepEqual(imported("calls/verdict.js"), []);
  assert.deepEqual(imported("calls/network_line.js"), ["../lib/page.js", "../lib/send.js", "./check.js"]);
});

test("no script turns text into markup or code", () => {
  for (const { name, text } of scripts) assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|parseFromString|createContextualFragment|\beval\(|new Function/, name);
});

test("no script speaks to another host or reports attention", () => {
  for (const { name, text } of scripts) {
    assert.doesNotMatch(text, /https?:\/\//, name);
    assert.doesNotMatch(text, /sendBeacon|hasFocus|"focus"|"pagehide"/, name);
    // Seeing the page again only renews the wake lock, and lets a picture that stood still go on.
    if (name !== "lib/wake.js") assert.doesNotMatch(text, /visibility/, name);
  }
});

test("the negotiation and everything it stands on are pure", () => {
  for (const name of ["calls/negotiation.js", "calls/link.js", "calls/listed.js", "calls/mend.js", "calls/other.js", "calls/pulse.js", "calls/quality.js", "calls/sdp.js", "calls/taken.js", "calls/truth.js", "calls/verdict.js", "records/autosave.js", "staff/session_end.js", "waiting_room/day.js", "links/in_app.js", "lib/backoff.js"]) {
    const text = scripts.find((script) => script.name === name)?.text ?? assert.fail(name);
    assert.doesNotMatch(text, /Date\.now|Math\.random|crypto\.|setTimeout|setInterval|document|window|performance|navigator|async |await /, name);
  }
});

/** Leaves the program as a whole: a mail, or a file to keep and print. */
const standsAlone = ({ name }) => name.startsWith("mail/") || name.endsWith("_paper.html");

test("nothing is inline", () => {
  for (const { name, text } of templates.filter((template) => !standsAlone(template))) {
    assert.doesNotMatch(text, /\sstyle=|<style|\son[a-z]+=|javascript:|\|\s*safe/, name);
    for (const [script] of text.matchAll(/<script[^>]*>[^]*?<\/script>/g)) assert.match(script, /^<script type="module" (?:async )?src="[^>]*><\/script>$/, name);
  }
});

test("a mail or a paper carries its own style and nothing that loads or runs", () => {
  const mails = templates.filter(standsAlone);
  assert.ok(mails.length > 0);
  for (const { name, text } of mails) assert.doesNotMatch(text, /<(?:script|img|link|iframe|object|form)|\ssrc=|url\(|@import|\son[a-z]+=|javascript:|\|\s*safe/, name);
});

test("every text that a template of ours names is there", () => {
  for (const { name, text } of templates) {
    if (!/^(base\.html|links|calls|waiting_room)/.test(name)) continue;
    for (const [, id] of text.matchAll(/page\.t\.(?:say|with2?)\("([^"]+)"/g)) assert.ok(ids.has(id ?? ""), `${name}: ${id}`);
  }
});

test("every text that a script names is there", () => {
  const prefix = (/** @type {string} */ name) => ({ links: "links-js-", calls: "call-js-", waiting_room: "waiting-js-", records: "note-js-" })[name.split("/")[0] ?? ""];
  for (const { name, text } of scripts) {
    const start = prefix(name);
    if (!start) continue;
    for (const [call] of text.matchAll(/\bsay\((?:[^()]|\([^()]*\))*\)/g)) {
      const key = call.replace(/[=!]== "[^"]*"/g, "");
      for (const [, id] of key.matchAll(/"([a-z][a-z_-]*)"/g)) assert.ok(ids.has(start + id), `${name}: ${start}${id}`);
    }
  }
});

test("every state and every ending has its words", () => {
  for (const state of ["booked", "sent", "redeemed", "waiting", "checking", "in_call", "ended", "cancelled", "no_show"]) assert.ok(ids.has(`waiting-js-${state}`), state);
  for (const why of ["ended", "left", "superseded", "cancelled", "no_show", "removed", "moved", "rescheduled", "differ", "no_relay", "strayed", "unloaded"]) for (const part of ["heading", "words"]) assert.ok(ids.has(`call-js-over-${why}-${part}`), why);
  for (const why of ["ended", "superseded", "cancelled", "no_show", "signed_out", "differ", "no_relay", "strayed", "unloaded"]) for (const part of ["heading", "words"]) assert.ok(ids.has(`call-js-closed-${why}-${part}`), why);
  for (const word of ["connecting", "reconnecting", "no-picture", "sound-only", "sound-first", "quality-good", "quality-weak", "quality-poor", "taken-stopped", "truth-none", "truth-connecting", "truth-reconnecting", "truth-unknown", "truth-clinician", "truth-patient", "rule-sharing-no", "rule-sharing-allowed", "rule-sharing-on"]) assert.ok(ids.has(`call-js-${word}`), word);
  for (const word of ["here", "back", "left", "lost", "camera-off", "muted"]) for (const other of ["clinician", "patient"]) assert.ok(ids.has(`call-js-${other}-${word}`), word);
  for (const what of ["microphone", "camera", "both"]) for (const how of ["held", "gone"]) assert.ok(ids.has(`call-js-taken-${what}-${how}`), what);
  for (const phase of ["closed", "loading", "saved", "signed-out", "conflict"]) assert.ok(ids.has(`note-js-${phase}`), phase);
  for (const kind of ["ios", "ios_app", "android", "android_firefox", "samsung", "edge", "firefox", "chrome", "safari", "other", "system-mac", "system-pc"]) assert.ok(ids.has(`call-js-mend-${kind}`), kind);
  for (const trouble of ["missing", "missing-phone", "busy", "busy-phone", "unsupported", "other"]) assert.ok(ids.has(`call-js-device-${trouble}`), trouble);
  for (const line of ["checking", "good", "poor", "blocked", "busy", "none"]) for (const page of ["call", "waiting"]) assert.ok(ids.has(`${page}-js-line-${line}`), line);
  for (const check of ["good", "poor", "blocked", "numbers", "relay", "relay-none"]) assert.ok(ids.has(`waiting-js-check-${check}`), check);
  for (const clinician of ["here", "busy", "away"]) assert.ok(ids.has(`call-js-waiting-${clinician}`), clinician);
});
