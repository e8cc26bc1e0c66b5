/** Alarms: what somebody must look at, until somebody does, and until it is over. */

import { Part, html, nothing, repeat, t } from "core/part.js";
import { ago, clockSeconds, day } from "core/time.js";
import { see } from "./actions.js";
import { state } from "./state.js";
import { communeOf, complain } from "./words.js";

const ORDER = ["RAISED", "SEEN", "CLOSED"];

class Alarms extends Part {
  static properties = { busy: { state: true } };

  constructor() {
    super();
    this.busy = new Set();
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "alarms", "demands");
    this.ticking();
    state.readPastAlarms();
  }

  render() {
    const open = [...state.alarms].sort((one, other) => ORDER.indexOf(one.state) - ORDER.indexOf(other.state));
    return html`<section class="stack" aria-labelledby="alarms-title">
      <header class="row head"><h2 id="alarms-title">${t("alarms.title")}</h2>
        <button class="plain back" @click=${() => this.say("back")}>${t("close")} <kbd>${t("key.escape")}</kbd></button></header>
      ${open.length ? html`<ul class="alarms" aria-live="polite">${repeat(open, (each) => each.id, (each) => this.#alarm(each))}</ul>`
        : html`<p class="empty">${t(state.known.has("alarms") ? "alarms.empty" : "loading")}</p>`}
      <details @toggle=${(event) => event.target.open && state.readPastAlarms()}><summary>${t("alarms.closed")} <span class="count figures">${state.pastAlarms.length}</span></summary>
        ${state.pastAlarms.length ? html`<ul class="alarms past">${repeat(state.pastAlarms, (each) => each.id, (each) => this.#alarm(each))}</ul>`
          : html`<p class="quiet">${t("alarms.none_closed")}</p>`}
      </details>
    </section>`;
  }

  #alarm(alarm) {
    const raised = alarm.state === "RAISED";
    return html`<li class="alarm ${alarm.state}" data-id=${alarm.id} data-state=${alarm.state}>
      <div>
        <p><span class="state ${raised ? "red" : alarm.state === "SEEN" ? "amber" : ""}">${t(`alarm.${alarm.kind}`)}</span>
          ${alarm.level > 1 ? html`<b>${t("alarms.level", { n: alarm.level })}</b>` : nothing}</p>
        <p class="sentence">${alarm.sentence}</p>
        <p class="quiet"><time datetime=${alarm.raised_at} title=${day(alarm.raised_at)}>${clockSeconds(alarm.raised_at)} · ${ago(alarm.raised_at)}</time>
          ${alarm.seen_at ? ` · ${t("alarms.seen", { at: clockSeconds(alarm.seen_at), by: alarm.seen_by ?? t(`actor.${alarm.seen_by_role ?? "SAMU"}`) })}` : nothing}
          ${alarm.company_seen_at ? ` · ${t("alarms.company_seen", { at: clockSeconds(alarm.company_seen_at) })}` : nothing}
          ${alarm.closed_at ? ` · ${t("alarms.over", { at: clockSeconds(alarm.closed_at) })}` : nothing}</p>
        <p class="row">
          ${alarm.demand_id ? html`<a href="#d/${alarm.demand_id}">${t("alarms.demand")}${about(alarm.demand_id)}</a>` : nothing}
          ${alarm.period_id ? html`<a href="#guard">${t("alarms.guard")}</a>` : nothing}
          ${alarm.kind === "COVERAGE_LOST" ? html`<a href="#coverage">${t("alarms.coverage")}</a>` : nothing}
          ${alarm.company_phone ? html`<a class="phone figures" href="tel:${alarm.company_phone.replace(/[^+\d]/g, "")}">☎ ${alarm.company_name} ${alarm.company_phone}</a>` : nothing}
        </p>
      </div>
      ${raised && state.may.see ? html`<button class="primary" ?disabled=${this.busy.has(alarm.id)} @click=${() => this.#see(alarm)}>
        ${t(this.busy.has(alarm.id) ? "sending" : "alarms.see")}</button>` : nothing}
    </li>`;
  }

  async #see(alarm) {
    this.busy = new Set([...this.busy, alarm.id]);
    try {
      await see(alarm.id);
    } catch (error) {
      complain(error);
      state.readAlarms();
    }
    this.busy = new Set([...this.busy].filter((id) => id !== alarm.id));
  }
}

/** Which demand, where this page knows it. */
function about(id) {
  const demand = state.demands.get(id);
  return demand ? ` · ${demand.max_delay_minutes}′ ${communeOf(demand.pickup)}` : "";
}

customElements.define("samu-alarms", Alarms);
