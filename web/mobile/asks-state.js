/** What this phone is asked, and what became of it: a card stays for a moment after its end, and says how it ended. */

import { all, get, serverNow } from "core/api.js";
import { t } from "core/i18n.js";
import { sounds } from "core/sound.js";
import { phone, reading } from "./state.js";

const STAYS_MS = 10_000;
const IN_DOUBT_MS = 120_000;
/** How a fact ends a solicitation here. */
const ENDS = {
  solicitation_withdrawn: (data) => (data.reason === "ALREADY_ASSIGNED" ? "ALREADY_ASSIGNED" : "WITHDRAWN"),
  solicitation_expired: () => "EXPIRED",
  solicitation_refused: () => "REFUSED",
  solicitation_unavailable: () => "UNAVAILABLE",
  delay_proposed: () => "COUNTERED",
};
const ABOUT_ASKS = new Set([
  ...Object.keys(ENDS), "solicitation_opened", "solicitation_revised", "solicitation_accepted", "solicitations_rung",
  "regulation_taken", "regulation_handed_over", "regulation_given_up", "shift_opened", "shift_closed",
  "counter_proposal_accepted",
]);
/** Ends of a promise that was made here, and is shown as waiting until then. */
const PROMISE_ENDS = {
  counter_proposal_accepted: "PROMISE_ACCEPTED",
  counter_proposal_refused: "PROMISE_REFUSED",
  counter_proposal_lapsed: "PROMISE_LAPSED",
};
/** Nothing of a demand can be answered any more. */
const DEMAND_ENDS = new Set(["mission_assigned", "demand_cancelled", "demand_unfulfilled", "demand_completed"]);

const read = reading(async () => {
  const found = await all("/v1/solicitations?state=OPEN");
  phone.set({ asks: found.filter((each) => each.answerable_here) });
  await settleFailed(new Set(found.map((each) => each.id))).catch(() => {}); // the next reading tries again
});

/**
 * An answer that failed can be given again only while it is asked. Of an acceptance that nobody answered, the platform
 * says then what became of it.
 */
async function settleFailed(open) {
  const gone = [...phone.outcomes.values()].filter(({ ask, state }) => state === "FAILED" && !open.has(ask.id));
  for (const { ask, unknown } of gone) if (!unknown) phone.outcomes.delete(ask.id);
  phone.change();
  if (!gone.some(({ unknown }) => unknown)) return;
  const { items } = await get("/v1/solicitations");
  for (const { ask, unknown } of gone) {
    const told = items.find((each) => each.id === ask.id);
    const still = phone.outcomes.get(ask.id)?.state === "FAILED"; // a fact may have said so meanwhile
    if (unknown && told && still) learnt(ask, told);
  }
}

/** What became of an acceptance whose answer was lost. */
function learnt(ask, told) {
  if (told.state === "ACCEPTED") return accepted(ask.id);
  const state = told.reason === "ALREADY_ASSIGNED" ? "ALREADY_ASSIGNED" : told.state;
  outcome(ask, state, { unknown: true, sentence: runs(ask) ? null : t("ask.not_recorded") });
}

/** Whether the mission of its demand is ours already: it was asked to go on, on other terms (rule 91). */
export const runs = (ask) => phone.missions.some((each) => each.demand_id === ask.demand_id);

/** Read what is asked; with a fact, only if it is about that, after what the fact itself says was used. */
export function useAsks(fact = null) {
  if (!fact) return read();
  const id = fact.data?.solicitation_id;
  if (DEMAND_ENDS.has(fact.kind)) demandOver(fact.demand_id);
  if (PROMISE_ENDS[fact.kind] && phone.outcomes.has(id)) outcome(phone.outcomes.get(id).ask, PROMISE_ENDS[fact.kind]);
  if (!ABOUT_ASKS.has(fact.kind)) return null;
  if (ENDS[fact.kind]) close(id, ENDS[fact.kind](fact.data));
  if (fact.kind === "solicitation_accepted") accepted(id);
  return read();
}

/** An acceptance whose answer was lost has won all the same; one that is on its way says so itself. */
async function accepted(id) {
  const known = phone.outcomes.get(id);
  if (!known || ["CONFIRMED", "SENDING"].includes(known.state)) return;
  outcome(known.ask, "CONFIRMED");
  const missions = await all("/v1/missions?state=OPEN").catch(() => []);
  const ours = missions.find((each) => each.demand_id === known.ask.demand_id);
  if (ours?.phone_bound !== false || phone.outcomes.get(id)?.state !== "CONFIRMED") return;
  outcome(known.ask, "CONFIRMED", { sentence: t("exit.relief.no_phone") }); // rule 31
}

function close(id, state) {
  const ask = phone.asks.find((each) => each.id === id);
  const known = phone.outcomes.get(id);
  if (!ask && !known) return;
  if (known && ["CONFIRMED", "REFUSED", "UNAVAILABLE"].includes(known.state)) return;
  if (known?.state === "COUNTERED" && state === "COUNTERED") return;
  outcome(ask ?? known.ask, state, known?.state === "COUNTERED" ? { minutes: known.minutes } : {});
}

/** What was refused can be accepted no more, and what was promised is not waited for. */
function demandOver(demandId) {
  for (const [id, { ask, state }] of phone.outcomes) {
    if (ask.demand_id === demandId && ["REFUSED", "COUNTERED"].includes(state)) phone.outcomes.delete(id);
  }
  phone.change();
}

/** What became of a solicitation; `more` is a sentence, minutes. It leaves the screen by itself when it is settled. */
export function outcome(ask, state, more = {}) {
  const before = phone.outcomes.get(ask.id)?.state;
  phone.outcomes.set(ask.id, { ask, state, ...more });
  phone.set({ asks: phone.asks.filter((each) => each.id !== ask.id || state === "SENDING" || state === "FAILED") });
  if (state === "CONFIRMED" && before !== state) sounds.play("confirmed");
  if (state === "CONFIRMED" || state === "ALREADY_ASSIGNED") scrollTo(0, 0);
  if (["SENDING", "FAILED", "COUNTERED"].includes(state)) return;
  const stays = staysFor(ask, state, more);
  setTimeout(() => {
    if (phone.outcomes.get(ask.id)?.state !== state) return;
    phone.outcomes.delete(ask.id);
    phone.change();
  }, stays);
}

/** A refusal as long as it may be turned; what somebody waited for in doubt, until they have surely seen it. */
function staysFor(ask, state, { unknown = false }) {
  if (state === "REFUSED") return Math.max(STAYS_MS, Date.parse(ask.answer_before) - serverNow());
  return unknown ? IN_DOUBT_MS : STAYS_MS;
}

/** The cards: what must be answered first, then what was. */
export function cards() {
  const known = [...phone.outcomes.values()].filter(({ ask }) => !phone.asks.some((each) => each.id === ask.id));
  const open = phone.asks.map((ask) => ({ ask, ...(phone.outcomes.get(ask.id) ?? { state: "OPEN" }) }));
  const urgent = (one, other) => Date.parse(one.ask.answer_before) - Date.parse(other.ask.answer_before);
  return [...open.sort(urgent), ...known.sort(urgent)];
}
