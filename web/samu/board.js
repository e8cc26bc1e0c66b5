/** The live board: every demand on one line, in the order in which somebody must look at it. */

import { Part, html, nothing, repeat, t, term } from "core/part.js";
import { plainly } from "core/plain.js";
import "parts/countdown.js";
import { clock, clockSeconds } from "core/time.js";
import { SEARCHING, state } from "./state.js";
import { communeOf, companyName, counts, pace, vehicleName } from "./words.js";

/** Whether the SAMU must decide: nobody accepted, or nobody was found. While a free choice is answered it waits. */
export const isToDecide = ({ status, carence_proposed: carence }) =>
  status === "ARBITRATION" || (carence && SEARCHING.includes(status) && status !== "SOLICITING_FREE_CHOICE");

/** Where a demand belongs: what must be decided, what is searched, what drives, what is over. */
export function sectionOf(demand) {
  if (isToDecide(demand)) return "arbitration";
  if (SEARCHING.includes(demand.status)) return "searching";
  return demand.status === "ASSIGNED" ? "missions" : "over";
}

const byDeadline = (one, other) => Date.parse(one.deadline) - Date.parse(other.deadline);
const newestFirst = (one, other) => Date.parse(other.ended_at ?? 0) - Date.parse(one.ended_at ?? 0);

class Board extends Part {
  static properties = { chosen: {}, filter: { state: true } };

  constructor() {
    super();
    this.filter = "";
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(state, "demands", "fleet", "communes");
    this.ticking();
    const move = (event) => this.#move(event);
    this.addEventListener("keydown", move);
    this.atTheEnd(() => this.removeEventListener("keydown", move));
  }

  #held = null;

  willUpdate() {
    this.#held = this.focused;
  }

  /** A line that moves to another section is another element: the focus moves with it. What was chosen is seen. */
  updated(changed) {
    if (this.#held && document.activeElement === document.body)
      this.querySelector(`a.line[data-id="${this.#held}"]`)?.focus({ preventScroll: true });
    if (changed.has("chosen") && this.chosen)
      this.querySelector("[aria-current=true]")?.scrollIntoView({ block: "nearest" });
  }

  /** Put the cursor into the filter. */
  search() {
    this.querySelector("#filter").focus();
  }

  /** The demand whose line has the focus, if one has. */
  get focused() {
    return document.activeElement?.closest?.("samu-board .line")?.dataset.id ?? null;
  }

  /** Move the focus from line to line; from outside, to the first. */
  step(by) {
    const lines = [...this.querySelectorAll("a.line")].filter((line) => line.offsetParent);
    const at = lines.indexOf(document.activeElement);
    const next = at < 0 ? lines.at(by > 0 ? 0 : -1) : lines[Math.min(Math.max(at + by, 0), lines.length - 1)];
    next?.focus();
  }

  #move(event) {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    this.step(by);
  }

  render() {
    const sections = { arbitration: [], searching: [], missions: [], over: [] };
    for (const demand of state.demands.values()) if (this.#matches(demand)) sections[sectionOf(demand)].push(demand);
    const first = sections.arbitration.length ? ["arbitration", "searching"] : ["searching", "arbitration"];
    return html`<nav class="board" aria-label=${t("board.label")}>
      ${this.#filter()}
      ${repeat([...first, "missions"], (name) => name, (name) => this.#section(name, sections[name].sort(byDeadline)))}
      ${this.#over(sections.over.sort(newestFirst))}
    </nav>`;
  }

  #filter() {
    return html`<div class="filter">
      <label for="filter" class="visually-hidden">${t("board.filter")}</label>
      <input id="filter" type="search" autocomplete="off" placeholder=${t("board.filter_hint")} .value=${this.filter}
        @input=${(event) => (this.filter = event.target.value)} @keydown=${(event) => this.#leaveFilter(event)}>
    </div>`;
  }

