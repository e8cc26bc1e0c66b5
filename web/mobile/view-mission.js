/** The sheet "Intervention en cours": where, how long, what, whom to call, the way, the steps, the exits. */

import { html, ifDefined, nothing, repeat, t, term } from "core/part.js";
import { clock, clockSeconds } from "core/time.js";
import { destinationView } from "./destination.js";
import { exitsView } from "./exits.js";
import { receipt } from "./live.js";
import { look } from "./actions.js";
import { goalOf, guidance, routeView } from "./route.js";
import { STEPS, phone } from "./state.js";

export function missionView() {
  const sheet = phone.sheet;
  const touched = () => receipt(sheet, "OPENED");
  return html`<article class="mission stack" data-id=${sheet.id} data-state=${sheet.step}
      data-opened=${phone.opened.has(sheet.id) ? "true" : "false"}
      aria-labelledby="mission-title" @pointerdown=${touched} @keydown=${touched}>
    ${backButton()}${titleView(sheet, touched)}
    ${promiseView(sheet)}
    ${placeView(sheet)}
    ${callsView(sheet)}
    ${aboutView(sheet)}
    ${patientView(sheet)}
    ${routeView(sheet)}
    ${destinationView(sheet)}
    ${stepsView(sheet)}
    ${exitsView(sheet)}
    <p class="quiet small">${t("mission.reference", { reference: sheet.reference })} ·
      ${t("minutes", { n: sheet.max_delay_minutes })} · ${term("VOLUME", sheet.volume)}</p>
  </article>`;
}

/** A Master who looks at another vehicle's mission goes back from here. */
function backButton() {
  if (!phone.viewing) return nothing;
  return html`<div class="row"><button @click=${() => look(null)}>← ${t("back")}</button>
    <strong>${phone.vehicle(phone.sheet.vehicle_id)?.name ?? ""}</strong></div>`;
}

/** A new mission calls until somebody has touched its sheet. */
function titleView(sheet, touched) {
  const drill = sheet.exercise ? html`<span class="state amber">${t("exercise")}</span>` : nothing;
  if (phone.unopened) {
    return html`<div class="news" role="alert"><h2 id="mission-title">● ${t("mission.new")}</h2>
      <button @click=${touched}>${t("mission.seen")}</button></div>${drill}`;
  }
  return html`<h2 id="mission-title" class="quiet small">${t("mission.running")} ${drill}</h2>
    ${sheet.alarm ? html`<p class="state amber" role="alert">${term("ALARM", sheet.alarm)}</p>` : nothing}`;
}

/** How long is left to be there, until the vehicle is there. */
function promiseView(sheet) {
  const arrived = sheet.steps.find((each) => each.step === "LIEU_INTERVENTION");
  const due = Date.parse(sheet.promised_at);
  if (arrived) {
    const late = Math.floor((Date.parse(arrived.occurred_at) - due) / 60_000);
    return html`<p class="promise"><span class="state ${late > 0 ? "amber" : "green"}">
      ${t(late > 0 ? "mission.arrived_late" : "mission.arrived", { n: late })} ·
      ${clock(arrived.occurred_at)}</span></p>`;
  }
  if (STEPS.indexOf(sheet.step) > STEPS.indexOf("LIEU_INTERVENTION")) return nothing;
  return html`<p class="promise"><r-countdown .to=${sheet.promised_at}></r-countdown>
    <span>${t("mission.left")}<br>${t("mission.promised", { time: clock(sheet.promised_at) })}</span></p>`;
}

/** Where the vehicle goes now: to the patient, then to the destination once it is told. */
function placeView(sheet) {
  const { address, access, lat, lon } = sheet.pickup;
  if (goalOf(sheet).to === "destination") {
    return html`<section class="place" aria-label=${t("demand.destination")}><p
        class="address">→ ${sheet.destination.name}</p></section>`;
  }
  return html`<section class="place" aria-label=${t("mission.place")}>
    <p class="address">${address ?? `${lat.toFixed(5)}, ${lon.toFixed(5)}`}</p>
    ${access ? html`<p class="access">${access}</p>` : nothing}
  </section>`;
}

