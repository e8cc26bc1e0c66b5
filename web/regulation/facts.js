/** What each fact of the stream changes here: what it says itself at once, and what must be read again. */

import { serverNow } from "core/api.js";

const SOLICITATIONS = {
  solicitation_opened: (desk) => void desk.readAsked.now(),
  solicitation_revised: (desk) => void desk.readAsked.now(),
  solicitation_refused: becomes("REFUSED"),
  solicitation_unavailable: becomes("UNAVAILABLE"),
  solicitation_expired: becomes("EXPIRED"),
  solicitation_withdrawn: becomes("WITHDRAWN"),
  solicitation_accepted: (desk, data) => desk.touch(data.solicitation_id, { state: "ACCEPTED" }),
  delay_proposed: (desk, data) =>
    desk.touch(data.solicitation_id, { state: "COUNTERED", counter_delay_minutes: data.delay_minutes }),
  counter_proposal_accepted: becomes("WITHDRAWN", "PROMISE_ACCEPTED"),
  counter_proposal_refused: becomes("WITHDRAWN", "PROMISE_REFUSED"),
  counter_proposal_lapsed: becomes("WITHDRAWN"),
  promise_withdrawn: becomes("WITHDRAWN", "PROMISE_WITHDRAWN"),
  solicitations_rung: (desk, data, fact) =>
    data.solicitation_ids.forEach((id) => desk.touch(id, { rung_at: fact.at })),
};

const MISSIONS = {
  mission_assigned: assigned,
  mission_received: (desk, data, fact) => {
    const name = data.receipt === "OPENED" ? { opened_at: fact.at } : {};
    desk.touchMission(data.mission_id, { delivered_at: fact.at, ...name });
  },
  mission_reconfirmed: reconfirmed,
  vehicle_relieved: (desk, data) => {
    desk.touchMission(data.mission_id, { vehicle_id: data.vehicle_id });
    readMissions(desk);
  },
  step_passed: stepPassed,
  step_undone: (desk, data) => {
    const before = STEPS[STEPS.indexOf(data.step) - 1];
    desk.touchMission(data.mission_id, { step: before, expected_step: data.step, passed: null });
    readMissions(desk);
    rereadSheet(desk, data.mission_id);
  },
  mission_ended: (desk, data, fact) => {
    desk.touchMission(data.mission_id, { ended_at: fact.at, end_reason: data.reason, expected_step: null });
    readMissions(desk);
  },
  destination_set: (desk, _data, fact) => amended(desk, fact),
  demand_amended: (desk, _data, fact) => amended(desk, fact),
  demand_cancelled: (desk) => readMissions(desk),
  demand_completed: (desk) => readMissions(desk),
};

/** Who regulates, who is where, what is ticked: the fleet, the colour, and who may answer. */
const MEANS = new Set([
  "regulation_taken", "regulation_given_up", "regulation_handed_over", "regulation_suspended", "handover_offered",
  "handover_withdrawn", "crew_bound", "crew_promoted", "crew_unbound", "availability_set", "shift_opened",
  "shift_closed",
  "guard_approved", "guard_refused", "mobilisation_set",
]);
const OF_THE_LEASE = new Set([
  "regulation_taken", "regulation_given_up", "regulation_handed_over", "regulation_suspended", "shift_opened",
  "shift_closed",
]);
const BECOMES_ANOTHERS_WORD = ["regulation_taken", "regulation_handed_over"];

const STEPS = [
  "AFFECTE", "ACQUITTE", "EN_APPROCHE", "LIEU_INTERVENTION", "BILAN_REALISE", "EN_CHARGE", "LIEU_DESTINATION",
  "DISPONIBLE",
];

