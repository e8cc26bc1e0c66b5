/** Answers to what this phone is asked: nothing is shown as true before the platform has confirmed it. */

import { Refused, post, unanswered } from "core/api.js";
import { t } from "core/i18n.js";
import { sentenceOf } from "core/problem.js";
import { toast } from "parts/toasts.js";
import { outcome, runs, useAsks } from "./asks-state.js";
import { beat } from "./device.js";
import { openSheet, readFleet, readMissions } from "./live.js";
import { phone } from "./state.js";

const OVER = new Set(["too_late", "demand_closed", "solicitation_closed", "solicitation_unknown"]);

/** The mission is ours only when this ends with CONFIRMED (rule 28). */
export async function accept(ask, vehicleId = null) {
  const told = await answer(ask, "acceptance", vehicleId ? { vehicle_id: vehicleId } : {});
  if (!told) return;
  phone.accepted.add(told.mission_id);
  outcome(ask, "CONFIRMED", { sentence: told.notice });
  beat();
  readFleet();
  const goes = vehicleId ?? ask.vehicle_id;
  if (goes === phone.aboard?.vehicle_id) openSheet(told.mission_id).catch(() => readMissions());
  else readMissions();
}

export async function refuse(ask, reason) {
  const told = await answer(ask, "refusal", reason ? { reason } : {});
  if (told) outcome(ask, "REFUSED");
}

export async function counter(ask, minutes) {
  const told = await answer(ask, "counter-proposal", { delay_minutes: minutes });
  if (told) outcome(ask, "COUNTERED", { minutes });
}

/** Only on guard (rule 13). */
export async function cannotCome(ask, reason) {
  const told = await answer(ask, "unavailability", { reason });
  if (told) outcome(ask, "UNAVAILABLE");
}

async function answer(ask, verb, body) {
  if (phone.outcomes.get(ask.id)?.state === "SENDING") return null;
  outcome(ask, "SENDING", { verb });
  const site = ask.site_id ?? phone.vehicle(ask.vehicle_id)?.site_id;
  try {
    return await post(`/v1/solicitations/${ask.id}/${verb}`, body, { site });
  } catch (error) {
    failed(ask, verb, error);
    return null;
  } finally {
    useAsks();
  }
}

function failed(ask, verb, error) {
  const unknown = verb === "acceptance" && unanswered(error);
  const said = unknown ? t(runs(ask) ? "acceptance.unknown_running" : "acceptance.unknown") : sentenceOf(error);
  if (error instanceof Refused && error.code === "already_assigned") return outcome(ask, "ALREADY_ASSIGNED");
  if (error instanceof Refused && OVER.has(error.code)) return outcome(ask, "EXPIRED", { sentence: said });
  outcome(ask, "FAILED", { sentence: said, unknown });
  toast(said, "bad");
}
