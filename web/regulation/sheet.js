/** The sheet of a mission ("Intervention en cours"): where, why, whom, whom to call, and what happened so far. */

import { unless } from "core/hand.js";
import { html, nothing, repeat, t, term } from "core/part.js";
import { coordinates } from "core/places.js";
import { clock, clockSeconds } from "core/time.js";

const MINUTE_MS = 60_000;
/** From here on the SAMU can have told where the patient is taken to. */
const GIVING = { destination: "sending", facilities: "loading" };
const THERE = new Set(["LIEU_INTERVENTION", "BILAN_REALISE", "EN_CHARGE", "LIEU_DESTINATION"]);

/** The sheet of one mission; the patient is there because the mission is theirs, and only while it runs (rule 32). */
export function sheetOf(desk, mission, sheet, giveDestination) {
  const { pickup, patient } = sheet;
  return html`<div class="sheet">
    <dl>
      ${line("demand.address", pickup.address)}
      ${line("demand.access", pickup.access)}
      ${line("sheet.place", html`<span class="figures">${coordinates(pickup)}</span>`)}
      ${line("demand.motive", sheet.motive)}
      ${line("demand.instructions", sheet.instructions)}
      ${mission.ended_at ? nothing : line("sheet.patient", patient ? patientWords(patient) : null)}
      ${mission.ended_at ? nothing : line("sheet.callback", patient?.callback_phone ? tel(patient.callback_phone)
        : null)}
      ${line("sheet.samu", sheet.samu_phone ? tel(sheet.samu_phone) : null)}
      ${line("demand.destination", destination(mission, sheet, giveDestination))}
      ${line("demand.reference", sheet.reference)}
      ${line("sheet.asked", t("sheet.terms", { n: sheet.max_delay_minutes, volume: term("VOLUME", sheet.volume) }))}
    </dl>
    <h4>${t("sheet.steps")}</h4>
    <ol>${repeat(sheet.steps, (each) => each.step_id, step)}</ol>
  </div>`;
}

/** What was given, by whom; once the vehicle is there, and unless the SAMU has given it, a button to write it down. */
function destination(mission, { destination: { name, given_by: by } }, give) {
  const words = [name ?? t("sheet.no_destination"), name && by ? t(`destination.by.${by}`) : ""].filter(Boolean);
  const sending = Boolean(mission.sending);
  const mayGive = !mission.ended_at && THERE.has(mission.step) && by !== "SAMU";
  return html`${words.join(", ")} ${mayGive ? html`<button aria-disabled=${sending}
    @click=${unless(sending, give)}>${t(GIVING[mission.sending] ?? (name ? "destination.change"
      : "destination.write"))}</button>` : nothing}`;
}

const line = (key, value) => (value ? html`<dt>${t(key)}</dt><dd>${value}</dd>` : nothing);

const tel = (number) => html`<a class="button tel" href="tel:${number.replace(/[^+\d]/g, "")}">☎ ${number}</a>`;

function patientWords(patient) {
  const name = [patient.last_name, patient.first_name].filter(Boolean).join(" ");
  const more = [
    patient.sex ? term("SEX", patient.sex) : "",
    patient.birth_year ? t("patient.born", { year: patient.birth_year }) : "",
    patient.weight_kg ? t("patient.weight", { n: patient.weight_kg }) : "",
  ];
  return [name, ...more].filter(Boolean).join(", ") || t("sheet.unknown_patient");
}

/** When it happened; and when it was told, if that was later (rule 43). */
function step(passed) {
  const later = Date.parse(passed.recorded_at) - Date.parse(passed.occurred_at) > MINUTE_MS;
  return html`<li><time title=${clockSeconds(passed.occurred_at)}>${clock(passed.occurred_at)}</time>
    <strong>${term("STEP", passed.step)}</strong>
    <span class="quiet">${passed.by}${later ? ` · ${t("sheet.told", { time: clock(passed.recorded_at) })}` : ""}</span>
  </li>`;
}
