/** The legal exits of a mission (rule 44): the vehicle broke down, or nobody is carried after the bilan. */

import { html, nothing, t } from "core/part.js";
import { exit, running } from "./actions.js";
import { chooseReason } from "./reasons.js";
import { phone } from "./state.js";

const REASONS = {
  breakdown: ["breakdown.engine", "breakdown.accident", "breakdown.crew"],
  "no-transport": ["none.on_site", "none.refusal", "none.absent", "none.deceased", "none.other_means"],
};

export function exitsView(sheet) {
  const waits = phone.queue.some((each) => each.mission_id === sheet.id && each.state !== "REFUSED");
  const bilan = sheet.step === "BILAN_REALISE" && !waits;
  return html`<details class="exits"><summary>${t("exits")}</summary>
    <div class="stack">
      ${waits ? html`<p class="quiet">${t("exits.wait")}</p>` : nothing}
      <button class="danger" ?disabled=${waits || running.has("exit")}
          @click=${() => leave(sheet, "breakdown")}>${t("exit.breakdown")}</button>
      <button class="danger" ?disabled=${!bilan || running.has("exit")} aria-describedby="no-transport-how"
        @click=${() => leave(sheet, "no-transport")}>${t("exit.no-transport")}</button>
      <p id="no-transport-how" class="quiet small">${t("exit.no-transport.how")}</p>
    </div></details>`;
}

async function leave(sheet, way) {
  const reasons = REASONS[way].map((key) => t(key));
  const reason = await chooseReason(t(`exit.${way}`), { text: t(`exit.${way}.what`), reasons });
  if (reason) exit(sheet, way, reason);
}
