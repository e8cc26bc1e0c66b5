/** New terms for a demand that runs: a better place, another delay, another volume (everybody is asked again). */

import { t, term } from "core/i18n.js";
import { html } from "core/part.js";
import { coordinates } from "core/places.js";
import { dialog } from "parts/dialogs.js";
import { amend } from "./actions.js";
import { parseCoordinates } from "./coords.js";
import { during, stillMeant, tried } from "./deciding.js";

const VOLUMES = ["AMBULANCE", "ASSU"];

/** Ask for the new terms and send what was changed. */
export async function amendDialog(demand) {
  const terms = await dialog(t("amend.title"), (done) => form(demand, done));
  if (terms && (await stillMeant(demand))) await tried(during(demand.id, () => amend(demand.id, terms)), "amend.done");
}

const form = (demand, done) => html`
  <p>${t(demand.mission ? "amend.text_mission" : "amend.text")}</p>
  <form class="stack" @submit=${(event) => (event.preventDefault(), submit(event.target, demand, done))}>
    <div class="field"><label for="amend-place">${t("amend.place")}</label>
      <input id="amend-place" name="place" autocomplete="off" value=${coordinates(demand.pickup)}></div>
    <div class="field"><label for="amend-address">${t("demand.address")}</label>
      <input id="amend-address" name="address" maxlength="300" autocomplete="off"
        value=${demand.pickup.address ?? ""}></div>
    <div class="field"><label for="amend-access">${t("demand.access")}</label>
      <input id="amend-access" name="access" maxlength="300" autocomplete="off"
        value=${demand.pickup.access ?? ""}></div>
    <div class="field"><label for="amend-delay">${t("amend.delay")}</label>
      <input id="amend-delay" name="delay" type="number" min="5" max="480" required autofocus
        value=${demand.max_delay_minutes}></div>
    <div class="field"><label for="amend-volume">${t("amend.volume")}</label>
      <select id="amend-volume" name="volume">${VOLUMES.map((volume) => html`
        <option value=${volume} ?selected=${volume
          === demand.volume}>${term("VOLUME", volume)}</option>`)}</select></div>
    <p class="error" role="alert"></p>
    <div class="actions"><button type="button" @click=${() => done(null)}>${t("give_up")}</button>
      <button class="primary">${t("amend.send")}</button></div>
  </form>`;

function submit(element, demand, done) {
  const given = Object.fromEntries(new FormData(element));
  const place = parseCoordinates(given.place);
  if (!place) return void (element.querySelector(".error").textContent = `✕ ${t("new.coordinates_unfinished")}`);
  const terms = changed(given, place, demand);
  if (!terms) return void (element.querySelector(".error").textContent = t("amend.nothing"));
  done(terms);
}

/** What differs from the demand as it stands; null when nothing does. */
function changed(given, place, demand) {
  const terms = {};
  const [address, access] = [given.address.trim() || null, given.access.trim() || null];
  const moved = given.place.trim() !== coordinates(demand.pickup);
  if (moved || address !== demand.pickup.address || access !== demand.pickup.access) {
    const at = moved ? place : { lat: demand.pickup.lat, lon: demand.pickup.lon };
    terms.pickup = { ...at, address, access };
  }
  if (Number(given.delay) !== demand.max_delay_minutes) terms.max_delay_minutes = Number(given.delay);
  if (given.volume !== demand.volume) terms.volume = given.volume;
  return Object.keys(terms).length ? terms : null;
}
