/** What a card says of itself; how it is answered stands in asked.js. */

import { html, nothing, t } from "core/part.js";
import { clock } from "core/time.js";
import "parts/countdown.js";
import { isPromised, missionOf } from "./cards.js";
import { outcome } from "./words.js";

/** Nothing is asked: of whom something could be. */
export function nothingAsked({ beat }) {
  const told = beat.told;
  const names = told ? [...told.receives.sites, ...told.receives.vehicles].map((each) => each.name) : [];
  const { colour } = beat.readiness;
  const all = new Intl.ListFormat(document.documentElement.lang).format(names);
  const key = colour === "RED" || !names.length ? "asked.empty_red" : "asked.empty";
  return html`<div class="surface empty"><p><strong>${t("asked.none")}</strong></p>
    <p>${t(key, { names: all })}</p><p class="quiet">${t("asked.empty_how")}</p></div>`;
}

/** How long it can be answered. */
export const left = (card) =>
  html`<r-countdown .to=${new Date(card.answerBefore).toISOString()} aria-label=${t("asked.left")}></r-countdown>`;

/** What became of a card, in a word or two: the one thing that became of all its rows, if it is one. */
export function verdict(card) {
  const ends = new Set(card.rows.map(outcome));
  return card.state === "CLOSED" && ends.size === 1 ? [...ends][0] : t(`card.${card.state}`);
}

/** How it stands, in a word. */
export function badge(card) {
  if (card.state === "WAITING") return t("card.WAITING");
  if (card.state !== "OPEN") return t(`badge.${card.state}`);
  if (!card.ours) return t("badge.ELSEWHERE");
  return card.rows.some((each) => each.rung_at) ? t("badge.RUNG") : t("badge.OPEN");
}

/** That its terms were amended: whoever has the mission must agree to that again (rule 91). */
export function amended(desk, card) {
  if (reconfirms(desk, card)) return html`<span class="state amber">${t("asked.reconfirm")}</span>`;
  const asks = card.state === "OPEN" || card.state === "WAITING";
  return asks && card.terms.revision > 1 ? html`<span class="state amber">${t("asked.amended")}</span>` : nothing;
}

/** The mission that would go on by accepting, on the amended terms (rule 91); else nothing. */
export const reconfirms = (desk, card) => (card.state === "OPEN" ? missionOf(desk, card.id) : undefined);

/** Whether a longer delay may be proposed: not for one that was promised, nor for a mission that runs. */
export const mayCounter = (desk, card, open) =>
  !reconfirms(desk, card) && !open.every((each) => each.tier === "FREE_CHOICE");

/** The mission is ours: which vehicle goes, what was promised, and whether somebody aboard knows. */
export function won(desk, card) {
  const vehicle = desk.vehicle(card.won.vehicle_id);
  const mission = desk.missions.get(card.won.mission_id);
  const promised = card.won.promised_at ?? mission?.promised_at;
  const bound = card.won.phone_bound ?? mission?.phone_bound;
  return html`<p class="won">${t("won.vehicle", { vehicle: vehicle?.name ?? "" })}
      ${promised ? t("won.promised", { time: clock(promised) }) : ""}</p>
    <p class="phone">${bound === false ? html`<strong>⚠ ${card.won.notice ?? t("won.no_phone")}</strong>`
      : bound ? `✓ ${t("won.phone")}` : nothing}</p>`;
}

/** Of an open one that is not answered here: where it is. */
export function why(card, asked) {
  if (asked.state !== "OPEN") return card.won && asked.reason === "ALREADY_ASSIGNED" ? t("won.other")
    : outcome(asked);
  return t(asked.tier === "GUARD" ? "asked.by_guard_phone" : "asked.not_here");
}

/** That the vehicle would come after the deadline, by a minute or more. */
export function tooLate(card, asked) {
  if (asked.eta_minutes == null || asked.state !== "OPEN" || isPromised(asked)) return nothing;
  const late = Date.parse(asked.opened_at) + asked.eta_minutes * 60_000 > Date.parse(card.terms.deadline) + 60_000;
  return late ? html`<span class="late-word">${t("asked.eta_late")}</span>` : nothing;
}
