/** Who goes, how far they are, and whether they keep the time. */

import { Part, html, nothing, t, term } from "core/part.js";
import { clock, clockSeconds } from "core/time.js";
import { callLink } from "./pieces.js";
import { routes } from "./routes.js";
import { state } from "./state.js";
import { companyName, pace, vehicleName } from "./words.js";

const STEPS = [
  "AFFECTE", "ACQUITTE", "EN_APPROCHE", "LIEU_INTERVENTION", "BILAN_REALISE", "EN_CHARGE", "LIEU_DESTINATION",
    "DISPONIBLE",
];
const MINUTE_S = 60;

class Mission extends Part {
  static properties = { demand: { attribute: false } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "fleet");
    this.follow(routes, "change");
    this.ticking();
  }

  render() {
    const { mission } = this.demand;
    const kept = pace(this.demand);
    const vehicle = state.vehicles.get(mission.vehicle_id);
    const phone = state.companies.get(mission.company_id)?.phone;
    return html`<section class="mission ${kept?.colour ?? ""}" aria-labelledby="mission-title"
      data-id=${mission.id} data-state=${mission.step}>
      <h3 id="mission-title">${vehicleName(mission.vehicle_id)} · ${companyName(mission.company_id)}</h3>
      <p class="row">
        ${kept ? html`<span class="state ${kept.colour}">${kept.word}</span>` : nothing}
        <span>${t("mission.promised_at", { at: clock(mission.promised_at) })} · ${t("demand.deadline",
          { at: clock(mission.deadline) })}</span>
        ${mission.alarm ? html`<span class="state red">${t(`alarm.${mission.alarm}`)}</span>` : nothing}
        ${mission.ended_at ? html`<span class="state">${term("END", mission.end_reason)}${mission.end_detail
          ? ` · ${mission.end_detail}` : ""}</span>` : nothing}
        ${vehicle && !mission.ended_at && !vehicle.phones.count
          ? html`<span class="quiet">${t("mission.no_phone")}</span>` : nothing}
        ${phone && !mission.ended_at ? callLink(phone, `☎ ${phone}`) : nothing}
      </p>
      ${this.#way()}
      <ol class="steps">${STEPS.map((step) => this.#step(mission, step))}</ol>
    </section>`;
  }

  #way() {
    const { told } = routes;
    if (!told || told.mission_id !== this.demand.mission.id) return nothing;
    const minutes = Math.ceil(told.duration_s / MINUTE_S);
    const words = t(`mission.way_${told.to}`,
      { km: (told.distance_m / 1000).toFixed(1), minutes, age: told.position_age_s });
    return html`<p>${words}${told.notice ? html` <span class="quiet">${told.notice}</span>` : nothing}</p>`;
  }

  #step(mission, step) {
    const passed = mission.steps.find((each) => each.step === step);
    const now = mission.step === step && !mission.ended_at;
    const later = passed && Date.parse(passed.recorded_at) - Date.parse(passed.occurred_at) > 60_000;
    return html`<li class=${passed ? "passed" : "ahead"} aria-current=${now ? "step" : "false"}>
      <span aria-hidden="true">${passed ? "✓" : "○"}</span> ${term("STEP", step)}
      ${passed ? html`<time datetime=${passed.occurred_at}
        title=${later ? t("mission.told_at", { at: clockSeconds(passed.recorded_at) })
          : clockSeconds(passed.occurred_at)}
        >${clockSeconds(passed.occurred_at)}${later ? " *" : ""}</time>` : nothing}
    </li>`;
  }
}

customElements.define("samu-mission", Mission);
