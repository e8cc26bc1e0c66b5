/** What does not work, in one line at the top: no network, no sound, no notification. Empty when all is well. */

import { Part, html, nothing, t } from "core/part.js";
import { sounds } from "core/sound.js";

class Strip extends Part {
  static properties = { stream: { attribute: false }, quiet: { type: Boolean } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(sounds, "change");
    this.follow(globalThis, "online", "offline");
  }

  willUpdate(changed) {
    if (changed.has("stream") && this.stream) this.follow(this.stream, "state");
  }

  render() {
    return html`${this.#network()}${this.#sound()}`;
  }

  #network() {
    if (navigator.onLine && (!this.stream || this.stream.state === "live")) return nothing;
    return html`<div class="strip red" role="alert"><span>✕ ${t(navigator.onLine ? "strip.away" : "strip.offline")}</span></div>`;
  }

  #sound() {
    if (this.quiet || sounds.ready) return nothing;
    return html`<div class="strip red"><span>✕ ${t("strip.no_sound")}</span>
      <button @click=${() => sounds.wake()}>${t("strip.enable_sound")}</button></div>`;
  }
}

customElements.define("r-strip", Strip);
