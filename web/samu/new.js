/** A new demand, in one column and under fifteen seconds: where, how soon, how large, why. */

import { Part, html, nothing, t, term } from "core/part.js";
import { sentenceOf, wordsOfCode } from "core/problem.js";
import { draft, forgetReach, keepReach } from "./draft.js";
import "./place.js";
import "./new_more.js";
import { closeButton } from "./pieces.js";
import { posting, sendDraft } from "./posting.js";

const DELAYS = { 2: 20, 4: 40, 6: 60 };
const OUTCOMES = ["posted", "kept", "refused"];
const VOLUMES = { p: "AMBULANCE", g: "ASSU" };
/** Which field a JSON pointer of a refusal is about. */
const FIELD_OF = {
  "/pickup": "place", "/pickup/lat": "place", "/pickup/lon": "place", "/pickup/address": "address",
  "/pickup/access": "access", "/max_delay_minutes": "delay", "/volume": "volume",
};

class NewDemand extends Part {
  static properties = { faults: { state: true } };

  constructor() {
    super();
    this.faults = {};
  }

  connectedCallback() {
    super.connectedCallback();
    draft.freshen();
    this.follow(draft, "change");
    const asked = () => keepReach();
    draft.addEventListener("change", asked);
    this.atTheEnd(() => (draft.removeEventListener("change", asked), forgetReach()));
    keepReach();
    const key = (event) => this.#key(event);
    addEventListener("keydown", key, true);
    this.atTheEnd(() => removeEventListener("keydown", key, true));
    const heard = (event) => this.#heard(event);
    for (const kind of OUTCOMES) posting.addEventListener(kind, heard);
    this.atTheEnd(() => OUTCOMES.forEach((kind) => posting.removeEventListener(kind, heard)));
    if (draft.failed) this.faults = faultsOf(draft.failed);
  }

