/**
 * Steps go through here, with network or without: kept on the phone first, with their true time and an id made once,
 * then sent one after the other. Each ends in a stated result; a refused one stays until somebody has seen why.
 */

import { LoggedOut } from "core/session.js";
import { Refused, Unreachable, post, remove, serverNow, uuid } from "core/api.js";
import { sentenceOf } from "core/problem.js";
import { STEPS, phone } from "./state.js";
import { steps } from "./store.js";

const PAUSES_MS = [1000, 2000, 4000, 8000, 15_000];
const SHOWN_AS_SENDING_MS = 2500;
/** Nothing is wrong with the step: the phone must first be where it may send it. */
const NOT_YET = new Set(["not_in_this_vehicle", "device_closed", "device_required", "idempotency_in_progress"]);
/** What concerns the mission of this step only: the steps of other missions may go on. */
const OF_ITS_MISSION = new Set(["not_in_this_vehicle"]);
/** The platform took it, but its fact has not come for so long: it is asked again. */
const ASK_TAKEN_AGAIN_MS = 60_000;
let failures = 0;
let timer = null;
let queued = null;
/** Missions whose steps could not be sent at the last attempt, while others could. */
let blocked = new Set();

/** What was kept before the page was opened; steps of somebody else stay for them, and are counted only. */
export async function open() {
  const kept = await steps.all();
  const mine = kept.filter((each) => each.person === phone.me.id);
  const others = kept.filter((each) => each.person !== phone.me.id && each.state !== "TAKEN");
  phone.set({ queue: mine, ofOthers: others.length });
}

/**
 * Pass a step now. It is on the phone when this returns, and sent as soon as somebody answers. While one is being
 * passed no other one is begun. Raises if it could not be kept.
 */
export async function pass(sheet, step, reason = null) {
  if (phone.sending) return null;
  const id = uuid();
  phone.set({ sending: id }); // before anything is waited for: a second tap finds it
  try {
    return await passNow(id, sheet, step, reason);
  } finally {
    if (phone.sending === id) phone.set({ sending: null });
  }
}

async function passNow(id, sheet, step, reason) {
  const entry = await steps.add({
    id,
    person: phone.me.id,
    mission_id: sheet.id,
    reference: sheet.reference,
    step,
    reason,
    occurred_at: new Date(serverNow()).toISOString(),
    state: "WAITING",
    sentence: null,
  });
  phone.set({ queue: [...phone.queue, entry] });
  navigator.vibrate?.(40);
  const patience = new Promise((wake) => setTimeout(wake, SHOWN_AS_SENDING_MS));
  await Promise.race([flush(), patience]);
  return phone.queue.find((each) => each.id === entry.id) ?? null;
}

/** Send what waits, in order. Only one page of this browser does it at a time; asked twice, it is done once more. */
export function flush() {
  queued ??= navigator.locks
    .request("rescousse.steps", () => {
      queued = null;
      return send();
    })
    .catch(() => {
      queued = null;
      askAgain();
    });
  return queued;
}

async function send() {
  clearTimeout(timer);
  const skipped = new Set();
  for (const { id } of phone.queue) {
    const entry = phone.queue.find((each) => each.id === id);
    if (!entry || !isDue(entry) || skipped.has(entry.mission_id)) continue;
    const what = await sendOne(entry);
    if (what === "stop") return askAgain();
    if (what === "skip") skipped.add(entry.mission_id);
  }
  blocked = skipped;
  if (skipped.size) return askAgain();
  failures = 0;
}

/** What waits, and what the platform took long ago without a word since. */
function isDue(entry) {
  return entry.state === "WAITING" || (entry.state === "TAKEN" && Date.now() - entry.taken_at > ASK_TAKEN_AGAIN_MS);
}

/**
 * Send one, under a new key each time: its `step_id` makes it repeatable, and a refusal is not to be told again when
 * its reason is gone. Returns "next", "skip" (the others of this mission must wait) or "stop" (all must).
 */
async function sendOne(kept) {
  const nowhere = !navigator.onLine;
  const entry = kept.tried ? kept : await change({ ...kept, tried: true });
  const body = { step: entry.step, step_id: entry.id, occurred_at: entry.occurred_at };
  if (entry.reason) body.reason = entry.reason;
  try {
    await taken(entry, await post(`/v1/missions/${entry.mission_id}/steps`, body, { patience: 0 }));
    return "next";
  } catch (error) {
    if (nowhere && error instanceof Unreachable) await change(kept); // it cannot have left
    return refusedOrLater(entry, error);
  }
}

/** Keep what became of one, on the phone first. */
async function change(entry) {
  if (!phone.queue.some((each) => each.id === entry.id)) return entry; // its fact was here first
  await steps.change(entry);
  phone.set({ queue: phone.queue.map((each) => (each.id === entry.id ? entry : each)) });
  return entry;
}

/** Keep one no longer. */
async function drop(entry) {
  phone.set({ queue: phone.queue.filter((each) => each.id !== entry.id) });
  await steps.drop(entry.order);
}

