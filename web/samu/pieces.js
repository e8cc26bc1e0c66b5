/** Small pieces that several parts draw alike. */

import { html, t } from "core/part.js";

/** Back to the overview; Escape does the same. */
export const closeButton = (back) => html`<button type="button" class="plain back" @click=${back}>
  ${t("close")} <kbd aria-hidden="true">${t("key.escape")}</kbd></button>`;

/** The head of a panel: its title, and the way back. */
export const panelHead = (id, title, back) =>
  html`<header class="row head"><h2 id=${id}>${title}</h2>${closeButton(back)}</header>`;

/** A number to call, large; one touch calls it where there is a telephone. */
export const callLink = (phone, words = phone) =>
  html`<a class="phone figures" href="tel:${phone.replace(/[^+\d]/g, "")}">${words}</a>`;
