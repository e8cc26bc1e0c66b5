/** Mode Garde (G1): the period of the roster, the vehicle, the teammate; then the guard itself. */

import { html, nothing, repeat, t } from "core/part.js";
import { serverNow } from "core/api.js";
import { clock, day } from "core/time.js";
import { closeShift, openShift, readSectors, readTeammates, reportMissing, running } from "./actions.js";
import { readPeriods } from "./live.js";
import { phone } from "./state.js";
import { vehicleChoice } from "./view-crew.js";

const OPENS_BEFORE_MS = 15 * 60_000;
const SHOWN_BEFORE_MS = 12 * 3600_000;
const OTHER = "other";
const DIPLOMAS = ["DEA", "AUXILIAIRE"];
const HOURS = [6, 8, 10, 12, 24];
const ui = { missing: false, other: false };

export function guardView() {
  if (phone.onGuard) return shiftView();
  if (!phone.periods) readPeriods();
  readTeammates();
  readSectors();
  return html`<form id="guard" class="stack" @submit=${ui.missing ? report : open}>
    ${ui.missing ? missingFields() : periodChoice()}
    <button type="button" class="plain underlined"
        @click=${() => toggle("missing")}>${t(ui.missing ? "guard.back" : "guard.missing")}</button>
    ${vehicleChoice({ free: (each) => !each.mission_id && !each.on_guard, only: mayGuard })}
    ${teammateFields()}
  </form>`;
}

const mayGuard = (vehicle) => ["A", "C"].includes(vehicle.category);

function toggle(name, value = !ui[name]) {
  ui[name] = value;
  phone.change();
}

export function guardFoot() {
  if (phone.onGuard) return nothing;
  const sending = running.has("openShift") || running.has("reportMissing");
  const able = phone.deviceId && phone.teammates && (ui.missing || openable().some((each) => begins(each)));
  return html`<button class="main primary" form="guard"
      ?disabled=${sending || !able}>${t(sending ? "sending" : ui.missing ? "guard.report" : "guard.open")}</button>`;
}

/** Of this company, not over, nobody on it yet, soon to begin. */
function openable() {
  const now = serverNow();
  return (phone.periods ?? []).filter((each) => {
    const free = ["PLANNED", "OPENABLE", "LATE", "CLOSED"].includes(each.state) && !each.provisional;
    return free && Date.parse(each.ends_at) > now && Date.parse(each.starts_at) - now < SHOWN_BEFORE_MS;
  });
}

const begins = (period) => Date.parse(period.starts_at) - serverNow() <= OPENS_BEFORE_MS;

function periodChoice() {
  const found = openable();
  const first = found.find(begins)?.id;
  return html`<fieldset class="choice" role="radiogroup" aria-labelledby="period-legend">
    <legend id="period-legend">${t("guard.period")}</legend>
    ${found.length ? nothing : html`<p class="quiet">${t(phone.periods ? "guard.no_period" : "loading")}</p>`}
    ${repeat(found, (each) => each.id, (each) => html`<label class="option" data-id=${each.id} data-state=${each.state}>
      <input type="radio" name="period" value=${each.id} required ?checked=${each.id === first}
          ?disabled=${!begins(each)}>
      <strong>${each.sector.name}</strong>
      <small class="quiet">${day(each.starts_at)} – ${clock(each.ends_at)} · ${periodWord(each)}</small></label>`)}
  </fieldset>`;
}

function periodWord(period) {
  if (period.state === "LATE") return t("guard.late");
  const from = Date.parse(period.starts_at) - OPENS_BEFORE_MS;
  return begins(period) ? t("guard.openable") : t("guard.from", { time: clock(from) });
}

function teammateFields() {
  return html`<div class="field"><label for="teammate">${t("guard.teammate")}</label>
      <select id="teammate" name="teammate" required ?disabled=${!phone.teammates}
          @change=${(event) => toggle("other", event.target.value === OTHER)}>
        <option value="">${t(phone.teammates ? "choose" : "loading")}</option>
        ${(phone.teammates ?? []).map((each) => html`<option value=${each.id}>${each.name} (${each.diploma})</option>`)}
        <option value=${OTHER}>${t("guard.other")}</option></select></div>
    ${ui.other ? html`<div class="field"><label for="other-name">${t("guard.other_name")}</label>
        <input id="other-name" name="name" maxlength="100" required autocomplete="off"></div>
      <div class="field"><label for="other-diploma">${t("guard.diploma")}</label><select id="other-diploma"
          name="diploma" required>
        ${DIPLOMAS.map((each) => html`<option value=${each}>${t(`DIPLOMA.${each}`)}</option>`)}</select></div>
      <div class="field"><label for="other-number">${t("guard.number")}</label><input id="other-number" name="number"
          maxlength="100" autocomplete="off"></div>
      <p class="quiet">${t("guard.other_how")}</p>` : nothing}`;
}

