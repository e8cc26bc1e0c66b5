/** Which mode: three big buttons, each with what it is for. */

import { html, nothing, t } from "core/part.js";
import { MODES, phone } from "./state.js";

const KEYS = { AMBULANCIER: "mode.AMBULANCIER", MAITRE: "mode.MAITRE", GARDE: "mode.GARDE" };

export function chooseView() {
  return html`<section class="choose stack">
    <h2>${t("mode.choose")}</h2>
    ${MODES.map((mode) => modeButton(mode))}
    ${phone.onGuard ? html`<p class="quiet">${t("mode.on_guard")}</p>` : nothing}
  </section>`;
}

function modeButton(mode) {
  const barred = phone.onGuard !== null && mode !== "GARDE";
  return html`<button class="mode" aria-pressed=${phone.mode === mode ? "true" : "false"}
    ?disabled=${barred} @click=${() => phone.choose(mode)}>
    <strong>${t(KEYS[mode])}</strong><small>${t(`${KEYS[mode]}.what`)}</small></button>`;
}
