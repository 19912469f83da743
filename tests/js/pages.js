// Many pages and one server, by a clock that only this file moves: what live.js meets in a browser, without one.

import { live } from "../../static/lib/live.js";

/** The same chance in each run. */
export function dice(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

export class World {
  now = 1_700_000_000_000;
  /** How the server meets a page: "up", "down", or so many milliseconds after which it drops one that it took. */
  server = "up";
  /** When each page tried, and when it was taken. */
  tries = [];
  opened = [];
  /** The sockets that were taken, in turn: what each page said over it, and how it is told something. */
  taken = [];
  /** What is due in which millisecond. @type {Map<number, Set<{act: () => void, every?: number}>>} */
  #due = new Map();
  #sockets = new Set();
  #kept;

  constructor(seed = 1) {
    const world = this;
    const later = (act, ms, every) => this.#later({ act, every }, ms);
    const never = (timer) => void (timer && this.#due.get(timer.at)?.delete(timer));
    class Socket extends EventTarget {
      static OPEN = 1;
      readyState = 0;

      constructor(url) {
        super();
        this.url = url;
        world.tries.push(world.now);
        later(() => world.#meet(this), 1);
      }

      sent = [];

      send(text) {
        this.sent.push(JSON.parse(text));
      }

      #ends() {
        this.readyState = 3;
        this.dispatchEvent(new Event("close"));
      }

      refused() {
        this.#ends();
      }

      hears(message) {
        this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(message) }));
      }

      close() {
        if (world.#sockets.delete(this)) this.#ends();
      }
    }
    const fakes = {
      WebSocket: Socket,
      location: new URL("https://visit.example/"),
      addEventListener: () => {},
      removeEventListener: () => {},
      setTimeout: (act, ms) => later(act, ms),
      setInterval: (act, ms) => later(act, ms, ms),
      clearTimeout: never,
      clearInterval: never,
    };
    this.#kept = { now: Date.now, random: Math.random, globals: Object.keys(fakes).map((name) => [name, Object.getOwnPropertyDescriptor(globalThis, name)]) };
    for (const [name, value] of Object.entries(fakes)) Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    Date.now = () => this.now;
    Math.random = dice(seed);
  }

  /** So many pages, and what each of them was told. */
  pages(count) {
    return Array.from({ length: count }, () => {
      const told = [];
      const tell = (what) => () => told.push({ what, at: this.now });
      live("/socket", { opened: tell("opened"), closed: tell("closed"), away: tell("away"), refused: tell("refused"), message: () => {} });
      return told;
    });
  }

  pass(ms) {
    for (const until = this.now + ms; this.now < until; ) {
      this.now += 1;
      for (const timer of this.#due.get(this.now) ?? []) {
        timer.act();
        if (timer.every) this.#later(timer, timer.every);
      }
      this.#due.delete(this.now);
    }
  }

  #later(timer, ms) {
    // What is due at once comes with the next millisecond.
    timer.at = this.now + Math.max(1, ms);
    if (!this.#due.has(timer.at)) this.#due.set(timer.at, new Set());
    this.#due.get(timer.at).add(timer);
    return timer;
  }

  /** It goes: every page loses it at once. */
  dies() {
    this.server = "down";
    for (const socket of [...this.#sockets]) socket.close();
  }

  /** Gives the browser's own names back. */
  ends() {
    for (const [name, was] of this.#kept.globals) {
      if (was) Object.defineProperty(globalThis, name, was);
      else delete globalThis[name];
    }
    [Date.now, Math.random] = [this.#kept.now, this.#kept.random];
  }

  #meet(socket) {
    if (this.server === "down") return void socket.refused();
    socket.readyState = 1;
    this.#sockets.add(socket);
    this.opened.push(this.now);
    this.taken.push(socket);
    socket.dispatchEvent(new Event("open"));
    socket.hears({ type: "beat" });
    if (typeof this.server === "number") this.#later({ act: () => socket.close() }, this.server);
  }
}
