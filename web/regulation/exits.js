/** The legal exits of a mission (rule 44): each asks why, and none can be taken back. And where the patient goes. */

import { html, t, term } from "core/part.js";
import { askReason, dialog } from "parts/dialogs.js";
import { chooseFacility } from "parts/facilities.js";
import { choicesFor } from "./cards.js";

/** The vehicle cannot go on: another one is searched at once. */
export async function breakDown(app, mission) {
  const reason = await askReason(t("missions.breakdown"), {
    reasons: ["engine", "accident", "crew", "stuck"].map((each) => t(`breakdown.${each}`)),
    text: t("breakdown.text"),
    yes: t("breakdown.yes"),
  });
  if (reason) await app.steps.exit(mission, "breakdown", reason);
}

/** Nobody is carried: right after the bilan, with the legal reason. */
export async function noTransport(app, mission) {
  const reason = await askReason(t("missions.no_transport"), {
    reasons: ["refuses", "left_there", "deceased", "smur", "nobody"].map((each) => t(`no_transport.${each}`)),
    text: t("no_transport.text"),
    yes: t("no_transport.yes"),
  });
  if (reason) await app.steps.exit(mission, "no-transport", reason);
}

/** Another vehicle of the company takes over. */
export async function relieve(app, mission) {
  const site_id = app.desk.vehicle(mission.vehicle_id)?.site_id;
  const vehicles = choicesFor(app.desk, { demand: { volume: mission.volume }, site_id });
  const chosen = await dialog(t("missions.relief"), (done) => {
    const send = (event) => {
      event.preventDefault();
      const given = new FormData(event.target);
      done({ vehicle: given.get("vehicle"), reason: given.get("reason").trim() });
    };
    if (!vehicles.length) return html`<p>${t("relief.none")}</p><div class="actions"><button autofocus
      @click=${() => done(null)}>${t("close")}</button></div>`;
    return html`<form class="stack" @submit=${send}>
      <div class="field"><label for="relief-vehicle">${t("relief.vehicle")}</label>
        <select id="relief-vehicle" name="vehicle" autofocus>${vehicles.map((each) => html`
          <option value=${each.id}>${each.name} · ${term("VOLUME", each.volume)}</option>`)}</select></div>
      <div class="field"><label for="relief-reason">${t("reason")}</label>
        <input id="relief-reason" name="reason" maxlength="200" required autocomplete="off"></div>
      <div class="actions"><button type="button"
        @click=${() => done(null)}>${t("give_up")}</button><button class="primary">${t("relief.yes")}</button></div>
    </form>`;
  });
  if (chosen?.reason) await app.steps.relieve(mission, chosen.vehicle, chosen.reason);
}

/** Write down where the patient is taken to, as the SAMU told it (rule 36). */
export async function giveDestination(app, mission, sheet) {
  const facilities = await app.steps.facilities(mission);
  if (!facilities) return;
  const standing = sheet.destination.facility_id;
  const chosen = await chooseFacility(facilities, sheet.pickup, standing, t("destination.told"));
  if (chosen) await app.steps.destination(mission, chosen);
}
