/** Small pieces that several parts draw alike. */

import { html, t } from "core/part.js";

/**
 * What a button does, unless it waits. Such a button is `aria-disabled` and not `disabled`: it keeps the focus, and is
 * read with its word ("Envoi…").
 */
export const unless = (waits, run) => (event) => (waits ? event.preventDefault() : run(event));

const CALM_MS = 600;

/** Whether a list just changed under somebody's finger: what is done with one click waits then for a moment. */
export class Calm {
  #part;
  #shown = null;
  #until = 0;

  constructor(part) {
    this.#part = part;
  }

  /** Called while the list is drawn, with what tells one list from another. */
  watch(list) {
    if (list === this.#shown) return;
    this.#shown = list;
    this.#until = performance.now() + CALM_MS;
    setTimeout(() => this.#part.requestUpdate(), CALM_MS + 10);
  }

  get moved() {
    return performance.now() < this.#until;
  }
}

/** Back to the overview; Escape does the same. */
export const closeButton = (back) => html`<button type="button" class="plain back" @click=${back}>
  ${t("close")} <kbd aria-hidden="true">${t("key.escape")}</kbd></button>`;

/** The head of a panel: its title, and the way back. */
export const panelHead = (id, title, back) =>
  html`<header class="row head"><h2 id=${id}>${title}</h2>${closeButton(back)}</header>`;

/** A number to call, large; one touch calls it where there is a telephone. */
export const callLink = (phone, words = phone) =>
  html`<a class="phone figures" href="tel:${phone.replace(/[^+\d]/g, "")}">${words}</a>`;
