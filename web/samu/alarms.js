/** Alarms: what somebody must look at, until somebody does, and until it is over. */

import { askPermission, permission } from "core/front.js";
import { Settling, unless } from "core/hand.js";
import { Part, html, nothing, repeat, t } from "core/part.js";
import { ago, clockSeconds, day } from "core/time.js";
import { complain } from "parts/toasts.js";
import { see } from "./actions.js";
import { callLink, panelHead } from "./pieces.js";
import { state } from "./state.js";
import { communeOf } from "./words.js";

const ORDER = ["RAISED", "SEEN", "CLOSED"];
/** For how long nobody must have touched the list before its lines change places; and with the focus in it. */
const UNTOUCHED_MS = 10_000;
const UNTOUCHED_FOCUS_MS = 60_000;
/** A list that changed under the finger waits this long. */
const CALM_MS = 600;
const TONES = { RAISED: "red", SEEN: "amber", CLOSED: "" };

class Alarms extends Part {
  static properties = { busy: { state: true } };

  #calm = new Settling(this);
  /** The alarms in the order in which they stand on the page. */
  #order = [];
  #touchedAt = -Infinity;

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
    const open = this.#inOrder();
    this.#calm.watch(open.map((each) => each.id).join(" "), CALM_MS);
    return html`<section class="stack" aria-labelledby="alarms-title">
      ${panelHead("alarms-title", t("alarms.title"), () => this.say("back"))}
      ${this.#desktop()}
      ${open.length ? html`<ul class="alarms open" aria-live="polite" @pointermove=${this.#touched}
        @pointerdown=${this.#touched} @keydown=${this.#touched}>${this.#list(open)}</ul>`
        : html`<p class="empty">${t(state.known.has("alarms") ? "alarms.empty" : "loading")}</p>`}
      <details @toggle=${(event) => event.target.open && state.readPastAlarms()}>
        <summary>${t("alarms.closed")} <span class="count figures">${state.pastAlarms.length}</span></summary>
        ${state.pastAlarms.length ? html`<ul class="alarms past">${this.#list(state.pastAlarms)}</ul>`
          : html`<p class="quiet">${t("alarms.none_closed")}</p>`}
      </details>
    </section>`;
  }

  #touched = () => (this.#touchedAt = performance.now());

  /**
   * What rings first; but while somebody is at the list nothing moves: what is new goes below what is shown, what was
   * seen stays where it is.
   */
  #inOrder() {
    const patience = this.querySelector(".alarms.open :focus") ? UNTOUCHED_FOCUS_MS : UNTOUCHED_MS;
    const used = performance.now() - this.#touchedAt < patience;
    const stood = ({ id }) => (this.#order.includes(id) ? this.#order.indexOf(id) : this.#order.length);
    const rank = used ? stood : ({ state: now }) => ORDER.indexOf(now);
    const open = [...state.alarms].sort((one, other) => rank(one) - rank(other));
    this.#order = open.map((each) => each.id);
    return open;
  }

  /** The desktop is told when this page is not in front; the browser lets it be told after a click only. */
  #desktop() {
    if (!state.may.see || permission() !== "default") return nothing;
    const ask = async () => (await askPermission(), this.requestUpdate());
    return html`<p class="row"><button @click=${ask}>${t("alarms.desktop")}</button>
      <span class="quiet">${t("alarms.desktop_why")}</span></p>`;
  }

  #list(alarms) {
    return repeat(alarms, (each) => each.id, (each) => this.#alarm(each));
  }

  #alarm(alarm) {
    const raised = alarm.state === "RAISED";
    const waits = this.busy.has(alarm.id);
    return html`<li class="alarm ${alarm.state}" tabindex="-1" data-id=${alarm.id} data-state=${alarm.state}>
      <div>
        <p><span class="state ${TONES[alarm.state]}">${t(`alarm.${alarm.kind}`)}</span>
          ${alarm.level > 1 ? html`<b>${t("alarms.level", { n: alarm.level })}</b>` : nothing}</p>
        <p class="sentence">${alarm.sentence}</p>
        <p class="quiet"><time datetime=${alarm.raised_at} title=${day(alarm.raised_at)}>
          ${clockSeconds(alarm.raised_at)} · ${ago(alarm.raised_at)}</time> ${this.#since(alarm)}</p>
        <p class="row">
          ${alarm.demand_id ? html`<a href="#d/${alarm.demand_id}">${t("alarms.demand")}${about(alarm.demand_id)}</a>`
            : nothing}
          ${alarm.period_id ? html`<a href="#guard">${t("alarms.guard")}</a>` : nothing}
          ${alarm.kind === "COVERAGE_LOST" ? html`<a href="#coverage">${t("alarms.coverage")}</a>` : nothing}
          ${alarm.company_phone ? callLink(alarm.company_phone,
            `☎ ${alarm.company_name} ${alarm.company_phone}`) : nothing}
        </p>
      </div>
      ${raised && state.may.see ? html`<button class="primary"
        aria-disabled=${waits || this.#calm.now}
        @click=${unless(waits || this.#calm.now, () => this.#see(alarm))}>
        ${t(waits ? "sending" : "alarms.see")}</button>` : nothing}
    </li>`;
  }

  /** Who has seen it, and when it was over. */
  #since({ seen_at: seen, seen_by: person, seen_by_role: role, company_seen_at: company, closed_at: closed }) {
    const said = [
      seen && t("alarms.seen", { at: clockSeconds(seen), by: person ?? t(`actor.${role ?? "SAMU"}`) }),
      company && t("alarms.company_seen", { at: clockSeconds(company) }),
      closed && t("alarms.over", { at: clockSeconds(closed) }),
    ];
    return said.filter(Boolean).map((each) => ` · ${each}`);
  }

  async #see(alarm) {
    const line = this.querySelector(`[data-id="${alarm.id}"]`);
    const focused = line.contains(document.activeElement);
    this.busy = new Set([...this.busy, alarm.id]);
    try {
      await see(alarm.id);
    } catch (error) {
      complain(error);
      state.readAlarms();
    }
    this.busy = new Set([...this.busy].filter((id) => id !== alarm.id));
    await this.updateComplete;
    if (focused && line.isConnected) line.focus({ preventScroll: true }); // its button is gone: Tab finds the next one
  }
}

/** Which demand, where this page knows it. */
function about(id) {
  const demand = state.demands.get(id);
  return demand ? ` · ${demand.max_delay_minutes}′ ${communeOf(demand.pickup)}` : "";
}

customElements.define("samu-alarms", Alarms);
