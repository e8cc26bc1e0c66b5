/** One demand in full: where it stands, what must be decided, who was asked, who goes, and everything that happened. */

import { unless } from "core/hand.js";
import { Part, html, nothing, t, term } from "core/part.js";
import { coordinates } from "core/places.js";
import { clock, clockSeconds } from "core/time.js";
import "parts/countdown.js";
import "./arbitration.js";
import "./asked.js";
import { amendDialog } from "./amend.js";
import { isToDecide } from "./board.js";
import { cancel, sending } from "./deciding.js";
import { destinationDialog } from "./destination.js";
import "./mission.js";
import "./patient.js";
import { callLink, closeButton } from "./pieces.js";
import { SEARCHING, state } from "./state.js";
import "./timeline.js";
import "./verdicts.js";
import { communeOf, companyName } from "./words.js";

const BEFORE_ON_BOARD = ["AFFECTE", "ACQUITTE", "EN_APPROCHE", "LIEU_INTERVENTION", "BILAN_REALISE"];
const TONES = { ASSIGNED: "green", COMPLETED: "green", ARBITRATION: "amber", UNFULFILLED: "red", CANCELLED: "" };

/** Where to, and whose word it is. */
function destination({ destination: { name, given_by: by } = {} }) {
  return name && by ? `${name}, ${t(`destination.by.${by}`)}` : name;
}

class Demand extends Part {
  static properties = { demandId: {} };

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "demands", "fleet", "communes");
    this.follow(sending, "change");
  }

  render() {
    const demand = state.demands.get(this.demandId);
    if (!demand) return html`<p class="empty">${t(state.known.has(`no ${this.demandId}`) ? "demand.unknown"
      : "loading")}</p>`;
    const searching = SEARCHING.includes(demand.status);
    return html`<article class="demand" data-id=${demand.id} data-state=${demand.status} aria-labelledby="demand-title">
      ${this.#head(demand)}
      ${demand.search === "DELAYED" && searching
        ? html`<p class="banner red" role="alert">✕ ${t("demand.delayed")}</p>` : nothing}
      ${this.#guard(demand)}
      <samu-arbitration .demand=${demand}></samu-arbitration>
      ${demand.mission ? html`<samu-mission .demand=${demand}></samu-mission>` : nothing}
      ${this.#actions(demand, searching)}
      <div class="columns">
        <div class="stack">
          <samu-asked .demand=${demand}></samu-asked>
          ${this.#facts(demand)}
        </div>
        <samu-timeline .demand=${demand}></samu-timeline>
      </div>
      <samu-verdicts .demandId=${demand.id} .status=${demand.status}></samu-verdicts>
    </article>`;
  }

  #head(demand) {
    const over = Boolean(demand.ended_at);
    return html`<header class="head">
      <div>
        <h2 id="demand-title" tabindex="-1">${demand.max_delay_minutes} min · ${term("VOLUME",
          demand.volume)} · ${communeOf(demand.pickup)}</h2>
        <p>${demand.pickup.address ?? coordinates(demand.pickup)}${demand.pickup.access
          ? html` · <b>${demand.pickup.access}</b>` : nothing}</p>
        <p class="row">
          <span class="state ${TONES[demand.status] ?? "blue"}">${term("STATUS", demand.status)}</span>
          ${demand.exercise ? html`<span class="state amber">${t("exercise")}</span>` : nothing}
          ${demand.carence_proposed && isToDecide(demand) ? html`<span
            class="state red">${t("board.carence_proposed")}</span>` : nothing}
        </p>
      </div>
      <div class="times">
        ${over ? html`<p class="figures">${clockSeconds(demand.ended_at)}</p>` : this.#clock(demand)}
        <p class="quiet figures">${t("demand.received",
          { at: clockSeconds(demand.received_at) })} · ${t("demand.deadline", { at: clock(demand.deadline) })}</p>
      </div>
      ${closeButton(() => this.say("back"))}
    </header>`;
  }

  #clock(demand) {
    const tier = demand.tier_deadline && SEARCHING.includes(demand.status);
    const arrived = demand.mission?.steps.some((each) => each.step === "LIEU_INTERVENTION");
    if (arrived) return nothing;
    return html`<p><r-countdown class="big" .to=${tier ? demand.tier_deadline : demand.deadline}></r-countdown></p>
      <p class="quiet">${t(tier ? "demand.to_tier_end" : "demand.to_deadline")}</p>`;
  }

  /** Guard crews that only the telephone reaches. */
  #guard(demand) {
    if (!demand.guard_by_phone?.length) return nothing;
    return html`<section class="banner amber"
      aria-label=${t("guard.by_phone")}>${demand.guard_by_phone.map((each) => html`
      <p><b>☎ ${t("guard.call", { sector: each.sector, company: each.company })}</b>
        ${each.phone ? callLink(each.phone) : t("guard.no_number")}</p>`)}
      <p>${t("guard.call_help")} <a href="#guard">${t("guard.see")}</a></p></section>`;
  }

  #actions(demand, searching) {
    if (!state.may.decide || demand.ended_at) return nothing;
    const busy = sending.ids.has(demand.id);
    const running = searching || BEFORE_ON_BOARD.includes(demand.mission?.step);
    return html`<div class="row actions">
      ${running ? html`<button class="danger" aria-disabled=${busy}
        @click=${unless(busy, () => cancel(demand))}>${t(busy ? "sending" : "cancel.title")}</button>` : nothing}
      ${running ? html`<button aria-disabled=${busy}
        @click=${unless(busy, () => amendDialog(demand))}>${t("amend.title")}</button>` : nothing}
      ${demand.mission ? html`<button aria-disabled=${busy}
        @click=${unless(busy, () => destinationDialog(demand))}>${t("demand.destination")}</button>` : nothing}
    </div>`;
  }

  #facts(demand) {
    const lines = [
      ["demand.reference", demand.reference],
      ["demand.motive", demand.motive],
      ["demand.instructions", demand.instructions],
      ["demand.chosen", demand.company_id && companyName(demand.company_id)],
      ["demand.smur", demand.smur_reference],
      ["demand.destination", destination(demand)],
      ["demand.place", coordinates(demand.pickup)],
      ["demand.end_reason", demand.end_reason],
    ];
    return html`<section class="facts" aria-labelledby="facts-title"><h3 id="facts-title">${t("demand.facts")}</h3>
      <dl>${lines.filter(([, value]) => value).map(([key,
        value]) => html`<div><dt>${t(key)}</dt><dd>${value}</dd></div>`)}</dl>
      ${state.may.patient ? html`<samu-patient .demandId=${demand.id}></samu-patient>` : nothing}
    </section>`;
  }
}

customElements.define("samu-demand", Demand);
