/** What the SAMU does: each a call of the API, which says at once what became of it. */

import { get, patch, post, put } from "core/api.js";
import { state } from "./state.js";

/** Send a demand; repeated under its own reference it is the same. `key`: of this sending, and its repetitions. */
export const postDemand = (body, key) => post("/v1/demands", body, { key });

/** Accept or refuse a promise. `confirm`: although nobody regulates its company, which was telephoned. */
export const arbitrate = (id, decision, { solicitation_id, reason, confirm } = {}) =>
  act(id, post(`/v1/demands/${id}/arbitration`, {
    decision,
    ...(solicitation_id ? { solicitation_id } : {}),
    ...(reason ? { reason } : {}),
    ...(confirm ? { confirm } : {}),
  }));

export const cancelDemand = (id, reason) => act(id, post(`/v1/demands/${id}/cancellation`, { reason }));

export const declareCarence = (id, reason) => act(id, post(`/v1/demands/${id}/carence`, reason ? { reason } : {}));

export const amend = (id, terms) => act(id, patch(`/v1/demands/${id}`, terms));

export const setDestination = (id, facility) => act(id,
  put(`/v1/demands/${id}/destination`, { facility_id: facility }));

/** Who the patient is: this reading is written down. */
export const readPatient = async (id) => (await get(`/v1/demands/${id}`)).patient;

/** The alarm rings no more here. */
export async function see(alarm) {
  const seen = await post(`/v1/alarms/${alarm}/acknowledgement`);
  state.alarms = state.alarms.map((each) => (each.id === alarm ? seen : each));
  state.changed("alarms");
}

export const approve = (period) => settle(post(`/v1/guard/periods/${period}/approval`));
export const refuse = (period, reason) => settle(post(`/v1/guard/periods/${period}/refusal`, { reason }));

async function act(id, call) {
  const told = await call;
  state.readDemand(id);
  return told;
}

async function settle(call) {
  const period = await call;
  state.periods = state.periods.map((each) => (each.id === period.id ? period : each));
  state.changed("guard");
  state.readAlarms();
}
