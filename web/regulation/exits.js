/** The legal exits of a mission (rule 44): each asks why, and none can be taken back. */

import { html, t, term } from "core/part.js";
import { askReason, dialog } from "parts/dialogs.js";
import { choicesFor } from "./cards.js";

const reasons = (kind, names) => names.map((each) => t(`${kind}.${each}`));

/** The vehicle cannot go on: another one is searched at once. */
export async function breakDown(app, mission) {
  const reason = await askReason(t("missions.breakdown"), {
    reasons: reasons("breakdown", ["engine", "accident", "crew", "stuck"]),
    text: t("breakdown.text"),
    yes: t("breakdown.yes"),
  });
  if (reason) await app.steps.exit(mission, "breakdown", reason);
}

/** Nobody is carried: right after the bilan, with the legal reason. */
export async function noTransport(app, mission) {
  const reason = await askReason(t("missions.no_transport"), {
    reasons: reasons("no_transport", ["refuses", "left_there", "deceased", "smur", "nobody"]),
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
