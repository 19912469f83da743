import assert from "node:assert/strict";
import { test } from "node:test";
import { start, step } from "../../static/records/autosave.js";

/** @param {any[]} events */
function after(...events) {
  /** @type {{state: any, effects: any[]}} */
  let now = { state: start(), effects: [] };
  for (const event of events) now = step(now.state, event);
  return now;
}
const opened = { type: "opened", kept: null };
const loaded = { type: "loaded", text: "", version: 1 };
const typed = (/** @type {string} */ text) => ({ type: "typed", text });

test("a closed note takes no words", () => assert.deepEqual(after(typed("x")).effects, []));

test("what is typed is kept at once and saved after a pause", () => {
  assert.deepEqual(after(opened, loaded, typed("a")).effects, [{ do: "keep", text: "a", version: 1 }, { do: "due", ms: 1500 }]);
  assert.deepEqual(after(opened, loaded, typed("a"), { type: "due" }).effects, [{ do: "save", text: "a", version: 1 }]);
});

test("what is saved is forgotten in the tab", () => assert.deepEqual(after(opened, loaded, typed("a"), { type: "due" }, { type: "saved", version: 2 }).effects, [{ do: "forget" }]));

test("a page that goes away while it saves leaves the words for the next one, which may hold an older text", () => {
  const going = [opened, loaded, typed("a"), { type: "due" }, { type: "leaving" }];
  assert.deepEqual(after(...going, { type: "saved", version: 2 }).effects, []);
  const stayed = after(...going, typed("ab"), typed("a"), { type: "saved", version: 2 });
  assert.deepEqual(stayed.effects, [{ do: "forget" }]);
});

test("what is typed while saving is saved next, on the new version", () => {
  const { state, effects } = after(opened, loaded, typed("a"), { type: "due" }, typed("ab"), { type: "saved", version: 2 });
  assert.deepEqual(effects, [{ do: "keep", text: "ab", version: 2 }, { do: "due", ms: 1500 }]);
  assert.deepEqual(step(state, { type: "due" }).effects, [{ do: "save", text: "ab", version: 2 }]);
});

test("a refusal keeps the text and asks for the password; signing in saves", () => {
  const { state } = after(opened, loaded, typed("a"), { type: "due" }, { type: "failed", status: 401 });
  assert.equal(state.phase, "signed-out");
  assert.equal(state.text, "a");
  assert.deepEqual(step(state, { type: "signed-in" }).effects, [{ do: "save", text: "a", version: 1 }]);
});

test("words typed while signed out are kept and saved too", () => {
  const { state } = after(opened, loaded, typed("a"), { type: "due" }, { type: "failed", status: 401 }, typed("abc"));
  assert.deepEqual(step(state, { type: "signed-in" }).effects, [{ do: "save", text: "abc", version: 1 }]);
});

test("two versions are both shown, and the person chooses", () => {
  const saving = [opened, loaded, typed("mine"), { type: "due" }, { type: "failed", status: 409 }];
  assert.deepEqual(after(...saving).effects, [{ do: "load-other" }]);
  const both = after(...saving, { type: "other", text: "theirs", version: 5 });
  assert.equal(both.state.phase, "conflict");
  assert.equal(both.state.theirs, "theirs");
  assert.deepEqual(step(both.state, { type: "keep-mine" }).effects, [{ do: "save", text: "mine", version: 5 }]);
  const theirs = step(both.state, { type: "keep-theirs" });
  assert.deepEqual(theirs.effects, [{ do: "forget" }, { do: "show", text: "theirs" }]);
  assert.equal(theirs.state.phase, "saved");
});

test("our own save whose answer was lost is no conflict", () => {
  const { state } = after(opened, loaded, typed("mine"), { type: "due" }, { type: "failed", status: 409 }, { type: "other", text: "mine", version: 2 });
  assert.equal(state.phase, "saved");
});

test("a lost connection is tried again, more and more slowly", () => {
  const one = after(opened, loaded, typed("a"), { type: "due" }, { type: "failed", status: 0 });
  assert.deepEqual(one.effects, [{ do: "due", ms: 3000 }]);
  const two = step(step(one.state, { type: "due" }).state, { type: "failed", status: 503 });
  assert.deepEqual(two.effects, [{ do: "due", ms: 6000 }]);
});

test("text of a page that crashed comes back and is saved", () => {
  const kept = { type: "opened", kept: { text: "lost?", version: 1 } };
  assert.deepEqual(after(kept, loaded).effects, [{ do: "show", text: "lost?" }, { do: "save", text: "lost?", version: 1 }]);
  assert.equal(after(kept, { type: "loaded", text: "newer", version: 3 }).state.phase, "conflict");
});

test("a note that is locked again shows nothing", () => {
  const { state, effects } = after(opened, loaded, typed("a"), { type: "due" }, { type: "failed", status: 423 });
  assert.equal(state.phase, "closed");
  assert.deepEqual(effects, [{ do: "show", text: "" }]);
});
