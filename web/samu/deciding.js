/** The decisions that need a word before they are sent: which promise, why another, whether the company was called. */

import { t } from "core/i18n.js";
import { askReason, confirm } from "parts/dialogs.js";
import { complain, toast } from "parts/toasts.js";
import { arbitrate, cancelDemand, declareCarence } from "./actions.js";
import { SEARCHING, state } from "./state.js";
import { communeOf, companyName } from "./words.js";

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

// -- what a decision is about ------------------------------------------------------------------------------------

const bestOf = (demand) => demand.counter_proposals?.find((each) => each.best);
const isOver = (demand) => Boolean(demand.ended_at);
/** The promises that stand, and where the demand stands with them. */
const promises = (demand) => JSON.stringify([demand.status, demand.revision,
  (demand.counter_proposals ?? []).map((each) => [each.solicitation_id, each.delay_minutes])]);
/** Whether a vehicle goes, and which terms hold. */
const engagement = (demand) => JSON.stringify([demand.status, demand.mission?.id ?? null, demand.revision]);

/**
 * Ask until the answer is about what still stands: when that changed while the question was open, it is put again with
 * the new text. `about(demand)` says what the question is about, null when there is nothing to decide any more;
 * `ask(demand, news)` puts it, where `news` begins its text with a word of the change. Returns null for no answer.
 */
async function standing(id, about, ask) {
  for (let news = ""; ; news = `${t("decide.changed")} `) {
    const demand = state.demands.get(id);
    const before = demand ? about(demand) : null;
    if (before === null) return toast(t("decide.over"), "bad"), null;
    const answer = await ask(demand, news);
    if (answer === null || about(state.demands.get(id) ?? demand) === before) return answer;
  }
}

/** Accept the best promise of a demand, after one question. */
export async function acceptBest(id) {
  const demand = id && state.demands.get(id);
  if (!demand || !bestOf(demand)) return toast(t("decide.nothing"));
  const proposal = await standing(id, (now) => (bestOf(now) ? promises(now) : null), async (now, news) =>
    ((await confirmed(now, bestOf(now), news)) ? bestOf(now) : null));
  if (proposal) await send(id, "ACCEPT", { solicitation_id: proposal.solicitation_id }, proposal);
}

const confirmed = (demand, proposal, news) => confirm(t("decide.accept"), news + t("decide.accept_text", {
  company: companyName(proposal.company_id), minutes: proposal.delay_minutes, place: communeOf(demand.pickup),
}), { yes: t("decide.accept") });

/** Accept a promise. Another than the best needs a reason; one of a company that nobody regulates, a telephone call. */
export async function accept({ id }, proposal) {
  const find = (now) => now.counter_proposals?.find((each) => each.solicitation_id === proposal.solicitation_id);
  const reason = await standing(id, (now) => (find(now) ? promises(now) : null), async (now, news) => {
    if (!find(now).best) return whyAnother(news);
    return !news || (await confirmed(now, find(now), news)) ? undefined : null; // the best one needs no word
  });
  if (reason !== null) await send(id, "ACCEPT", { solicitation_id: proposal.solicitation_id, reason }, proposal);
}

const whyAnother = (news) => askReason(t("decide.not_best"), {
  reasons: ["vehicle", "crew", "known"].map((why) => t(`decide.why.${why}`)), text: news + t("decide.not_best_text"),
});

async function send(id, decision, given, proposal) {
  try {
    await during(id, () => arbitrate(id, decision, given));
    toast(t(decision === "ACCEPT" ? "decide.accepted" : "decide.refused"), "good");
  } catch (error) {
    if (error.code !== "company_not_regulated" || given.confirm) return complain(error);
    const stands = (now) => now.counter_proposals?.some((each) => each.solicitation_id === given.solicitation_id);
    const called = await standing(id, (now) => (stands(now) ? promises(now) : null), (now, news) =>
      confirm(t("decide.not_regulated"),
        news + t("decide.not_regulated_text", { company: withNumber(proposal.company_id) }), {
        yes: t("decide.was_called"), danger: true,
      }));
    if (called) await send(id, decision, { ...given, confirm: true }, proposal);
  }
}

/** A company as somebody telephones it. */
const withNumber = (id) => [companyName(id), state.companies.get(id)?.phone].filter(Boolean).join(", ☎ ");

/** Refuse every promise, with a reason: those that the question named, and none that came since. */
export async function refuseAll({ id }) {
  const about = (now) => (now.status === "ARBITRATION" && bestOf(now) ? promises(now) : null);
  const reason = await standing(id, about, (now, news) => askReason(t("decide.refuse_all"), {
    reasons: ["too_late", "other_means"].map((why) => t(`decide.why.${why}`)),
    text: news + t("decide.refuse_all_text", { promises: now.counter_proposals.map(promiseOf).join(", ") }),
  }));
  if (reason !== null) await send(id, "REFUSE", { reason });
}

const promiseOf = ({ company_id: company, delay_minutes: minutes }) =>
  `${companyName(company)} (${t("minutes", { n: minutes })})`;

/** Cancel, with a reason: the second tap is the dialog's. */
export async function cancel({ id }) {
  const about = (now) => (isOver(now) ? null : String(now.mission?.id));
  const reason = await standing(id, about, (now, news) => askReason(t("cancel.title"), {
    reasons: ["other_means", "by_caller", "doctor", "error"].map((why) => t(`cancel.why.${why}`)),
    text: news + t(now.mission ? "cancel.text_mission" : "cancel.text"), yes: t("cancel.title"), no: t("cancel.no"),
  }));
  if (reason !== null) await tried(during(id, () => cancelDemand(id, reason)), "cancel.done");
}

/** Declare that nobody could come. A promise that came meanwhile is named: there may be somebody after all. */
export async function carence({ id }) {
  const about = (now) => (now.carence_proposed && SEARCHING.includes(now.status) ? promises(now) : null);
  const reason = await standing(id, about, ({ counter_proposals: found = [] }, news) =>
    askReason(t("carence.title"), { needed: false, yes: t("carence.title"), text: news + t("carence.text")
      + (found.length ? ` ${t("carence.promises", { promises: found.map(promiseOf).join(", ") })}` : "") }));
  if (reason !== null) await tried(during(id, () => declareCarence(id, reason)), "carence.done");
}

/** Whether new terms may be sent that somebody wrote for a demand as it stood: asked again when that changed. */
export async function stillMeant(before) {
  const now = state.demands.get(before.id) ?? before;
  if (engagement(now) === engagement(before)) return true;
  return confirm(t("amend.title"), `${t("decide.changed")} ${t(now.mission ? "amend.text_mission" : "amend.text")}`,
    { yes: t("amend.send"), danger: true });
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
