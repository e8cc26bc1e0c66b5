/** Where: the name of a commune, or pasted coordinates, in one field (the ARIA pattern of a combobox with a list). */

import { get } from "core/api.js";
import { Part, html, live, nothing, repeat, t } from "core/part.js";
import { coordinates } from "core/places.js";
import { looksLikeCoordinates, parseCoordinates } from "./coords.js";
import { draft, outside } from "./draft.js";

const PAUSE_MS = 60;
const MOST = 8;

class Place extends Part {
  static properties = { found: { state: true }, at: { state: true }, word: { state: true }, fault: {} };

  #asking = null;
  #timer = null;
  #pickNext = false;

  constructor() {
    super();
    this.found = null;
    this.at = 0;
    this.word = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(draft, "change");
  }

  render() {
    const open = Boolean(this.found?.length);
    return html`<div class="field where-field">
      <label for="place">${t("new.place")}</label>
      <input id="place" role="combobox" autocomplete="off" spellcheck="false" aria-autocomplete="list"
        aria-expanded=${open}
        aria-controls="place-list" aria-activedescendant=${open
          ? `place-${this.at}` : nothing} aria-describedby="place-word"
        aria-invalid=${this.fault ? "true" : "false"} placeholder=${t("new.place_hint")} .value=${live(draft.text)}
        @input=${(event) => this.#typed(event.target.value)}
          @keydown=${(event) => this.#key(event)} @blur=${() => this.#left()}>
      <ul id="place-list" role="listbox" aria-label=${t("new.communes")} ?hidden=${!open}>
        ${repeat(this.found ?? [], (each) => each.insee, (each, index) => html`
          <li id="place-${index}" role="option" aria-selected=${index === this.at}
            @pointerdown=${(event) => (event.preventDefault(), this.#pick(each))}>
            <b>${each.name}</b> <span class="quiet">${t("new.people",
              { n: each.population.toLocaleString(document.documentElement.lang) })}</span>
          </li>`)}
      </ul>
      <p id="place-word" class="word" aria-live="polite">${this.fault
        ? html`<span class="error">✕ ${this.fault}</span>` : this.#words()}</p>
    </div>`;
  }

  #words() {
    if (this.word) return this.word;
    const { place } = draft;
    if (!place) return this.found?.length === 0
      ? html`<span class="error">✕ ${t("new.no_commune")}</span>` : t("new.place_help");
    if (draft.reach?.told?.in_area === false || (!draft.reach?.told && outside(place))) return this.#outside(place);
    const said = t(`new.from_${place.source}`, { name: draft.commune ?? "", at: coordinates(place) });
    return html`<span class="good">✓ ${said}</span>`;
  }

  #outside(place) {
    const swapped = { lat: place.lon, lon: place.lat };
    if (Math.abs(swapped.lat) > 90 || outside(swapped)) return html`<span class="error">✕ ${t("new.outside")}</span>`;
    return html`<span class="error">✕ ${t("place.swapped")}</span>
      <button type="button" @click=${() => this.#put({ ...swapped, name: null, source: "coordinates" },
        coordinates(swapped))}>
        ${t("new.swap", { at: coordinates(swapped) })}</button>`;
  }

  #typed(text) {
    draft.text = text;
    this.word = null;
    this.say("corrected");
    clearTimeout(this.#timer);
    this.#asking?.abort();
    if (looksLikeCoordinates(text)) return this.#coordinates(text);
    draft.put(null);
    if (text.trim().length < 2) return void (this.found = null);
    this.#timer = setTimeout(() => this.#search(text.trim()), PAUSE_MS);
  }

  #coordinates(text) {
    this.found = null;
    const place = parseCoordinates(text);
    draft.put(place && { ...place, name: null, source: "coordinates" });
    if (!place) this.word = html`<span class="quiet">${t("new.coordinates_unfinished")}</span>`;
  }

  async #search(text) {
    this.#asking = new AbortController();
    const { signal } = this.#asking;
    try {
      const { items } = await get(`/v1/communes?q=${encodeURIComponent(text)}&limit=${MOST}`, { signal });
      this.found = items;
      this.at = 0;
      if (this.#pickNext && items.length) this.#pick(items[0]);
    } catch (error) {
      if (signal.aborted) return;
      this.found = null;
      this.word = html`<span class="error">✕ ${t("new.search_failed")}</span>`;
    }
    this.#pickNext = false;
    this.#timer = null;
  }

  #key(event) {
    const open = Boolean(this.found?.length);
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && open) {
      event.preventDefault();
      this.at = (this.at + by + this.found.length) % this.found.length;
      this.querySelector(`#place-${this.at}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" && !draft.place) {
      event.preventDefault();
      if (open) this.#pick(this.found[this.at]);
      else this.#pickNext = draft.text.trim().length > 1; // the answer is on its way
    } else if (event.key === "Enter" && open) {
      event.preventDefault();
      this.#pick(this.found[this.at]);
    } else if (event.key === "Escape" && open) {
      event.stopPropagation();
      this.found = null;
    }
  }

  /** Left with Tab while a list is open: what is marked is meant, as in every such field. */
  #left() {
    if (this.found?.length && !draft.place) this.#pick(this.found[this.at], false);
    this.found = null;
  }

  #pick(commune, goOn = true) {
    this.#put({ lat: commune.lat, lon: commune.lon, name: commune.name, source: "commune" }, commune.name);
    if (goOn) this.say("placed");
  }

  #put(place, text) {
    this.found = null;
    this.word = null;
    draft.text = text;
    this.say("corrected");
    draft.put(place);
  }
}

customElements.define("samu-place", Place);