/** What was only taken stays on the phone until the fact says that it was applied. */
async function taken(entry, told) {
  const recorded = told.status === "recorded";
  if (recorded) {
    const { sheet } = phone;
    const after = told.undone_at ? withoutStep(sheet, told.mission_id, told.step_id) : withStep(sheet, told);
    phone.set({ queue: phone.queue.filter((each) => each.id !== entry.id), sheet: after });
    await steps.drop(entry.order);
  } else {
    await change({ ...entry, state: "TAKEN", taken_at: Date.now(), sentence: null });
  }
  phone.dispatchEvent(new CustomEvent("sent", { detail: { ...entry, ...told } }));
}

/** A sheet with a step that was recorded, whatever the stream has told until now. */
export function withStep(sheet, { mission_id: missionId, step_id: id, step, occurred_at, recorded_at = null }) {
  if (sheet?.id !== missionId) return sheet;
  const others = sheet.steps.filter((each) => each.step_id !== id);
  const further = STEPS.indexOf(step) > STEPS.indexOf(sheet.step);
  return {
    ...sheet,
    step: further ? step : sheet.step,
    steps: [...others, { step_id: id, step, occurred_at, recorded_at }],
  };
}

/** A sheet without a step that was taken back. */
export function withoutStep(sheet, missionId, id) {
  if (sheet?.id !== missionId || !sheet.steps.some((each) => each.step_id === id)) return sheet;
  const steps = sheet.steps.filter((each) => each.step_id !== id);
  return { ...sheet, steps, step: steps.at(-1)?.step ?? STEPS[0] };
}

async function refusedOrLater(entry, error) {
  if (error instanceof LoggedOut) {
    phone.set({ loggedOut: true });
    return "stop";
  }
  if (!(error instanceof Refused)) return "stop";
  if (error.status === 500) return "skip";
  if (error.status > 500 || [408, 425, 429].includes(error.status)) return "stop";
  const later = NOT_YET.has(error.code);
  const state = later ? entry.state : "REFUSED";
  const told = await change({ ...entry, state, sentence: sentenceOf(error), code: error.code });
  if (later) return OF_ITS_MISSION.has(error.code) ? "skip" : "stop";
  phone.dispatchEvent(new CustomEvent("refused", { detail: told }));
  return "next";
}

function askAgain() {
  const pause = PAUSES_MS[Math.min(failures, PAUSES_MS.length - 1)];
  failures += 1;
  timer = setTimeout(flush, pause);
  navigator.serviceWorker?.ready.then((worker) => worker.sync?.register("steps")).catch(() => {});
}

/** The network is back, or somebody looks: at once, whatever the last failures were. */
export function soon() {
  failures = 0;
  if (phone.queue.some(isDue)) flush();
}

/** The platform answers: what waits is sent, but for what it has just turned away for now. */
export function answered() {
  if (phone.queue.some((each) => isDue(each) && !blocked.has(each.mission_id))) soon();
}

/** The platform has applied a step that it had kept. */
export function applied(stepId) {
  const entry = phone.queue.find((each) => each.id === stepId);
  if (entry) drop(entry).catch(() => {});
}

/** What was taken and is in the sheet now is kept no more. */
export function settle(sheet) {
  const recorded = new Set(sheet.steps.map((each) => each.step_id));
  for (const each of phone.queue) if (each.state === "TAKEN" && recorded.has(each.id)) drop(each).catch(() => {});
}

/** The platform could not apply a step that it had taken. */
export async function turnedAway(stepId, sentence) {
  const entry = phone.queue.find((each) => each.id === stepId && each.state === "TAKEN");
  if (entry) await change({ ...entry, state: "REFUSED", sentence });
}

/**
 * Take back a step of the queue. Returns "dropped" (it never left), "left" (the platform has it: it can be undone),
 * "refused", or "unknown" (it may have left; nobody answers now).
 */
export function takeBack(id) {
  return navigator.locks.request("rescousse.steps", async () => {
    const entry = phone.queue.find((each) => each.id === id);
    if (!entry || entry.state === "TAKEN") return "left";
    if (entry.state === "REFUSED") return "refused";
    if (!entry.tried) {
      await drop(entry);
      return "dropped";
    }
    await sendOne(entry);
    const now = phone.queue.find((each) => each.id === id);
    if (!now || now.state === "TAKEN") return "left";
    return now.state === "REFUSED" ? "refused" : "unknown";
  });
}

/** Keep a step no longer, whatever became of it: somebody has seen it, and wants it gone. */
export function discard(id) {
  return navigator.locks.request("rescousse.steps", async () => {
    const entry = phone.queue.find((each) => each.id === id);
    if (entry) await drop(entry);
  });
}

/** Send a refused step again, because what stood in its way is gone. */
export async function sendAgain(id) {
  const entry = phone.queue.find((each) => each.id === id);
  if (!entry) return;
  await change({ ...entry, state: "WAITING", sentence: null });
  await flush();
}

/** Take the last recorded step back, within its minute. Raises Refused or Unreachable. */
export async function undo(missionId, stepId) {
  await remove(`/v1/missions/${missionId}/steps/${stepId}`, { patience: 8000 });
  phone.set({ sheet: withoutStep(phone.sheet, missionId, stepId) });
}
