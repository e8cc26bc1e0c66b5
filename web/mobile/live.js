/**
 * Keeps what the phone knows true: reads it once, and reads the one thing that a fact is about again. What a fact says
 * itself is used at once.
 */

import { all, get, post } from "core/api.js";
import { t } from "core/i18n.js";
import { wordsOfOutcome } from "core/problem.js";
import { sounds } from "core/sound.js";
import { toast } from "parts/toasts.js";
import { useAsks } from "./asks-state.js";
import { applied, settle, soon, turnedAway, withStep, withoutStep } from "./outbox.js";
import { phone, reading } from "./state.js";
import { forgetNotes, keepable, notes } from "./store.js";

/** A mission that was kept for longer is over, and its address none of this phone's business any more. */
const KEPT_MS = 12 * 3600_000;

const OF_THE_FLEET = new Set([
  "availability_set", "regulation_taken", "regulation_given_up", "regulation_handed_over", "regulation_suspended",
  "handover_offered", "handover_withdrawn", "crew_bound", "crew_unbound", "crew_promoted", "mission_assigned",
  "mission_ended",
  "vehicle_relieved", "shift_opened", "shift_closed", "mobilisation_set",
]);
const OF_THE_MISSIONS = new Set([
  "mission_assigned", "mission_ended", "step_undone", "vehicle_relieved", "destination_set", "demand_amended",
  "mission_reconfirmed", "alarm_raised", "alarm_closed",
]);
/** The sheet names a patient, and each reading of it is written down: it is read again only when it changes. */
const OF_THE_SHEET = new Set([
  "mission_ended", "vehicle_relieved", "destination_set", "demand_amended", "mission_reconfirmed",
  "alarm_raised", "alarm_closed",
]);
const OF_THE_GUARD = new Set([
  "guard_planned", "guard_withdrawn", "guard_asked", "guard_corrected", "guard_approved", "guard_refused",
  "shift_opened",
  "shift_closed",
]);

export const readFleet = reading(async () => {
  const { companies } = await get("/v1/fleet");
  phone.set({ company: companies[0] ?? null });
});

export const readMissions = reading(async () => {
  const missions = await all("/v1/missions?state=OPEN");
  phone.set({ missions });
  await showMine();
});

export const readSheet = reading(async () => {
  const id = phone.viewing ?? phone.sheet?.id;
  if (!id) return;
  const told = await get(`/v1/missions/${id}`);
  if ((phone.viewing ?? phone.sheet?.id) !== id) return;
  if (told.ended_at) return over(told);
  await show(told);
});

export const readPeriods = reading(async () => {
  const periods = await all("/v1/guard/periods");
  const mine = phone.onGuard?.period_id;
  phone.set({ periods, period: periods.find((each) => each.id === mine) ?? null });
});

/** Everything that the phone shows, from the beginning or after a break. */
export async function readAll() {
  const guard = phone.onGuard || phone.mode === "GARDE";
  await Promise.all([readFleet(), readMissions(), useAsks(), guard ? readPeriods() : null]);
  await readSheet();
}

/** What was kept without network: shown until the platform says more. What somebody else left here is forgotten. */
export async function openKept() {
  const [mission, aboard] = await Promise.all([notes.read("mission"), notes.read("aboard")]);
  const isMine = (note) => !note || note.person === phone.me.id;
  if (!isMine(mission) || !isMine(aboard)) return forgetNotes();
  const age = Math.abs(Date.now() - (mission?.kept_at ?? 0)); // a clock may have been set back
  const good = mission && age < KEPT_MS;
  if (mission && !good) await notes.write("mission", null);
  if (aboard) phone.aboard = aboard.aboard;
  if (good) phone.sheet = { ...keepable(mission.mission), patient: null, kept: true };
  phone.opened = new Set(good ? mission.opened : []);
  phone.change();
}

/** The mission of the vehicle that this phone is in, or the one that a Master looks at. */
async function showMine() {
  const mine = phone.missions.find((each) => each.vehicle_id === phone.aboard?.vehicle_id);
  const wanted = phone.viewing ?? mine?.id ?? null;
  if (wanted && wanted !== phone.sheet?.id) return openSheet(wanted);
  if (!wanted && phone.sheet && phone.aboard) return readSheet(); // it has ended, and says how
  if (!wanted && phone.sheet) await close();
}

let opening = null;

/** Show a mission's sheet; asked twice at a time, it is read once. */
export function openSheet(id) {
  if (opening?.id !== id) {
    const read = openNow(id).finally(() => opening?.read === read && (opening = null));
    opening = { id, read };
  }
  return opening.read;
}

async function openNow(id) {
  const line = phone.missions.find((each) => each.id === id);
  if (line) phone.set({ sheet: { ...line, steps: [], patient: null, samu_phone: null }, route: null });
  const told = await get(`/v1/missions/${id}`);
  if (told.ended_at) return over(told);
  await show(told);
}

