/**
 * The sign of life of this post, every five seconds, and what the page may claim because of it (rule 24).
 *
 * The server says what will be received; the page's own clock says whether that is still true. Nothing is green here
 * whose last good heartbeat is older than ten seconds, whatever else happens: a frozen tab, no network, a dead server.
 */

import { post, useEpochs } from "core/api.js";
import { keepPace } from "core/pace.js";
import { LoggedOut } from "core/session.js";
import { t } from "core/i18n.js";
import { sounds } from "core/sound.js";

const TICK_MS = 1000;
const EVERY_MS = 5000;
const AGAIN_MS = 1000;
const ANSWERED_WITHIN_MS = 4500;
const FRESH_MS = 10_000;
const STREAM_GRACE_MS = 3000;
const GONE = new Set(["device_closed", "not_found"]);

/**
 * Events: `change` (what the post may claim), `answer` (the server told it), `tick` (every second), `lost` (the device
 * is closed), `out` (logged out).
 */
export class Beat extends EventTarget {
  #goodAt = null;
  #goodClock = null;
  #triedAt = -Infinity;
  #failures = 0;
  #beating = null;
  #again = false;
  #streamAwaySince = performance.now();
  #shown = "";
  /** What the last good heartbeat was answered: `ReadinessShown`, or null before there was one. */
  told = null;

  /** Begin; returns at once. */
  start() {
    keepPace(TICK_MS, () => this.#tick());
    for (const kind of ["online", "offline", "focus"]) addEventListener(kind, () => this.now());
    document.addEventListener("visibilitychange", () => this.#tick());
    sounds.addEventListener("change", () => this.#judge());
    this.now();
  }

  /** Send one at once: something changed that the colour depends on. Resolves when it was answered, or was not. */
  now() {
    if (this.#beating) {
      this.#again = true;
      return this.#beating;
    }
    this.#triedAt = performance.now();
    this.#beating = this.#send().finally(() => {
      this.#beating = null;
      this.#judge();
      if (this.#again) {
        this.#again = false;
        this.now();
      }
    });
    this.#judge();
    return this.#beating;
  }

  /** The live stream works, or does not: without it nothing arrives at once. */
  heardStream(state) {
    this.#streamAwaySince = state === "live" ? null : (this.#streamAwaySince ?? performance.now());
    this.#judge();
  }

  /** Forget what was known: the device is another one. */
  forget() {
    this.told = null;
    this.#goodAt = null;
    this.#judge();
  }

  /** Seconds since the last good heartbeat was sent; Infinity before the first. By the worse of two clocks. */
  get age() {
    if (this.#goodAt === null) return Infinity;
    return Math.max(performance.now() - this.#goodAt, Date.now() - this.#goodClock) / 1000;
  }

  /** What may be claimed now: `{colour, sentence, missing: [{code, detail}], since}`; `since` are words that run. */
  get readiness() {
    const local = this.#local();
    if (!local) return this.told ?? { colour: "RED", sentence: t("beat.connecting"), missing: [] };
    if (!this.told || local.colour === "RED") {
      return { colour: "RED", sentence: local.detail, missing: [local], since: this.#since() };
    }
    const colour = this.told.colour === "GREEN" ? "AMBER" : this.told.colour;
    return { ...this.told, colour, missing: [local, ...this.told.missing] };
  }

  /** What this page itself knows to be wrong, or null. */
  #local() {
    if (!navigator.onLine) return { colour: "RED", code: "LOCAL_OFFLINE", detail: t("beat.offline") };
    const silent = this.told && this.age * 1000 > FRESH_MS;
    if (silent || this.#failures > 1) return { colour: "RED", code: "LOCAL_SILENT", detail: t("beat.silent") };
    if (this.#failures === 1) return { colour: "AMBER", code: "LOCAL_MISSED", detail: t("beat.missed") };
    const away = this.#streamAwaySince !== null && performance.now() - this.#streamAwaySince > STREAM_GRACE_MS;
    if (away) return { colour: "AMBER", code: "LOCAL_STREAM", detail: t("beat.stream") };
    const mute = this.told && !sounds.ready;
    return mute ? { colour: "AMBER", code: "LOCAL_SOUND", detail: t("beat.no_sound") } : null;
  }

  #since() {
    const seconds = Math.round(this.age);
    return Number.isFinite(seconds) ? t("beat.since", { n: seconds }) : t("beat.never");
  }

  async #send() {
    const sentAt = performance.now();
    const sentClock = Date.now();
    try {
      const signal = AbortSignal.timeout(ANSWERED_WITHIN_MS);
      const told = await post("/v1/regulation/heartbeat", undefined, { patience: 0, signal });
      if (!told?.colour) throw new Error("the answer was cut off");
      this.told = told;
      this.#goodAt = sentAt;
      this.#goodClock = sentClock;
      this.#failures = 0;
      useEpochs(Object.fromEntries(told.leases.map((each) => [each.site_id, each.epoch])));
      this.dispatchEvent(new Event("answer"));
    } catch (error) {
      if (error instanceof LoggedOut) return this.dispatchEvent(new Event("out"));
      if (GONE.has(error.code)) return this.dispatchEvent(new Event("lost"));
      this.#failures += 1;
    }
  }

  #tick() {
    const pause = this.#failures ? AGAIN_MS : EVERY_MS;
    if (performance.now() - this.#triedAt >= pause - 50 && !this.#beating) this.now();
    this.#judge();
    this.dispatchEvent(new Event("tick"));
  }

  #judge() {
    const now = JSON.stringify(this.readiness);
    if (now === this.#shown) return;
    this.#shown = now;
    this.dispatchEvent(new Event("change"));
  }
}
