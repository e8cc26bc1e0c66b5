/** Readings that are never done twice at a time: asked for again meanwhile, they are done once more afterwards. */

import { LoggedOut } from "core/session.js";
import { Refused } from "core/api.js";

const AT_ONCE = 4;
const SOON_MS = 15;
const AGAIN_MS = 2000;

export class Reads {
  #slots = new Map();
  #waiting = [];
  #running = 0;

  /**
   * Do `read` soon, under a name. `read(stale)` may ask `stale()` before it shows what it got: true when it was asked
   * for again meanwhile, so that something newer follows. What is `urgent` (somebody looks at it) goes before all that
   * waits. Whoever does not answer is asked again.
   */
  soon(name, read, { urgent = false } = {}) {
    const slot = this.#slots.get(name);
    if (!slot) {
      this.#slots.set(name, { read, again: false, urgent });
      setTimeout(() => this.#queue(name), urgent ? 0 : SOON_MS);
      return;
    }
    slot.again = true;
    slot.read = read;
    slot.urgent ||= urgent;
    if (urgent && this.#waiting.includes(name)) this.#waiting = [name,
      ...this.#waiting.filter((each) => each !== name)];
  }

  #queue(name) {
    if (this.#slots.get(name).urgent) this.#waiting.unshift(name);
    else this.#waiting.push(name);
    this.#next();
  }

  #next() {
    while (this.#running < AT_ONCE && this.#waiting.length) this.#run(this.#waiting.shift());
  }

  async #run(name) {
    const slot = this.#slots.get(name);
    this.#running += 1;
    slot.again = false;
    let pause = 0;
    try {
      await slot.read(() => slot.again);
    } catch (error) {
      const refused = error instanceof LoggedOut || (error instanceof Refused && error.status < 500);
      if (!refused) {
        slot.again = true;
        pause = AGAIN_MS;
      }
    }
    this.#running -= 1;
    if (slot.again) setTimeout(() => this.#queue(name), pause);
    else this.#slots.delete(name);
    this.#next();
  }
}
