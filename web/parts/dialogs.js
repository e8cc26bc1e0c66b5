/** Questions that must be answered before something happens: the browser's own dialog, which keeps the focus in. */

import { render } from "lit";
import { html, t } from "core/part.js";

/**
 * Show a dialog; `body(done)` gives its content, `done(value)` closes it. Returns what was chosen, null for none.
 */
export function dialog(title, body) {
  return new Promise((answer) => {
    const box = document.createElement("dialog");
    let chosen = null;
    const done = (value) => {
      chosen = value;
      box.close();
    };
    box.setAttribute("aria-labelledby", "dialog-title");
    box.addEventListener("close", () => {
      box.remove();
      answer(chosen);
    });
    document.body.append(box);
    render(html`<div class="stack"><h2 id="dialog-title">${title}</h2>${body(done)}</div>`, box);
    box.showModal();
    box.querySelector("[autofocus]")?.focus();
  });
}

/** A yes or a no; `danger` says that it cannot be undone. */
export const confirm = (title, text, { yes = t("yes"), no = t("no"), danger = false } = {}) =>
  dialog(title, (done) => html`
    <p>${text}</p>
    <div class="actions">
      <button @click=${() => done(null)}>${no}</button>
      <button autofocus class=${danger ? "danger" : "primary"} @click=${() => done(true)}>${yes}</button>
    </div>`);

/**
 * A short reason: one of some, or written. `needed`: it must not be empty. Returns the text, "" where none is needed,
 * null when it was given up.
 */
export function askReason(title, { reasons = [], needed = true, yes = t("send"), no = t("give_up"), text = "" } = {}) {
  return dialog(title, (done) => {
    const send = (event) => {
      event.preventDefault();
      const written = new FormData(event.target).get("reason").trim();
      if (written || !needed) done(written);
    };
    return html`
      ${text ? html`<p>${text}</p>` : ""}
      <div class="row">${reasons.map((one) => html`<button @click=${() => done(one)}>${one}</button>`)}</div>
      <form class="stack" @submit=${send}>
        <div class="field">
          <label for="reason">${needed ? t("reason") : t("reason.optional")}</label>
          <input id="reason" name="reason" maxlength="200" autocomplete="off" ?required=${needed} autofocus>
        </div>
        <div class="actions">
          <button type="button" @click=${() => done(null)}>${no}</button>
          <button class="primary">${yes}</button>
        </div>
      </form>`;
  });
}

/** The keys of a page: `[["N", "Nouvelle demande"], …]`. */
export const showKeys = (keys) =>
  dialog(t("keys"), (done) => html`
    <table>${keys.map(([key, what]) => html`<tr><th scope="row"><kbd>${key}</kbd></th><td>${what}</td></tr>`)}</table>
    <div class="actions"><button autofocus class="primary" @click=${() => done(null)}>${t("close")}</button></div>`);

const WRITING = "input:not([type=checkbox], [type=radio], [type=range], [type=button]), textarea, select, [contenteditable]";

/**
 * Keys of a page: `{n: run, "/": run, …}`. They count when nobody is writing and no dialog is open.
 */
export function listenToKeys(keys) {
  addEventListener("keydown", (event) => {
    const writing = event.target.closest?.(WRITING);
    if (writing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const run = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!run) return;
    event.preventDefault();
    if (event.repeat && event.key.length === 1) return; // a key that is held down decides once
    run(event);
  });
}