/** The way there, and whom to call; in a holder it stands beside the button (`beside`). */
export function callsView(sheet, beside = "") {
  return html`<div class="calls ${beside}">
    <a class="button primary" href=${guidance(goalOf(sheet))}><span
        aria-hidden="true">➤</span> ${t("mission.guide")}</a>
    ${callLink(sheet.patient?.callback_phone, t("mission.call_back"))}
    ${callLink(sheet.samu_phone, t("mission.call_samu"))}
  </div>`;
}

function callLink(number, words) {
  if (!number) return nothing;
  const digits = number.replace(/[^+\d]/g, "");
  return html`<a class="button" href="tel:${digits}"><span aria-hidden="true">☎</span> ${words}</a>`;
}

const entry = (key, words) => (words ? html`<div><dt>${t(key)}</dt><dd class="lines">${words}</dd></div>` : nothing);

function aboutView(sheet) {
  if (!sheet.motive && !sheet.instructions) return nothing;
  return html`<dl class="about">
    ${entry("demand.motive", sheet.motive)}${entry("demand.instructions", sheet.instructions)}
  </dl>`;
}

/** From memory only; without network after a reload it is not there, and the page says why. */
function patientView(sheet) {
  const patient = sheet.patient;
  if (!patient) return html`<p class="quiet">${t(sheet.kept ? "patient.not_kept" : "patient.none")}</p>`;
  const name = [patient.last_name, patient.first_name].filter(Boolean).join(" ");
  const facts = [
    patient.sex && term("SEX", patient.sex),
    patient.birth_year && t("patient.born", { year: patient.birth_year }),
    patient.weight_kg && t("patient.weight", { n: patient.weight_kg }),
  ].filter(Boolean);
  if (!name && !facts.length) return nothing;
  const more = facts.length ? html`<br>${facts.join(" · ")}` : nothing;
  const words = html`<strong>${name || t("patient.unnamed")}</strong>${more}`;
  return html`<dl class="about">${entry("patient", words)}</dl>`;
}

/** All steps in their order: passed, kept on this phone, next, to come. */
function stepsView(sheet) {
  const next = phone.next(sheet);
  const waiting = phone.queue.filter((each) => each.mission_id === sheet.id && each.state !== "REFUSED");
  return html`<ol class="steps" aria-label=${t("mission.steps")}>
    ${repeat(STEPS, (step) => step, (step) => {
      const passed = sheet.steps.find((each) => each.step === step);
      const queued = waiting.find((each) => each.step === step);
      const state = passed ? "done" : queued ? "kept" : step === next ? "next" : "";
      return html`<li class=${state} data-step=${step} aria-current=${ifDefined(step === next ? "step" : undefined)}>
        <span aria-hidden="true">${{ done: "✓", kept: "▲", next: "●" }[state] ?? "○"}</span>
        <span>${term("STEP", step)}</span>${stepTime(passed, queued)}</li>`;
    })}
  </ol>`;
}

function stepTime(passed, queued) {
  if (passed) return html`<time datetime=${passed.occurred_at}>${clockSeconds(passed.occurred_at)}</time>`;
  if (!queued) return nothing;
  const what = queued.state === "TAKEN" ? "step.taken" : queued.id === phone.sending ? "sending" : "step.to_send";
  return html`<span class="kept-word"><time
      datetime=${queued.occurred_at}>${clockSeconds(queued.occurred_at)}</time><br>${t(what)}</span>`;
}

/** A mission that was taken away stays until somebody has seen it. */
export function endedView() {
  const ended = phone.ended;
  if (!ended) return nothing;
  return html`<section class="ended stack" role="alert" data-id=${ended.id} data-state=${ended.reason}>
    <h2>■ ${term("END", ended.reason)}</h2>
    <p>${t("mission.ended", { reference: ended.reference })}${ended.detail ? ` ${ended.detail}` : ""}</p>
    <button class="main primary" @click=${() => phone.set({ ended: null })}>${t("mission.understood")}</button>
  </section>`;
}
