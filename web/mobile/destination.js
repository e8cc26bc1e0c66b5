/** Where the patient is taken to: what the SAMU has given, or what the crew writes down as it was told (rule 36). */

import { html, nothing, t } from "core/part.js";
import { chooseFacility } from "parts/facilities.js";
import { giveDestination, readFacilities, running } from "./actions.js";
import { goalOf } from "./route.js";
import { STEPS, phone } from "./state.js";

const FROM = STEPS.indexOf("LIEU_INTERVENTION");

/** The destination; on the way there, where the patient was. A button from the place on, unless the SAMU has spoken. */
export function destinationView(sheet) {
  const { name, given_by: by } = sheet.destination ?? {};
  const going = goalOf(sheet).to === "destination";
  const words = name
    ? html`${going ? nothing : html`${name}<br>`}<span class="quiet">${by ? t(`destination.by.${by}`) : ""}</span>`
    : html`<span class="quiet">${t("mission.no_destination")}</span>`;
  return html`<dl class="about">
    ${going ? html`<div><dt>${t("mission.place")}</dt><dd>${sheet.pickup.address ?? "—"}</dd></div>` : nothing}
    <div><dt>${t("demand.destination")}</dt><dd>${words}</dd></div>
  </dl>${button(sheet)}`;
}

function button(sheet) {
  const there = STEPS.indexOf(phone.reached(sheet)) >= FROM;
  if (!there || sheet.kept || sheet.destination?.given_by === "SAMU") return nothing;
  const early = STEPS.indexOf(sheet.step) < FROM;
  const busy = running.has("destination") || running.has("facilities");
  const words = t(sheet.destination?.name ? "destination.change" : "destination.write");
  return html`<div class="stack">
    <button ?disabled=${early || busy} @click=${() => ask(sheet)}>${busy ? t(running.has("facilities") ? "loading" : "sending") : words}</button>
    ${early ? html`<p class="quiet small">${t("exits.wait")}</p>` : nothing}</div>`;
}

async function ask(sheet) {
  const facilities = await readFacilities();
  if (!facilities) return;
  const chosen = await chooseFacility(facilities, sheet.pickup, sheet.destination?.facility_id, t("destination.told"));
  if (chosen) giveDestination(sheet, chosen);
}