/** The roster is out of date: the SAMU is warned, and calls meanwhile (rule 59). */
function missingFields() {
  return html`<h2>${t("guard.missing")}</h2><p>${t("guard.missing_how")}</p>
    <div class="field"><label for="sector">${t("guard.sector")}</label><select id="sector" name="sector" required>
      <option value="">${t("choose")}</option>
      ${(phone.sectors ?? []).map((each) => html`<option value=${each.id}>${each.name}</option>`)}</select></div>
    <div class="field"><label for="guard-phone">${t("guard.phone")}</label>
      <input id="guard-phone" name="phone" type="tel" inputmode="tel" autocomplete="tel" required
          pattern="\\+?[0-9][0-9 .\\(\\)\\-]{2,29}"></div>
    <div class="field"><label for="hours">${t("guard.hours")}</label><select id="hours" name="hours">
      ${HOURS.map((each) => html`<option value=${each} ?selected=${each === 12}>${t("hours", { n: each })}</option>`)}
    </select></div>`;
}

function teammateOf(given) {
  if (given.get("teammate") !== OTHER) return { staff_id: given.get("teammate") };
  const number = given.get("number").trim();
  const mate = { name: given.get("name").trim(), diploma: given.get("diploma") };
  return number ? { ...mate, diploma_number: number } : mate;
}

function open(event) {
  event.preventDefault();
  const given = new FormData(event.target);
  openShift({ period_id: given.get("period"), vehicle_id: given.get("vehicle"), teammate: teammateOf(given) });
}

async function report(event) {
  event.preventDefault();
  const given = new FormData(event.target);
  const ends = new Date(serverNow() + Number(given.get("hours")) * 3600_000).toISOString();
  const body = {
    sector_id: given.get("sector"),
    vehicle_id: given.get("vehicle"),
    teammate: teammateOf(given),
    phone: given.get("phone").trim(),
    ends_at: ends,
  };
  if (await reportMissing(body)) toggle("missing", false);
}

/** On guard: until when, with whom, and whether demands come here or by telephone. */
function shiftView() {
  const { aboard, period, onGuard } = phone;
  if (period?.id !== onGuard.period_id) readPeriodsOnce(onGuard.period_id);
  const waits = period?.provisional && !period.approved_at;
  const mate = period?.shift?.teammate;
  const closing = running.has("closeShift");
  return html`<section class="surface stack guard" data-id=${onGuard.shift_id} data-state=${waits ? "ASKED" : "OPEN"}>
    <h2>${t("guard.on", { name: aboard.vehicle_name })}</h2>
    ${waits ? html`<p class="state amber">${t("guard.provisional")}</p>
      <p>${t("guard.by_phone", { phone: period.phone ?? "" })}</p>` : nothing}
    <dl class="about">
      ${period ? html`<div><dt>${t("guard.sector")}</dt><dd>${period.sector.name}</dd></div>` : nothing}
      <div><dt>${t("guard.until")}</dt><dd>${day(onGuard.ends_at)}</dd></div>
      ${mate ? html`<div><dt>${t("guard.teammate")}</dt><dd>${mate.name}</dd></div>` : nothing}
    </dl>
    ${waits ? nothing : html`<p class="quiet">${t("guard.waiting")}</p>`}
    ${nextShift()}
    <button class="danger" ?disabled=${closing} @click=${() => closeShift(onGuard.shift_id)}>
      ${t(closing ? "sending" : "guard.close")}</button>
  </section>`;
}

let readFor = null;

function readPeriodsOnce(id) {
  if (readFor !== id) readPeriods();
  readFor = id;
}

/** The period that follows without a gap is opened in one tap, with the same vehicle and teammate (rule 66). */
function nextShift() {
  const { period, aboard } = phone;
  const next = openable().find((each) => begins(each) && period && each.starts_at === period.ends_at);
  const mate = period?.shift?.teammate;
  if (!next || !mate) return nothing;
  const teammate = mate.staff_id ? { staff_id: mate.staff_id } : { name: mate.name, diploma: mate.diploma };
  const goOn = () => openShift({ period_id: next.id, vehicle_id: aboard.vehicle_id, teammate });
  return html`<button class="main primary" ?disabled=${running.has("openShift")} @click=${goOn}>
    ${t("guard.chain", { time: clock(next.ends_at) })}</button>`;
}
