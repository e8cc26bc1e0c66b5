/** Behind the menu's button: another mode, notifications, sound, what this phone can do, and out. */

import { LANGUAGES, choose, html, language, nothing, t } from "core/part.js";
import { sounds } from "core/sound.js";
import { logOut, running } from "./actions.js";
import { install } from "./install.js";
import { disablePush, enablePush } from "./push.js";
import { lasting } from "./store.js";
import { phone } from "./state.js";
import { THEMES, chooseTheme, theme } from "./theme.js";
import { batteryLine, positionLine, screenLine } from "./view-health.js";

export function menuView() {
  return html`<div class="menu stack">
    <section class="surface stack"><h2>${phone.me.name}</h2><p
        class="quiet">${phone.me.scope_name ?? ""} · ${t(`role.${phone.me.role}`)}</p>
      <p>${t("menu.mode", { mode: phone.mode ? t(`mode.${phone.mode}`) : t("menu.no_mode") })}</p>
      <button @click=${() => phone.set({ menu: false, choosing: true })}>${t("menu.other_mode")}</button></section>
    ${pushView()}${soundView()}
    <section class="surface stack"><h2>${t("menu.phone")}</h2>${positionLine()}${batteryLine()}${screenLine()}
      ${lasting ? nothing : html`<p class="error">${t("menu.not_lasting")}</p>`}
      ${phone.install ? html`<button class="primary" @click=${install}>${t("menu.install")}</button>` : nothing}
    </section>
    ${looksView()}
    <button class="danger" ?disabled=${running.has("logOut")}
        @click=${logOut}>${t(running.has("logOut") ? "sending" : "account.log_out")}</button>
  </div>`;
}

function pushView() {
  const state = phone.push;
  const may = ["off", "failed"].includes(state);
  const why = ["unsupported", "denied", "unconfigured", "failed"].includes(state);
  return html`<section class="surface stack"><h2>${t("push")}</h2>
    <p class=${state === "on" ? "state green" : "state amber"} role="status">${t(`push.${state}`)}</p>
    ${may ? html`<button class="primary" @click=${enablePush}>${t("push.enable")}</button>` : nothing}
    ${state === "on" ? html`<button @click=${disablePush}>${t("push.disable")}</button>` : nothing}
    ${why ? html`<p class="quiet">${t(`push.${state}.how`)}</p>` : nothing}</section>`;
}

function soundView() {
  return html`<section class="surface stack"><h2>${t("menu.sound")}</h2>
    <div class="field"><label for="volume">${t("account.volume")}</label>
      <input id="volume" type="range" min="0" max="1" step="0.1" .value=${String(sounds.volume)}
        @change=${(event) => { sounds.volume = Number(event.target.value); sounds.play("solicitation"); }}></div>
    <button @click=${() => sounds.play("solicitation")}>${t("account.test_sound")}</button></section>`;
}

function looksView() {
  return html`<section class="surface stack"><h2>${t("menu.looks")}</h2>
    <div class="field"><label for="theme">${t("menu.theme")}</label>
      <select id="theme" @change=${(event) => chooseTheme(event.target.value)}>
        ${THEMES.map((each) => html`
          <option value=${each} ?selected=${each === theme()}>${t(`theme.${each}`)}</option>`)}
      </select></div>
    <div class="field"><label for="language">${t("account.language")}</label>
      <select id="language" @change=${(event) => choose(event.target.value)}>
        ${Object.entries(LANGUAGES).map(([code, name]) => html`
          <option value=${code} ?selected=${code === language()}>${name}</option>`)}</select></div></section>`;
}
