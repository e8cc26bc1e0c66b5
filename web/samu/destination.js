/** Where the patient is taken, as told at the bilan: one of the known facilities, the nearest first. */

import { render } from "lit";
import { t } from "core/i18n.js";
import { html } from "core/part.js";
import { dialog } from "parts/dialogs.js";
import { setDestination } from "./actions.js";
import { during, tried } from "./deciding.js";
import { state } from "./state.js";
import { complain, kilometres, plainly } from "./words.js";

const MOST = 12;

/** Ask for the facility and send it. */
export async function destinationDialog(demand) {
  const facilities = await state.readFacilities().catch((error) => (complain(error), null));
  if (!facilities) return;
  const near = facilities
    .map((each) => ({ ...each, km: kilometres(each, demand.pickup),
      words: plainly(`${each.name} ${each.commune ?? ""}`) }))
    .sort((one, other) => one.km - other.km);
  const chosen = await dialog(t("destination.title"), (done) => body(near, demand, done));
  if (chosen) await tried(during(demand.id, () => setDestination(demand.id, chosen)), "destination.done");
}

const body = (near, demand, done) => html`
  <div class="field"><label for="facility">${t("destination.search")}</label>
    <input id="facility" type="search" autocomplete="off" autofocus
      @input=${(event) => list(event.target.closest("dialog").querySelector(".facilities"), near, event.target.value,
        demand, done)}></div>
  <div class="facilities">${items(near, "", demand, done)}</div>
  <div class="actions"><button @click=${() => done(null)}>${t("give_up")}</button></div>`;

function list(element, near, text, demand, done) {
  element.replaceChildren();
  render(items(near, text, demand, done), element.appendChild(document.createElement("div")));
}

function items(near, text, demand, done) {
  const wanted = plainly(text).split(" ");
  const found = near.filter((each) => wanted.every((word) => each.words.includes(word))).slice(0, MOST);
  if (!found.length) return html`<p class="quiet">${t("destination.none")}</p>`;
  return html`<ul class="choices">${found.map((each) => html`<li>
    <button aria-pressed=${each.id === demand.destination?.facility_id} @click=${() => done(each.id)}>
      <span>${each.name}</span> <span class="quiet figures">${each.commune
        ?? ""} · ${each.km.toFixed(0)} km</span></button></li>`)}</ul>`;
}
