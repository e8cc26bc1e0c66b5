/** The sheet of a mission ("Intervention en cours"): where, why, whom, whom to call, and what happened so far. */

import { html, nothing, repeat, t, term } from "core/part.js";
import { clock, clockSeconds } from "core/time.js";
import { coordinates } from "./words.js";

const MINUTE_MS = 60_000;

/** The sheet of one mission; the patient is there because the mission is theirs, and only while it runs (rule 32). */
export function sheetOf(desk, mission, sheet) {
  const { pickup, patient } = sheet;
  return html`<div class="sheet">
    <dl>
      ${line("sheet.address", pickup.address)}
      ${line("sheet.access", pickup.access)}
      ${line("sheet.place", html`<span class="figures">${coordinates(pickup)}</span>`)}
      ${line("sheet.motive", sheet.motive)}
      ${line("sheet.instructions", sheet.instructions)}
      ${mission.ended_at ? nothing : line("sheet.patient", patient ? patientWords(patient) : null)}
      ${mission.ended_at ? nothing : line("sheet.callback", patient?.callback_phone ? tel(patient.callback_phone)
        : null)}
      ${line("sheet.samu", sheet.samu_phone ? tel(sheet.samu_phone) : null)}
      ${line("sheet.destination", sheet.destination.name ?? t("sheet.no_destination"))}
      ${line("sheet.reference", sheet.reference)}
      ${line("sheet.asked", t("sheet.terms", { n: sheet.max_delay_minutes, volume: term("VOLUME", sheet.volume) }))}
    </dl>
    <h4>${t("sheet.steps")}</h4>
    <ol>${repeat(sheet.steps, (each) => each.step_id, step)}</ol>
  </div>`;
}

const line = (key, value) => (value ? html`<dt>${t(key)}</dt><dd>${value}</dd>` : nothing);

const tel = (number) => html`<a class="button tel" href="tel:${number.replace(/[^+\d]/g, "")}">☎ ${number}</a>`;

function patientWords(patient) {
  const name = [patient.last_name, patient.first_name].filter(Boolean).join(" ");
  const more = [
    patient.sex ? term("SEX", patient.sex) : "",
    patient.birth_year ? t("sheet.born", { year: patient.birth_year }) : "",
    patient.weight_kg ? t("sheet.weight", { n: patient.weight_kg }) : "",
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
