/** Everything that happened to a demand, in words, as it happens. */

import { Part, html, nothing, repeat, t } from "core/part.js";
import { clockSeconds } from "core/time.js";
import { tell } from "./telling.js";
import { state } from "./state.js";

/** What comes in swarms is told in one line: the same thing, said of several, within a few seconds. */
const SWARMS = new Set([
  "solicitation_opened", "solicitation_expired", "solicitation_withdrawn", "solicitation_revised",
    "counter_proposal_lapsed",
]);
const SWARM_MS = 3000;

class Timeline extends Part {
  static properties = { demand: { attribute: false } };

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "journal", "fleet");
  }

  render() {
    const { id, facts } = state.journal;
    const lines = id === this.demand.id ? swarms(facts) : [];
    return html`<section class="timeline" aria-labelledby="timeline-title">
      <h3 id="timeline-title">${t("timeline.title")}</h3>
      ${lines.length ? html`<ol aria-live="polite"
        aria-relevant="additions">${repeat(lines, (line) => line[0].seq, (line) => this.#line(line))}</ol>`
        : html`<p class="quiet">${t("loading")}</p>`}
    </section>`;
  }

  #line(facts) {
    const [first] = facts;
    return html`<li data-kind=${first.kind}>
      <time datetime=${first.at} class="figures">${clockSeconds(first.at)}</time>
      ${facts.length === 1 ? html`<span>${tell(first, this.demand)}</span>` : html`<details>
        <summary>${t(`fact.${first.kind}.many`, { n: facts.length })}</summary>
        <ul>${facts.map((fact) => html`<li>${tell(fact, this.demand)}</li>`)}</ul></details>`}
      ${this.#later(first)}
    </li>`;
  }

  /** A step that was told later than it happened: both times. */
  #later(fact) {
    const happened = fact.data.occurred_at;
    if (!happened || Math.abs(Date.parse(fact.at) - Date.parse(happened)) < 60_000) return nothing;
    return html`<span class="quiet">${t("timeline.happened", { at: clockSeconds(happened) })}</span>`;
  }
}

function swarms(facts) {
  const lines = [];
  for (const fact of facts) {
    const line = lines.at(-1);
    const same = line && SWARMS.has(fact.kind) && line[0].kind === fact.kind
      && fact.data.reason === line[0].data.reason;
    if (same && Date.parse(fact.at) - Date.parse(line[0].at) < SWARM_MS) line.push(fact);
    else lines.push([fact]);
  }
  return lines;
}

customElements.define("samu-timeline", Timeline);
