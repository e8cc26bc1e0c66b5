/** One card for each demand: what it says of the solicitations of this company. Plain functions of plain objects. */

import { serverNow } from "core/api.js";
import { couldGo } from "core/vehicles.js";

/** How long a card stays after its end, so that nobody wonders where it went. */
export const STAYS_MS = 10_000;
/** Silence of the server after the end of the countdown: the stream is late, the noise stops. */
const NOISE_MS = 2000;
const LOST = new Set(["already_assigned", "demand_closed"]);

/** Whether nothing can come of a solicitation any more. A refusal or a counter-delay may still be turned (rule 7). */
export const isOver = (asked) => !["OPEN", "REFUSED", "COUNTERED"].includes(asked.state);

/** Whether it is this post that answers. Before the API said so it is taken for ours: better asked twice than never. */
export const isOurs = (asked) => asked.answerable_here !== false && asked.tier !== "GUARD";

/** Open, and to be answered here. */
export const isAsked = (asked) => asked.state === "OPEN" && isOurs(asked);

/** A free choice by the counter-delay that the SAMU accepted: its arrival is what the company promised (rule 11). */
export const isPromised = (asked) => asked.tier === "FREE_CHOICE" && asked.eta_minutes != null;

/** Whether it rings: open, ours, in time, and no answer of ours under way. */
export const rings = (asked) =>
  asked.state === "OPEN" && isOurs(asked) && !asked.sending && Date.parse(asked.answer_before) + NOISE_MS > serverNow();

/**
 * The cards, the most urgent first: `{id, state, rows, terms, answerBefore, won, ours, settled}`. What became of our
 * own answer stays where it is for a moment; then those that another post answers, and those that are over otherwise.
 */
export function cardsOf(desk) {
  const byDemand = Map.groupBy(desk.asked.values(), (each) => each.demand_id);
  const cards = [...byDemand].map(([id, rows]) => card(desk, id, rows)).filter(Boolean);
  const rank = (each) => (each.ours ? 0 : 1) + (each.settled ? 2 : 0);
  return cards.sort((a, b) => rank(a) - rank(b) || a.answerBefore - b.answerBefore || a.id.localeCompare(b.id));
}

function card(desk, id, all) {
  const now = serverNow();
  const rows = all.filter((each) => each.state === "OPEN" || now - (each.closedAt ?? 0) < STAYS_MS);
  if (!rows.length) return null;
  rows.sort((a, b) => (a.eta_minutes ?? 999) - (b.eta_minutes ?? 999) || a.id.localeCompare(b.id));
  const open = rows.filter((each) => each.state === "OPEN");
  const ends = (open.length ? open : rows).map((each) => Date.parse(each.answer_before));
  const won = desk.won.get(id) ?? (open.length ? null : ownMission(desk, id, rows));
  const ours = !open.length || open.some(isOurs);
  const state = stateOf(rows, open, won);
  const settled = state === "CLOSED" || (state === "LOST" && !rows.some((each) => each.trouble));
  const terms = rows.map((each) => each.demand).reduce((a, b) => (b.revision > a.revision ? b : a));
  return { id, rows, won, ours, state, settled, terms, answerBefore: Math.min(...ends) };
}

/** The mission of ours that runs for a demand, or undefined. */
export const missionOf = (desk, id) => desk.running.find((each) => each.demand_id === id);

/** "Déjà attribuée" may be said of what this very company has: then the mission says who goes. */
function ownMission(desk, id, rows) {
  const mission = rows.some(isLost) ? missionOf(desk, id) : null;
  return mission ? { mission_id: mission.id, vehicle_id: mission.vehicle_id, promised_at: mission.promised_at } : null;
}

const isLost = (asked) => asked.reason === "ALREADY_ASSIGNED" || LOST.has(asked.trouble?.code);

/** OPEN: to answer. WAITING: accepted, not confirmed. CONFIRMED: ours. LOST: another's. CLOSED: over otherwise. */
function stateOf(rows, open, won) {
  const anew = (each) => each.round > won.round || each.demand.revision > won.revision;
  if (won && !open.some(anew)) return "CONFIRMED";
  if (rows.some((each) => each.sending === "acceptance")) return "WAITING";
  if (open.length) return "OPEN";
  return rows.some(isLost) ? "LOST" : "CLOSED";
}

/** Answers that may still be turned, once their card is gone: the latest first. */
export function answeredOf(desk) {
  const now = serverNow();
  const shown = new Set(cardsOf(desk).map((each) => each.id));
  return [...desk.asked.values()]
    .filter((each) => ["REFUSED", "COUNTERED"].includes(each.state) && !shown.has(each.demand_id))
    .filter((each) => !desk.won.has(each.demand_id) && now - (each.closedAt ?? 0) >= STAYS_MS)
    .sort((a, b) => b.closedAt - a.closedAt);
}

/**
 * The vehicles that may be named for a site or a free choice (rule 9), the likeliest first: free, large enough, off
 * guard; those of the site, ticked, of the exact volume before the others.
 */
export function choicesFor(desk, asked) {
  const wanted = asked.demand.volume;
  const able = (desk.company?.vehicles ?? []).filter((each) => couldGo(each, wanted));
  const rank = (each) => [
    asked.site_id && each.site_id !== asked.site_id ? 1 : 0,
    each.available ? 0 : 1,
    each.volume === wanted ? 0 : 1,
    each.phones.count ? 0 : 1,
  ];
  const order = (a, b) => rank(a).map((one, at) => one - rank(b)[at]).find((one) => one !== 0) ?? 0;
  return able.sort((a, b) => order(a, b) || a.name.localeCompare(b.name, undefined, { numeric: true }));
}

/** The site under whose regulation this is answered; null for any. */
export const siteOf = (desk, asked) =>
  asked.site_id ?? (asked.vehicle_id ? (desk.vehicle(asked.vehicle_id)?.site_id ?? null) : null);