async function show(told) {
  const gone = !phone.viewing && phone.aboard && told.vehicle_id !== phone.aboard.vehicle_id;
  if (gone) return over({ ...told, end_reason: "RELIEVED" }, true);
  const isNew = phone.sheet?.id !== told.id;
  phone.set({ sheet: told, ...(isNew ? { route: null } : {}) });
  settle(told);
  if (told.vehicle_id !== phone.aboard?.vehicle_id) return;
  if (!told.delivered_at) receipt(told, "DELIVERED");
}

let kept = null;

/** What a reload without network will show: the sheet as it is now, without its patient and why they call. */
export function keepSheet() {
  const { sheet } = phone;
  const own = sheet && !phone.loggedOut && !sheet.kept && sheet.vehicle_id === phone.aboard?.vehicle_id;
  if (!own || sheet === kept) return;
  kept = sheet;
  const note = { person: phone.me.id, kept_at: Date.now(), mission: keepable(sheet), opened: [...phone.opened] };
  notes.write("mission", note).catch(() => {});
}

/** A mission is over: how, stays on the screen until somebody has seen it, unless they ended it themselves. */
async function over(told, own = told.vehicle_id === phone.aboard?.vehicle_id) {
  const quiet = told.end_reason === "COMPLETED" || phone.left.get(told.id) === told.end_reason;
  const ended = { id: told.id, reference: told.reference, reason: told.end_reason, detail: told.end_detail };
  await close();
  phone.set({ ended: quiet || !own ? phone.ended : ended });
  if (told.end_reason === "COMPLETED" && own) phone.dispatchEvent(new CustomEvent("completed", { detail: told }));
}

async function close() {
  phone.set({ sheet: null, viewing: null, route: null, map: false });
  await notes.write("mission", null);
}

/** The mission has come to this phone, or was read on it (rule 30). Said again as long as nobody answers. */
export async function receipt(sheet, what) {
  if (what === "OPENED" && phone.opened.has(sheet.id)) return;
  if (what === "OPENED") {
    phone.opened.add(sheet.id);
    kept = null;
    phone.change();
  }
  await post(`/v1/missions/${sheet.id}/receipt`, { receipt: what }).catch(() => {});
}

/** What a fact changes here. */
export function onFact({ detail: fact }) {
  const here = fact.data?.vehicle_id && fact.data.vehicle_id === phone.aboard?.vehicle_id;
  if (fact.kind === "mission_assigned" && here) arrive(fact.data.mission_id);
  if (fact.kind === "mission_rung" && here) rungAgain(fact.data.mission_id);
  if (fact.kind === "step_passed") stepPassed(fact.data, fact.recorded_at ?? fact.at);
  if (fact.kind === "step_undone") {
    phone.set({ sheet: withoutStep(phone.sheet, fact.data.mission_id, fact.data.step_id) });
  }
  if (fact.kind === "step_turned_away") turnedAway(fact.data.step_id, wordsOfOutcome(fact.data));
  if (fact.kind === "demand_amended" && fact.demand_id === phone.sheet?.demand_id) amended();
  if (fact.kind.startsWith("crew_") && fact.data.device_id === phone.deviceId) phone.dispatchEvent(new Event("seat"));
  if (fact.kind.startsWith("regulation_") || fact.kind.startsWith("handover_")) phone.dispatchEvent(new Event("seat"));
  if (OF_THE_FLEET.has(fact.kind)) readFleet();
  if (OF_THE_MISSIONS.has(fact.kind)) readMissions();
  if (OF_THE_SHEET.has(fact.kind) && fact.demand_id && fact.demand_id === phone.sheet?.demand_id) readSheet();
  if (OF_THE_GUARD.has(fact.kind)) {
    phone.dispatchEvent(new Event("seat"));
    readPeriods();
  }
  useAsks(fact);
}

/** A mission for this vehicle: its sheet at once, whatever else is being read. */
function arrive(missionId) {
  if (phone.accepted.has(missionId)) sounds.play("confirmed");
  openSheet(missionId).catch(() => readMissions());
}

/** Nobody has acknowledged it: it calls as it did when it was new, wherever it was opened or accepted. */
function rungAgain(missionId) {
  phone.opened.delete(missionId);
  phone.accepted.delete(missionId);
  phone.change();
  if (phone.sheet?.id !== missionId) arrive(missionId);
}

function stepPassed(data, recordedAt) {
  const known = phone.sheet?.steps.some((each) => each.step_id === data.step_id && each.recorded_at);
  if (!known) phone.set({ sheet: withStep(phone.sheet, { ...data, recorded_at: recordedAt }) });
  const missions = phone.missions.map((each) => (each.id === data.mission_id ? { ...each, step: data.step } : each));
  phone.set({ missions });
  applied(data.step_id);
}

/** The SAMU changed the demand under way: whoever drives must notice. */
function amended() {
  sounds.play("confirmed");
  toast(t("mission.amended"), "bad");
}

/** The network is back: what waits is sent, what is shown is read again. */
export function back() {
  soon();
  readAll();
}

/** Somebody looks again, or nothing comes by itself: what is asked of this phone, and what it drives. */
export function readWhatCalls() {
  useAsks();
  readMissions();
}
