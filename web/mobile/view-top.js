/** The top of the page: the readiness word and the sentence; and the strips that say what is wrong. */

import { html, nothing, t } from "core/part.js";
import { clockSeconds } from "core/time.js";
import { sounds } from "core/sound.js";
import { leave } from "core/start.js";
import { phone } from "./state.js";
import { applyUpdate } from "./install.js";

const SHAPES = { GREEN: "✓", AMBER: "▲", RED: "✕" };

/** Large while nothing else is to be read; a line once something is asked or runs. */
export function topView() {
  const colour = phone.colour;
  const busy = phone.sheet || phone.menu || phone.asks.length || phone.ended;
  return html`<header class="head"><div class="top ${colour.toLowerCase()} ${busy ? "" : "large"}">
    <span class="shape" aria-hidden="true">${SHAPES[colour]}</span>
    <div class="words" aria-live="polite">
      <h1>${t(`ready.${colour}`)}</h1>
      <p>${sentence()}</p>
    </div>
    <button class="menu-button" aria-expanded=${phone.menu ? "true" : "false"}
        @click=${() => phone.set({ menu: !phone.menu, choosing: false })}>
      <span aria-hidden="true">${phone.menu ? "✕" : "☰"}</span>
      <span>${t(phone.menu ? "close" : "menu")}</span></button></div>
    ${stripView()}<r-toasts></r-toasts></header>`;
}

/** Why this colour: the platform's sentence as long as it is fresh. */
function sentence() {
  if (phone.loggedOut) return t("error.logged_out");
  if (!navigator.onLine) return t("ready.offline");
  if (!phone.readiness) return t(phone.away ? "ready.unreachable" : "loading");
  if (phone.late) return t("ready.late", { time: clockSeconds(phone.beatAt) });
  if (phone.deaf && phone.readiness.colour === "GREEN") return t("ready.deaf");
  return phone.readiness.sentence;
}

function stripView() {
  return html`${outStrip()}${unsentStrip()}${soundStrip()}${updateStrip()}`;
}

function outStrip() {
  if (!phone.loggedOut) return nothing;
  return html`<div class="strip red" role="alert"><span>✕ ${t("error.logged_out")}</span>
    <button @click=${() => leave()}>${t("login.again")}</button></div>`;
}

/** What is not sent yet, always. */
function unsentStrip() {
  const n = phone.unsent.filter((each) => each.id !== phone.sending).length;
  if (n) {
    const { sentence: why } = phone.unsent[0];
    const words = t(why && !phone.away ? "strip.unsent_here" : "strip.unsent", { n });
    return html`<div class="strip amber" role="status"><span>▲ ${words}</span>
      ${why ? html`<small>${why}</small>` : nothing}</div>`;
  }
  if (navigator.onLine) return nothing;
  return html`<div class="strip red" role="status"><span>✕ ${t("strip.offline_how")}</span></div>`;
}

function soundStrip() {
  if (sounds.ready) return nothing;
  return html`<button class="strip red" @click=${() => sounds.wake()}>✕ ${t("strip.enable_sound")}</button>`;
}

/** Offered, never done: and not while there is something else to do. */
function updateStrip() {
  if (!phone.update || phone.sheet || phone.asks.length) return nothing;
  return html`<div class="strip blue"><span>● ${t("update.there")}</span>
    <button @click=${applyUpdate}>${t("update.now")}</button></div>`;
}
