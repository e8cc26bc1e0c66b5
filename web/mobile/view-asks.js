/** What this phone is asked: one card for each solicitation, the most urgent first, and what became of it. */

import { html, nothing, repeat, t, term } from "core/part.js";
import { clock, until } from "core/time.js";
import { couldGo } from "core/vehicles.js";
import { dialog } from "parts/dialogs.js";
import { accept, cannotCome, counter, refuse } from "./answers.js";
import { cards } from "./asks-state.js";
import { communeNear } from "./communes.js";
import { chooseReason } from "./reasons.js";
import { phone } from "./state.js";

const MORE_MINUTES = [10, 20, 30, 45, 60];
const LONGEST_MINUTES = 240;
const REFUSALS = ["refusal.no_crew", "refusal.breakdown", "refusal.too_far", "refusal.busy"];
const UNAVAILABLE = ["unavailable.breakdown", "unavailable.mission", "unavailable.incident"];
/** Of each end: its colour and its word. */
const ENDS = {
  CONFIRMED: ["green", "ask.CONFIRMED"],
  ALREADY_ASSIGNED: ["grey", "ask.ALREADY_ASSIGNED"],
  WITHDRAWN: ["grey", "ask.WITHDRAWN"],
  EXPIRED: ["grey", "ask.EXPIRED"],
  REFUSED: ["grey", "ask.REFUSED"],
  UNAVAILABLE: ["grey", "ask.UNAVAILABLE"],
  COUNTERED: ["blue", "ask.COUNTERED"],
  PROMISE_ACCEPTED: ["green", "ask.PROMISE_ACCEPTED"],
  PROMISE_REFUSED: ["grey", "ask.PROMISE_REFUSED"],
  PROMISE_LAPSED: ["grey", "ask.PROMISE_LAPSED"],
};

export function asksView() {
  const shown = cards();
  if (!shown.length) return nothing;
  return html`<section class="asks stack" aria-label=${t("asks")}>
    ${repeat(shown, ({ ask }) => ask.id, (card) => (ENDS[card.state] ? endCard(card) : openCard(card)))}</section>`;
}

function endCard({ ask, state, sentence, minutes }) {
  const [colour, word] = ENDS[state];
  return html`<article class="ask ${colour}" data-id=${ask.id} data-state=${state} role="status">
    <h2><span class="state ${colour}">${t(word, { n: minutes ?? 0 })}</span></h2>
    <p>${placeOf(ask)} · ${whoGoes(ask)}</p>
    ${sentence ? html`<p class="error">${sentence}</p>` : nothing}
    ${state === "REFUSED" ? afterAll(ask) : nothing}
    ${state === "COUNTERED" ? html`<p class="quiet">${t("ask.COUNTERED.how")}</p>` : nothing}
  </article>`;
}

/** A refusal may still be turned into an acceptance while the search is open (rule 7). */
function afterAll(ask) {
  if (until(ask.answer_before) <= 0) return nothing;
  return html`<button @click=${() => yesAfterAll(ask)}>${t("answer.after_all")}</button>`;
}

async function yesAfterAll(ask) {
  if (ask.vehicle_id) return accept(ask);
  const chosen = await dialog(t("ask.choose_vehicle"), (done) => html`
    <div class="stack reasons">${suitable(ask).map((each) => html`
      <button @click=${() => done(each.id)}>${each.name} · ${term("VOLUME", each.volume)}</button>`)}</div>
    <div class="actions"><button autofocus @click=${() => done(null)}>${t("give_up")}</button></div>`);
  if (chosen) accept(ask, chosen);
}

function openCard({ ask, state, sentence }) {
  const sending = state === "SENDING";
  const guard = ask.tier === "GUARD";
  const terms = ask.demand;
  return html`<article class="ask open" data-id=${ask.id} data-state=${sending ? "SENDING" : "OPEN"}
      aria-labelledby="ask-${ask.id}">
    <h2 id="ask-${ask.id}"><span class="state blue">${t(guard ? "ask.guard" : "ask.open")}</span>
      ${terms.exercise ? html`<span class="state amber">${t("exercise")}</span>` : nothing}</h2>
    <p class="left"><r-countdown .to=${ask.answer_before}></r-countdown></p>
    <p class="where">${placeOf(ask)}</p>
    <p class="terms"><strong>${termOf(ask)} · ${term("VOLUME", terms.volume)}</strong> · ${whoGoes(ask)}</p>
    ${ask.to_confirm ? html`<p class="quiet">▲ ${t("ask.to_confirm")}</p>` : nothing}
    ${sentence ? html`<p class="error" role="alert">${sentence}</p>` : nothing}
    ${ask.vehicle_id || guard ? nothing : vehicleOf(ask, sending)}
    ${sending ? html`<p class="main waiting" role="status">${t("ask.waiting")}</p>` : answers(ask, guard)}
  </article>`;
}