  #leaveFilter(event) {
    if (event.key === "Enter") this.querySelector("a.line")?.click();
    if (event.key !== "Escape") return;
    event.stopPropagation();
    this.filter = "";
    event.target.blur();
  }

  #matches(demand) {
    const wanted = plainly(this.filter);
    if (!wanted) return true;
    const { mission, pickup } = demand;
    const said = [demand.reference, pickup.address, communeOf(pickup), demand.volume, demand.max_delay_minutes];
    said.push(term("STATUS", demand.status));
    if (mission) said.push(vehicleName(mission.vehicle_id), companyName(mission.company_id));
    if (mission) said.push(term("STEP", mission.step));
    const text = plainly(said.join(" "));
    return wanted.split(" ").every((word) => text.includes(word));
  }

  #section(name, demands) {
    return html`<section class="section ${name} ${demands.length ? "some" : ""}" aria-labelledby="section-${name}">
      <header>
        <h2 id="section-${name}">${t(`board.${name}`)}</h2>
        <span class="count figures">${demands.length}</span>
      </header>
      ${demands.length
        ? html`<ul>${repeat(demands, (each) => each.id, (each) => html`<li>${this.#line(each)}</li>`)}</ul>`
        : html`<p class="quiet empty">${state.known.has("demands") ? this.#empty(name) : t("loading")}</p>`}
    </section>`;
  }

  #empty(name) {
    if (this.filter) return t("board.nothing_found");
    if (name !== "searching") return t(`board.${name}.empty`);
    return state.may.decide ? t("board.searching.empty") : t("board.searching.empty_reader");
  }

  #over(demands) {
    return html`<section class="section over" aria-labelledby="section-over">
      <details ?open=${Boolean(this.filter)}>
        <summary>
          <h2 id="section-over">${t("board.over")}</h2>
          <span class="count figures">${demands.length}</span>
        </summary>
        ${demands.length
          ? html`<ul>${repeat(demands, (each) => each.id, (each) => html`<li>${this.#line(each)}</li>`)}</ul>`
          : html`<p class="quiet empty">${t("board.over.empty")}</p>`}
      </details>
    </section>`;
  }

  #line(demand) {
    const address = demand.pickup.address ?? demand.reference;
    return html`<a class="line ${toneOf(demand)}"
      href="#d/${demand.id}" data-id=${demand.id} data-state=${demand.status}
      aria-current=${demand.id === this.chosen ? "true" : "false"}>
      <span class="what">
        <span class="delay figures">${demand.max_delay_minutes}′</span>
        <span class="volume">${term("VOLUME", demand.volume)}</span>
      </span>
      <span class="where">
        <span class="commune">${communeOf(demand.pickup)}</span>
        <span class="address">${demand.exercise ? exercise() : nothing}${address}</span>
      </span>
      ${this.#clock(demand)}
      <span class="how">${HOW[sectionOf(demand)](demand)}</span>
    </a>`;
  }

  #clock(demand) {
    const section = sectionOf(demand);
    if (section === "over") {
      const at = demand.ended_at;
      return html`<time class="when" datetime=${at} title=${clockSeconds(at)}>${clock(at)}</time>`;
    }
    if (section === "searching" && demand.tier_deadline) return until(demand.tier_deadline);
    if (section === "arbitration") return html`<strong class="when decide">${t("board.to_decide")}</strong>`;
    if (demand.mission?.steps.some((each) => each.step === "LIEU_INTERVENTION")) return nothing;
    return until(demand.deadline);
  }
}

const until = (instant) => html`<r-countdown class="when" .to=${instant}></r-countdown>`;
const exercise = () => html`<b class="exercise">${t("exercise")}</b> `;

/** The colour of a line's edge; the line says the same in words. */
function toneOf(demand) {
  if (demand.search === "DELAYED" && SEARCHING.includes(demand.status)) return "red";
  const section = sectionOf(demand);
  if (section === "missions") return demand.mission?.alarm ? "red" : (pace(demand)?.colour ?? "green");
  if (section === "over") return demand.status === "UNFULFILLED" ? "red" : "grey";
  return section === "arbitration" ? "amber" : "blue";
}

const HOW = {
  searching: (demand) => html`${delayed(demand)}<span>${term("STATUS", demand.status)}</span>${answers(demand)}`,
  arbitration: (demand) => html`${delayed(demand)}${answers(demand)}${demand.carence_proposed
    ? html`<b class="warn">▲ ${t("board.carence_proposed")}</b>` : nothing}`,
  missions: (demand) => {
    const { mission } = demand;
    if (!mission) return term("STATUS", demand.status);
    const kept = pace(demand);
    return html`<span class="step">${term("STEP", mission.step)}</span>
      <span>${vehicleName(mission.vehicle_id)} · <span class="figures"
        title=${t("mission.promised")}>${clock(mission.promised_at)}</span></span>
      ${kept ? html`<b class="pace ${kept.colour}">${kept.word}</b>` : nothing}
      ${mission.alarm ? html`<b class="late">✕ ${t(`alarm.${mission.alarm}`)}</b>` : nothing}`;
  },
  over: (demand) => html`<span>${term("STATUS", demand.status)}</span>`,
};

const delayed = (demand) =>
  demand.search === "DELAYED" ? html`<b class="late">✕ ${t("board.delayed")}</b>` : nothing;

function answers(demand) {
  if (!demand.solicitations) return html`<span class="quiet">${t("loading")}</span>`;
  const count = counts(demand);
  const best = demand.counter_proposals?.find((each) => each.best);
  const said = [
    count.asked && t("count.asked", { n: count.asked }),
    count.refused && t("count.refused", { n: count.refused }),
    count.silent && t("count.silent", { n: count.silent }),
    demand.counter_proposals?.length && t("count.countered",
      { n: demand.counter_proposals.length, best: best?.delay_minutes ?? "?" }),
  ].filter(Boolean);
  const phone = demand.guard_by_phone?.length ? html`<b class="warn">☎ ${t("board.guard_by_phone")}</b>` : nothing;
  return html`${phone}<span>${said.join(" · ") || t("count.none")}</span>`;
}

customElements.define("samu-board", Board);
