/** Why, in one tap: short reasons as big buttons; another one is written only by who wants to. */

import { html, nothing, t } from "core/part.js";
import { dialog } from "parts/dialogs.js";

/** One of `reasons`, or written. `plain`: the words of a button without a reason (""). Null when it was given up. */
export const chooseReason = (title, { text = "", reasons, plain = "" }) =>
  dialog(title, (done) => html`
    ${text ? html`<p>${text}</p>` : nothing}
    <div class="stack reasons">
      ${reasons.map((one) => html`<button @click=${() => done(one)}>${one}</button>`)}
      ${plain ? html`<button @click=${() => done("")}>${plain}</button>` : nothing}
    </div>
    <details><summary>${t("reason.other")}</summary>
      <form class="stack" @submit=${(event) => written(event, done)}>
        <div class="field"><label for="reason">${t("reason")}</label>
          <input id="reason" name="reason" maxlength="200" autocomplete="off" required></div>
        <button class="primary">${t("send")}</button></form></details>
    <div class="actions"><button autofocus @click=${() => done(null)}>${t("give_up")}</button></div>`);

function written(event, done) {
  event.preventDefault();
  const reason = new FormData(event.target).get("reason").trim();
  if (reason) done(reason);
}
