// A page finds its way back to the server (REL-08): the same for those who wait, for Today and in a call.
import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { backoffMs } from "../../static/lib/backoff.js";
import { openEarly, takeEarly } from "../../static/lib/early.js";
import { live } from "../../static/lib/live.js";
import { dice, World } from "./pages.js";

/** @type {World} */
let world;
afterEach(() => world?.ends());

/** Pages that have had their server for a while, which is then away for so long. Until when each was back, after the server was. */
function restarted(count, awayMs, seed = 1) {
  world = new World(seed);
  const pages = world.pages(count);
  world.pass(20_000);
  world.dies();
  [world.tries, world.opened] = [[], []];
  world.pass(awayMs);
  world.server = "up";
  const [up, asked] = [world.now, world.tries.length];
  world.pass(10_000);
  return { pages, asked, back: world.opened.map((at) => at - up) };
}

test("one waits by chance up to a quarter of the time that one has been without, half a second at first and eight seconds at most", () => {
  assert.deepEqual([0, 1_000, 2_000, 4_000, 10_000, 32_000, 3_600_000].map((away) => backoffMs(away, 1)), [500, 500, 500, 1_000, 2_500, 8_000, 8_000]);
  assert.deepEqual([backoffMs(4_000, 0), backoffMs(4_000, 0.5)], [0, 500]);
  // A clock that was set back while the server was away.
  assert.equal(backoffMs(-60_000, 1), 500);
});

test("after a restart every page is back within a quarter of the time that the server was away, of which nobody hears", () => {
  for (const [awayMs, latestMs] of [[50, 500], [1_000, 500], [2_000, 500], [3_000, 750], [6_000, 1_500], [20_000, 5_000], [120_000, 8_000]]) {
    const { pages, back } = restarted(200, awayMs, awayMs);
    assert.equal(back.length, 200, `${awayMs} ms away: all are back`);
    assert.ok(Math.max(...back) <= latestMs + 5, `${awayMs} ms away: the last one after ${Math.max(...back)} ms`);
    const heard = pages.filter((told) => told.some(({ what }) => what === "away")).length;
    if (awayMs + latestMs < 4_000) assert.equal(heard, 0, `${awayMs} ms away`);
    if (awayMs > 4_000) assert.equal(heard, 200, `${awayMs} ms away`);
    world.ends();
  }
});

test("two thousand pages that lost a server at once come back one after the other", () => {
  const { back } = restarted(2_000, 5_000);
  const most = Math.max(...Array.from({ length: 20 }, (_, tenth) => back.filter((ms) => Math.floor(ms / 100) === tenth).length));
  assert.equal(back.length, 2_000);
  assert.ok(most <= 400, `${most} in a tenth of a second`);
  // Nor do they meet a server that is there again at once as one.
  const first = Array.from({ length: 2_000 }, ((chance) => () => backoffMs(0, chance()))(dice(7)));
  for (let from = 0; from < 500; from += 100) assert.ok(first.filter((ms) => ms >= from && ms < from + 100).length <= 480, `after ${from} ms`);
});

test("a page that waits long asks seldom", () => {
  const { asked } = restarted(100, 600_000);
  assert.ok(asked / 100 < 200, `${asked / 100} times in ten minutes`);
});

test("a server that takes pages and drops them again is not back, and is asked less and less often", () => {
  world = new World(3);
  world.server = 30;
  const [told] = world.pages(1);
  const taken = (from, ms) => world.opened.filter((at) => at >= from && at < from + ms).length;
  const began = world.now;
  world.pass(300_000);
  assert.ok(taken(began, 10_000) > 5 && taken(began + 240_000, 60_000) < 30, `${taken(began, 10_000)} in the first ten seconds, ${taken(began + 240_000, 60_000)} in the last minute`);
  // Once it stays, a loss is a new one.
  world.server = "up";
  world.pass(20_000);
  world.dies();
  world.tries = [];
  world.pass(2_000);
  assert.ok(world.tries.length > 4, `${world.tries.length} tries in the two seconds after another loss`);
  assert.equal(told.at(-1)?.what, "refused");
});

test("a person hears of an absence after four seconds, once, and of a server that never came too", () => {
  const { pages: [told] } = restarted(1, 30_000);
  const at = (what) => told.filter((one) => one.what === what).map((one) => one.at);
  assert.equal(at("away").length, 1);
  assert.equal(at("away")[0] - at("closed")[0], 4_000);
  world.ends();
  world = new World();
  world.server = "down";
  const [never] = world.pages(1);
  world.pass(3_900);
  assert.ok(never.every(({ what }) => what === "refused"));
  world.pass(200);
  assert.equal(never.filter(({ what }) => what === "away").length, 1);
});

/** A page whose script comes when its socket has been open for so long. What it was told, as soon as it returned and later. */
async function late(ms) {
  world = new World();
  openEarly("/socket");
  world.pass(ms);
  world.taken[0]?.hears({ type: "state", version: 1 });
  const told = [];
  let made = false;
  live("/socket", { opened: () => told.push([made, "opened"]), refused: () => told.push([made, "refused"]), message: ({ version }) => told.push([made, version]) }, takeEarly);
  made = true;
  await new Promise((resolve) => setImmediate(resolve));
  world.pass(5);
  world.taken[0]?.hears({ type: "state", version: 2 });
  return told;
}

test("a socket that was opened before the page's script is the script's, with all that it has heard, after the script has it in hand", async () => {
  assert.deepEqual(await late(50), [[true, "opened"], [true, 1], [true, 2]]);
  assert.equal(world.tries.length, 1);
  assert.deepEqual(world.taken[0].sent, [{ type: "beat" }], "what came early is answered late, once");
  world.ends();
  assert.deepEqual(await late(0), [[true, "opened"], [true, 2]], "it was not open yet");
  assert.equal(world.tries.length, 1);
});

test("a socket that was opened early is used once, for its own address, and not when it is lost already", async () => {
  world = new World();
  const page = () => live("/socket", { opened: () => {}, message: () => {} }, takeEarly);
  world.server = "down";
  openEarly("/socket");
  world.pass(50);
  world.server = "up";
  page();
  world.pass(50);
  assert.equal(world.opened.length, 1, "opened anew");
  openEarly("/another");
  page();
  world.pass(50);
  assert.equal(world.tries.length, 4);
  openEarly("/socket");
  world.pass(50);
  page();
  page();
  world.pass(50);
  assert.equal(world.tries.length, 6, "the second page has a socket of its own");
});
