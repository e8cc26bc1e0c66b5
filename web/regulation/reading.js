/** Reading again: at once when something happened, never twice at the same time, and again when it failed. */

import { LoggedOut } from "core/session.js";

const RETRY_MS = 1000;

/** One thing that is read again whenever it may have changed. Several facts within a moment are one reading. */
export class Reading {
  #read;
  #asked = false;
  #running = null;

  /** `read()` asks the API and keeps what it says. */
  constructor(read) {
    this.#read = read;
  }

  /** Read now, or once more after the reading that is under way. Resolves when what was asked for is read. */
  now() {
    this.#asked = true;
    this.#running ??= Promise.resolve().then(() => this.#run());
    return this.#running;
  }

  /** What is being read may be older than what was just told: read once more. */
  stale() {
    if (this.#running) this.#asked = true;
  }

  async #run() {
    try {
      while (this.#asked) {
        this.#asked = false;
        await this.#read();
      }
    } catch (error) {
      if (error instanceof LoggedOut) return;
      setTimeout(() => this.now(), RETRY_MS);
    } finally {
      this.#running = null;
    }
  }
}
