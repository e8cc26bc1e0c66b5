/**
 * Sending the demand that is written. It goes on while one looks elsewhere, and one demand never becomes two: what
 * nobody answered for is sent again as it was, under the same key and the same reference.
 */

import { Refused, all, unanswered, uuid } from "core/api.js";
import { t } from "core/i18n.js";
import { complain, toast } from "parts/toasts.js";
import { postDemand } from "./actions.js";
import { draft } from "./draft.js";
import { state } from "./state.js";

/** How long before our own clock's time of sending a demand may say that it was received. */
const EARLIER_MS = 10 * 60_000;
/** What somebody must not miss stays. */
const LONG_MS = 300_000;

/**
 * Events: `posted` (detail: the demand, to be shown), `kept` (the demand: it arrived, and somebody wrote on meanwhile),
 * `refused` (the error). Whoever shows the draft hears them and calls preventDefault().
 */
export const posting = new EventTarget();

/** Send what is written, unless it is on its way. */
export async function sendDraft() {
  if (draft.sending) return;
  const sent = draft.sent?.edits === draft.edits ? draft.sent
    : { body: draft.body, key: uuid(), edits: draft.edits };
  const { reference } = sent.body;
  const before = draft.tried.get(reference);
  Object.assign(draft, { sent, sending: true, failed: null, already: null });
  draft.tried.set(reference, before ?? Date.now());
  draft.changed();
  try {
    arrived(await postDemand(sent.body, sent.key), sent);
  } catch (error) {
    await refused(error, sent, before);
  }
}

function arrived(demand, sent) {
  state.take(demand);
  const same = sent.edits === draft.edits;
  if (same) draft.clear();
  else Object.assign(draft, { sending: false, already: demand });
  draft.changed();
  tell(same ? "posted" : "kept", demand, () => toast(t("new.sent"), "good", { action: show(demand), lasts: LONG_MS }));
}

/** `before`: when this reference went out earlier, if it did, so that what has it may be ours. */
async function refused(error, sent, before) {
  const ours = error.code === "reference_reused" && before ? await find(sent.body.reference, before) : null;
  if (ours) {
    Object.assign(draft, { sending: false, already: ours });
    draft.changed();
    toast(t("new.already"), "bad", { action: show(ours) });
    return tell("posted", ours, () => {});
  }
  if (isCertain(error) && !before) draft.tried.delete(sent.body.reference);
  Object.assign(draft, { sending: false, failed: error });
  draft.changed();
  tell("refused", error, () => {
    complain(error);
    toast(t("new.not_sent"), "bad", { action: { label: t("new.see_again"), run: () => (location.hash = "new") },
      lasts: LONG_MS });
  });
}

const TOO_MANY = 429;

/** Whether an error says that nothing was kept; else it may have been, by an earlier try of the same call. */
const isCertain = (error) => error instanceof Refused && !unanswered(error) && error.status !== TOO_MANY;

/** The demand that has this reference, among those since it went out first. */
async function find(reference, since) {
  const from = new Date(since - EARLIER_MS).toISOString();
  try {
    const found = (await all(`/v1/demands?since=${from}&limit=500`)).find((each) => each.reference === reference);
    if (found) state.readDemand(found.id, true);
    return found ?? null;
  } catch {
    return null;
  }
}

const show = (demand) => ({ label: t("new.see_demand"), run: () => (location.hash = `d/${demand.id}`) });

/** Tell whoever shows the draft; when nobody does, say it where it is seen. */
function tell(kind, detail, elsewhere) {
  if (posting.dispatchEvent(new CustomEvent(kind, { detail, cancelable: true }))) elsewhere();
}
