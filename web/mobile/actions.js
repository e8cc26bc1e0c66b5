/** What a person does on the phone, but for steps (outbox) and answers. Each ends in a stated result. */

import { Refused, all, get, post, put, remove } from "core/api.js";
import { sentenceOf } from "core/problem.js";
import { forget } from "core/session.js";
import { leave } from "core/start.js";
import { t } from "core/i18n.js";
import { confirm } from "parts/dialogs.js";
import { toast } from "parts/toasts.js";
import { beat, forgetDevice, turned } from "./device.js";
import { openSheet, readFleet, readMissions, readPeriods, readSheet } from "./live.js";
import { discard, soon, takeBack, undo } from "./outbox.js";
import { phone } from "./state.js";
import { notes, wipe } from "./store.js";

const CREW_KEY = "rescousse.mobile.crew";
const DONE = {};

/** Whether an action runs, by name: its button says "Envoi…" and is not tapped twice. */
export const running = new Set();

/** Run one action at a time by name; what the API refuses is said, and gives null. */
export async function act(name, action) {
  if (running.has(name)) return null;
  running.add(name);
  phone.change();
  try {
    return (await action()) ?? DONE;
  } catch (error) {
    toast(sentenceOf(error), "bad");
    return null;
  } finally {
    running.delete(name);
    phone.change();
  }
}

/** Do what may need a second word: ask for it with the server's reason, then do it with `confirm`. */
async function twice(title, yes, action) {
  try {
    return await action(false);
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "confirmation_required") throw error;
    if (!(await confirm(title, left(error.problem), { yes, danger: true }))) return null;
    return action(true);
  }
}

/** What would be left alone, in words. */
function left({ open_solicitations: asks, running_missions: missions, open_guard_shifts: shifts }) {
  const parts = [
    asks && t("left.solicitations", { n: asks }),
    missions && t("left.missions", { n: missions }),
    shifts && t("left.shifts", { n: shifts }),
  ].filter(Boolean);
  return t("left", { what: parts.join(", ") || t("left.something") });
}

// -- the vehicle -------------------------------------------------------------------------------------------------

/** The names that were given last on this phone. */
export function lastCrew() {
  try {
    return JSON.parse(localStorage.getItem(CREW_KEY)) ?? {};
  } catch {
    return {};
  }
}

/** Declare oneself in a vehicle; a mission that runs there is shown at once. */
export const getIn = (vehicleId, names, primary) =>
  act("getIn", async () => {
    localStorage.setItem(CREW_KEY, JSON.stringify({ names, vehicle: vehicleId }));
    const members = names.map((name) => withDiploma(name));
    const body = { device_id: phone.deviceId, members, ...(primary ? { primary: true } : {}) };
    const told = await twice(t("crew.leave_guard"), t("crew.get_in"), (sure) =>
      put(`/v1/vehicles/${vehicleId}/crew`, { ...body, confirm: sure }));
    if (!told) return;
    phone.turn += 1;
    await boarded(told, members);
  });

function withDiploma(name) {
  const known = phone.teammates?.find((each) => each.name === name);
  return known ? { name, diploma: known.diploma } : { name };
}

async function boarded(told, members) {
  const aboard = {
    vehicle_id: told.vehicle_id,
    vehicle_name: phone.vehicle(told.vehicle_id)?.name ?? "",
    crew_id: told.crew_id,
    is_primary: told.is_primary,
    mission_id: told.mission?.id ?? null,
    guard: told.guard && { shift_id: told.guard.id, period_id: told.guard.period_id, ends_at: told.guard.ends_at },
    members,
  };
  phone.set({ aboard });
  await notes.write("aboard", { person: phone.me.id, aboard });
  if (told.notice) toast(told.notice, "plain");
  beat();
  soon();
  readFleet();
  if (told.mission) await openSheet(told.mission.id).catch(() => readMissions());
}

