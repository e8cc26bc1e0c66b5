/** The decisions that need a word before they are sent: which promise, why another, whether the company was called. */

import { t } from "core/i18n.js";
import { askReason, confirm } from "parts/dialogs.js";
import { toast } from "parts/toasts.js";
import { arbitrate, cancelDemand, declareCarence } from "./actions.js";
import { state } from "./state.js";
import { communeOf, companyName, complain } from "./words.js";

/** For which demands something is being sent: buttons say so, and wait. */
export const sending = Object.assign(new EventTarget(), { ids: new Set() });

/** Do something for a demand, and let the page say meanwhile that it is being sent. */
export async function during(id, action) {
  sending.ids.add(id);
  sending.dispatchEvent(new Event("change"));
  try {
    return await action();
  } finally {
    sending.ids.delete(id);
    sending.dispatchEvent(new Event("change"));
  }
}

/** Accept the best promise of a demand, after one question. */
export async function acceptBest(id) {
  const demand = id && state.demands.get(id);
  const best = demand?.counter_proposals?.find((each) => each.best);
  if (!best) return toast(t("decide.nothing"));
  const text = t("decide.accept_text", {
    company: companyName(best.company_id), minutes: best.delay_minutes, place: communeOf(demand.pickup),
  });
  if (await confirm(t("decide.accept"), text, { yes: t("decide.accept") })) await accept(demand, best);
}

/** Accept a promise. Another than the best needs a reason; one of a company that nobody regulates, a telephone call. */
export async function accept(demand, proposal) {
  let reason;
  if (!proposal.best) {
    reason = await askReason(t("decide.not_best"), {
      reasons: ["vehicle", "crew", "known"].map((why) => t(`decide.why.${why}`)), text: t("decide.not_best_text"),
    });
    if (reason === null) return;
  }
  await send(demand.id, "ACCEPT", { solicitation_id: proposal.solicitation_id, reason }, proposal);
}

async function send(id, decision, given, proposal) {
  try {
    await during(id, () => arbitrate(id, decision, given));
    toast(t(decision === "ACCEPT" ? "decide.accepted" : "decide.refused"), "good");
  } catch (error) {
    if (error.code !== "company_not_regulated" || given.confirm) return complain(error);
    const called = await confirm(t("decide.not_regulated"),
      t("decide.not_regulated_text", { company: companyName(proposal.company_id) }), {
      yes: t("decide.was_called"), danger: true,
    });
    if (called) await send(id, decision, { ...given, confirm: true }, proposal);
  }
}

/** Refuse every promise, with a reason. */
export async function refuseAll(demand) {
  const reason = await askReason(t("decide.refuse_all"), {
    reasons: ["too_late", "other_means"].map((why) => t(`decide.why.${why}`)), text: t("decide.refuse_all_text"),
  });
  if (reason !== null) await send(demand.id, "REFUSE", { reason });
}

/** Cancel, with a reason: the second tap is the dialog's. */
export async function cancel(demand) {
  const reason = await askReason(t("cancel.title"), {
    reasons: ["other_means", "by_caller", "doctor", "error"].map((why) => t(`cancel.why.${why}`)),
    text: t(demand.mission ? "cancel.text_mission" : "cancel.text"), yes: t("cancel.title"), no: t("cancel.no"),
  });
  if (reason !== null) await tried(during(demand.id, () => cancelDemand(demand.id, reason)), "cancel.done");
}

/** Declare that nobody could come. */
export async function carence(demand) {
  const reason = await askReason(t("carence.title"),
    { needed: false, text: t("carence.text"), yes: t("carence.title") });
  if (reason !== null) await tried(during(demand.id, () => declareCarence(demand.id, reason)), "carence.done");
}

/** Wait for an action and say what became of it. */
export async function tried(action, done) {
  try {
    await action;
    toast(t(done), "good");
  } catch (error) {
    complain(error);
  }
}
