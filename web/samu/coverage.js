/**
 * Coverage: how soon the nearest free vehicle could be there, on the map and in words, and who lives too far from
 * all.
 */

import { get } from "core/api.js";
import { Part, html, nothing, repeat, t, term } from "core/part.js";
import { sentenceOf } from "core/problem.js";
import { clockSeconds } from "core/time.js";
import { panelHead } from "./pieces.js";
import { state } from "./state.js";

const VOLUMES = ["AMBULANCE", "ASSU"];
const RESOLUTION = 7;
const EVERY_MS = 30_000;
/** The same thresholds as the map's colours. */
const LEGEND = [10, 20, 30, 45, 60, null];
const MOST = 100;

class Coverage extends Part {
  static properties = { volume: { state: true }, told: { state: true }, failed: { state: true },
    reading: { state: true } };

  #timer = null;

  constructor() {
    super();
    this.volume = "AMBULANCE";
  }

  connectedCallback() {
    super.connectedCallback();
    const fallen = () => this.#read();
    state.addEventListener("coverage", fallen);
    this.atTheEnd(() => (state.removeEventListener("coverage", fallen), clearTimeout(this.#timer),
      this.say("cells", null)));
    this.#read();
  }

  render() {
    const { told } = this;
    return html`<section class="stack coverage" aria-labelledby="coverage-title">
      ${panelHead("coverage-title", t("coverage.title"), () => this.say("back"))}
      <div class="row" role="group" aria-label=${t("new.volume")}>${VOLUMES.map((volume) => html`
        <button aria-pressed=${volume === this.volume}
          @click=${() => this.#choose(volume)}>${term("VOLUME", volume)}</button>`)}
        ${this.reading ? html`<span class="quiet">${t("loading")}</span>` : nothing}</div>
      ${this.failed ? html`<p class="error" role="alert">✕ ${this.failed}</p>` : nothing}
      ${told ? html`<p>${t("coverage.vehicles", { n: told.vehicles })} · <span
        class="figures">${t("coverage.at", { at: clockSeconds(told.at) })}</span></p>` : nothing}
      ${told && !told.vehicles ? html`<p class="banner amber">▲ ${t("coverage.nobody")}</p>` : nothing}
      <ul class="legend" aria-label=${t("coverage.legend")}>${LEGEND.map((limit, at) => html`
        <li><span class="swatch reach-${at}" aria-hidden="true"></span>${limit ? t("coverage.within", { n: limit })
          : t("coverage.beyond")}</li>`)}</ul>
      ${told ? this.#gaps(told) : nothing}
    </section>`;
  }

  #gaps(told) {
    if (told.threshold_minutes == null) return html`<p class="quiet">${t("coverage.no_threshold")}</p>`;
    const people = told.gaps.reduce((sum, each) => sum + each.population,
      0).toLocaleString(document.documentElement.lang);
    return html`<section aria-labelledby="gaps-title"><h3
      id="gaps-title">${t("coverage.gaps", { n: told.gaps.length, minutes: told.threshold_minutes })}</h3>
      ${told.gaps.length ? html`<p>${t("coverage.people", { people })}</p><div class="scroll" tabindex="0" role="region"
        aria-label=${t("coverage.gap_list")}><table>
        <thead><tr><th scope="col">${t("coverage.commune")}</th><th
          scope="col">${t("coverage.population")}</th><th scope="col">${t("coverage.minutes")}</th></tr></thead>
        <tbody>${repeat(told.gaps.slice(0, MOST), (each) => each.insee,
          (each) => html`<tr><th scope="row">${each.name}</th>
          <td class="figures">${each.population.toLocaleString(document.documentElement.lang)}</td>
          <td class="figures">${each.minutes == null ? t("coverage.never")
            : t("minutes", { n: each.minutes })}</td></tr>`)}</tbody></table></div>
        ${told.gaps.length > MOST ? html`<p class="quiet">${t("coverage.more", { n: told.gaps.length - MOST })}</p>`
          : nothing}`
        : html`<p class="good">✓ ${t("coverage.all_covered")}</p>`}</section>`;
  }

  #choose(volume) {
    this.volume = volume;
    this.told = null;
    this.say("cells", null);
    this.#read();
  }

  async #read() {
    clearTimeout(this.#timer);
    const { volume } = this;
    this.reading = true;
    try {
      await state.readSectors();
      const told = await get(state.coveragePath(volume, RESOLUTION));
      if (volume !== this.volume || !this.isConnected) return;
      this.failed = null;
      this.told = told;
      this.say("cells", told);
    } catch (error) {
      this.failed = sentenceOf(error);
    }
    this.reading = false;
    this.#timer = setTimeout(() => !document.hidden && this.isConnected && this.#read(), EVERY_MS);
  }
}

customElements.define("samu-coverage", Coverage);