export const getOut = () =>
  act("getOut", async () => {
    const unsent = phone.unsent.length && t("crew.unsent", { n: phone.unsent.length });
    if (unsent && !(await confirm(t("crew.get_out"), unsent, { danger: true }))) return;
    const id = phone.aboard.vehicle_id;
    const done = await twice(t("crew.get_out"), t("crew.get_out_all_the_same"), async (sure) => {
      await remove(`/v1/vehicles/${id}/crew${sure ? "?confirm=true" : ""}`);
      return DONE;
    });
    if (!done) return;
    phone.turn += 1;
    phone.set({ aboard: null, sheet: null, route: null });
    await notes.write("aboard", null);
    await notes.write("mission", null);
    beat();
    readFleet();
  });

export const readTeammates = async () => {
  if (phone.teammates) return;
  const { items } = await get("/v1/guard/teammates").catch(() => ({ items: null }));
  if (items) phone.set({ teammates: items });
};

// -- regulation --------------------------------------------------------------------------------------------------

/** Regulate these sites; from another device only by a regulator, who confirms it. */
export const take = (siteIds) =>
  act("take", async () => {
    for (const id of siteIds) await takeOne(id);
    phone.turn += 1;
    await Promise.all([beat(), readFleet()]);
  });

async function takeOne(id) {
  try {
    await put(`/v1/regulation/sites/${id}`, {});
  } catch (error) {
    if (error.code !== "lease_held_elsewhere" || phone.me.role !== "REGULATOR") throw error;
    const holder = error.problem.holder;
    const text = t("master.take_over", { name: holder?.device_name ?? "?", person: holder?.person ?? "?" });
    if (await confirm(t("regulation.take"), text, { yes: t("master.take_over_yes"), danger: true })) {
      await put(`/v1/regulation/sites/${id}`, { take_over: true });
    }
  }
}

export const giveUp = (siteId) =>
  act("giveUp", async () => {
    await twice(t("master.give_up"), t("regulation.give_up_all_the_same"), (sure) =>
      remove(`/v1/regulation/sites/${siteId}${sure ? "?confirm=true" : ""}`));
    turned();
    readFleet();
  });

export const offer = (siteId, deviceId) =>
  act("offer", async () => {
    await post(`/v1/regulation/sites/${siteId}/handover`, { to_device_id: deviceId });
    toast(t("master.offered"), "good");
  });

export const acceptOffer = (siteId) =>
  act("acceptOffer", async () => {
    await post(`/v1/regulation/sites/${siteId}/handover/acceptance`, {});
    turned();
    readFleet();
  });

export const otherDevices = async () => (await get("/v1/devices")).items.filter((each) => each.id !== phone.deviceId);

/** A tick-box, of a site ("sites") or a vehicle ("vehicles"). */
export const tick = (kind, id, available) =>
  act(`tick ${id}`, async () => {
    await put(`/v1/${kind}/${id}/availability`, { available });
    turned();
    await readFleet();
  });

// -- the mission -------------------------------------------------------------------------------------------------

/** Take the last step back: one that never left leaves the phone's store, one that was recorded is undone. */
export const takeStepBack = (sheet, step) =>
  act("undo", async () => {
    const what = await takeBack(step.step_id);
    if (what === "dropped") return void toast(t("step.taken_back"), "good");
    if (what === "refused") return; // it is said, and stays until somebody has seen it
    if (what === "unknown") return void toast(t("step.may_have_left"), "bad");
    await undo(sheet.id, step.step_id);
    toast(t("step.undone"), "good");
  });

/** Drop a step that waits, once somebody has said so twice. */
export const dropStep = (entry) =>
  act(`drop ${entry.id}`, async () => {
    const text = t(entry.tried ? "step.drop.tried" : "step.drop.what");
    if (await confirm(t("step.drop"), text, { yes: t("step.drop"), danger: true })) await discard(entry.id);
  });

/** The facts of what was done here have come by then, and everything that they call for was read. */
const TOLD_WITHIN_MS = 30_000;
const ENDS = { breakdown: "BREAKDOWN", "no-transport": "NO_TRANSPORT" };

