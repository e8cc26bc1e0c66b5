/**
 * The live stream: every fact that the caller may see, in order, nothing lost and nothing twice.
 *
 * The browser's own EventSource cannot send a token, so the stream is read with fetch. A stream that is silent for
 * longer than two of the server's comments is dead, whatever the network says.
 */

import { LoggedOut, accessToken, renew } from "core/session.js";

const SILENT_MS = 35_000;
/** The server says something every fifteen seconds. */
const COMMENT_MS = 17_000;
/** This device is registered no more; any other refusal may be somebody's between us and the server. */
const OVER = new Set(["device_closed", "not_found"]);
const PAUSES_MS = [200, 500, 1000, 2000, 5000];

/**
 * Listens until it is closed. Events: `fact` (detail: the fact, with `position`), `state` (detail: "live" or "away"),
 * `again` (connected, for the first time or after a break: what the page shows should be read again), `closed` (this login or device ended).
 */
export class Stream extends EventTarget {
  #last = null;
  #closing = new AbortController();
  #deviceId;
  #connection = null;
  #heardAt = 0;
  state = "away";

  constructor(deviceId = null) {
    super();
    this.#deviceId = deviceId;
  }

  /** Begin; returns at once. */
  open() {
    this.#run();
    return this;
  }

  /** End for good. */
  close() {
    this.#closing.abort();
  }

  /**
   * Somebody looks at the page again: it may have slept, and its connection be dead without anybody knowing. One that
   * was silent for longer than a comment takes is made anew.
   */
  look() {
    if (this.state === "live" && Date.now() - this.#heardAt > COMMENT_MS) this.#connection?.abort();
  }

  async #run() {
    for (let failures = 0; !this.#closing.signal.aborted; ) {
      const began = performance.now();
      try {
        await this.#listen();
      } catch (error) {
        if (error instanceof LoggedOut) return this.#tell("closed", null);
      }
      if (this.#closing.signal.aborted) return;
      failures = performance.now() - began > SILENT_MS ? 0 : failures + 1;
      const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1] ?? PAUSES_MS[0];
      await new Promise((wake) => setTimeout(wake, pause));
    }
  }

  async #listen() {
    const quiet = (this.#connection = new AbortController());
    const signal = AbortSignal.any([quiet.signal, this.#closing.signal]);
    let alarm = setTimeout(() => quiet.abort(), SILENT_MS);
    try {
      const response = await this.#connect(signal);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ; ) {
        const { value, done } = await reader.read();
        clearTimeout(alarm);
        if (done) break;
        alarm = setTimeout(() => quiet.abort(), SILENT_MS);
        this.#heardAt = Date.now();
        this.#become("live"); // not at the headers: something between us may keep the facts back
        const blocks = (rest + value).split(/\r?\n\r?\n/);
        rest = blocks.pop();
        for (const block of blocks) this.#read(block);
      }
    } finally {
      clearTimeout(alarm);
      if (!this.#closing.signal.aborted) this.#become("away");
    }
  }

  async #connect(signal) {
    let token = await accessToken();
    for (let attempt = 0; ; attempt += 1) {
      const headers = { Authorization: `Bearer ${token}`, Accept: "text/event-stream" };
      if (this.#deviceId) headers["X-Device-Id"] = this.#deviceId;
      if (this.#last) headers["Last-Event-ID"] = this.#last;
      const response = await fetch("/v1/stream", { headers, signal, cache: "no-store" });
      if (response.ok) return response;
      if (response.status !== 401) {
        const { code } = await response.json().catch(() => ({}));
        throw OVER.has(code) ? new LoggedOut() : new Error(`stream: ${response.status}`);
      }
      if (attempt > 0) throw new LoggedOut();
      token = await renew(token);
    }
  }

  #read(block) {
    const fields = {};
    for (const line of block.split(/\r?\n/)) {
      const at = line.indexOf(":");
      if (at > 0) fields[line.slice(0, at)] = line.slice(at + 1).replace(/^ /, "");
    }
    if (fields.id) this.#last = fields.id;
    if (!fields.data) return;
    const fact = { ...JSON.parse(fields.data), position: Number(fields.id) || null };
    this.#tell("fact", fact);
    const own = this.#deviceId && fact.kind === "device_closed" && fact.data?.device_id === this.#deviceId;
    if (own || (fact.kind === "device_closed" && !fields.id)) {
      this.#closing.abort();
      this.#tell("closed", fact);
    }
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell("state", state);
    if (state === "live") this.#tell("again", null);
  }

  #tell(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail }));
  }
}
