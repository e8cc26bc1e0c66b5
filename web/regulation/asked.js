/** The middle of the page: what is asked of this company, one card for each demand, the most urgent first. */

import { Settling, unless } from "core/hand.js";
import { Part, classMap, html, live, nothing, repeat, t, term } from "core/part.js";
import { coordinates } from "core/places.js";
import { clock, clockSeconds } from "core/time.js";
import { amended, badge, left, mayCounter, nothingAsked, tooLate, verdict, why, won } from "./card-words.js";
import { answeredOf, cardsOf, choicesFor, isAsked, isOurs, isPromised } from "./cards.js";
import { counterPanel, refusePanel } from "./panels.js";
import { isInSight, pinsOf } from "./sight.js";
import { askedName, eta, outcome, placeMore, placeName } from "./words.js";

const BADGES = { OPEN: "blue", WAITING: "blue", CONFIRMED: "green", LOST: "red", CLOSED: "" };

/** Nobody answers what moved so lately, or what came so lately where nothing was. */
const MOVED_MS = 550;
const CAME_MS = 250;
/** The keys rest after an answer, and when they mean another card. */
const KEYS_REST_MS = 700;

const key = (name) => html` <kbd aria-hidden="true">${name}</kbd>`;

class Asked extends Part {
  #places = new Settling(this);
  #keys = new Settling(this);
  #bare = true;
  #states = new Map();
  /** The card that has the focus, or had it last: the keys mean that one, or nothing. */
  #held = null;
  /** The card that the keys mean, as it is drawn. */
  #keyed = null;

  static properties = { app: { attribute: false }, panel: { state: true }, chosen: { state: true } };

  constructor() {
    super();
    /** `{demand, kind: "refuse"|"counter", only: solicitation id|null, minutes, others, text}`, or null. */
    this.panel = null;
    /** The vehicle chosen for a site or a free choice, by solicitation. */
    this.chosen = new Map();
    /** Solicitations whose vehicle was chosen by hand: no other one takes its place unasked. */
    this.picked = new Set();
  }

  connectedCallback() {
    super.connectedCallback();
    this.follow(this.app.desk, "change");
    this.follow(this.app.beat, "change");
    const hold = (event) => this.#hold(event.target);
    for (const kind of ["focusin", "pointerdown"]) {
      document.addEventListener(kind, hold);
      this.atTheEnd(() => document.removeEventListener(kind, hold));
    }
  }

  render() {
    const { desk } = this.app;
    const cards = cardsOf(desk);
    const answered = answeredOf(desk);
    const asking = cards.filter((each) => each.state === "OPEN" && each.ours).length;
    this.#watch(cards, answered);
    return html`<section class="column" aria-labelledby="asked-title">
      <div class="surface title"><h2 id="asked-title">${t("asked.title")}</h2>
        <span class="row">${asking && cards[0].state === "OPEN" ? left(cards[0]) : nothing}
          <span class="count">${asking || ""}</span></span></div>
      <p class="visually-hidden" role="status">${asking ? t("front.asked", { n: asking }) : ""}</p>
      ${cards.length ? nothing : nothingAsked(this.app)}
      ${repeat(cards, (each) => each.id, (each) => this.#card(each, each.id === this.#keyed))}
      ${this.#answered(answered)}
    </section>`;
  }

  /** Whether something moved just now: what is under the hand may be another one. */
  get settling() {
    return this.#places.now;
  }