function answers(ask, guard) {
  return html`<div class="answers">
    <button class="main accept" @click=${(event) => yes(ask, event)}>${t("answer.accept")}</button>
    ${guard
      ? html`<button class="danger" @click=${() => unavailable(ask)}>${t("ask.unavailable")}</button>`
      : html`<button class="danger" @click=${() => no(ask)}>${t("answer.refuse")}</button>
        <button @click=${() => promise(ask)}>${t("answer.counter")}</button>`}</div>`;
}

/** Which vehicle goes: for a site or a free choice somebody must say so; one's own is chosen beforehand (rule 52). */
function vehicleOf(ask, sending) {
  const able = suitable(ask);
  if (!able.length) return html`<p class="error">${t("answer.no_vehicle")}</p>`;
  const own = able.find((each) => each.id === phone.aboard?.vehicle_id)?.id ?? (able.length === 1 ? able[0].id : null);
  return html`<fieldset class="choice" role="radiogroup" aria-labelledby="goes-${ask.id}" ?disabled=${sending}>
    <legend id="goes-${ask.id}">${t("vehicle")}</legend>
    ${repeat(able, (each) => each.id, (each) => html`<label class="option">
      <input type="radio" name="goes-${ask.id}" value=${each.id} ?checked=${each.id === own}
          aria-labelledby="g-${ask.id}-${each.id}">
      <strong id="g-${ask.id}-${each.id}">${each.name}</strong><small
          class="quiet">${term("VOLUME", each.volume)}</small></label>`)}
    <p class="error" hidden>${t("ask.choose_vehicle")}</p></fieldset>`;
}

function suitable(ask) {
  return (phone.company?.vehicles ?? []).filter((each) => couldGo(each, ask.demand.volume));
}

function yes(ask, event) {
  if (ask.vehicle_id || ask.tier === "GUARD") return accept(ask);
  const card = event.target.closest("article");
  const chosen = card.querySelector("input[type=radio]:checked")?.value;
  if (chosen) return accept(ask, chosen);
  const missing = card.querySelector("fieldset .error");
  if (missing) missing.hidden = false;
  card.querySelector("input[type=radio]")?.focus();
}

/** A short reason, or none: two taps, nothing to type. */
async function no(ask) {
  const reasons = REFUSALS.map((key) => t(key));
  const reason = await chooseReason(t("answer.refuse"), { reasons, plain: t("ask.refuse_plain") });
  if (reason !== null) refuse(ask, reason);
}

async function unavailable(ask) {
  const reasons = UNAVAILABLE.map((key) => t(key));
  const reason = await chooseReason(t("ask.unavailable"), { text: t("ask.unavailable.what"), reasons });
  if (reason) cannotCome(ask, reason);
}

/** A longer delay, which is a promise. */
async function promise(ask) {
  const from = ask.demand.max_delay_minutes;
  const offered = MORE_MINUTES.map((more) => [more, from + more]).filter(([, minutes]) => minutes <= LONGEST_MINUTES);
  const chosen = await dialog(t("answer.counter"), (done) => html`
    <p>${t("ask.counter.what", { n: from })}</p>
    <div class="counters">${offered.map(([more, minutes]) => html`
      <button @click=${() => done(minutes)}>
        <strong>+${more}</strong> <span>${t("minutes", { n: minutes })}</span></button>`)}</div>
    <form class="row" @submit=${(event) => typed(event, from, done)}>
      <label for="counter">${t("ask.counter.minutes")}</label>
      <input id="counter" name="minutes" type="number" inputmode="numeric" min=${from + 1} max=${LONGEST_MINUTES}
          required>
      <button class="primary">${t("send")}</button></form>
    <div class="actions"><button @click=${() => done(null)}>${t("give_up")}</button></div>`);
  if (chosen) counter(ask, chosen);
}

function typed(event, from, done) {
  event.preventDefault();
  const minutes = Number(new FormData(event.target).get("minutes"));
  if (minutes > from) done(minutes);
}

/** How long one has, and until when; of a promise that was accepted, when it was promised. */
function termOf(ask) {
  const { max_delay_minutes: n, deadline } = ask.demand;
  const before = t("ask.before", { time: clock(deadline) });
  return ask.tier === "FREE_CHOICE" ? before : `${t("minutes", { n })}, ${before}`;
}

/** Before the mission is ours there is no address: the nearest commune, and how far it is. */
function placeOf(ask) {
  const { lat, lon } = ask.demand.pickup;
  const commune = communeNear({ lat, lon });
  const where = commune ? t("ask.near", { name: commune.name }) : `${lat.toFixed(4)}, ${lon.toFixed(4)}`;
  return ask.eta_minutes === null ? where : `${where} · ${t("ask.eta", { n: ask.eta_minutes })}`;
}

function whoGoes(ask) {
  if (ask.vehicle_id) return phone.vehicle(ask.vehicle_id)?.name ?? t("vehicle");
  if (ask.site_id) return t("ask.site", { name: phone.site(ask.site_id)?.name ?? "" });
  return term("TIER", ask.tier);
}
