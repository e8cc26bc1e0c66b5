/** Where a patient is taken to (rule 36): one of the known facilities, the nearest to the patient first. */

import { render } from "lit";
import { language } from "core/i18n.js";
import { html, nothing, t } from "core/part.js";
import { kilometres } from "core/places.js";
import { plainly } from "core/plain.js";
import { dialog } from "./dialogs.js";

const MOST = 12;

/** Ask for one of `facilities`; `standing` was given before. Returns the id, null when it was given up. */
export function chooseFacility(facilities, pickup, standing = null, text = "") {
  const near = facilities
    .map((each) => ({ ...each, km: kilometres(each, pickup), words: plainly(`${each.name} ${each.commune ?? ""}`) }))
    .sort((one, other) => one.km - other.km);
  return dialog(t("demand.destination"), (done) => body(near, standing, text, done));
}

const body = (near, standing, text, done) => html`
  ${text ? html`<p>${text}</p>` : nothing}
  <div class="field"><label for="facility">${t("destination.search")}</label>
    <input id="facility" type="search" autocomplete="off" autofocus
      @input=${({ target }) => redraw(target.closest("dialog").querySelector(".facilities"),
        items(near, target.value, standing, done))}></div>
  <div class="facilities">${items(near, "", standing, done)}</div>
  <div class="actions"><button @click=${() => done(null)}>${t("give_up")}</button></div>`;

function redraw(element, found) {
  element.replaceChildren();
  render(found, element.appendChild(document.createElement("div")));
}

function items(near, text, standing, done) {
  const wanted = plainly(text).split(" ");
  const found = near.filter((each) => wanted.every((word) => each.words.includes(word))).slice(0, MOST);
  if (!found.length) return html`<p class="quiet" role="status">${t("destination.none")}</p>`;
  return html`<ul class="choices stack reasons">${found.map((each) => html`<li class="stack">
    <button aria-pressed=${each.id === standing} @click=${() => done(each.id)}>
      <span>${each.name}<br>
        <span class="quiet figures">${each.commune ?? ""} · ${distance(each.km)}</span></span></button>
  </li>`)}</ul>`;
}

const distance = (km) => `${new Intl.NumberFormat(language(), { maximumSignificantDigits: 2 }).format(Math.max(0.1, km))} km`;
