/** In one line, whether the platform can know where this phone is; what is wrong, in red, with what to do. */

import { html, nothing, t } from "core/part.js";
import { ago, clockSeconds } from "core/time.js";
import { serverNow } from "core/api.js";
import { begin } from "./position.js";
import { phone } from "./state.js";

const OLD_MS = 120_000;

export function healthLine() {
  if (!phone.aboard) return nothing;
  return html`<section class="health"
      aria-label=${t("health")}>${positionLine()}${batteryLine()}${screenLine()}</section>`;
}

export function positionLine() {
  const { permission, error, waiting } = phone.health;
  if (permission === "unsupported") return bad(t("health.unsupported"));
  if (permission === "denied") return bad(t("health.denied"));
  if (!phone.fix) return html`${bad(t(error ? `health.${error}` : "health.no_fix"))}<button
      @click=${begin}>${t("health.share")}</button>`;
  const old = serverNow() - Date.parse(phone.fix.recorded_at) > OLD_MS;
  const words = t("health.fix", { ago: ago(phone.fix.recorded_at), n: Math.round(phone.fix.accuracy_m ?? 0) });
  return html`<p class=${old ? "error" : "quiet"}
      title=${clockSeconds(phone.fix.recorded_at)}>${old ? "▲" : "✓"} ${words}
    ${waiting ? html` · <strong>${t("health.waiting", { n: waiting })}</strong>` : nothing}</p>`;
}

const bad = (words) => html`<p class="error">✕ ${words}</p>`;

export function batteryLine() {
  const { battery } = phone.health;
  if (!battery) return nothing;
  if (battery.low) return html`<p class="error">▲ ${t("health.battery_low", { n: battery.percent })}</p>`;
  return nothing;
}

export function screenLine() {
  const { screen } = phone.health;
  if (screen === "refused") return html`<p class="warn">▲ ${t("health.screen_refused")}</p>`;
  return screen === "on" ? html`<p class="quiet">✓ ${t("health.screen_on")}</p>` : nothing;
}
