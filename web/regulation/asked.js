/** The middle of the page: what is asked of this company, one card for each demand, the most urgent first. */

import { Part, classMap, html, live, nothing, repeat, t, term } from "core/part.js";
import { clock, clockSeconds } from "core/time.js";
import "parts/countdown.js";
import { counterPanel, refusePanel } from "./panels.js";
import { answeredOf, cardsOf, choicesFor, isOurs } from "./cards.js";
import { askedName, coordinates, eta, outcome, placeMore, placeName } from "./words.js";

const BADGES = { OPEN: "blue", WAITING: "blue", CONFIRMED: "green", LOST: "red", CLOSED: "" };

/** Nobody answers what came so lately: a click on it was meant for what was there before. */
const SETTLES_MS = 250;

class Asked extends Part {
  #order = "";
  #settledAt = 0;
  #states = new Map();

  static properties = { app: { attribute: false }, panel: { state: true }, chosen: { state: true } };

  constructor() {
    super();
    /** `{demand, kind: "refuse"|"counter", only: solicitation id|null, minutes, others, text}`, or null. */
    this.panel = null;
    /** The vehicle chosen for a site or a free choice, by solicitation. */
    this.chosen = new Map();
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(this.app.desk, "change");
    this.follow(this.app.beat, "change");
    for (const kind of ["focusin", "focusout"]) this.addEventListener(kind, () => this.requestUpdate());
  }

  render() {
    const { desk } = this.app;
    const cards = cardsOf(desk);
    const keyed = this.#inHand(cards)?.id;
    const asking = cards.filter((each) => each.state === "OPEN" && each.ours).length;
    this.#watch(cards);
    return html`<section class="column" aria-labelledby="asked-title">
      <div class="surface title"><h2 id="asked-title">${t("asked.title")}</h2>
        <span class="row">${asking && cards[0].state === "OPEN" ? left(cards[0]) : nothing}
          <span class="count">${asking || ""}</span></span></div>
      <p class="visually-hidden" role="status">${asking ? t("front.asked", { n: asking }) : ""}</p>
      ${cards.length ? nothing : this.#empty()}
      ${repeat(cards, (each) => each.id, (each) => this.#card(each, each.id === keyed))}
      ${this.#answered(answeredOf(desk))}
    </section>`;
  }

