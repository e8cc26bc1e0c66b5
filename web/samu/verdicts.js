/**
 * "Pourquoi pas ce véhicule ?": of every vehicle and site, why it was or was not asked, and what it would have taken.
 */

import { all } from "core/api.js";
import { Part, html, nothing, repeat, t, term } from "core/part.js";
import { plainly } from "core/plain.js";
import { sentenceOf } from "core/problem.js";
import { companyName, siteName, vehicleName } from "./words.js";

const MOST = 150;

class Verdicts extends Part {
  static properties = {
    demandId: {}, status: {}, open: { state: true }, found: { state: true }, text: { state: true },
    reading: { state: true }, failed: { state: true },
  };

  constructor() {
    super();
    this.text = "";
  }

  willUpdate(changed) {
    if (changed.has("demandId") && changed.get("demandId")) {
      this.found = this.failed = null;
      this.open = false;
    }
    if ((changed.has("open") || changed.has("status")) && this.open) this.#read();
  }

  render() {
    return html`<details class="verdicts" .open=${Boolean(this.open)}
      @toggle=${(event) => (this.open = event.target.open)}>
      <summary><h3>${t("verdicts.title")}</h3></summary>
      ${this.open ? this.#body() : nothing}
    </details>`;
  }

  #body() {
    if (this.failed) return html`<p class="error">✕ ${this.failed}</p>`;
    if (!this.found) return html`<p class="quiet">${t("loading")}</p>`;
    const wanted = plainly(this.text).split(" ");
    const matching = this.found.filter((each) => wanted.every((word) => each.words.includes(word)));
    return html`<div class="field"><label for="verdict-search">${t("verdicts.search")}</label>
        <input id="verdict-search" type="search" autocomplete="off"
          .value=${this.text} @input=${(event) => (this.text = event.target.value)}></div>
      <p class="quiet" role="status">${t("verdicts.count", { n: matching.length, of: this.found.length })}</p>
      <div class="scroll" tabindex="0" role="region" aria-label=${t("verdicts.title")}><table>
        <thead><tr>${["who", "tier", "sentence", "minutes",
          "needed"].map((name) => html`<th scope="col">${t(`verdicts.${name}`)}</th>`)}</tr></thead>
        <tbody>${repeat(matching.slice(0, MOST), (each) => each.key, (each) => row(each))}</tbody>
      </table></div>
      ${matching.length > MOST ? html`<p class="quiet">${t("verdicts.more", { n: matching.length - MOST })}</p>`
        : nothing}`;
  }

  async #read() {
    if (this.reading) return;
    const [asked, status] = [this.demandId, this.status];
    this.reading = true;
    this.failed = null;
    try {
      const items = await all(`/v1/demands/${asked}/verdicts?limit=1000`);
      if (asked === this.demandId) this.found = items.map(searchable).sort(nearestFirst);
    } catch (error) {
      if (asked === this.demandId) this.failed = sentenceOf(error);
    }
    this.reading = false;
    if (this.open && (asked !== this.demandId || status !== this.status)) this.#read();
  }
}

/** Who could have been there soonest first; of the others, who is the nearest. */
const nearestFirst = (one, other) =>
  (one.earliest_minutes ?? 9999) - (other.earliest_minutes ?? 9999)
    || (one.distance_m ?? 1e9) - (other.distance_m ?? 1e9);

function searchable(verdict) {
  const name = verdict.target_name ?? (verdict.vehicle_id ? vehicleName(verdict.vehicle_id)
    : siteName(verdict.site_id));
  const company = verdict.company_name ?? companyName(verdict.company_id);
  const words = plainly(`${name} ${company} ${term("TIER", verdict.tier)} ${verdict.sentence}`);
  return { ...verdict, name, company, words,
    key: `${verdict.round} ${verdict.tier} ${verdict.survey} ${verdict.target_id}` };
}

const row = (verdict) => html`<tr data-id=${verdict.target_id} data-state=${verdict.verdict}>
  <th scope="row">${verdict.name}<br><span class="quiet">${verdict.company}</span></th>
  <td>${term("TIER", verdict.tier)}</td>
  <td>${verdict.sentence}</td>
  <td class="figures">${verdict.earliest_minutes == null ? "–"
    : t("minutes", { n: verdict.earliest_minutes === verdict.eta_minutes ? verdict.eta_minutes
      : `${verdict.earliest_minutes}–${verdict.eta_minutes}` })}</td>
  <td>${verdict.needed.map((each) => html`<div>${each.sentence}</div>`)}</td>
</tr>`;

customElements.define("samu-verdicts", Verdicts);
