/**
 * What a fact changes in a demand as the page shows it: at once, before the demand is read again. A fact is true when
 * it is told, so this is no guess; what it does not say comes with the next reading. Told twice it changes nothing.
 */

import { serverNow } from "core/api.js";

const TIER_STATUS = {
  GUARD: "SOLICITING_GUARD",
  VEHICLE: "SOLICITING_VEHICLES",
  SITE: "SOLICITING_SITES",
  FREE_CHOICE: "SOLICITING_FREE_CHOICE",
};

/** A demand as its first fact tells it; the address comes when it is read. */
export function begun(fact) {
  const { data } = fact;
  return {
    id: fact.demand_id, reference: data.reference, status: "RECEIVED", search: "RUNNING", received_at: fact.at,
    deadline: data.deadline, tier_deadline: null, max_delay_minutes: data.max_delay_minutes, volume: data.volume,
    pickup: { lat: data.place.lat, lon: data.place.lon, address: null, access: null }, revision: 1,
    carence_proposed: false, exercise: data.exercise, mission_id: null, ended_at: null, solicitations: [],
    counter_proposals: [], mission: null, guard_by_phone: [], partial: true,
  };
}

/** The demand after a fact; the same object when the fact says nothing that this page shows. */
export function told(demand, fact) {
  const change = CHANGES[fact.kind]?.(demand, fact.data, fact);
  return change ? { ...demand, ...change } : demand;
}

const CHANGES = {
  tier_opened: (demand, data) => ({ status: TIER_STATUS[data.tier], tier_deadline: data.tier_deadline }),
  solicitation_opened: (demand, data, fact) => {
    const known = demand.solicitations?.some((each) => each.id === data.solicitation_id);
    return known ? null : { solicitations: [...(demand.solicitations ?? []), asked(data, fact)] };
  },
  solicitation_revised: (demand, data) =>
    one(demand, data, { eta_minutes: data.eta_minutes, earliest_minutes: data.earliest_minutes,
      answer_before: data.answer_before, ...said(data, "exact_volume", "to_confirm") }),
  solicitation_accepted: (demand, data, fact) =>
    one(demand, data, { state: "ACCEPTED", vehicle_id: data.vehicle_id, answered_at: fact.at }),
  solicitation_refused: (demand, data, fact) =>
    one(demand, data, { state: "REFUSED", reason: data.reason, answered_at: fact.at }),
  solicitation_unavailable: (demand, data, fact) =>
    one(demand, data, { state: "UNAVAILABLE", reason: data.reason, answered_at: fact.at }),
  solicitation_expired: (demand, data) => one(demand, data, { state: "EXPIRED" }),
  solicitation_withdrawn: (demand, data) => one(demand, data, { state: "WITHDRAWN" }),
  delay_proposed: (demand, data, fact) => ({
    ...one(demand, data, { state: "COUNTERED", counter_delay_minutes: data.delay_minutes, answered_at: fact.at }),
    counter_proposals: proposals(demand, data),
  }),
  arbitration_opened: () => ({ status: "ARBITRATION", tier_deadline: null }),
  counter_proposal_accepted: (demand, data) => ({ deadline: data.deadline, counter_proposals: without(demand, data) }),
  counter_proposal_refused: (demand, data) => ({ counter_proposals: without(demand, data) }),
  counter_proposal_lapsed: (demand, data) => ({ counter_proposals: without(demand, data) }),
  promise_withdrawn: (demand, data) => ({ deadline: data.deadline }),
  carence_proposed: () => ({ carence_proposed: true }),
  mission_assigned: (demand, data, fact) => ({
    status: "ASSIGNED", tier_deadline: null, mission_id: data.mission_id, deadline: data.deadline,
      counter_proposals: [],
    mission: {
      id: data.mission_id, vehicle_id: data.vehicle_id, company_id: data.company_id, assigned_at: fact.at,
      promised_at: data.promised_at, deadline: data.deadline, step: "AFFECTE", alarm: null, ended_at: null,
      end_reason: null, end_detail: null, steps: demand.mission?.id === data.mission_id ? demand.mission.steps : [],
    },
  }),
  vehicle_relieved: (demand, data) => mission(demand, data, { vehicle_id: data.vehicle_id }),
  step_passed: (demand, data, fact) => {
    const steps = demand.mission?.steps ?? [];
    if (steps.some((each) => each.step_id === data.step_id)) return null;
    const passed = {
      step_id: data.step_id, step: data.step, occurred_at: data.occurred_at, recorded_at: fact.recorded_at ?? fact.at,
      by: data.by.role, by_role: data.by.role, reason: data.reason,
    };
    return mission(demand, data, { step: data.step, steps: [...steps, passed] });
  },
  step_undone: (demand, data) => {
    const steps = (demand.mission?.steps ?? []).filter((each) => each.step_id !== data.step_id);
    return mission(demand, data, { steps, step: steps.at(-1)?.step ?? "AFFECTE" });
  },
  mission_ended: (demand, data, fact) =>
    mission(demand, data, { ended_at: fact.at, end_reason: data.reason, end_detail: data.detail }),
  demand_amended: (demand, data) => ({
    revision: data.revision, max_delay_minutes: data.max_delay_minutes, volume: data.volume, deadline: data.deadline,
    pickup: { ...demand.pickup, lat: data.place.lat, lon: data.place.lon },
  }),
  destination_set: (demand, data) => ({ destination: { facility_id: data.facility_id, name: data.name,
    given_by: data.by?.role } }),
  destination_dropped: () => ({ destination: null }),
  demand_completed: (demand, data, fact) => over("COMPLETED", fact),
  demand_unfulfilled: (demand, data, fact) => over("UNFULFILLED", fact),
  demand_cancelled: (demand, data, fact) => over("CANCELLED", fact),
};

const over = (status, fact) => ({ status, ended_at: fact.at, tier_deadline: null });

function asked(data, fact) {
  return {
    id: data.solicitation_id, tier: data.tier, round: data.round, company_id: data.company_id, site_id: data.site_id,
    vehicle_id: data.vehicle_id, eta_minutes: data.eta_minutes, earliest_minutes: data.earliest_minutes,
    exact_volume: data.exact_volume, to_confirm: data.to_confirm, state: "OPEN", counter_delay_minutes: null,
    reason: null, opened_at: fact.at ?? new Date(serverNow()).toISOString(), answer_before: data.answer_before,
    answered_at: null,
  };
}

/** What a fact says of these; older ones said nothing. */
const said = (data, ...names) =>
  Object.fromEntries(names.map((name) => [name, data[name]]).filter(([, value]) => value != null));

function one(demand, data, change) {
  const solicitations = (demand.solicitations ?? []).map((each) =>
    each.id === data.solicitation_id ? { ...each, ...change } : each,
  );
  return { solicitations };
}

function mission(demand, data, change) {
  return demand.mission?.id === data.mission_id ? { mission: { ...demand.mission, ...change } } : null;
}

const without = (demand, data) =>
  best((demand.counter_proposals ?? []).filter((each) => each.solicitation_id !== data.solicitation_id));

function proposals(demand, data) {
  const added = {
    solicitation_id: data.solicitation_id, company_id: data.company_id, delay_minutes: data.delay_minutes,
  };
  return best([...without(demand, data), added].sort((one, other) => one.delay_minutes - other.delay_minutes));
}

const best = (ordered) => ordered.map((each, rank) => ({ ...each, best: rank === 0 }));
