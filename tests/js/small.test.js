import assert from "node:assert/strict";
import { test } from "node:test";
import { ChatLog } from "../../static/calls/chat.js";
import { browserOf, steps, systemOf } from "../../static/calls/mend.js";
import { fill } from "../../static/lib/texts.js";
import { inApp, intentFor } from "../../static/links/in_app.js";

const SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const CHROME = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";
const DESKTOP = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

test("real browsers are not taken for mail programs", () => {
  for (const agent of [SAFARI, CHROME, DESKTOP]) assert.equal(inApp(agent), null);
});

test("inner browsers of mail and chat programs are noticed", () => {
  assert.equal(inApp(CHROME.replace("Pixel 8", "Pixel 8; wv")), "android");
  assert.equal(inApp(`${CHROME} [FB_IAB/FB4A;FBAV/450.0]`), "android");
  assert.equal(inApp(SAFARI.replace(/ Version.*$/, " Mobile/15E148")), "ios");
  assert.equal(inApp(SAFARI.replace("Version/17.5", "GSA/320.0")), "ios");
  assert.equal(inApp(`${SAFARI} Instagram 300.0`), "ios");
});

test("an intent carries the whole link", () => {
  assert.equal(intentFor("https://visit.example/v#abc"), "intent://visit.example/v#abc#Intent;scheme=https;action=android.intent.action.VIEW;category=android.intent.category.BROWSABLE;end");
});

test("instructions fit the browser", () => {
  assert.deepEqual([SAFARI, CHROME, DESKTOP, "x"].map(browserOf), ["ios", "android", "firefox", "other"]);
});

test("values go into texts, and what is no value stays", () => {
  assert.equal(fill("Waiting %minutes% min, 100%", { minutes: 4 }), "Waiting 4 min, 100%");
  assert.equal(fill("%unknown%", {}), "%unknown%");
});

test("chat is closed until it is opened", () => {
  const chat = new ChatLog();
  assert.equal(chat.outgoing("hello"), null);
  assert.equal(chat.incoming("hello"), null);
  chat.set("open");
  assert.equal(chat.outgoing("  hello "), "hello");
  assert.equal(chat.incoming("hello"), "hello");
});

test("chat keeps 500 messages of at most 2,000 characters, and none once it is closed", () => {
  const chat = new ChatLog();
  chat.set("open");
  assert.equal(chat.outgoing("x".repeat(2001)), null);
  assert.equal(chat.incoming("x".repeat(2001)), null);
  for (let i = 0; i < 600; i += 1) chat.keep({ mine: true, text: String(i) });
  assert.equal(chat.lines.length, 500);
  assert.equal(chat.lines[0]?.text, "100");
  chat.set("closed");
  assert.equal(chat.lines.length, 0);
});

test("a chat that rests keeps what was said and takes nothing", () => {
  const chat = new ChatLog();
  chat.set("open");
  chat.keep({ mine: true, text: "hello" });
  chat.set("resting");
  assert.deepEqual([chat.outgoing("are you there?"), chat.incoming("yes"), chat.lines.length], [null, null, 1]);
});

test("what to do fits the browser and the system", () => {
  const MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15";
  const EDGE = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0";
  const IOS_CHROME = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0.0.0 Mobile/15E148 Safari/604.1";
  const SAMSUNG = "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36";
  const FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0";
  assert.deepEqual([MAC, EDGE, IOS_CHROME, SAMSUNG, FIREFOX].map(browserOf), ["safari", "edge", "ios_app", "samsung", "android_firefox"]);
  assert.deepEqual([MAC, EDGE, IOS_CHROME, SAMSUNG, FIREFOX, "x"].map(systemOf), ["mac", "pc", "phone", "phone", "phone", "other"]);
  assert.deepEqual(steps("blocked", MAC), ["blocked", "mend-safari", "mend-system-mac"]);
  assert.deepEqual(steps("blocked", EDGE), ["blocked", "mend-edge", "mend-system-pc"]);
  assert.deepEqual(steps("blocked", IOS_CHROME), ["blocked", "mend-ios_app"]);
  assert.deepEqual(["missing", "busy", "other"].map((trouble) => steps(/** @type {any} */ (trouble), SAMSUNG)), [["device-missing-phone"], ["device-busy-phone"], ["device-other"]]);
  assert.deepEqual(steps("busy", MAC), ["device-busy"]);
});
