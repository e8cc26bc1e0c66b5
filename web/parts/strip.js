/** What does not work, in one line at the top: no network, no sound, no notification. Empty when all is well. */

import { Part, html, nothing, t } from "core/part.js";
import { sounds } from "core/sound.js";

/** A stream is made anew every ten minutes, in a moment: nobody need know. */
const GRACE_MS = 3000;

class Strip extends Part {
  #awaySince = performance.now();

  static properties = { stream: { attribute: false }, quiet: { type: Boolean } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(sounds, "change");
    this.follow(globalThis, "online", "offline");
    this.ticking();
  }

  willUpdate(changed) {
    if (changed.has("stream") && this.stream) this.follow(this.stream, "state");
  }

  render() {
    return html`${this.#network()}${this.#sound()}`;
  }

  #network() {
    if (!this.stream || this.stream.state === "live") this.#awaySince = performance.now();
    if (navigator.onLine && performance.now() - this.#awaySince < GRACE_MS) return nothing;
    return html`<div class="strip red" role="alert"><span>✕ ${t(navigator.onLine ? "strip.away" : "strip.offline")}</span></div>`;
  }

  #sound() {
    if (this.quiet || sounds.ready) return nothing;
    return html`<div class="strip red"><span>✕ ${t("strip.no_sound")}</span>
      <button @click=${() => sounds.wake()}>${t("strip.enable_sound")}</button></div>`;
  }
}

customElements.define("r-strip", Strip);