  /** What became of the sending. A demand is shown at once, unless somebody wrote on meanwhile: then a line says so. */
  #heard(event) {
    event.preventDefault();
    if (event.type === "refused") return this.#refused(event.detail);
    if (event.type === "posted") this.say("posted", event.detail);
  }

  async firstUpdated() {
    const place = this.querySelector("samu-place");
    await place.updateComplete;
    place.querySelector("#place").focus();
  }

  /** Correct the place with a touch of the map. */
  pick({ lat, lon }) {
    const round = (value) => Math.round(value * 1e5) / 1e5;
    const place = { lat: round(lat), lon: round(lon), name: null, source: "map" };
    if (!draft.text || draft.place?.source !== "commune") draft.text = `${place.lat}, ${place.lon}`;
    this.#correct("place");
    draft.put(place);
  }

  render() {
    return html`<form class="writing stack" novalidate aria-labelledby="new-title"
      @submit=${(event) => this.#send(event)}
      @corrected=${() => this.#correct("place")} @placed=${() => this.querySelector("#address").focus()}>
      <header class="row"><h2 id="new-title">${t("new.title")}</h2>
        ${closeButton(() => this.say("back"))}</header>
      ${this.#outcome()}
      <samu-place .fault=${this.faults.place ?? null}></samu-place>
      ${this.#text("address", { hint: t("new.address_hint") })}
      ${this.#text("access", { hint: t("new.access_hint") })}
      ${this.#choice("delay", Object.entries(DELAYS).map(([key, minutes]) => [minutes, t("minutes", { n: minutes }),
        key]))}
      ${this.#choice("volume", Object.entries(VOLUMES).map(([key, volume]) => [volume, term("VOLUME", volume),
        key.toUpperCase()]))}
      ${this.#text("motive", { hint: t("new.motive_hint") })}
      <samu-new-more .faults=${this.faults}></samu-new-more>
      ${this.#text("reference", { spellcheck: "false" })}
      <div class="actions">
        ${this.#reach()}
        <button class="primary send" aria-disabled=${draft.sending}>${t(draft.sending ? "sending"
          : draft.doubtful ? "new.send_again" : "new.send")}</button>
      </div>
    </form>`;
  }

  /** What became of the last sending, while that is not a demand to look at: said as long as it is so. */
  #outcome() {
    if (draft.sending) return nothing;
    if (draft.already) return html`<div class="banner amber" role="alert"><p><b>▲ ${t("new.already")}</b></p>
      <p class="row"><a class="button" href="#d/${draft.already.id}">${t("new.see_demand")}</a>
        ${this.#anew()}${this.#other()}</p></div>`;
    if (draft.doubtful) return html`<div class="banner red" role="alert"><p>✕ ${t("new.unknown")}</p>
      ${draft.failed?.problem ? html`<p>${sentenceOf(draft.failed)}</p>` : nothing}
      <p class="row">${this.#anew()}</p></div>`;
    if (!draft.failed) return nothing;
    return html`<div class="banner red" role="alert"><p>✕ ${sentenceOf(draft.failed)}</p>
      ${draft.failed.code === "reference_reused" ? html`<p class="row">${this.#other()}</p>` : nothing}</div>`;
  }

  #anew() {
    return html`<button type="button" @click=${() => this.#startOver()}>${t("new.start_over")}</button>`;
  }

  #other() {
    return html`<button type="button" @click=${() => (this.#correct("reference"),
      draft.draw())}>${t("new.draw_reference")}</button>`;
  }

  #startOver() {
    this.faults = {};
    draft.clear();
    this.querySelector("#place").focus();
  }

  #text(name, { hint = "", spellcheck = "true" } = {}) {
    return html`<div class="field">
      <label for=${name}>${t(`new.${name}`)}</label>
      <input id=${name} name=${name} autocomplete="off"
        spellcheck=${spellcheck} maxlength=${name === "reference" ? 100 : 300}
        placeholder=${hint} aria-invalid=${this.faults[name] ? "true" : "false"} aria-describedby="fault-${name}"
        .value=${draft.fields[name] ?? ""} @input=${(event) => (this.#correct(name),
          draft.write(name, event.target.value))}>
      ${this.#fault(name)}
    </div>`;
  }

  #choice(name, options) {
    return html`<fieldset class="choice ${name}" role="radiogroup"
      aria-labelledby="label-${name}" aria-describedby="fault-${name}">
      <span id="label-${name}" class="label">${t(`new.${name}`)}</span>
      <div class="options">${options.map(([value, words, key]) => html`
        <label class=${draft[name] === value ? "chosen" : ""}>
          <input type="radio" name=${name} value=${value} aria-label=${words} .checked=${draft[name] === value}
            @change=${() => this.#choose(name, value)}>
          <span aria-hidden="true">${words} <kbd aria-hidden="true">${key}</kbd></span>
        </label>`)}</div>
      ${this.#fault(name)}
    </fieldset>`;
  }

  #fault(name) {
    return html`<p id="fault-${name}" class="error" ?hidden=${!this.faults[name]}>✕ ${this.faults[name]}</p>`;
  }

  /** How many could come: said before anything is sent. */
  #reach() {
    const { reach } = draft;
    return html`<div class="reach ${this.#reachTone(reach)}" role="status"
      aria-busy=${reach?.asking ? "true" : "false"}>
      ${reach ? this.#reachWords(reach) : html`<p class="quiet">${t("reach.first")}</p>`}</div>`;
  }

  #reachTone(reach) {
    if (!reach?.told) return "";
    if (reach.asking) return "old"; // of other terms than those that are chosen now
    const { vehicles, guards, sites } = reach.told;
    if (vehicles + guards > 0) return "green";
    return sites > 0 ? "amber" : "red";
  }

  #reachWords({ told, error, asking }) {
    if (!told) return html`<p class="quiet">${error ? t("reach.failed") : t("reach.asking")}</p>`;
    const { vehicles, sites, guards, nearest_minutes: nearest } = told;
    const count = vehicles + guards;
    const where = [told.commune?.name, told.sector?.name].filter(Boolean).join(" · ");
    const how = [
      nearest == null ? t("reach.nobody_near") : t("reach.nearest", { n: nearest }),
      t("reach.sites", { n: sites }),
      t("reach.guards", { n: guards }),
    ];
    const again = asking ? " …" : "";
    return html`
      <p class="many"><strong class="figures">${count}</strong> ${t("reach.vehicles", { n: count })}${again}</p>
      ${count + sites ? html`<p>${how.join(" · ")}</p>` : html`<p><b>▲ ${t("reach.none")}</b></p>`}
      ${where ? html`<p>${where}</p>` : nothing}
      ${told.gap ? html`<p>▲ ${t(`reach.${told.gap}`)}</p>` : nothing}
      ${told.in_area === false ? html`<p><b>✕ ${t("new.outside")}</b></p>` : nothing}`;
  }

  #choose(name, value) {
    this.#correct(name);
    draft.choose(name, value);
  }

  #correct(name) {
    if (!this.faults[name]) return;
    const { [name]: _gone, ...faults } = this.faults;
    this.faults = faults;
  }

  /** 2, 4, 6, P and G choose, with Alt also while one writes; Escape goes back. */
  #key(event) {
    if (document.querySelector("dialog[open]") || event.ctrlKey || event.metaKey) return;
    const writing = event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select");
    if (event.key === "Escape" && this.contains(event.target)
      && event.target.getAttribute("aria-expanded") !== "true") {
      event.stopPropagation();
      return this.say("back");
    }
    if (writing && !event.altKey) return;
    const digit = DELAYS[event.key] ?? DELAYS[/^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1]];
    const volume = VOLUMES[event.key.toLowerCase()];
    if (!digit && !volume) return;
    event.preventDefault();
    event.stopPropagation();
    this.#choose(digit ? "delay" : "volume", digit ?? volume);
  }

  #send(event) {
    event.preventDefault();
    if (draft.sending) return;
    this.faults = Object.fromEntries(draft.missing.map((name) => [name, t(`new.missing_${name}`)]));
    if (Object.keys(this.faults).length) return this.#showFault();
    sendDraft();
  }

  #refused(error) {
    this.faults = faultsOf(error);
    this.#showFault();
  }

  async #showFault() {
    await this.updateComplete;
    const first = this.querySelector("[aria-invalid=true]")
      ?? this.querySelector("fieldset .error:not([hidden])")?.parentElement.querySelector("input");
    const wrong = this.querySelectorAll("[aria-invalid=true]");
    for (const field of wrong) field.closest("details")?.setAttribute("open", "");
    if (first) first.focus();
    else this.querySelector(".banner")?.scrollIntoView({ block: "nearest" });
  }
}

const fieldOf = (pointer) => FIELD_OF[pointer] ?? pointer.split("/").at(-1);

/** What a refusal says of each field. */
function faultsOf(error) {
  if (error.code === "reference_reused") return { reference: sentenceOf(error) };
  const named = (error.problem?.errors ?? []).filter((each) => each.pointer);
  return Object.fromEntries(named.map((each) => [fieldOf(each.pointer), faultOf(each)]));
}

/** What is wrong with a field. */
function faultOf(fault) {
  const words = t(`fault.${fault.code}`);
  return words.startsWith("fault.") ? (wordsOfCode(fault.code) ?? t("fault.other")) : words;
}

customElements.define("samu-new", NewDemand);
