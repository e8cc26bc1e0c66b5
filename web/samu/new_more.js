/** What is seldom needed in a new demand: another delay, instructions, who calls, the patient, and whom they chose. */

import { Part, html, t } from "core/part.js";
import { draft } from "./draft.js";
import { state } from "./state.js";

const SEXES = ["F", "M", "X"];

class NewMore extends Part {
  static properties = { faults: { attribute: false } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(draft, "change");
    this.follow(state, "fleet");
  }

  render() {
    return html`<details class="more"><summary>${t("new.more")}</summary><div class="stack">
      ${this.#field("other_delay", html`<input id="other_delay" type="number" min="5" max="480" step="5"
        inputmode="numeric"
        .value=${draft.fields.other_delay ?? ""} @input=${(event) => this.#otherDelay(event.target.value)}>`)}
      ${this.#field("instructions", html`<textarea id="instructions" rows="2" maxlength="2000"
        .value=${draft.fields.instructions ?? ""}
        @input=${(event) => draft.write("instructions", event.target.value)}></textarea>`)}
      ${this.#input("callback_phone", "tel")}
      ${this.#input("smur_reference")}
      ${this.#field("company_id", html`<select id="company_id"
        @change=${(event) => draft.write("company_id", event.target.value)}>
        <option value="">${t("new.no_company")}</option>
        ${[...state.companies.values()].sort((one, other) => one.name.localeCompare(other.name)).map((each) => html`
          <option value=${each.id} ?selected=${each.id === draft.fields.company_id}>${each.name}</option>`)}
      </select>`)}
      <label class="row"><input type="checkbox" .checked=${draft.fields.exercise === true}
        @change=${(event) => draft.write("exercise", event.target.checked)}> ${t("new.exercise")}</label>
    </div></details>
    <details class="more"><summary>${t("new.patient")}</summary><div class="stack">
      <p class="quiet">${t("new.patient_kept")}</p>
      ${this.#input("last_name")}${this.#input("first_name")}
      ${this.#input("birth_year", "number")}
      ${this.#field("sex", html`<select id="sex" @change=${(event) => draft.write("sex", event.target.value)}>
        <option value="">—</option>
        ${SEXES.map((sex) => html`<option value=${sex}
          ?selected=${sex === draft.fields.sex}>${t(`new.sex.${sex}`)}</option>`)}
      </select>`)}
      ${this.#input("weight_kg", "number")}
    </div></details>`;
  }

  #input(name, type = "text") {
    return this.#field(name, html`<input id=${name} type=${type} autocomplete="off" maxlength="100"
      aria-invalid=${this.faults?.[name] ? "true" : "false"} .value=${draft.fields[name] ?? ""}
      @input=${(event) => draft.write(name, event.target.value)}>`);
  }

  #field(name, input) {
    return html`<div class="field"><label for=${name}>${t(`new.${name}`)}</label>${input}
      <p class="error" ?hidden=${!this.faults?.[name]}>✕ ${this.faults?.[name]}</p></div>`;
  }

  #otherDelay(text) {
    const minutes = Number(text);
    if (Number.isInteger(minutes) && minutes >= 5 && minutes <= 480) draft.delay = minutes;
    draft.write("other_delay", text);
  }
}

customElements.define("samu-new-more", NewMore);
