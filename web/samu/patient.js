/** Who the patient is: shown on a click only, for each reading is written down; gone again when one looks elsewhere. */

import { unless } from "core/hand.js";
import { Part, html, t } from "core/part.js";
import { complain } from "parts/toasts.js";
import { readPatient } from "./actions.js";
import { callLink } from "./pieces.js";

const LINES = ["last_name", "first_name", "birth_year", "sex", "weight_kg", "callback_phone"];

class Patient extends Part {
  static properties = { demandId: {}, patient: { state: true }, reading: { state: true } };

  willUpdate(changed) {
    if (changed.has("demandId")) this.patient = undefined;
  }

  render() {
    if (this.patient === undefined) {
      return html`<div class="patient"><button aria-disabled=${Boolean(this.reading)}
        @click=${unless(this.reading, () => this.#read())}>${t(this.reading ? "loading" : "patient.show")}</button>
        <p class="quiet">${t("patient.logged")}</p></div>`;
    }
    const known = LINES.filter((name) => this.patient?.[name] != null);
    return html`<div class="patient" aria-live="polite"><h4>${t("patient.title")}</h4>
      ${known.length ? html`<dl>${known.map((name) => html`
          <div><dt>${t(`new.${name}`)}</dt><dd>${this.#value(name)}</dd></div>`)}</dl>`
        : html`<p class="quiet">${t("patient.none")}</p>`}
      <button @click=${() => (this.patient = undefined)}>${t("patient.hide")}</button></div>`;
  }

  #value(name) {
    const value = this.patient[name];
    if (name === "sex") return t(`new.sex.${value}`);
    if (name !== "callback_phone") return value;
    return callLink(value);
  }

  async #read() {
    const asked = this.demandId;
    this.reading = true;
    try {
      const patient = await readPatient(asked);
      if (asked === this.demandId) this.patient = patient ?? null;
    } catch (error) {
      complain(error);
    }
    this.reading = false;
  }
}

customElements.define("samu-patient", Patient);