  #watch(cards, answered) {
    const row = (each) => [each.id, each.state, each.answer_before];
    const seen = cards.map((each) => [each.id, each.terms.revision, each.rows.map(row)]);
    this.#places.watch(JSON.stringify([seen, answered.map((each) => each.id)]), this.#bare ? CAME_MS : MOVED_MS);
    this.#bare = !cards.length;
    if (!cards.some((each) => each.id === this.#held)) this.#held = null;
    const keyed = this.#inHand(cards)?.id ?? null;
    if (keyed !== this.#keyed) this.#keys.begin(KEYS_REST_MS);
    this.#keyed = keyed;
  }

  /** Somebody goes to a card, or away from it: what the keys mean is what they chose, and needs no rest. */
  #hold(target) {
    const held = target.closest?.("[data-demand]")?.dataset.demand ?? null;
    if (held === this.#held) return;
    this.#held = held;
    if (held) this.#keyed = this.#inHand(cardsOf(this.app.desk))?.id ?? null;
    this.requestUpdate();
  }

  /** An answer goes out: its panel is done with, and the keys rest. */
  answering() {
    this.panel = null;
    this.#keys.begin(KEYS_REST_MS);
  }

  /** What came must be seen, and what became of an answer, too; nobody is taken away from what they are doing. */
  updated() {
    const cards = cardsOf(this.app.desk);
    const [first] = cards;
    const fresh = first?.ours && first.state === "OPEN" && this.#states.get(first.id) !== "OPEN" ? first : null;
    const ended = cards.find((each) => ["CONFIRMED", "LOST"].includes(each.state)
      && this.#states.get(each.id) === "WAITING");
    this.#states = new Map(cards.map((each) => [each.id, each.state]));
    const shown = this.panel ? null : (ended ?? fresh);
    const card = shown && !this.#isBusyBeside(shown, cards) ? this.#article(shown.id) : null;
    if (card) this.#scroll(card, "start");
    if (this.#held && document.activeElement === document.body) {
      this.#article(this.#held)?.focus({ preventScroll: true }); // what had the focus is gone from its card
    }
  }

  #article(id) {
    return this.querySelector(`[data-demand="${id}"]`);
  }

  #isBusyBeside(card, cards) {
    const held = cards.find((each) => each.id === this.#held);
    return held && held.id !== card.id && ["OPEN", "WAITING"].includes(held.state);
  }

  /** Bring something into sight; what moved by that is not answered for a moment. */
  #scroll(element, block) {
    const before = element.getBoundingClientRect().top;
    element.scrollIntoView({ block });
    if (Math.abs(element.getBoundingClientRect().top - before) < 1) return;
    this.#places.begin(MOVED_MS);
    this.requestUpdate();
  }

  #card(card, keyed) {
    const { desk } = this.app;
    const [first] = card.rows;
    const best = this.#best(card);
    const open = card.rows.filter(isAsked);
    const kinds = { [card.state.toLowerCase()]: true, elsewhere: !card.ours, keyed };
    const classes = { card: true, surface: true, ...kinds };
    const { pickup, deadline } = card.terms;
    const promised = open.find(isPromised)?.eta_minutes;
    return html`<article class=${classMap(classes)} tabindex="-1" data-demand=${card.id} data-state=${card.state}
        aria-labelledby="place-${card.id}">
      <header>
        ${card.state === "OPEN" || card.state === "WAITING"
          ? left(card)
          : html`<p class="verdict">${card.state === "CONFIRMED" ? "✓ " : ""}${verdict(card)}</p>`}
        <div class="badges">
          <span class="state ${card.ours ? BADGES[card.state] : ""}" role="status">${badge(card)}</span>
          ${card.terms.exercise ? html`<span class="state amber">${t("exercise")}</span>` : nothing}
          ${amended(desk, card)}
          ${card.state === "OPEN" && card.ours ? html`<span class="hand">${t("asked.keys_here",
            { keys: mayCounter(this.app.desk, card, open) ? "A R D" : "A R" })}</span>` : nothing}
        </div>
      </header>
      ${card.state === "CONFIRMED" ? won(desk, card) : nothing}
      <h3 id="place-${card.id}">${placeName(desk, card.terms.pickup)}</h3>
      <p class="terms">
        ${promised ? html`<strong>${t("asked.your_delay", { n: promised })}</strong>`
          : html`<strong>${t("asked.delay", { n: card.terms.max_delay_minutes })}</strong>
            <span title=${clockSeconds(deadline)}>${t("asked.before", { time: clock(deadline) })}</span>`}
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
        : ""}</span>${tooLate(card, asked)}</div>
      ${open && isOurs(asked) ? this.#actions(card, asked, several, best)
        : html`<div class="outcome">${why(card, asked)}</div>`}
      ${asked.trouble ? html`<p class="error" role="alert">${asked.trouble.text}</p>` : nothing}
    </li>`;
  }