/** Take a fact. Returns `{lost: [site_id], taken: kind}` when regulation went from this post to another, else null. */
export function take(desk, beat, fact) {
  const data = fact.data ?? {};
  SOLICITATIONS[fact.kind]?.(desk, data, fact);
  MISSIONS[fact.kind]?.(desk, data, fact);
  if (fact.kind.startsWith("alarm_")) alarmed(desk, data);
  if (!MEANS.has(fact.kind)) return null;
  if (fact.kind === "availability_set") tick(desk, data);
  if (fact.kind.startsWith("crew_")) desk.crews.delete(data.vehicle_id);
  desk.readFleet.now();
  beat.now();
  if (OF_THE_LEASE.has(fact.kind)) desk.readAsked.now();
  return BECOMES_ANOTHERS_WORD.includes(fact.kind) && data.previous_device_id === desk.device?.id
    ? { site_id: data.site_id, kind: fact.kind }
    : null;
}

/** A solicitation gets this state; the reason is this one, or the fact's. */
function becomes(state, reason = null) {
  return (desk, data) => desk.touch(data.solicitation_id, { state, reason: reason ?? data.reason ?? null });
}

function assigned(desk, data, fact) {
  const asked = desk.asked.get(data.solicitation_id);
  const before = desk.won.get(fact.demand_id);
  desk.won.set(fact.demand_id, {
    notice: before?.notice ?? null,
    at: before?.at ?? serverNow(),
    round: asked?.round ?? before?.round ?? 0,
    revision: asked?.demand.revision ?? before?.revision ?? 0,
    mission_id: data.mission_id,
    vehicle_id: data.vehicle_id,
    promised_at: data.promised_at,
    phone_bound: data.phone_bound,
    told: true,
  });
  desk.touch(data.solicitation_id, { state: "ACCEPTED", sending: null });
  readMissions(desk);
}

/** The mission goes on, on the amended terms: what asked for that is answered, at whichever post (rule 91). */
function reconfirmed(desk, data, fact) {
  const { vehicle_id, promised_at, phone_bound } = desk.missions.get(data.mission_id) ?? {};
  assigned(desk, { ...data, vehicle_id, promised_at, phone_bound }, fact);
}

function stepPassed(desk, data, fact) {
  const next = STEPS[STEPS.indexOf(data.step) + 1] ?? null;
  const passed = data.step === "AFFECTE" ? null : { step_id: data.step_id, step: data.step, at: fact.at };
  const line = { step_id: data.step_id, step: data.step, occurred_at: data.occurred_at, recorded_at: fact.at };
  const sheet = desk.sheets.get(data.mission_id);
  if (sheet) {
    const others = sheet.steps.filter((each) => each.step_id !== data.step_id);
    desk.sheets.set(data.mission_id, { ...sheet, steps: [...others, { ...line, ...whose(data.by) }] });
  }
  desk.touchMission(data.mission_id, { step: data.step, expected_step: next, passed });
  readMissions(desk, false);
}

const whose = (by) => ({ by: by?.name ?? by?.role ?? "", by_role: by?.role ?? "" });

function readMissions(desk, withFleet = true) {
  desk.readMissions.now();
  if (withFleet) desk.readFleet.now();
}

/** New terms or a destination: the sheet that is open is read again, as whoever reads it must know. */
function amended(desk, fact) {
  desk.readMissions.now();
  desk.readAsked.now();
  for (const each of desk.sheets.values()) if (each.demand_id === fact.demand_id) rereadSheet(desk, each.id);
}

function rereadSheet(desk, id) {
  if (desk.sheets.has(id)) desk.dispatchEvent(new CustomEvent("sheet", { detail: id }));
}

function alarmed(desk, data) {
  desk.readAlarms.now();
  if (data.mission_id) desk.readMissions.now();
  const site = data.site_id;
  if (site) desk.readFleet.now();
}

function tick(desk, data) {
  if (!desk.company) return;
  const set = (each) =>
    each.id === (data.site_id ?? data.vehicle_id) ? { ...each, available: data.available, until: data.until } : each;
  desk.company = { ...desk.company, sites: desk.company.sites.map(set), vehicles: desk.company.vehicles.map(set) };
  desk.learn();
}
