/** The facts of a journal in sentences. A kind that is newer than this page is shown by its name. */

import { t, term } from "core/i18n.js";
import { wordsOfOutcome } from "core/problem.js";
import { clock, clockSeconds } from "core/time.js";
import { actor, companyName, target, vehicleName } from "./words.js";

/** One fact of a demand's journal, as a sentence. */
export function tell(fact, demand) {
  const key = `fact.${fact.kind}`;
  const given = GIVEN[fact.kind]?.(fact.data, demand) ?? {};
  const variant = given.variant ? `${key}.${given.variant}` : key;
  const words = t(variant, { by: actor(fact.data.by), ...common(fact.data, demand), ...given });
  return words === variant ? fact.kind.replaceAll("_", " ") : words;
}

/** What many kinds speak of. */
function common(data, demand) {
  const asked = demand.solicitations?.find((each) => each.id === data.solicitation_id);
  return {
    company: companyName(data.company_id ?? asked?.company_id),
    who: asked ? target(asked) : t("unknown.vehicle"),
    vehicle: data.vehicle_id ? vehicleName(data.vehicle_id) : "",
    tier: term("TIER", data.tier),
    step: term("STEP", data.step),
    round: data.round ?? "",
    reason: data.reason ? ` (${data.reason})` : "",
    deadline: clock(data.deadline),
    minutes: data.delay_minutes ?? data.max_delay_minutes ?? "",
    volume: term("VOLUME", data.volume),
  };
}

const withdrawal = (data) => ({ reason: t(`withdrawal.${data.reason}`) });
const outcome = (data) => ({ outcome: wordsOfOutcome(data) });
/** What happens by itself, unless somebody had it happen. */
const operated = (data) => (data.by ? { variant: "operator" } : {});
const alarm = (data) => ({ alarm: t(`alarm.${data.alarm}`), level: data.level > 1 ? ` (${data.level})` : "" });

const GIVEN = {
  demand_received: (data) => ({ reference: data.reference }),
  tier_opened: (data) => ({ n: data.candidates, until: clockSeconds(data.tier_deadline) }),
  solicitation_opened: (data) => ({
    who: target(data),
    company: companyName(data.company_id),
    eta: data.eta_minutes == null ? "" : ` · ${t("minutes", { n: data.eta_minutes })}`,
  }),
  solicitations_rung: (data) => ({ n: data.solicitation_ids.length, ...operated(data) }),
  tier_closed: (data) => operated(data),
  solicitation_withdrawn: withdrawal,
  counter_proposal_lapsed: withdrawal,
  answer_turned_away: outcome,
  arbitration_opened: (data) => ({ n: data.counter_proposals }),
  mission_assigned: (data) => ({ promised: clock(data.promised_at), phone: data.phone_bound === false
    ? t("fact.no_phone") : "" }),
  mission_received: (data) => ({ receipt: t(`receipt.${data.receipt}`) }),
  vehicle_relieved: (data) => ({ relieved: vehicleName(data.relieved_vehicle_id) }),
  step_turned_away: outcome,
  mission_ended: (data) => ({ end: term("END", data.reason), detail: data.detail ? ` (${data.detail})` : "" }),
  destination_set: (data) => ({ name: data.name }),
  destination_dropped: (data) => ({ name: data.name }),
  demand_completed: (data) => (data.transported ? {} : { variant: "not_transported" }),
  alarm_raised: (data) => ({ ...alarm(data), ...operated(data) }),
  alarm_seen: alarm,
  alarm_closed: alarm,
};
