/** What every element of the pages has in common: plain DOM (one style sheet for all), and a clock that redraws. */

import { LitElement } from "lit";

export { html, nothing } from "lit";
export { classMap } from "lit/directives/class-map.js";
export { ifDefined } from "lit/directives/if-defined.js";
export { keyed } from "lit/directives/keyed.js";
export { live } from "lit/directives/live.js";
export { createRef, ref } from "lit/directives/ref.js";
export { repeat } from "lit/directives/repeat.js";
export { LANGUAGES, choose, language, t, term } from "core/i18n.js";

export class Part extends LitElement {
  #stops = [];

  createRenderRoot() {
    return this;
  }

  /** Redraw on an event of a source, for as long as this element is on the page. */
  follow(source, ...kinds) {
    const redraw = () => this.requestUpdate();
    for (const kind of kinds) source.addEventListener(kind, redraw);
    this.#stops.push(() => kinds.forEach((kind) => source.removeEventListener(kind, redraw)));
  }

  /** Redraw every second, on the second; `Part.tick` is one timer for the whole page. */
  ticking() {
    const redraw = () => this.requestUpdate();
    tickers.add(redraw);
    this.#stops.push(() => tickers.delete(redraw));
  }

  /** Do something when the element leaves the page. */
  atTheEnd(stop) {
    this.#stops.push(stop);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    for (const stop of this.#stops.splice(0)) stop();
  }

  /** Tell the page above. */
  say(kind, detail) {
    this.dispatchEvent(new CustomEvent(kind, { detail, bubbles: true }));
  }
}

const tickers = new Set();

function tick() {
  for (const redraw of tickers) redraw();
  setTimeout(tick, 1000 - (Date.now() % 1000));
}

tick();
