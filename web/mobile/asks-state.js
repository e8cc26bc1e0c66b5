/** What this phone is asked, and what became of it: a card stays for a moment after its end, and says how it ended. */

import { all, serverNow } from "core/api.js";
import { sounds } from "core/sound.js";
import { phone, reading } from "./state.js";

const STAYS_MS = 10_000;
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
  await settleFailed(new Set(found.map((each) => each.id)));
  phone.set({ asks: found.filter((each) => each.answerable_here) });
});

/**
 * An answer that failed can be given again only while it is asked. Of an acceptance that nobody answered, our missions
 * say then what became of it.
 */
async function settleFailed(open) {
  const gone = [...phone.outcomes].filter(([id, { state }]) => state === "FAILED" && !open.has(id));
  const missions = gone.some(([, { unknown }]) => unknown) ? await all("/v1/missions?state=OPEN") : [];
  for (const [id, { ask, unknown }] of gone) {
    const isOurs = missions.some((each) => each.demand_id === ask.demand_id);
    if (unknown) outcome(ask, isOurs ? "CONFIRMED" : "NOT_RECORDED");
    else phone.outcomes.delete(id);
  }
}

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
function accepted(id) {
  const known = phone.outcomes.get(id);
  if (known?.state === "FAILED") outcome(known.ask, "CONFIRMED");
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
  phone.outcomes.set(ask.id, { ask, state, ...more });
  phone.set({ asks: phone.asks.filter((each) => each.id !== ask.id || state === "SENDING" || state === "FAILED") });
  if (state === "CONFIRMED") sounds.play("confirmed");
  if (state === "CONFIRMED" || state === "ALREADY_ASSIGNED") scrollTo(0, 0);
  if (["SENDING", "FAILED", "COUNTERED"].includes(state)) return;
  const stays = state === "REFUSED" ? Math.max(STAYS_MS, Date.parse(ask.answer_before) - serverNow()) : STAYS_MS;
  setTimeout(() => {
    if (phone.outcomes.get(ask.id)?.state !== state) return;
    phone.outcomes.delete(ask.id);
    phone.change();
  }, stays);
}

/** The cards: what must be answered first, then what was. */
export function cards() {
  const known = [...phone.outcomes.values()].filter(({ ask }) => !phone.asks.some((each) => each.id === ask.id));
  const open = phone.asks.map((ask) => ({ ask, ...(phone.outcomes.get(ask.id) ?? { state: "OPEN" }) }));
  const urgent = (one, other) => Date.parse(one.ask.answer_before) - Date.parse(other.ask.answer_before);
  return [...open.sort(urgent), ...known.sort(urgent)];
}
