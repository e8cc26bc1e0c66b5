/** The legal exits of a mission (rule 44): breakdown, nobody to carry after the bilan, relief by another vehicle. */

import { html, nothing, t, term } from "core/part.js";
import { couldGo } from "core/vehicles.js";
import { dialog } from "parts/dialogs.js";
import { exit, relieve, running } from "./actions.js";
import { chooseReason } from "./reasons.js";
import { phone } from "./state.js";

const REASONS = {
  breakdown: ["breakdown.engine", "breakdown.accident", "breakdown.crew"],
  "no-transport": ["none.on_site", "none.refusal", "none.absent", "none.deceased", "none.other_means"],
  relief: ["relief.end_of_service", "relief.nearer", "relief.equipment"],
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
      <p id="no-transport-how" class="quiet small">${t("PROBLEM.no_transport_not_allowed")}</p>
      <button class="danger" ?disabled=${waits || running.has("exit")}
          @click=${() => handOn(sheet)}>${running.has("exit") ? t("sending") : t("exit.relief")}</button>
    </div></details>`;
}

async function leave(sheet, way) {
  const reason = await why(way, t(`exit.${way}`), t(`exit.${way}.what`));
  if (reason) exit(sheet, way, reason);
}

const why = (way, title, text) => chooseReason(title, { text, reasons: REASONS[way].map((key) => t(key)) });

/** First which vehicle, then why: the second tap says what will be so, and is the one that sends. */
async function handOn(sheet) {
  const vehicle = await chooseVehicle(sheet);
  if (!vehicle) return;
  const mine = phone.vehicle(sheet.vehicle_id)?.name ?? "";
  const reason = await why("relief", t("exit.relief.by", { vehicle: vehicle.name }),
    t("exit.relief.what", { vehicle: vehicle.name, mine }));
  if (reason) relieve(sheet, vehicle, reason);
}

const chooseVehicle = (sheet) =>
  dialog(t("exit.relief"), (done) => {
    const found = couldTakeOver(sheet);
    return html`
      ${found.length ? nothing : html`<p>${t(phone.company ? "answer.no_vehicle" : "fleet.unknown")}</p>`}
      <div class="stack reasons">${found.map((each) => html`<button @click=${() => done(each)}>
        <span>${each.name} · ${term("VOLUME", each.volume)}<br><span class="quiet">${
          t(each.phones.count ? "exit.relief.phone" : "exit.relief.no_phone")}</span></span></button>`)}</div>
      <div class="actions"><button @click=${() => done(null)}>${t("give_up")}</button></div>`;
  });

/** The company's vehicles that are free and large enough; first those that a crew with a phone is in. */
function couldTakeOver({ volume, vehicle_id: mine }) {
  const able = (phone.company?.vehicles ?? []).filter((each) => each.id !== mine && couldGo(each, volume));
  const rank = (each) => (each.phones.count ? 0 : 2) + (each.available ? 0 : 1);
  return able.sort((one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name));
}