/** The legal exits: "breakdown" or "no-transport", with the reason. Its own end calls for nobody here. */
export const exit = (sheet, way, reason) =>
  act("exit", async () => {
    phone.left.set(sheet.id, ENDS[way]); // its fact may be here before its answer
    try {
      await post(`/v1/missions/${sheet.id}/${way}`, { reason });
    } catch (error) {
      phone.left.delete(sheet.id);
      throw error;
    }
    toast(t(`exit.${way}.done`), "good");
    await Promise.all([readSheet(), readFleet()]);
    beat();
  });

/** Another vehicle of the company takes over: this phone's own mission is over with it, and calls for nobody here. */
export const relieve = (sheet, vehicle, reason) =>
  act("exit", async () => {
    phone.left.set(sheet.id, "RELIEVED");
    try {
      await post(`/v1/missions/${sheet.id}/relief`, { vehicle_id: vehicle.id, reason });
    } catch (error) {
      phone.left.delete(sheet.id);
      throw error;
    }
    setTimeout(() => phone.left.delete(sheet.id), TOLD_WITHIN_MS); // it may come back, and be taken over by others
    toast(t("exit.relief.done", { vehicle: vehicle.name }), "good");
    await Promise.all([readSheet(), readFleet()]);
    beat();
  });

/** Where patients are taken to; null when nobody answers, which is said. */
export const readFacilities = () =>
  act("facilities", async () => {
    phone.facilities ??= await all("/v1/facilities");
    return phone.facilities;
  });

/** The facility as the SAMU told it (rule 36). What stands is read, not taken from here: the SAMU may speak meanwhile. */
export const giveDestination = (sheet, facilityId) =>
  act("destination", async () => {
    try {
      await put(`/v1/missions/${sheet.id}/destination`, { facility_id: facilityId });
      toast(t("destination.done"), "good");
    } finally {
      readSheet();
    }
  });

/** Look at a mission of another vehicle, or (null) go back to one's own. */
export async function look(id) {
  phone.set({ viewing: id, sheet: null, route: null });
  if (id) await act("look", () => openSheet(id));
  else readMissions();
}

// -- the guard ---------------------------------------------------------------------------------------------------

export const openShift = (body) =>
  act("openShift", async () => {
    await post("/v1/guard/shifts", body);
    await onGuard();
  });

export const reportMissing = (body) =>
  act("reportMissing", async () => {
    const told = await post("/v1/guard/missing-period", body);
    await onGuard();
    return told;
  });

async function onGuard() {
  phone.turn += 1;
  await beat();
  await Promise.all([readPeriods(), readFleet()]);
  readMissions();
}

export const closeShift = (shiftId) =>
  act("closeShift", async () => {
    const done = await twice(t("guard.close"), t("guard.close_all_the_same"), (sure) =>
      remove(`/v1/guard/shifts/${shiftId}${sure ? "?confirm=true" : ""}`));
    if (!done) return;
    toast(t("guard.closed"), "good");
    await onGuard();
  });

export const readSectors = async () => {
  if (phone.sectors) return;
  const { items } = await get("/v1/guard/sectors").catch(() => ({ items: null }));
  if (items) phone.set({ sectors: items });
};

// -- the end -----------------------------------------------------------------------------------------------------

/** Log out: the server closes this device first, so that nothing is sent here any more; then nothing stays here. */
export const logOut = () =>
  act("logOut", async () => {
    const waiting = phone.unsent.length + phone.refused.length;
    const yes = t("account.log_out_all_the_same");
    const lost = waiting && t("menu.unsent", { n: waiting });
    if (lost && !(await confirm(t("account.log_out"), lost, { yes, danger: true }))) return;
    const done = await twice(t("account.log_out"), yes, async (sure) => {
      await post(`/v1/logout${sure ? "?confirm=true" : ""}`, undefined, { patience: 4000 });
      return DONE;
    });
    if (done) await forgetAll();
  });

/** This phone knows nobody any more. */
export async function forgetAll() {
  await wipe(phone.me.id).catch(() => {});
  localStorage.removeItem(CREW_KEY);
  forgetDevice();
  forget();
  return leave();
}