  get #settling() {
    return performance.now() < this.#settledAt;
  }

  /** Cards that came, went or moved: what is under the hand is another one. */
  #watch(cards) {
    const order = cards.map((each) => each.id).join();
    if (order !== this.#order) this.#settle();
    this.#order = order;
  }

  #settle() {
    this.#settledAt = performance.now() + SETTLES_MS;
    setTimeout(() => this.requestUpdate(), SETTLES_MS + 10);
  }

  /** What came must be seen, and what became of an answer, too. */
  updated() {
    const cards = cardsOf(this.app.desk);
    const [first] = cards;
    const fresh = first?.ours && first.state === "OPEN" && this.#states.get(first.id) !== "OPEN" ? first : null;
    const ended = cards.find((each) => ["CONFIRMED", "LOST"].includes(each.state)
      && this.#states.get(each.id) === "WAITING");
    this.#states = new Map(cards.map((each) => [each.id, each.state]));
    const shown = ended ?? (this.panel ? null : fresh);
    if (shown) this.querySelector(`[data-demand="${shown.id}"]`)?.scrollIntoView({ block: "start" });
  }

  #empty() {
    const told = this.app.beat.told;
    const names = told ? [...told.receives.sites, ...told.receives.vehicles].map((each) => each.name) : [];
    const { colour } = this.app.beat.readiness;
    const all = new Intl.ListFormat(document.documentElement.lang).format(names);
    const key = colour === "RED" || !names.length ? "asked.empty_red" : "asked.empty";
    return html`<div class="surface empty"><p><strong>${t("asked.none")}</strong></p>
      <p>${t(key, { names: all })}</p><p class="quiet">${t("asked.empty_how")}</p></div>`;
  }

  #card(card, keyed) {
    const { desk } = this.app;
    const [first] = card.rows;
    const best = this.#best(card);
    const open = card.rows.filter((each) => each.state === "OPEN" && isOurs(each));
    const kinds = { [card.state.toLowerCase()]: true, elsewhere: !card.ours, keyed, settling: this.#settling };
    const classes = { card: true, surface: true, ...kinds };
    const { pickup, deadline } = card.terms;
    return html`<article class=${classMap(classes)} tabindex="-1" data-demand=${card.id} data-state=${card.state}
        aria-labelledby="place-${card.id}">
      <header>
        ${card.state === "OPEN" || card.state === "WAITING"
          ? left(card)
          : html`<p class="verdict">${card.state === "CONFIRMED" ? "✓ " : ""}${verdict(card)}</p>`}
        <div class="badges">
          <span class="state ${card.ours ? BADGES[card.state] : ""}" role="status">${this.#badge(card)}</span>
          ${card.terms.exercise ? html`<span class="state amber">${t("exercise")}</span>` : nothing}
          ${this.#reconfirms(card) ? html`<span class="state amber">${t("asked.reconfirm")}</span>` : nothing}
        </div>
      </header>
      ${card.state === "CONFIRMED" ? this.#won(card) : nothing}
      <h3 id="place-${card.id}">${placeName(desk, card.terms.pickup)}</h3>
      <p class="terms">
        <strong>${t("asked.delay", { n: card.terms.max_delay_minutes })}</strong>
        <span title=${clockSeconds(deadline)}>${t("asked.before", { time: clock(deadline) })}</span>
        <span class="volume">${term("VOLUME", card.terms.volume)}</span>
        <span class="quiet">${term("TIER", first.tier)}</span>
      </p>
      <p class="quiet more">${placeMore(desk, pickup)}<span class="figures">${coordinates(pickup)}</span></p>
      <ul class="rows">
        ${repeat(card.rows, (each) => each.id, (each) => this.#row(card, each, open.length, each === best))}
      </ul>
      ${card.state === "OPEN" && open.length ? this.#footer(card, open) : nothing}
    </article>`;
  }

  #badge(card) {
    if (card.state === "WAITING") return t("card.WAITING");
    if (card.state !== "OPEN") return t(`badge.${card.state}`);
    if (!card.ours) return t("badge.ELSEWHERE");
    return card.rows.some((each) => each.rung_at) ? t("badge.RUNG") : t("badge.OPEN");
  }

  #reconfirms(card) {
    return card.state === "OPEN" && this.app.desk.running.some((each) => each.demand_id === card.id);
  }

  #won(card) {
    const { desk } = this.app;
    const vehicle = desk.vehicle(card.won.vehicle_id);
    const mission = desk.missions.get(card.won.mission_id);
    const promised = card.won.promised_at ?? mission?.promised_at;
    const bound = card.won.phone_bound ?? mission?.phone_bound;
    return html`<p class="won">${t("won.vehicle", { vehicle: vehicle?.name ?? "" })}
        ${promised ? t("won.promised", { time: clock(promised) }) : ""}</p>
      <p class="phone">${bound === false ? html`<strong>⚠ ${card.won.notice ?? t("won.no_phone")}</strong>`
        : bound ? `✓ ${t("won.phone")}` : nothing}</p>`;
  }

  #row(card, asked, several, best) {
    const { desk } = this.app;
    const open = asked.state === "OPEN";
    const vehicle = desk.vehicle(asked.vehicle_id);
    return html`<li data-id=${asked.id} data-state=${asked.state} class=${asked.vehicle_id ? "" : "choosing"}>
      <div class="who">
        <strong id="name-${asked.id}">${askedName(desk, asked)}</strong>
        ${vehicle ? html`<span class="volume">${term("VOLUME", vehicle.volume)}</span>` : nothing}
        ${asked.exact_volume || !asked.vehicle_id ? nothing : html`<span class="quiet">${t("asked.larger")}</span>`}
        ${asked.to_confirm ? html`<span class="state amber small">${t("asked.to_confirm")}</span>` : nothing}
      </div>
      <div class="eta"><span class="figures">${open || asked.eta_minutes ? eta(asked)
        : ""}</span>${this.#tooLate(card, asked)}</div>
      ${open && isOurs(asked) ? this.#actions(card, asked, several, best)
        : html`<div class="outcome">${this.#why(card, asked)}</div>`}
      ${asked.trouble ? html`<p class="error" role="alert">${asked.trouble.text}</p>` : nothing}
    </li>`;
  }

  /** Of an open one that is not answered here: where it is. */
  #why(card, asked) {
    if (asked.state !== "OPEN") return card.won && asked.reason === "ALREADY_ASSIGNED" ? t("won.other")
      : outcome(asked);
    return t(asked.tier === "GUARD" ? "asked.by_guard_phone" : "asked.not_here");
  }

  #tooLate(card, asked) {
    if (asked.eta_minutes == null || asked.state !== "OPEN") return nothing;
    const late = Date.parse(asked.opened_at) + asked.eta_minutes * 60_000 > Date.parse(card.terms.deadline) + 60_000;
    return late ? html`<span class="late-word">${t("asked.eta_late")}</span>` : nothing;
  }

  #actions(card, asked, several, best) {
    const choices = asked.vehicle_id ? [] : choicesFor(this.app.desk, asked);
    const chosen = this.#choice(asked, choices);
    const waiting = asked.sending === "acceptance";
    return html`<div class="row answer">
      ${asked.vehicle_id ? nothing : this.#choose(asked, choices, chosen)}
      <button class="accept" aria-describedby="name-${asked.id}" ?disabled=${this.#settling
        || Boolean(asked.sending) || (!asked.vehicle_id && !chosen)}
        @click=${() => this.#accept(asked, chosen)}>${t(waiting ? "sending" : "asked.accept")}${best ? key("A")
          : nothing}</button>
      ${several > 1 ? html`<button class="plain" aria-describedby="name-${asked.id}" ?disabled=${Boolean(asked.sending)}
        @click=${() => this.open(card, "refuse", asked.id)}>${t(asked.site_id && !asked.vehicle_id
          ? "asked.not_this_site" : "asked.not_this")}</button>` : nothing}
    </div>`;
  }

  #choose(asked, choices, chosen) {
    if (!choices.length) return html`<p class="error">${t("asked.no_vehicle")}</p>`;
    return html`<label class="choose"><span>${t("asked.choose")}</span>
      <select .value=${live(chosen ?? "")} @change=${(event) => this.#pick(asked, event.target.value)}>
        ${repeat(choices, (each) => each.id, (each) => html`<option value=${each.id} ?selected=${each.id === chosen}>
          ${each.name} · ${term("VOLUME", each.volume)}${each.phones.count ? ` · ${t("means.manned")}` : ""}</option>`)}
      </select></label>`;
  }

  /** The vehicle chosen, or the likeliest; it stays the same, unless it cannot go any more. */
  #choice(asked, choices) {
    const known = this.chosen.get(asked.id);
    if (choices.some((each) => each.id === known)) return known;
    if (known) this.#settle();
    const first = choices[0]?.id ?? null;
    if (first) this.chosen.set(asked.id, first);
    return first;
  }

  #pick(asked, vehicleId) {
    this.chosen.set(asked.id, vehicleId);
    this.requestUpdate();
  }

  #accept(asked, vehicleId) {
    this.panel = null;
    this.app.answers.accept(asked, asked.vehicle_id ? null : vehicleId);
  }

  #footer(card, open) {
    const panel = this.panel?.demand === card.id ? this.panel : null;
    const busy = open.some((each) => each.sending);
    const promised = open.every((each) => each.tier === "FREE_CHOICE");
    return html`<footer>
      <div class="row">
        <button aria-expanded=${panel?.kind === "refuse"} ?disabled=${busy}
          @click=${() => this.open(card, "refuse")}>${t("asked.refuse")}${key("R")}</button>
        ${promised ? nothing : html`<button aria-expanded=${panel?.kind === "counter"} ?disabled=${busy}
          @click=${() => this.open(card, "counter")}>${t("asked.counter")}${key("D")}</button>`}
        <button class="plain" aria-expanded=${panel?.kind === "map"}
          @click=${() => this.open(card, "map")}>${t("asked.map")}</button>
      </div>
      ${panel?.kind === "refuse" ? refusePanel(this, card, open) : nothing}
      ${panel?.kind === "counter" ? counterPanel(this, card, open) : nothing}
      ${panel?.kind === "map"
        ? html`<r-map .pins=${this.#pins(card)} .view=${card.id} label=${t("asked.map")}></r-map>` : nothing}
    </footer>`;
  }

  #pins(card) {
    const { desk } = this.app;
    const { lat, lon } = card.terms.pickup;
    const mine = card.rows.flatMap((each) => {
      const vehicle = desk.vehicle(each.vehicle_id);
      const site = desk.site(each.site_id);
      const at = vehicle?.position ?? site;
      const name = vehicle?.name ?? site?.name;
      return at ? [{ id: each.id, lat: at.lat, lon: at.lon, mark: vehicle ? "▸" : "⌂", name, state: "blue" }] : [];
    });
    return [{ id: card.id, lat, lon, mark: "!", name: placeName(desk, card.terms.pickup), state: "place" }, ...mine];
  }

  /** Open a panel of a card, or close it; `only` is one of several rows. */
  async open(card, kind, only = null) {
    const same = this.panel?.demand === card.id && this.panel.kind === kind && this.panel.only === only;
    if (kind === "map" && !same) await import("parts/map.js");
    this.panel = same ? null : { demand: card.id, kind, only, minutes: null, others: true };
    await this.updateComplete;
    if (same) return;
    const panel = this.querySelector(`[data-demand="${card.id}"] :is(.panel, r-map)`);
    panel?.scrollIntoView({ block: "nearest" });
    panel?.querySelector("[autofocus]")?.focus();
  }

  #answered(rows) {
    if (!rows.length) return nothing;
    return html`<div class="surface answered"><h3>${t("asked.answered")}</h3>
      <ul>${repeat(rows, (each) => each.id, (each) => html`<li data-id=${each.id} data-state=${each.state}>
        <span><strong>${placeName(this.app.desk, each.demand.pickup)}</strong> · ${askedName(this.app.desk, each)}<br>
          <span class="quiet">${outcome(each)}${each.state === "COUNTERED" ? ` · ${t("asked.samu_decides")}`
            : ""}</span></span>
        ${each.vehicle_id ? html`<button ?disabled=${Boolean(each.sending)}
          @click=${() => this.app.answers.accept(each)}>
          ${t(each.sending ? "sending" : "asked.after_all")}</button>` : nothing}
        ${each.trouble ? html`<p class="error" role="alert">${each.trouble.text}</p>` : nothing}
      </li>`)}</ul></div>`;
  }

  /** The card that the keys mean: the one that has the focus, else the most urgent. */
  #inHand(cards) {
    const open = cards.filter((each) => each.state === "OPEN" && each.ours);
    const focused = document.activeElement?.closest?.("[data-demand]")?.dataset.demand;
    return open.find((each) => each.id === focused) ?? open[0] ?? null;
  }

  #best(card) {
    return card.rows.find((each) => each.state === "OPEN" && isOurs(each) && !each.sending) ?? null;
  }

  /** What a key does on the card in hand: `accept`, `refuse`, `counter`. What is not in sight is not accepted. */
  key(kind) {
    const card = this.#inHand(cardsOf(this.app.desk));
    const best = card && this.#best(card);
    if (!best) return;
    if (kind !== "accept") return this.open(card, kind);
    const row = this.querySelector(`[data-id="${best.id}"]`);
    if (!isInSight(row)) return show(row);
    if (this.#settling) return;
    const choice = best.vehicle_id ? null : this.#choice(best, choicesFor(this.app.desk, best));
    if (best.vehicle_id || choice) this.#accept(best, choice);
  }

  /** Move from card to card. */
  move(by) {
    const cards = [...this.querySelectorAll("[data-demand]")];
    const at = cards.indexOf(document.activeElement?.closest?.("[data-demand]"));
    cards[at < 0 ? 0 : Math.min(cards.length - 1, Math.max(0, at + by))]?.focus();
  }
}

customElements.define("r-asked", Asked);

const left = (card) =>
  html`<r-countdown .to=${new Date(card.answerBefore).toISOString()} aria-label=${t("asked.left")}></r-countdown>`;

/** What became of a card, in a word or two: the one thing that became of all its rows, if it is one. */
function verdict(card) {
  const ends = new Set(card.rows.map(outcome));
  return card.state === "CLOSED" && ends.size === 1 ? [...ends][0] : t(`card.${card.state}`);
}

const key = (name) => html` <kbd aria-hidden="true">${name}</kbd>`;

/** Bring a row into sight, with its card in hand. */
function show(row) {
  row.closest("[data-demand]").focus({ preventScroll: true });
  row.scrollIntoView({ block: "center" });
}

/** Whether an element is what is drawn at its place: on the screen, and under nothing. */
function isInSight(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  const there = document.elementFromPoint(left + width / 2, top + height / 2);
  return there !== null && element.contains(there);
}
