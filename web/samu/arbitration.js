/** The decision that only the SAMU takes: which promise to accept, or that nobody could come. */

import { Settling, unless } from "core/hand.js";
import { Part, html, nothing, repeat, t } from "core/part.js";
import { accept, carence, refuseAll, sending } from "./deciding.js";
import { SEARCHING, state } from "./state.js";
import { companyName, target } from "./words.js";

const CALM_MS = 600;

class Arbitration extends Part {
  static properties = { demand: { attribute: false } };

  /** What is accepted with one click does nothing just after the list changed: the finger meant another line. */
  #calm = new Settling(this);

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "fleet");
    this.follow(sending, "change");
  }

  get busy() {
    return sending.ids.has(this.demand.id);
  }

  render() {
    const { demand } = this;
    const proposals = demand.counter_proposals ?? [];
    this.#calm.watch(`${demand.id} ${demand.status} ${proposals.map((each) => each.solicitation_id)}`, CALM_MS);
    if (!SEARCHING.includes(demand.status) || (!proposals.length && !demand.carence_proposed)) return nothing;
    const now = demand.status === "ARBITRATION";
    const free = demand.status === "SOLICITING_FREE_CHOICE";
    if (free && !proposals.length) return nothing;
    return html`<section class="arbitration ${now ? "now" : ""}" aria-labelledby="arbitration-title">
      <h3 id="arbitration-title">${t(now ? "decide.title" : "decide.title_later")}</h3>
      ${demand.carence_proposed && !free ? this.#carence() : nothing}
      ${proposals.length ? html`
        <ul>${repeat(proposals, (each) => each.solicitation_id, (each) => this.#proposal(each, now))}</ul>
        ${now && state.may.decide ? html`<div class="row">
          <button class="danger" aria-disabled=${this.busy}
            @click=${unless(this.busy, () => refuseAll(demand))}>${t("decide.refuse_all")}</button>
        </div>` : nothing}` : nothing}
      ${now ? nothing : html`<p class="quiet">${t(free ? "decide.free_choice" : "decide.later")}</p>`}
    </section>`;
  }

  #carence() {
    return html`<div class="banner red"><p><b>▲ ${t("carence.proposed")}</b></p>
      ${state.may.decide ? html`<button class="danger" aria-disabled=${this.busy}
        @click=${unless(this.busy, () => carence(this.demand))}
        >${t(this.busy ? "sending" : "carence.title")}</button>` : nothing}</div>`;
  }

  #proposal(proposal, now) {
    const waits = this.busy || this.#calm.now;
    const asked = this.demand.solicitations.find((each) => each.id === proposal.solicitation_id);
    return html`<li class="proposal ${proposal.best ? "best" : ""}"
      data-id=${proposal.solicitation_id} data-state="COUNTERED">
      <strong class="minutes figures">${proposal.delay_minutes} min</strong>
      <span class="who"><b>${companyName(proposal.company_id)}</b>${asked
        ? html`<br><span class="quiet">${target(asked)}</span>` : nothing}
        ${proposal.best ? html` <span class="state green">${t("decide.best")}</span>` : nothing}
        ${proposal.regulated === false
          ? html` <span class="state amber">${t("decide.nobody_there")}</span>` : nothing}</span>
      ${state.may.decide && now ? html`<button class=${proposal.best ? "accept" : ""} aria-disabled=${waits}
        @click=${unless(waits, () => accept(this.demand, proposal))}
        >${t(this.busy ? "sending" : "decide.accept")}${proposal.best
          ? html` <kbd aria-hidden="true">A</kbd>` : nothing}</button>` : nothing}
    </li>`;
  }
}

customElements.define("samu-arbitration", Arbitration);
