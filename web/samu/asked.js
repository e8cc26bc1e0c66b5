/** Who was asked, and what they said: the map's pins as a table. */

import { Part, html, nothing, repeat, t, term } from "core/part.js";
import { clockSeconds } from "core/time.js";
import "parts/countdown.js";
import { ANSWERS } from "./maps.js";
import { state } from "./state.js";
import { companyName, target } from "./words.js";

const ORDER = ["ACCEPTED", "OPEN", "COUNTERED", "REFUSED", "UNAVAILABLE", "EXPIRED", "WITHDRAWN"];

class Asked extends Part {
  static properties = { demand: { attribute: false } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "fleet");
  }

  render() {
    const rows = [...(this.demand.solicitations ?? [])].sort(byAnswer);
    return html`<section aria-labelledby="asked-title">
      <h3 id="asked-title">${t("asked.title")} <span class="count figures">${rows.length}</span></h3>
      ${rows.length ? html`<div class="scroll" tabindex="0" role="region"
        aria-label=${t("asked.title")}><table class="asked">
        <thead><tr>${["who", "tier", "eta", "answer",
          "at"].map((name) => html`<th scope="col">${t(`asked.${name}`)}</th>`)}</tr></thead>
        <tbody>${repeat(rows, (each) => each.id, (each) => this.#row(each))}</tbody>
      </table></div>` : html`<p class="quiet">${t("asked.empty")}</p>`}
    </section>`;
  }

  #row(asked) {
    const answer = ANSWERS[asked.state];
    return html`<tr data-id=${asked.id} data-state=${asked.state}>
      <th scope="row">${target(asked)}<br><span class="quiet">${companyName(asked.company_id)}</span></th>
      <td>${term("TIER", asked.tier)}${asked.round > 1
        ? html`<br><span class="quiet">${t("asked.round", { n: asked.round })}</span>` : nothing}</td>
      <td class="figures">${between(asked)}${asked.to_confirm
        ? html`<br><span class="quiet">${t("asked.to_confirm")}</span>` : nothing}</td>
      <td><span class="state ${answer?.colour ?? ""}">${term("ANSWER", asked.state)}</span>
        ${asked.counter_delay_minutes ? html` <b class="figures">${t("minutes",
          { n: asked.counter_delay_minutes })}</b>` : nothing}
        ${asked.reason ? html`<br><span class="quiet">${reasonOf(asked)}</span>` : nothing}</td>
      <td class="figures">${asked.answered_at ? clockSeconds(asked.answered_at)
        : asked.state === "OPEN" ? html`<r-countdown .to=${asked.answer_before}></r-countdown>` : nothing}</td>
    </tr>`;
  }
}

/** Why: in the company's own words, or the platform's where it took the question back. */
function reasonOf({ reason, state: answer }) {
  const words = t(`withdrawal.${reason}`);
  return answer === "WITHDRAWN" && !words.startsWith("withdrawal.") ? words : reason;
}

function between({ earliest_minutes: earliest, eta_minutes: latest }) {
  if (latest == null) return "–";
  const words = earliest == null || earliest === latest ? latest : `${earliest}–${latest}`;
  return t("minutes", { n: words });
}

function byAnswer(one, other) {
  return ORDER.indexOf(one.state) - ORDER.indexOf(other.state)
    || (one.counter_delay_minutes ?? one.eta_minutes ?? 999) - (other.counter_delay_minutes ?? other.eta_minutes
      ?? 999);
}

customElements.define("samu-asked", Asked);