  #actions(card, asked, several, best) {
    const choices = asked.vehicle_id ? [] : choicesFor(this.app.desk, asked);
    const chosen = this.#choice(asked, choices);
    const waiting = asked.sending === "acceptance";
    const sending = Boolean(asked.sending);
    const off = sending || (!asked.vehicle_id && !chosen);
    return html`<div class="row answer">
      ${asked.vehicle_id ? nothing : this.#choose(asked, choices, chosen)}
      <button class="accept ${off ? "" : "soon"}" aria-describedby="name-${asked.id}"
        aria-disabled=${off || this.settling} @click=${unless(off, () => this.#accept(asked, chosen))}>${t(waiting
          ? "sending" : "answer.accept")}${best ? key("A") : nothing}</button>
      ${several > 1 ? html`<button class="plain" aria-describedby="name-${asked.id}" aria-disabled=${sending}
        @click=${unless(sending, () => this.open(card, "refuse", asked.id))}>${t(asked.site_id && !asked.vehicle_id
          ? "asked.not_this_site" : "asked.not_this")}</button>` : nothing}
    </div>`;
  }

  #choose(asked, choices, chosen) {
    if (!choices.length) return html`<p class="error">${t("answer.no_vehicle")}</p>`;
    const gone = chosen ? null : this.app.desk.vehicle(this.chosen.get(asked.id))?.name;
    return html`<label class="choose"><span>${t("asked.choose")}</span>
      <select .value=${live(chosen ?? "")} @change=${(event) => this.#pick(asked, event.target.value)}>
        ${chosen ? nothing : html`<option value="" disabled selected>${t("asked.choose_again", {
          vehicle: gone ?? "" })}</option>`}
        ${repeat(choices, (each) => each.id, (each) => html`<option value=${each.id} ?selected=${each.id === chosen}>
          ${each.name} · ${term("VOLUME", each.volume)}${each.phones.count ? ` · ${t("means.manned")}` : ""}</option>`)}
      </select></label>`;
  }

  /** The vehicle chosen, or the likeliest; null when the one that was chosen by hand cannot go any more. */
  #choice(asked, choices) {
    const known = this.chosen.get(asked.id);
    if (choices.some((each) => each.id === known)) return known;
    if (this.picked.has(asked.id)) return null;
    if (known) this.#places.begin(MOVED_MS);
    const first = choices[0]?.id ?? null;
    if (first) this.chosen.set(asked.id, first);
    return first;
  }

  #pick(asked, vehicleId) {
    this.chosen.set(asked.id, vehicleId);
    this.picked.add(asked.id);
    this.requestUpdate();
  }

  #accept(asked, vehicleId = null) {
    if (this.settling) return;
    this.answering();
    this.app.answers.accept(asked, asked.vehicle_id ? null : vehicleId);
  }

  #footer(card, open) {
    const panel = this.panel?.demand === card.id ? this.panel : null;
    const busy = open.some((each) => each.sending);
    const may = mayCounter(this.app.desk, card, open);
    return html`<footer>
      <div class="row">
        <button aria-expanded=${panel?.kind === "refuse"} aria-disabled=${busy}
          @click=${unless(busy, () => this.open(card, "refuse"))}>${t("answer.refuse")}${key("R")}</button>
        ${may ? html`<button aria-expanded=${panel?.kind === "counter"} aria-disabled=${busy}
          @click=${unless(busy, () => this.open(card, "counter"))}>${t("answer.counter")}${key("D")}</button>` : nothing}
        <button class="plain" aria-expanded=${panel?.kind === "map"}
          @click=${() => this.open(card, "map")}>${t("map.label")}</button>
      </div>
      ${panel?.kind === "refuse" ? refusePanel(this, card, open) : nothing}
      ${panel?.kind === "counter" && may ? counterPanel(this, card, open) : nothing}
      ${panel?.kind === "map"
        ? html`<r-map .pins=${pinsOf(this.app.desk, card)} .view=${card.id} label=${t("map.label")}></r-map>` : nothing}
    </footer>`;
  }

  /** Open a panel of a card, or close it; `only` is one of several rows. */
  async open(card, kind, only = null) {
    const same = this.panel?.demand === card.id && this.panel.kind === kind && this.panel.only === only;
    if (kind === "map" && !same) await import("parts/map.js");
    this.panel = same ? null : { demand: card.id, kind, only, minutes: null, others: true };
    await this.updateComplete;
    if (same) return;
    const panel = this.querySelector(`[data-demand="${card.id}"] :is(.panel, r-map)`);
    if (panel) this.#scroll(panel, "nearest");
    panel?.querySelector("[autofocus]")?.focus();
  }

  #answered(rows) {
    if (!rows.length) return nothing;
    return html`<div class="surface answered"><h3>${t("asked.answered")}</h3>
      <ul>${repeat(rows, (each) => each.id, (each) => html`<li data-id=${each.id} data-state=${each.state}>
        <span><strong>${placeName(this.app.desk, each.demand.pickup)}</strong> · ${askedName(this.app.desk, each)}<br>
          <span class="quiet">${outcome(each)}${each.state === "COUNTERED" ? ` · ${t("asked.samu_decides")}`
            : ""}</span></span>
        ${each.vehicle_id ? html`<button aria-disabled=${Boolean(each.sending) || this.settling}
          class=${each.sending ? "" : "soon"} @click=${unless(each.sending, () => this.#accept(each))}>
          ${t(each.sending ? "sending" : "answer.after_all")}</button>` : nothing}
        ${each.trouble ? html`<p class="error" role="alert">${each.trouble.text}</p>` : nothing}
      </li>`)}</ul></div>`;
  }

  /** The card that the keys mean: the one that has or had the focus, or nothing; where none had, the most urgent. */
  #inHand(cards) {
    const open = cards.filter((each) => each.state === "OPEN" && each.ours);
    const held = cards.find((each) => each.id === this.#held);
    return held ? (open.find((each) => each.id === held.id) ?? null) : (open[0] ?? null);
  }

  #best(card) {
    return card.rows.find((each) => isAsked(each) && !each.sending) ?? null;
  }

  /** What a key does on the card in hand: `accept`, `refuse`, `counter`. What is not in sight is not accepted. */
  key(kind) {
    const card = this.#inHand(cardsOf(this.app.desk));
    const best = card && this.#best(card);
    if (!best || card.id !== this.#keyed || this.settling || this.#keys.now) return;
    if (kind === "accept") this.#acceptByKey(best);
    else if (kind === "refuse" || mayCounter(this.app.desk, card, card.rows.filter(isAsked))) this.open(card, kind);
  }

  #acceptByKey(best) {
    const row = this.querySelector(`[data-id="${best.id}"]`);
    if (!isInSight(row)) {
      row.closest("[data-demand]").focus({ preventScroll: true });
      return this.#scroll(row, "center");
    }
    const choice = best.vehicle_id ? null : this.#choice(best, choicesFor(this.app.desk, best));
    if (best.vehicle_id || choice) this.#accept(best, choice);
    else row.querySelector("select")?.focus();
  }

  /** Move from card to card. */
  move(by) {
    const cards = [...this.querySelectorAll("[data-demand]")];
    const at = cards.indexOf(document.activeElement?.closest?.("[data-demand]"));
    cards[at < 0 ? 0 : Math.min(cards.length - 1, Math.max(0, at + by))]?.focus();
  }
}

customElements.define("r-asked", Asked);
