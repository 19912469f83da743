// The list of scripts that a page asks for ahead is the one that its scripts import, so that none is fetched late and none for nothing.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";

const ROOT = new URL("../../", import.meta.url);
/** @param {string} path */
const read = (path) => readFileSync(new URL(path, ROOT), "utf8");

/** A script and all that it imports at once. @param {string} path @param {Set<string>} [seen] */
function withImports(path, seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const [, other = ""] of read(`static/${path}`).matchAll(/^(?:import|export)\b[^;]*?"(\.[^"]+)";/gm)) withImports(posix.join(posix.dirname(path), other), seen);
  return seen;
}

test("what a clinician's call needs is asked for ahead, and nothing that only some people use", () => {
  const listed = [...read("templates/calls/clinician_modules.html").matchAll(/"([a-z_/]+\.js)"/g)].map(([, path]) => path);
  // The connection itself is loaded by `session.js` when there is a call: that is always, on this page.
  const needed = ["calls/early.js", "calls/clinician.js", "calls/peer.js", "calls/line.js"].reduce((seen, path) => withImports(path, seen), /** @type {Set<string>} */ (new Set()));
  assert.deepEqual([...listed].sort(), [...needed].sort());
  assert.ok(!listed.some((path) => path?.includes("background/")));
});
