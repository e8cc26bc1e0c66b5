/** Mode Ambulancier: getting into a vehicle, waiting in it, getting out. */

import { html, nothing, repeat, t, term } from "core/part.js";
import { getIn, getOut, lastCrew, readTeammates, running } from "./actions.js";
import { phone } from "./state.js";

const FIELDS = ["one", "two"];

/** The form to declare oneself in a vehicle. */
export function boardingView() {
  readTeammates();
  const last = lastCrew();
  return html`<form id="boarding" class="stack" @submit=${board}>
    <h2>${t("crew.which")}</h2>
    ${vehicleChoice({ chosen: last.vehicle, free: () => true })}
    <fieldset class="stack">
      <legend class="visually-hidden">${t("crew.members")}</legend>
      ${FIELDS.map((name, index) => html`<div class="field">
        <label for="crew-${name}">${t("crew.member", { n: index + 1 })}</label>
        <input id="crew-${name}" name=${name} maxlength="100" autocomplete="off" ?required=${index === 0}
          .defaultValue=${last.names?.[index] ?? ""}></div>`)}
      ${staffChoice()}
    </fieldset>
    <label class="check"><input type="checkbox" name="primary"> <span>${t("crew.primary")}<br><small
        class="quiet">${t("crew.primary_how")}</small></span></label>
  </form>`;
}

/** Vehicles as radio buttons; `free` says whether one may be chosen. */
export function vehicleChoice({ chosen, free, only = () => true }) {
  const found = (phone.company?.vehicles ?? []).filter(only);
  const sole = found.length === 1 ? found[0].id : null;
  return html`<fieldset class="choice" role="radiogroup" aria-labelledby="vehicle-legend">
    <legend id="vehicle-legend">${t("vehicle")}</legend>
    ${phone.company ? nothing : html`<p class="quiet">${t(phone.away ? "fleet.unknown" : "loading")}</p>`}
    ${repeat(found, (each) => each.id, (each) => html`<label class="option" data-id=${each.id}>
      <input type="radio" name="vehicle" value=${each.id} required
          ?checked=${free(each) && each.id === (sole ?? chosen)} ?disabled=${!free(each)}
        aria-labelledby="v-${each.id}" aria-describedby="d-${each.id}">
      <strong id="v-${each.id}">${each.name}</strong>
      <small id="d-${each.id}" class="quiet">${term("VOLUME", each.volume)} · ${stateOf(each)}</small></label>`)}
  </fieldset>`;
}

/** What a vehicle does now, in words. */
function stateOf(vehicle) {
  const words = [];
  if (vehicle.mission_id) words.push(t("vehicle.on_mission"));
  if (vehicle.on_guard) words.push(t("vehicle.on_guard"));
  if (vehicle.phones.count) words.push(t("vehicle.phones", { n: vehicle.phones.count }));
  return words.join(" · ") || t("vehicle.free");
}

/** The company's people: a tap writes a name into the first empty field, so that nothing needs typing. */
function staffChoice() {
  const staff = phone.teammates ?? [];
  if (!staff.length) return nothing;
  return html`<details><summary>${t("crew.staff")}</summary><div class="row chips">
    ${staff.map(({ name }) => html`<button type="button" @click=${(event) => write(event, name)}>${name}</button>`)}
  </div></details>`;
}

function write(event, name) {
  const form = event.target.closest("form");
  const fields = FIELDS.map((each) => form.elements[each]);
  const field = fields.find((each) => !each.value.trim()) ?? fields[1];
  field.value = name;
}

export function boardingFoot() {
  const sending = running.has("getIn");
  return html`<button class="main primary" form="boarding" ?disabled=${sending || !phone.company || !phone.deviceId}>
    ${t(sending ? "sending" : "crew.get_in")}</button>`;
}

function board(event) {
  event.preventDefault();
  const given = new FormData(event.target);
  const names = FIELDS.map((each) => given.get(each).trim()).filter(Boolean);
  getIn(given.get("vehicle"), names, given.has("primary"));
}

/** In a vehicle, without a mission. */
export function seatView() {
  const { aboard } = phone;
  return html`<section class="surface stack seat" data-id=${aboard.vehicle_id}>
    <h2>${t("crew.in", { name: aboard.vehicle_name })}</h2>
    <p>${crewLine(aboard)}</p>
    <p class="quiet">${t("crew.waiting")}</p>
    ${getOutButton()}
  </section>`;
}

export function crewLine(aboard) {
  const names = (aboard.members ?? []).map((each) => each.name).join(", ");
  const which = t(aboard.is_primary ? "crew.is_primary" : "crew.is_second");
  return names ? `${names} · ${which}` : which;
}

export const getOutButton = () =>
  html`<button class="danger" ?disabled=${running.has("getOut")}
      @click=${getOut}>${t(running.has("getOut") ? "sending" : "crew.get_out")}</button>`;
