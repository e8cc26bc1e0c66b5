/** Short words that come and go: what became of an action. Nothing is said here only, that somebody must not miss. */

import { Part, html, repeat, t } from "core/part.js";
import { sentenceOf } from "core/problem.js";

const LASTS_MS = 6000;
const news = new EventTarget();
let told = [];
let count = 0;

/** Say something: `kind` is "good", "bad" or "plain"; `action` ({label, run}) adds one button. */
export function toast(text, kind = "plain", { action = null, lasts = LASTS_MS } = {}) {
  const one = { id: (count += 1), text, kind, action };
  told = [...told.slice(-3), one];
  news.dispatchEvent(new Event("change"));
  setTimeout(() => drop(one.id), kind === "bad" ? lasts * 2 : lasts);
  return one.id;
}

/** Say it no more. */
export function drop(id) {
  told = told.filter((one) => one.id !== id);
  news.dispatchEvent(new Event("change"));
}

/** Say what went wrong with an action. */
export function complain(error) {
  toast(sentenceOf(error), "bad");
}

class Toasts extends Part {
  connectedCallback() {
    super.connectedCallback();
    this.follow(news, "change");
    this.setAttribute("role", "status");
    this.setAttribute("aria-live", "polite");
  }

  render() {
    return repeat(told, (one) => one.id, (one) => html`
      <div class="toast ${one.kind}">
        <span>${one.text}</span>
        ${one.action ? html`<button @click=${() => (drop(one.id), one.action.run())}>${one.action.label}</button>` : ""}
        <button class="plain" aria-label=${t("close")} @click=${() => drop(one.id)}>✕</button>
      </div>`);
  }
}

customElements.define("r-toasts", Toasts);
